package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Declaration is all that one source has to say of a site's rules, and of its documents of some kinds.
type Declaration struct {
	Site      string
	Source    string
	Author    string
	At        int64
	Rules     []Rule
	Kinds     []string // of documents; those of other kinds are left alone
	Documents []Document
}

// Declare makes a site's rules and documents of a source what the declaration says, in one revision, so that no guard sees
// half of a new file. What is as declared already stays; where all is, there is no revision. A name that another source has
// taken is a conflict.
func (db *DB) Declare(ctx context.Context, d Declaration) error {
	return db.change(ctx, d.Site, d.Author, "declaring what the "+d.Source+" says", d.At, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		changes, err := declareRules(ctx, tx, &d)
		if err != nil {
			return nil, err
		}
		for _, kind := range d.Kinds {
			more, err := declareDocuments(ctx, tx, &d, kind)
			if err != nil {
				return nil, err
			}
			changes = append(changes, more...)
		}
		return changes, nil
	})
}

func declareRules(ctx context.Context, tx *sql.Tx, d *Declaration) (changes []Change, err error) {
	have, err := named(ctx, tx, func(r Rule) string { return r.Name }, scanRow(scanRule), `SELECT `+ruleColumns+` FROM rule WHERE site = $1`, d.Site)
	if err != nil {
		return nil, err
	}
	for _, r := range d.Rules {
		old, kept := have[r.Name]
		delete(have, r.Name)
		if kept && old.Source != d.Source {
			return nil, taken("rule", r.Name, old.Source)
		}
		if kept && old.Body == r.Body && old.Position == r.Position && old.Mode == r.Mode {
			continue
		}
		r.Site, r.Source, r.Author, r.Updated = d.Site, d.Source, d.Author, d.At
		if err := putRule(ctx, tx, r); err != nil {
			return nil, err
		}
		changes = append(changes, Change{Kind: ChangePolicy, Subject: "rule " + r.Name, Body: r.Body})
	}
	for name, old := range have {
		if old.Source != d.Source {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM rule WHERE site = $1 AND name = $2`, d.Site, name); err != nil {
			return nil, err
		}
		changes = append(changes, Change{Kind: ChangePolicy, Subject: "rule " + name})
	}
	return changes, nil
}

func declareDocuments(ctx context.Context, tx *sql.Tx, d *Declaration, kind string) (changes []Change, err error) {
	have, err := named(ctx, tx, func(x Document) string { return x.Name }, scanRow(scanDocument), `SELECT `+documentColumns+` FROM document WHERE site = $1 AND kind = $2`, d.Site, kind)
	if err != nil {
		return nil, err
	}
	for _, x := range d.Documents {
		if x.Kind != kind {
			continue
		}
		old, kept := have[x.Name]
		delete(have, x.Name)
		if kept && old.Source != d.Source {
			return nil, taken(kind, x.Name, old.Source)
		}
		if kept && old.Body == x.Body {
			continue
		}
		x.Site, x.Source, x.Author, x.Updated = d.Site, d.Source, d.Author, d.At
		if err := putDocument(ctx, tx, x); err != nil {
			return nil, err
		}
		changes = append(changes, Change{Kind: ChangePolicy, Subject: kind + " " + x.Name, Body: x.Body})
	}
	for name, old := range have {
		if old.Source != d.Source {
			continue
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM document WHERE site = $1 AND kind = $2 AND name = $3`, d.Site, kind, name); err != nil {
			return nil, err
		}
		changes = append(changes, Change{Kind: ChangePolicy, Subject: kind + " " + name})
	}
	return changes, nil
}

func taken(what, name, by string) error {
	return fmt.Errorf("%w: %s %s was made by a %s already: delete that one, or give this one another name", ErrConflict, what, name, by)
}

// named reads rows within a transaction, by name.
func named[T any](ctx context.Context, tx *sql.Tx, name func(T) string, scan func(*sql.Rows) (T, error), query string, args ...any) (map[string]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all[name(v)] = v
	}
	return all, rows.Err()
}
