package store

import (
	"context"
	"database/sql"
)

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
	return db.change(ctx, a.Site, a.Author, "allowing "+a.Subject, a.Created, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
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
	return db.change(ctx, site, author, "taking back the allowance of "+subject, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `UPDATE allowance SET removed = $3 WHERE site = $1 AND subject = $2 AND removed = 0`, site, subject, at)
		if err := some(res, err, subject+" is not on the allow list"); err != nil {
			return nil, err
		}
		return []Change{{Kind: ChangeUnallow, Subject: subject}}, nil
	})
}

// Allowances gives the entries that hold at a time, newest first.
func (db *DB) Allowances(ctx context.Context, site string, at int64) ([]Allowance, error) {
	return list(ctx, db, "reading allowances", func(r *sql.Rows) (a Allowance, err error) {
		return a, r.Scan(&a.ID, &a.Site, &a.Subject, &a.Note, &a.Author, &a.Created, &a.Until, &a.Removed)
	}, `SELECT id, site, subject, note, author, created, until, removed FROM allowance
		WHERE site = $1 AND removed = 0 AND (until = 0 OR until > $2) ORDER BY id DESC`, site, at)
}
