package store

import (
	"context"
	"database/sql"
)

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
	return db.change(ctx, l.Site, l.Author, "moving the lever of "+l.Match, l.Since, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM lever WHERE id = $1`, l.ID).Scan(&n); err != nil || n > 0 {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE lever SET ended = $3 WHERE site = $1 AND match = $2 AND ended = 0 AND until > $3`, l.Site, l.Match, l.Since); err != nil {
			return nil, err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO lever (id, site, match, position, author, note, since, until, ended) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			l.ID, l.Site, l.Match, l.Position, l.Author, l.Note, l.Since, l.Until)
		return []Change{{Kind: ChangePolicy, Subject: "lever " + l.Match, Body: l.Position}}, err
	})
}

// EndLever opens a route again.
func (db *DB) EndLever(ctx context.Context, site, match, author string, at int64) error {
	return db.change(ctx, site, author, "opening "+match, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `UPDATE lever SET ended = $3 WHERE site = $1 AND match = $2 AND ended = 0 AND until > $3`, site, match, at)
		if err := some(res, err, "no lever stands on "+match); err != nil {
			return nil, err
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
	return list(ctx, db, "reading levers", func(r *sql.Rows) (l Lever, err error) {
		return l, r.Scan(&l.ID, &l.Site, &l.Match, &l.Position, &l.Author, &l.Note, &l.Since, &l.Until, &l.Ended)
	}, `SELECT id, site, match, position, author, note, since, until, ended FROM lever `+where, args...)
}
