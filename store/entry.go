package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Kinds of a Link.
const (
	LinkSetup   = "setup"   // makes the first owner
	LinkInvite  = "invite"  // makes a person
	LinkRecover = "recover" // gives a person a new password
)

// Link lets somebody in once. Only a hash of its code is kept.
type Link struct {
	ID      string
	Kind    string
	Hash    []byte
	Email   string // whom it is for
	Body    string // JSON: what it gives
	Inviter string // the person who made it; "" for the operator
	Author  string // the same by name
	Created int64
	Expires int64
}

const linkColumns = `id, kind, hash, email, body, inviter, author, created, expires`

func scanLink(r scanner) (l Link, err error) {
	return l, r.Scan(&l.ID, &l.Kind, &l.Hash, &l.Email, &l.Body, &l.Inviter, &l.Author, &l.Created, &l.Expires)
}

// PutLink keeps a link. One for setting up or recovering takes the place of those that were made for the same before.
func (db *DB) PutLink(ctx context.Context, l Link, by By) error {
	what := "making a link: " + l.Kind
	return db.tx(ctx, what, func(ctx context.Context, tx *sql.Tx) error {
		if l.Kind != LinkInvite {
			if _, err := tx.ExecContext(ctx, `DELETE FROM entry_link WHERE kind = $1 AND email = $2`, l.Kind, l.Email); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO entry_link (`+linkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			l.ID, l.Kind, l.Hash, l.Email, l.Body, l.Inviter, l.Author, l.Created, l.Expires)
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: by.At, Author: by.Author, Action: what, Subject: "person " + l.Email, Later: l.Body})
	})
}

// LinkByHash finds a link that still opens something.
func (db *DB) LinkByHash(ctx context.Context, hash []byte, at int64) (Link, error) {
	l, err := scanLink(db.read.QueryRowContext(ctx, `SELECT `+linkColumns+` FROM entry_link WHERE hash = $1 AND expires > $2`, hash, at))
	return l, one(err, "link")
}

// Links gives those of a kind that still open something, newest first.
func (db *DB) Links(ctx context.Context, kind string, at int64) ([]Link, error) {
	return list(ctx, db, "reading links", scanRow(scanLink), `SELECT `+linkColumns+` FROM entry_link WHERE kind = $1 AND expires > $2 ORDER BY id DESC`, kind, at)
}

// RemoveLink withdraws a link.
func (db *DB) RemoveLink(ctx context.Context, id string, by By) error {
	return db.tx(ctx, "withdrawing a link", func(ctx context.Context, tx *sql.Tx) error {
		l, err := scanLink(tx.QueryRowContext(ctx, `DELETE FROM entry_link WHERE id = $1 RETURNING `+linkColumns, id))
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("%w: no such link", ErrNotFound)
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: by.At, Author: by.Author, Action: "withdrawing a link: " + l.Kind, Subject: "person " + l.Email, Earlier: l.Body})
	})
}

// useLink uses a link up.
func useLink(ctx context.Context, tx *sql.Tx, hash []byte, kind string, at int64) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM entry_link WHERE hash = $1 AND kind = $2 AND expires > $3`, hash, kind, at)
	return some(res, err, "the link was used, has ended or was withdrawn")
}

// AcceptLink uses up an invitation of somebody who is a person by now, and gives them its roles.
func (db *DB) AcceptLink(ctx context.Context, hash []byte, roles []PersonRole, by By) error {
	return db.keepOwner(ctx, "accepting an invitation", by, func(ctx context.Context, tx *sql.Tx) error {
		if err := useLink(ctx, tx, hash, LinkInvite, by.At); err != nil {
			return err
		}
		for _, r := range roles {
			if err := grant(ctx, tx, r.Person, r.Site, r.Role, by); err != nil {
				return err
			}
		}
		return nil
	})
}

// Recover uses a link up: it sets a password, may turn one-time codes off, and ends all sessions. Passkeys and tied accounts
// go with the one-time codes: whoever lost all of it does not know who has it.
func (db *DB) Recover(ctx context.Context, hash []byte, person, password string, all bool, by By) error {
	return db.tx(ctx, "recovering access", func(ctx context.Context, tx *sql.Tx) error {
		if err := useLink(ctx, tx, hash, LinkRecover, by.At); err != nil {
			return err
		}
		if err := auditPerson(ctx, tx, by, "recovering access", person, "", "", ""); err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE person SET password = $2 WHERE id = $1 AND disabled = 0`, person, password)
		if err := some(res, err, "the person is disabled"); err != nil {
			return err
		}
		if all {
			if err := dropTOTP(ctx, tx, person, by); err != nil {
				return err
			}
			for _, statement := range []string{`DELETE FROM passkey WHERE person = $1`, `DELETE FROM person_identity WHERE person = $1`} {
				if _, err := tx.ExecContext(ctx, statement, person); err != nil {
					return err
				}
			}
			if _, err := tx.ExecContext(ctx, `UPDATE token SET revoked = $2 WHERE person = $1 AND revoked = 0`, person, by.At); err != nil {
				return err
			}
		}
		return signOut(ctx, tx, person, "")
	})
}

// Ceremony is something that was begun and is to be finished within minutes. Only a hash of what finishes it is kept.
type Ceremony struct {
	Hash    []byte
	Kind    string
	Person  string // "" where nobody is known yet
	Body    string // JSON
	Tries   int64
	Expires int64
}

const ceremonyColumns = `hash, kind, person, body, tries, expires`

func scanCeremony(r scanner) (c Ceremony, err error) {
	return c, r.Scan(&c.Hash, &c.Kind, &c.Person, &c.Body, &c.Tries, &c.Expires)
}

// PutCeremony keeps one; of its kind only so many that end last stay.
func (db *DB) PutCeremony(ctx context.Context, c Ceremony, most int) error {
	return db.tx(ctx, "beginning "+c.Kind, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ceremony WHERE kind = $1 AND expires <= (SELECT expires FROM ceremony WHERE kind = $1 ORDER BY expires DESC LIMIT 1 OFFSET $2)`, c.Kind, most-1); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ceremony (`+ceremonyColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`, c.Hash, c.Kind, c.Person, c.Body, c.Tries, c.Expires)
		return err
	})
}

// TakeCeremony gives a ceremony to who finishes it, and to nobody else.
func (db *DB) TakeCeremony(ctx context.Context, hash []byte, kind string, at int64) (c Ceremony, err error) {
	err = db.tx(ctx, "finishing "+kind, func(ctx context.Context, tx *sql.Tx) error {
		c, err = scanCeremony(tx.QueryRowContext(ctx, `DELETE FROM ceremony WHERE hash = $1 AND kind = $2 AND expires > $3 RETURNING `+ceremonyColumns, hash, kind, at))
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("%w: it was finished, or took too long", ErrNotFound)
		}
		return err
	})
	return c, err
}

// TryCeremony counts a try at finishing a ceremony, of which there are so many.
func (db *DB) TryCeremony(ctx context.Context, hash []byte, kind string, at, most int64) (c Ceremony, err error) {
	err = db.tx(ctx, "going on with "+kind, func(ctx context.Context, tx *sql.Tx) error {
		c, err = scanCeremony(tx.QueryRowContext(ctx, `UPDATE ceremony SET tries = tries + 1 WHERE hash = $1 AND kind = $2 AND expires > $3 AND tries < $4 RETURNING `+ceremonyColumns, hash, kind, at, most))
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("%w: it was finished, took too long or was tried too often", ErrNotFound)
		}
		return err
	})
	return c, err
}

