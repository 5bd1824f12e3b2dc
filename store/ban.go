package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Ban is an entry of a site's ban list, standing or past.
type Ban struct {
	ID       string `json:"id"`
	Site     string `json:"-"`
	Subject  string `json:"subject"`
	Source   string `json:"source"` // rule, trap, person, api or agent
	Rule     string `json:"rule,omitempty"`
	Note     string `json:"note,omitempty"`
	Author   string `json:"author,omitempty"`
	Revision uint64 `json:"revision,omitempty"` // of the policy whose rule it was
	Created  int64  `json:"created"`
	Until    int64  `json:"until"` // 0 stands until lifted
	Lifted   int64  `json:"lifted,omitempty"`
	Strikes  int    `json:"strikes"` // bans of the subject before this one
	Proof    string `json:"-"`       // JSON: what it was imposed for
}

const banColumns = `id, site, subject, source, rule, note, author, revision, created, until, lifted, strikes, proof`

func scanBan(r scanner) (b Ban, err error) {
	return b, r.Scan(&b.ID, &b.Site, &b.Subject, &b.Source, &b.Rule, &b.Note, &b.Author, &b.Revision, &b.Created, &b.Until, &b.Lifted, &b.Strikes, &b.Proof)
}

// body is what a change of a ban or allowance carries to guards.
func body(id, subject string, until int64, rule string) string {
	b, err := json.Marshal(struct {
		ID      string `json:"id"`
		Subject string `json:"subject"`
		Until   int64  `json:"until"`
		Rule    string `json:"rule,omitempty"`
	}{id, subject, until, rule})
	if err != nil {
		panic(err) // three strings and a number always have a JSON form
	}
	return string(b)
}

// later reports whether an end is beyond another; 0 is for ever.
func later(a, b int64) bool { return b != 0 && (a == 0 || a > b) }

