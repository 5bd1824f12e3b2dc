package store

import (
	"context"
	"database/sql"
)

// Principal ties an API key to an account.
type Principal struct {
	Site    string `json:"-"`
	Key     string `json:"key"`
	Account string `json:"account"`
	Label   string `json:"label"`
	Created int64  `json:"created"`
}

// PutPrincipal ties a key.
func (db *DB) PutPrincipal(ctx context.Context, p Principal, author string) error {
	return db.change(ctx, p.Site, author, "tying a key to "+p.Account, p.Created, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		_, err := tx.ExecContext(ctx, `INSERT INTO principal (site, key, account, label, created) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (site, key) DO UPDATE SET account = excluded.account, label = excluded.label`, p.Site, p.Key, p.Account, p.Label, p.Created)
		return []Change{{Kind: ChangePolicy, Subject: "principal " + p.Account}}, err
	})
}

// DeletePrincipal unties a key.
func (db *DB) DeletePrincipal(ctx context.Context, site, key, author string, at int64) error {
	return db.change(ctx, site, author, "untying a key", at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `DELETE FROM principal WHERE site = $1 AND key = $2`, site, key)
		if err := some(res, err, "no such key"); err != nil {
			return nil, err
		}
		return []Change{{Kind: ChangePolicy, Subject: "principal"}}, nil
	})
}

// Principals gives a site's keys by account.
func (db *DB) Principals(ctx context.Context, site string) ([]Principal, error) {
	return list(ctx, db, "reading principals", func(r *sql.Rows) (p Principal, err error) {
		return p, r.Scan(&p.Site, &p.Key, &p.Account, &p.Label, &p.Created)
	}, `SELECT site, key, account, label, created FROM principal WHERE site = $1 ORDER BY account, key`, site)
}