// Signin is one try to sign in.
type Signin struct {
	ID      string `json:"id"`
	At      int64  `json:"at"`
	Person  string `json:"person"` // "" where the address typed is nobody's
	Method  string `json:"method"`
	Outcome string `json:"outcome"`
	Address string `json:"address"`
	Agent   string `json:"agent"`
}

// NoteSignin keeps a try to sign in.
func (db *DB) NoteSignin(ctx context.Context, s Signin) error {
	return db.exec(ctx, "noting a sign-in", `INSERT INTO signin (id, at, person, method, outcome, address, agent) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.ID, s.At, s.Person, s.Method, s.Outcome, s.Address, s.Agent)
}

// Signins gives a person's tries, or everybody's with "", newest first; before is the id of the last one seen.
func (db *DB) Signins(ctx context.Context, person, before string, limit int) ([]Signin, error) {
	if before == "" {
		before = "~" // after every id
	}
	query, args := `SELECT id, at, person, method, outcome, address, agent FROM signin WHERE id < $1`, []any{before, limit}
	if person != "" {
		query += ` AND person = $3`
		args = append(args, person)
	}
	return list(ctx, db, "reading sign-ins", func(r *sql.Rows) (s Signin, err error) {
		return s, r.Scan(&s.ID, &s.At, &s.Person, &s.Method, &s.Outcome, &s.Address, &s.Agent)
	}, query+` ORDER BY id DESC LIMIT $2`, args...)
}

// ForgetPeople forgets what has ended: sessions, those idle since before a time among them, links and ceremonies; and tries
// to sign in and tokens that ended before another.
func (db *DB) ForgetPeople(ctx context.Context, at, idle, signins int64) error {
	for _, s := range []struct {
		what, statement string
		before          int64
	}{
		{"forgetting sessions", `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires <= $1 LIMIT 2000)`, at},
		{"forgetting sessions", `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE seen <= $1 LIMIT 2000)`, idle},
		{"forgetting ceremonies", `DELETE FROM ceremony WHERE hash IN (SELECT hash FROM ceremony WHERE expires <= $1 LIMIT 2000)`, at},
		{"forgetting links", `DELETE FROM entry_link WHERE id IN (SELECT id FROM entry_link WHERE expires <= $1 LIMIT 2000)`, at},
		{"forgetting tokens", `DELETE FROM token WHERE id IN (SELECT id FROM token WHERE expires <= $1 LIMIT 2000)`, signins},
		{"forgetting sign-ins", `DELETE FROM signin WHERE id IN (SELECT id FROM signin WHERE at < $1 LIMIT 2000)`, signins},
	} {
		if _, err := db.shed(ctx, s.what, s.statement, s.before); err != nil {
			return err
		}
	}
	return nil
}
