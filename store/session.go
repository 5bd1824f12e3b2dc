package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Session is a person signed in at one browser. Only a hash of what the browser keeps is here.
type Session struct {
	ID      string
	Hash    []byte
	Person  string
	Method  string
	Created int64
	Proved  int64 // when they last showed who they are
	Seen    int64
	Expires int64
	Address string
	Agent   string
}

// Bearer is who a session or token acts for, as they are now.
type Bearer struct {
	Name  string
	Email string
	Roles []PersonRole
}

const sessionColumns = `id, hash, person, method, created, proved, seen, expires, address, agent`

func (s *Session) fields() []any {
	return []any{&s.ID, &s.Hash, &s.Person, &s.Method, &s.Created, &s.Proved, &s.Seen, &s.Expires, &s.Address, &s.Agent}
}

// Entrance is a session that begins.
type Entrance struct {
	Session  Session
	Password string // the hash that was shown to be known; one changed meanwhile lets nobody in
	Ceremony []byte // used up
	Earlier  []byte // hash of the session that the browser had: it ends
	Most     int    // sessions of a person; the longest unseen end
}

// Enter begins a session of a person who is not disabled. ErrNotFound says that what let them in is gone by now.
func (db *DB) Enter(ctx context.Context, e Entrance) error {
	s := e.Session
	return db.tx(ctx, "beginning a session", func(ctx context.Context, tx *sql.Tx) error {
		// An update, not a look, so that who changes the password or disables the person meanwhile is waited for.
		var password string
		err := tx.QueryRowContext(ctx, `UPDATE person SET disabled = disabled WHERE id = $1 AND disabled = 0 RETURNING password`, s.Person).Scan(&password)
		if errors.Is(err, sql.ErrNoRows) || err == nil && e.Password != "" && e.Password != password {
			err = fmt.Errorf("%w: the person or their password was changed meanwhile", ErrNotFound)
		}
		if err != nil {
			return err
		}
		if e.Ceremony != nil {
			res, err := tx.ExecContext(ctx, `DELETE FROM ceremony WHERE hash = $1`, e.Ceremony)
			if err := some(res, err, "it was finished"); err != nil {
				return err
			}
		}
		if e.Earlier != nil {
			if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE hash = $1`, e.Earlier); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM session WHERE person = $1 AND seen <= (SELECT seen FROM session WHERE person = $1 ORDER BY seen DESC LIMIT 1 OFFSET $2)`, s.Person, e.Most-1)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO session (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			s.ID, s.Hash, s.Person, s.Method, s.Created, s.Proved, s.Seen, s.Expires, s.Address, s.Agent)
		return err
	})
}

// SessionByHash finds a session and who it acts for, if neither it nor its person has ended. idle is the time since which
// it must have been seen.
func (db *DB) SessionByHash(ctx context.Context, hash []byte, at, idle int64) (s Session, b Bearer, err error) {
	err = db.bearer(ctx, "session", &b, &s.Person, s.fields(), `SELECT s.id, s.hash, s.person, s.method, s.created, s.proved, s.seen, s.expires, s.address, s.agent,
			p.name, p.email, COALESCE(r.site, ''), COALESCE(r.role, '')
		FROM session s JOIN person p ON p.id = s.person LEFT JOIN person_role r ON r.person = s.person
		WHERE s.hash = $1 AND s.expires > $2 AND s.seen > $3 AND p.disabled = 0`, hash, at, idle)
	return s, b, err
}

// bearer reads something that acts for a person, with that person's roles: a row for each.
func (db *DB) bearer(ctx context.Context, what string, b *Bearer, person *string, fields []any, query string, args ...any) error {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	defer rows.Close()
	var role PersonRole
	fields = append(fields, &b.Name, &b.Email, &role.Site, &role.Role)
	found := false
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return fmt.Errorf("%s: %w", what, explain(err))
		}
		found = true
		if role.Site != "" {
			role.Person = *person
			b.Roles = append(b.Roles, role)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	if !found {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return nil
}

// SeenSession notes that a session is in use, and where.
func (db *DB) SeenSession(ctx context.Context, id string, at int64, address string) error {
	return db.exec(ctx, "noting the use of a session", `UPDATE session SET seen = $2, address = $3 WHERE id = $1 AND seen < $2`, id, at, address)
}

// RenewSession gives a session a new secret; proved is when its person last showed who they are.
func (db *DB) RenewSession(ctx context.Context, id string, from, to []byte, proved int64) error {
	return db.tx(ctx, "renewing a session", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE session SET hash = $3, proved = $4 WHERE id = $1 AND hash = $2`, id, from, to, proved)
		return some(res, err, "the session has ended")
	})
}

// Sessions gives a person's, those seen last first.
func (db *DB) Sessions(ctx context.Context, person string, at, idle int64) ([]Session, error) {
	return list(ctx, db, "reading sessions", func(r *sql.Rows) (s Session, err error) { return s, r.Scan(s.fields()...) },
		`SELECT `+sessionColumns+` FROM session WHERE person = $1 AND seen > $3 AND expires > $2 ORDER BY seen DESC`, person, at, idle)
}

// EndSession ends a person's session.
func (db *DB) EndSession(ctx context.Context, person, id string) error {
	return db.tx(ctx, "ending a session", func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM session WHERE id = $2 AND person = $1`, person, id)
		return some(res, err, "no such session")
	})
}

