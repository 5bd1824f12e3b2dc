package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
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

// ReviseRule changes a rule knowing what it is: f is given the rule as it stands, nil where there is none, and says what it
// becomes; nothing comes between the two. An error of f leaves all as it was.
func (db *DB) ReviseRule(ctx context.Context, site, name, author string, at int64, f func(have *Rule) (Rule, error)) error {
	return db.change(ctx, site, author, "keeping rule "+name, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		var have *Rule
		old, err := scanRule(tx.QueryRowContext(ctx, `SELECT `+ruleColumns+` FROM rule WHERE site = $1 AND name = $2`, site, name))
		if err == nil {
			have = &old
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		r, err := f(have)
		if err != nil {
			return nil, err
		}
		r.Site, r.Name, r.Author, r.Updated = site, name, author, at
		return []Change{{Kind: ChangePolicy, Subject: "rule " + name, Body: r.Body, Before: old.Body}}, putRule(ctx, tx, r)
	})
}

// OrderRules puts rules into an order: they take the positions from first on. f is given a site's rules in the order in
// which they stand and names those to be put, which must be among them.
func (db *DB) OrderRules(ctx context.Context, site, author string, at int64, first int, f func(have []Rule) ([]string, error)) error {
	return db.change(ctx, site, author, "changing the order of the rules", at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		have, err := inOrder(ctx, tx, site)
		if err != nil {
			return nil, err
		}
		names, err := f(have)
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			res, err := tx.ExecContext(ctx, `UPDATE rule SET position = $3 WHERE site = $1 AND name = $2`, site, name, first+i)
			if err := some(res, err, "no rule "+name); err != nil {
				return nil, err
			}
		}
		return []Change{{Kind: ChangePolicy, Subject: "rules", Before: order(have), Body: strings.Join(names, " ")}}, nil
	})
}

func inOrder(ctx context.Context, tx *sql.Tx, site string) (rules []Rule, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+ruleColumns+` FROM rule WHERE site = $1 ORDER BY position, name`, site)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRule(rows)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, rows.Err()
}

func order(rules []Rule) string {
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
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
