package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
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

func scanBan(r interface{ Scan(...any) error }) (b Ban, err error) {
	return b, r.Scan(&b.ID, &b.Site, &b.Subject, &b.Source, &b.Rule, &b.Note, &b.Author, &b.Revision, &b.Created, &b.Until, &b.Lifted, &b.Strikes, &b.Proof)
}

// body is what a change of a ban or allowance carries to guards.
func body(id, subject string, until int64, rule string) string {
	b, _ := json.Marshal(map[string]any{"id": id, "subject": subject, "until": until, "rule": rule})
	return string(b)
}

// later reports whether an end is beyond another; 0 is for ever.
func later(a, b int64) bool { return b != 0 && (a == 0 || a > b) }

// ImposeBan puts a ban down. Where one on the same subject stands already it is extended to the later end, and given
// back; one that would end sooner changes nothing. The length may depend on how many bans came before: until is asked
// with their number.
func (db *DB) ImposeBan(ctx context.Context, b Ban, until func(strikes int) int64) (Ban, error) {
	standing := b
	err := db.change(ctx, b.Site, b.Author, "banning "+b.Subject, b.Created, func(tx *sql.Tx) ([]Change, error) {
		old, err := scanBan(tx.QueryRowContext(ctx, `SELECT `+banColumns+` FROM ban
			WHERE site = $1 AND subject = $2 AND lifted = 0 AND (until = 0 OR until > $3) ORDER BY created DESC LIMIT 1`, b.Site, b.Subject, b.Created))
		switch {
		case err == nil:
			standing = old
			standing.Until = until(old.Strikes)
			if !later(standing.Until, old.Until) {
				standing = old
				return nil, nil
			}
			_, err = tx.ExecContext(ctx, `UPDATE ban SET until = $2 WHERE id = $1`, old.ID, standing.Until)
			return []Change{{Kind: ChangeBan, Subject: b.Subject, Body: body(old.ID, b.Subject, standing.Until, old.Rule)}}, err
		case !errors.Is(err, sql.ErrNoRows):
			return nil, err
		}
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM ban WHERE site = $1 AND subject = $2`, b.Site, b.Subject).Scan(&b.Strikes); err != nil {
			return nil, err
		}
		b.Until = until(b.Strikes)
		if b.Proof == "" {
			b.Proof = "{}"
		}
		standing = b
		_, err = tx.ExecContext(ctx, `INSERT INTO ban (`+banColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			b.ID, b.Site, b.Subject, b.Source, b.Rule, b.Note, b.Author, b.Revision, b.Created, b.Until, b.Lifted, b.Strikes, b.Proof)
		return []Change{{Kind: ChangeBan, Subject: b.Subject, Body: body(b.ID, b.Subject, b.Until, b.Rule)}}, err
	})
	return standing, err
}

// LiftBan ends the standing ban of a subject.
func (db *DB) LiftBan(ctx context.Context, site, subject, author string, at int64) error {
	return db.change(ctx, site, author, "lifting the ban of "+subject, at, func(tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `UPDATE ban SET lifted = $3 WHERE site = $1 AND subject = $2 AND lifted = 0 AND (until = 0 OR until > $3)`, site, subject, at)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return nil, fmt.Errorf("%w: %s is not banned", ErrNotFound, subject)
		}
		return []Change{{Kind: ChangeUnban, Subject: subject}}, nil
	})
}

// StandingBans gives the bans that hold at a time, newest first; after is the id of the last one seen.
func (db *DB) StandingBans(ctx context.Context, site string, at int64, after string, limit int) ([]Ban, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT `+banColumns+` FROM ban WHERE site = $1 AND lifted = 0 AND (until = 0 OR until > $2) AND ($3 = '' OR id < $3)
		ORDER BY id DESC LIMIT $4`, site, at, after, limit)
	return collect(rows, err, func(r *sql.Rows) (Ban, error) { return scanBan(r) })
}

// BanHistory gives all bans of a subject, newest first.
func (db *DB) BanHistory(ctx context.Context, site, subject string, limit int) ([]Ban, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT `+banColumns+` FROM ban WHERE site = $1 AND subject = $2 ORDER BY created DESC LIMIT $3`, site, subject, limit)
	return collect(rows, err, func(r *sql.Rows) (Ban, error) { return scanBan(r) })
}

// CountBans counts the bans that hold at a time.
func (db *DB) CountBans(ctx context.Context, site string, at int64) (n int, err error) {
	return n, db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM ban WHERE site = $1 AND lifted = 0 AND (until = 0 OR until > $2)`, site, at).Scan(&n)
}

// Allowance is an entry of a site's allow list.
type Allowance struct {
	ID      string `json:"id"`
	Site    string `json:"-"`
	Subject string `json:"subject"`
	Note    string `json:"note,omitempty"`
	Author  string `json:"author,omitempty"`
	Created int64  `json:"created"`
	Until   int64  `json:"until"` // 0 stands until taken back
	Removed int64  `json:"removed,omitempty"`
}

// Allow puts a subject on the allow list, in place of what it has there.
func (db *DB) Allow(ctx context.Context, a Allowance) error {
	return db.change(ctx, a.Site, a.Author, "allowing "+a.Subject, a.Created, func(tx *sql.Tx) ([]Change, error) {
		if _, err := tx.ExecContext(ctx, `UPDATE allowance SET removed = $3 WHERE site = $1 AND subject = $2 AND removed = 0`, a.Site, a.Subject, a.Created); err != nil {
			return nil, err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO allowance (id, site, subject, note, author, created, until, removed) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`,
			a.ID, a.Site, a.Subject, a.Note, a.Author, a.Created, a.Until)
		return []Change{{Kind: ChangeAllow, Subject: a.Subject, Body: body(a.ID, a.Subject, a.Until, "")}}, err
	})
}

// Disallow takes a subject off the allow list.
func (db *DB) Disallow(ctx context.Context, site, subject, author string, at int64) error {
	return db.change(ctx, site, author, "taking back the allowance of "+subject, at, func(tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `UPDATE allowance SET removed = $3 WHERE site = $1 AND subject = $2 AND removed = 0`, site, subject, at)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return nil, fmt.Errorf("%w: %s is not on the allow list", ErrNotFound, subject)
		}
		return []Change{{Kind: ChangeUnallow, Subject: subject}}, nil
	})
}

// Allowances gives the entries that hold at a time, newest first.
func (db *DB) Allowances(ctx context.Context, site string, at int64) ([]Allowance, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT id, site, subject, note, author, created, until, removed FROM allowance
		WHERE site = $1 AND removed = 0 AND (until = 0 OR until > $2) ORDER BY id DESC`, site, at)
	return collect(rows, err, func(r *sql.Rows) (a Allowance, err error) {
		return a, r.Scan(&a.ID, &a.Site, &a.Subject, &a.Note, &a.Author, &a.Created, &a.Until, &a.Removed)
	})
}

// Lever is one setting of a route, standing or past.
type Lever struct {
	ID       string `json:"id"`
	Site     string `json:"-"`
	Match    string `json:"match"`
	Position string `json:"position"`
	Author   string `json:"author,omitempty"`
	Note     string `json:"note,omitempty"`
	Since    int64  `json:"since"`
	Until    int64  `json:"until"`
	Ended    int64  `json:"ended,omitempty"`
}

// SetLever moves a lever, in place of what stands on the same route. Doing it twice with one id changes nothing more.
func (db *DB) SetLever(ctx context.Context, l Lever) error {
	return db.change(ctx, l.Site, l.Author, "moving the lever of "+l.Match, l.Since, func(tx *sql.Tx) ([]Change, error) {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM lever WHERE id = $1`, l.ID).Scan(&n); err != nil || n > 0 {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE lever SET ended = $3 WHERE site = $1 AND match = $2 AND ended = 0`, l.Site, l.Match, l.Since); err != nil {
			return nil, err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO lever (id, site, match, position, author, note, since, until, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			l.ID, l.Site, l.Match, l.Position, l.Author, l.Note, l.Since, l.Until)
		return []Change{{Kind: ChangePolicy, Subject: "lever " + l.Match, Body: l.Position}}, err
	})
}

// EndLever opens a route again.
func (db *DB) EndLever(ctx context.Context, site, match, author string, at int64) error {
	return db.change(ctx, site, author, "opening "+match, at, func(tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `UPDATE lever SET ended = $3 WHERE site = $1 AND match = $2 AND ended = 0 AND until > $3`, site, match, at)
		if err != nil {
			return nil, err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return nil, fmt.Errorf("%w: no lever stands on %s", ErrNotFound, match)
		}
		return []Change{{Kind: ChangePolicy, Subject: "lever " + match, Body: "open"}}, nil
	})
}

// Levers gives those that hold at a time.
func (db *DB) Levers(ctx context.Context, site string, at int64) ([]Lever, error) {
	return db.levers(ctx, `WHERE site = $1 AND ended = 0 AND until > $2 ORDER BY id DESC`, site, at)
}

// LeverHistory gives the last ones moved, newest first.
func (db *DB) LeverHistory(ctx context.Context, site string, limit int) ([]Lever, error) {
	return db.levers(ctx, `WHERE site = $1 ORDER BY id DESC LIMIT $2`, site, limit)
}

func (db *DB) levers(ctx context.Context, where string, args ...any) ([]Lever, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT id, site, match, position, author, note, since, until, ended FROM lever `+where, args...)
	return collect(rows, err, func(r *sql.Rows) (l Lever, err error) {
		return l, r.Scan(&l.ID, &l.Site, &l.Match, &l.Position, &l.Author, &l.Note, &l.Since, &l.Until, &l.Ended)
	})
}