// EndSessions ends a person's sessions but one, and what they have begun.
func (db *DB) EndSessions(ctx context.Context, person, but string) error {
	return db.tx(ctx, "ending sessions", func(ctx context.Context, tx *sql.Tx) error { return signOut(ctx, tx, person, but) })
}

// Token lets a program act for a person. Only its hash is kept.
type Token struct {
	ID      string
	Hash    []byte
	Person  string
	Name    string
	Scopes  string // JSON
	Sites   string // JSON
	Created int64
	Expires int64
	Used    int64
	Revoked int64
}

const tokenColumns = `id, hash, person, name, scopes, sites, created, expires, used, revoked`

func (t *Token) fields() []any {
	return []any{&t.ID, &t.Hash, &t.Person, &t.Name, &t.Scopes, &t.Sites, &t.Created, &t.Expires, &t.Used, &t.Revoked}
}

// AddToken adds a token to a person who has fewer than most that work.
func (db *DB) AddToken(ctx context.Context, t Token, most int, by By) error {
	return db.tx(ctx, "making a token", func(ctx context.Context, tx *sql.Tx) error {
		if err := auditPerson(ctx, tx, by, "making a token", t.Person, "", "", t.Name+" "+t.Scopes+" "+t.Sites); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM token WHERE person = $1 AND revoked = 0 AND expires > $2`, t.Person, by.At).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return fmt.Errorf("%w: there are %d tokens already: revoke one first", ErrConflict, n)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO token (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0)`,
			t.ID, t.Hash, t.Person, t.Name, t.Scopes, t.Sites, t.Created, t.Expires)
		return err
	})
}

// TokenByHash finds a token, whatever became of it, and who it acts for; one of a disabled person is ErrNotFound.
func (db *DB) TokenByHash(ctx context.Context, hash []byte) (t Token, b Bearer, err error) {
	err = db.bearer(ctx, "token", &b, &t.Person, t.fields(), `SELECT t.id, t.hash, t.person, t.name, t.scopes, t.sites, t.created, t.expires, t.used, t.revoked,
			p.name, p.email, COALESCE(r.site, ''), COALESCE(r.role, '')
		FROM token t JOIN person p ON p.id = t.person LEFT JOIN person_role r ON r.person = t.person
		WHERE t.hash = $1 AND p.disabled = 0`, hash)
	return t, b, err
}

// UsedToken notes that a token was used.
func (db *DB) UsedToken(ctx context.Context, id string, at int64) error {
	return db.exec(ctx, "noting the use of a token", `UPDATE token SET used = $2 WHERE id = $1 AND used < $2`, id, at)
}

// Tokens gives a person's, newest first.
func (db *DB) Tokens(ctx context.Context, person string) ([]Token, error) {
	return list(ctx, db, "reading tokens", func(r *sql.Rows) (t Token, err error) { return t, r.Scan(t.fields()...) },
		`SELECT `+tokenColumns+` FROM token WHERE person = $1 ORDER BY id DESC`, person)
}

// RevokeToken ends a person's token.
func (db *DB) RevokeToken(ctx context.Context, person, id string, by By) error {
	return db.tx(ctx, "revoking a token", func(ctx context.Context, tx *sql.Tx) error {
		name, err := was(tx.QueryRowContext(ctx, `UPDATE token SET revoked = $3 WHERE id = $2 AND person = $1 AND revoked = 0 RETURNING name`, person, id, by.At))
		if err == nil && name == "" {
			err = fmt.Errorf("%w: no such token", ErrNotFound)
		}
		if err != nil {
			return err
		}
		return auditPerson(ctx, tx, by, "revoking a token", person, "", name, "")
	})
}
