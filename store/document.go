package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

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

const documentColumns = `site, kind, name, body, source, author, updated`

func scanDocument(r scanner) (d Document, err error) {
	return d, r.Scan(&d.Site, &d.Kind, &d.Name, &d.Body, &d.Source, &d.Author, &d.Updated)
}

// PutDocument inserts a document or replaces the one of its kind and name. What the configuration file says is changed there:
// its next reading would undo, or refuse, what was changed here.
func (db *DB) PutDocument(ctx context.Context, d Document) error {
	return db.change(ctx, d.Site, d.Author, "keeping "+d.Kind+" "+d.Name, d.Updated, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		before, err := documentIn(ctx, tx, d.Site, d.Kind, d.Name)
		if err != nil {
			return nil, err
		}
		if before.Source == SourceFile && d.Source != SourceFile {
			return nil, inFile(d.Kind, d.Name)
		}
		return []Change{{Kind: ChangePolicy, Subject: d.Kind + " " + d.Name, Body: d.Body, Before: before.Body}}, putDocument(ctx, tx, d)
	})
}

func putDocument(ctx context.Context, tx *sql.Tx, d Document) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO document (`+documentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (site, kind, name) DO UPDATE SET body = excluded.body, source = excluded.source, author = excluded.author, updated = excluded.updated`,
		d.Site, d.Kind, d.Name, d.Body, d.Source, d.Author, d.Updated)
	return err
}

func inFile(kind, name string) error {
	return fmt.Errorf("%w: %s %s is in the configuration file: change it there", ErrConflict, kind, name)
}

// documentIn finds a document within a transaction; one that is not there is empty.
func documentIn(ctx context.Context, tx *sql.Tx, site, kind, name string) (Document, error) {
	d, err := scanDocument(tx.QueryRowContext(ctx, `SELECT `+documentColumns+` FROM document WHERE site = $1 AND kind = $2 AND name = $3`, site, kind, name))
	if errors.Is(err, sql.ErrNoRows) {
		return Document{}, nil
	}
	return d, err
}

// DeleteDocument takes a document away, unless the configuration file says it.
func (db *DB) DeleteDocument(ctx context.Context, site, kind, name, author string, at int64) error {
	return db.change(ctx, site, author, "deleting "+kind+" "+name, at, func(ctx context.Context, tx *sql.Tx) ([]Change, error) {
		before, err := documentIn(ctx, tx, site, kind, name)
		switch {
		case err != nil:
			return nil, err
		case before.Name == "":
			return nil, fmt.Errorf("%w: no %s %s", ErrNotFound, kind, name)
		case before.Source == SourceFile:
			return nil, inFile(kind, name)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM document WHERE site = $1 AND kind = $2 AND name = $3`, site, kind, name)
		return []Change{{Kind: ChangePolicy, Subject: kind + " " + name, Before: before.Body}}, err
	})
}

// Documents gives a site's documents of a kind by name.
func (db *DB) Documents(ctx context.Context, site, kind string) ([]Document, error) {
	return list(ctx, db, "reading documents of kind "+kind, scanRow(scanDocument), `SELECT `+documentColumns+` FROM document WHERE site = $1 AND kind = $2 ORDER BY name`, site, kind)
}
