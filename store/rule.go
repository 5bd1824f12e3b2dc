package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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
		before, err := was(tx.QueryRowContext(ctx, `SELECT body FROM rule WHERE site = $1 AND name = $2`, r.Site, r.Name))
		if err != nil {
			return nil, err
		}
		return []Change{{Kind: ChangePolicy, Subject: "rule " + r.Name, Body: r.Body, Before: before}}, putRule(ctx, tx, r)
	})
}

// was reads what a thing is before it changes; a new one was nothing.
func was(row *sql.Row) (body string, err error) {
	if err = row.Scan(&body); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return body, err
}

func putRule(ctx context.Context, tx *sql.Tx, r Rule) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO rule (`+ruleColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (site, name) DO UPDATE SET body = excluded.body, position = excluded.position, mode = excluded.mode,
		source = excluded.source, author = excluded.author, updated = excluded.updated`,
		r.ID, r.Site, r.Name, r.Body, r.Position, r.Mode, r.Source, r.Author, r.Updated)
	return err
}

// DeleteRule takes a rule away.
func (db *DB) DeleteRule(ctx context.Context, site, name, author string, at int64) error {
	return db.change(ctx, site, author, "deleting rule "+name, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		before, err := was(tx.QueryRowContext(ctx, `DELETE FROM rule WHERE site = $1 AND name = $2 RETURNING body`, site, name))
		if err == nil && before == "" {
			err = fmt.Errorf("%w: no rule %s of your own", ErrNotFound, name)
		}
		return []Change{{Kind: ChangePolicy, Subject: "rule " + name, Before: before}}, err
	})
}

// Rules gives a site's rules in their order.
func (db *DB) Rules(ctx context.Context, site string) ([]Rule, error) {
	return list(ctx, db, "reading rules", scanRow(scanRule), `SELECT `+ruleColumns+` FROM rule WHERE site = $1 ORDER BY position, name`, site)
}

const ruleColumns = `id, site, name, body, position, mode, source, author, updated`

func scanRule(r scanner) (x Rule, err error) {
	return x, r.Scan(&x.ID, &x.Site, &x.Name, &x.Body, &x.Position, &x.Mode, &x.Source, &x.Author, &x.Updated)
}