// ImposeBan puts a ban down. Where one on the same subject stands already it is extended to the later end, and given
// back; one that would end sooner changes nothing. The length may depend on how many bans came before: until is asked
// with their number; also are other names under which some of those may stand, see VeilBans. It costs the same however many
// bans stand.
func (db *DB) ImposeBan(ctx context.Context, b Ban, until func(strikes int) int64, also ...string) (Ban, error) {
	if b.Proof == "" {
		b.Proof = "{}"
	}
	standing := b
	err := db.change(ctx, b.Site, b.Author, "banning "+b.Subject, b.Created, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		old, err := scanBan(tx.QueryRowContext(ctx, `SELECT `+banColumns+` FROM ban WHERE site = $1 AND subject = $2 AND standing`, b.Site, b.Subject))
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return nil, err
		case old.Until == 0 || old.Until > b.Created:
			end := until(old.Strikes)
			standing = old
			if !later(end, old.Until) {
				return nil, nil
			}
			standing.Until = end
			_, err = tx.ExecContext(ctx, `UPDATE ban SET until = $2 WHERE id = $1`, old.ID, end)
			return []Change{{Kind: ChangeBan, Subject: b.Subject, Body: body(old.ID, b.Subject, end, old.Rule)}}, err
		default: // it has run out, and nobody noticed yet
			if _, err := tx.ExecContext(ctx, `UPDATE ban SET standing = FALSE WHERE id = $1`, old.ID); err != nil {
				return nil, err
			}
		}
		in, args := oneOf(append([]string{b.Subject}, also...), b.Site)
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM ban WHERE site = $1 AND subject IN `+in, args...).Scan(&b.Strikes); err != nil {
			return nil, err
		}
		b.Until, b.Lifted = until(b.Strikes), 0
		standing = b
		_, err = tx.ExecContext(ctx, `INSERT INTO ban (`+banColumns+`, standing) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, TRUE)`,
			b.ID, b.Site, b.Subject, b.Source, b.Rule, b.Note, b.Author, b.Revision, b.Created, b.Until, b.Strikes, b.Proof)
		return []Change{{Kind: ChangeBan, Subject: b.Subject, Body: body(b.ID, b.Subject, b.Until, b.Rule)}}, err
	})
	return standing, err
}

// LiftBan ends the standing ban of a subject.
func (db *DB) LiftBan(ctx context.Context, site, subject, author string, at int64) error {
	return db.change(ctx, site, author, "lifting the ban of "+subject, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `UPDATE ban SET lifted = $3, standing = FALSE WHERE site = $1 AND subject = $2 AND standing AND (until = 0 OR until > $3)`, site, subject, at)
		return []Change{{Kind: ChangeUnban, Subject: subject}}, some(res, err, subject+" is not banned")
	})
}

// StandingBans gives the bans that hold at a time, newest first; after is the id of the last one seen. A page costs the same
// wherever it begins.
func (db *DB) StandingBans(ctx context.Context, site string, at int64, after string, limit int) ([]Ban, error) {
	query, args := `SELECT `+banColumns+` FROM ban WHERE site = $1 AND standing AND (until = 0 OR until > $2)`, []any{site, at, limit}
	if after != "" { // a condition of its own: "no bound, or below it" would be looked up in no index
		query, args = query+` AND id < $4`, append(args, after)
	}
	return list(ctx, db, "reading bans", scanRow(scanBan), query+` ORDER BY id DESC LIMIT $3`, args...)
}

// StandingBan gives the ban of a subject that holds at a time.
func (db *DB) StandingBan(ctx context.Context, site, subject string, at int64) (Ban, error) {
	b, err := scanBan(db.read.QueryRowContext(ctx, `SELECT `+banColumns+` FROM ban
		WHERE site = $1 AND subject = $2 AND standing AND (until = 0 OR until > $3)`, site, subject, at))
	return b, one(err, "ban of "+subject)
}

// Ban finds a ban of a site, standing or past.
func (db *DB) Ban(ctx context.Context, site, id string) (Ban, error) {
	b, err := scanBan(db.read.QueryRowContext(ctx, `SELECT `+banColumns+` FROM ban WHERE id = $2 AND site = $1`, site, id))
	return b, one(err, "ban "+id)
}

// BansOf gives the bans of some subjects that hold at a time, by subject.
func (db *DB) BansOf(ctx context.Context, site string, subjects []string, at int64) ([]Ban, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	in, args := oneOf(subjects, site, at)
	return list(ctx, db, "reading bans", scanRow(scanBan), `SELECT `+banColumns+` FROM ban
		WHERE site = $1 AND standing AND (until = 0 OR until > $2) AND subject IN `+in+` ORDER BY subject`, args...)
}

// oneOf is a list of values for IN, as arguments after others.
func oneOf(values []string, args ...any) (places string, all []any) {
	var b strings.Builder
	for _, v := range values {
		args = append(args, v)
		fmt.Fprintf(&b, ", $%d", len(args))
	}
	return "(" + strings.TrimPrefix(b.String(), ", ") + ")", args
}

// BanHistory gives all bans of a subject, or of other names of it, newest first.
func (db *DB) BanHistory(ctx context.Context, site, subject string, limit int, also ...string) ([]Ban, error) {
	in, args := oneOf(append([]string{subject}, also...), site, limit)
	return list(ctx, db, "reading a ban history", scanRow(scanBan), `SELECT `+banColumns+` FROM ban
		WHERE site = $1 AND subject IN `+in+` ORDER BY created DESC, id DESC LIMIT $2`, args...)
}

// VeilBans gives the subjects of a site's past bans other names, and forgets what those were imposed for; a name of "" leaves
// one as it is. It says how many it changed. A ban that stands keeps its subject, as it must be enforced.
func (db *DB) VeilBans(ctx context.Context, site string, name func(subject string) string) (total int, err error) {
	after := ""
	for {
		past, err := list(ctx, db, "reading past bans", func(r *sql.Rows) (b Ban, err error) { return b, r.Scan(&b.ID, &b.Subject) },
			`SELECT id, subject FROM ban WHERE site = $1 AND NOT standing AND id > $2 AND subject NOT LIKE '~%' ORDER BY id LIMIT 1000`, site, after)
		if err != nil || len(past) == 0 {
			return total, err
		}
		after = past[len(past)-1].ID
		err = db.tx(ctx, "veiling past bans", func(ctx context.Context, tx *sql.Tx) error {
			for _, b := range past {
				to := name(b.Subject)
				if to == "" {
					continue
				}
				total++
				if _, err := tx.ExecContext(ctx, `UPDATE ban SET subject = $2, proof = '{}' WHERE id = $1 AND NOT standing`, b.ID, to); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
	}
}

// CountBans counts the bans that hold at a time.
func (db *DB) CountBans(ctx context.Context, site string, at int64) (n int, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM ban WHERE site = $1 AND standing AND (until = 0 OR until > $2)`, site, at).Scan(&n)
	return n, one(err, "counting bans")
}

// ExpireBans puts bans that have run out among the past ones and says how many. Readers never show one that has run out,
// and guards let it run out by themselves, so no revision is made of it; but what is never put away is looked through.
func (db *DB) ExpireBans(ctx context.Context, at int64) (int64, error) {
	return db.shed(ctx, "putting bans away that ran out", `UPDATE ban SET standing = FALSE WHERE id IN
		(SELECT id FROM ban WHERE standing AND until > 0 AND until <= $1 LIMIT 2000)`, at)
}

// ForgetBans forgets past bans that were imposed before a time; their subjects' next bans no longer count them.
func (db *DB) ForgetBans(ctx context.Context, before int64) (int64, error) {
	return db.shed(ctx, "forgetting old bans", `DELETE FROM ban WHERE id IN
		(SELECT id FROM ban WHERE NOT standing AND created < $1 LIMIT 2000)`, before)
}
