package store

import (
	"context"
	"database/sql"
)

// Rule is a wire.Rule in JSON, with where it came from.
type Rule struct {
	ID       string
	Site     string
	Name     string
	Body     string
	Position int
	Mode     string
	Source   string // default, file or person
	Author   string
	Updated  int64
}

// Where something came from.
const (
	SourceDefault = "default"
	SourceFile    = "file"
	SourcePerson  = "person"
)

// PutRule inserts a rule or replaces the one of its name.
func (db *DB) PutRule(ctx context.Context, r Rule) error {
	return db.change(ctx, r.Site, r.Author, "keeping rule "+r.Name, r.Updated, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		return []Change{{Kind: ChangePolicy, Subject: "rule " + r.Name, Body: r.Body}}, putRule(ctx, tx, r)
	})
}

func putRule(ctx context.Context, tx *sql.Tx, r Rule) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO rule (id, site, name, body, position, mode, source, author, updated) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (site, name) DO UPDATE SET body = excluded.body, position = excluded.position, mode = excluded.mode,
		source = excluded.source, author = excluded.author, updated = excluded.updated`,
		r.ID, r.Site, r.Name, r.Body, r.Position, r.Mode, r.Source, r.Author, r.Updated)
	return err
}

// DeleteRule takes a rule away.
func (db *DB) DeleteRule(ctx context.Context, site, name, author string, at int64) error {
	return db.change(ctx, site, author, "deleting rule "+name, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `DELETE FROM rule WHERE site = $1 AND name = $2`, site, name)
		if err := some(res, err, "no rule "+name+" of your own"); err != nil {
			return nil, err
		}
		return []Change{{Kind: ChangePolicy, Subject: "rule " + name}}, nil
	})
}

// Rules gives a site's rules in their order.
func (db *DB) Rules(ctx context.Context, site string) ([]Rule, error) {
	return list(ctx, db, "reading rules", func(r *sql.Rows) (x Rule, err error) {
		return x, r.Scan(&x.ID, &x.Site, &x.Name, &x.Body, &x.Position, &x.Mode, &x.Source, &x.Author, &x.Updated)
	}, `SELECT id, site, name, body, position, mode, source, author, updated FROM rule WHERE site = $1 ORDER BY position, name`, site)
}

// Document is one small thing that a policy is made of: a block, a trap, a route.
type Document struct {
	Site    string
	Kind    string
	Name    string
	Body    string // JSON
	Source  string
	Author  string
	Updated int64
}

// PutDocument inserts a document or replaces the one of its kind and name.
func (db *DB) PutDocument(ctx context.Context, d Document) error {
	return db.change(ctx, d.Site, d.Author, "keeping "+d.Kind+" "+d.Name, d.Updated, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		_, err := tx.ExecContext(ctx, `INSERT INTO document (site, kind, name, body, source, author, updated) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (site, kind, name) DO UPDATE SET body = excluded.body, source = excluded.source, author = excluded.author, updated = excluded.updated`,
			d.Site, d.Kind, d.Name, d.Body, d.Source, d.Author, d.Updated)
		return []Change{{Kind: ChangePolicy, Subject: d.Kind + " " + d.Name, Body: d.Body}}, err
	})
}

// DeleteDocument takes a document away.
func (db *DB) DeleteDocument(ctx context.Context, site, kind, name, author string, at int64) error {
	return db.change(ctx, site, author, "deleting "+kind+" "+name, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		res, err := tx.ExecContext(ctx, `DELETE FROM document WHERE site = $1 AND kind = $2 AND name = $3`, site, kind, name)
		if err := some(res, err, "no "+kind+" "+name); err != nil {
			return nil, err
		}
		return []Change{{Kind: ChangePolicy, Subject: kind + " " + name}}, nil
	})
}

// Documents gives a site's documents of a kind by name.
func (db *DB) Documents(ctx context.Context, site, kind string) ([]Document, error) {
	return list(ctx, db, "reading documents of kind "+kind, func(r *sql.Rows) (d Document, err error) {
		return d, r.Scan(&d.Site, &d.Kind, &d.Name, &d.Body, &d.Source, &d.Author, &d.Updated)
	}, `SELECT site, kind, name, body, source, author, updated FROM document WHERE site = $1 AND kind = $2 ORDER BY name`, site, kind)
}

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
