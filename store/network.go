package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// NetworkList is a list that was downloaded or is one's own.
type NetworkList struct {
	Name     string
	Kind     string
	Body     string // JSON: title, source, licence, dates, status
	Checksum string
	Prefixes []byte // text, compressed
}

// PutNetworkList keeps a list in place of the one of its name.
func (db *DB) PutNetworkList(ctx context.Context, l NetworkList) error {
	return db.exec(ctx, "keeping network list "+l.Name, `INSERT INTO network_list (name, kind, body, checksum, prefixes) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, body = excluded.body, checksum = excluded.checksum, prefixes = excluded.prefixes`,
		l.Name, l.Kind, l.Body, l.Checksum, l.Prefixes)
}

// NetworkLists gives all kept lists.
func (db *DB) NetworkLists(ctx context.Context) ([]NetworkList, error) {
	return list(ctx, db, "reading network lists", func(r *sql.Rows) (l NetworkList, err error) {
		return l, r.Scan(&l.Name, &l.Kind, &l.Body, &l.Checksum, &l.Prefixes)
	}, `SELECT name, kind, body, checksum, prefixes FROM network_list ORDER BY name`)
}

// DeleteNetworkList forgets a kept list.
func (db *DB) DeleteNetworkList(ctx context.Context, name string) error {
	return db.exec(ctx, "forgetting network list "+name, `DELETE FROM network_list WHERE name = $1`, name)
}

// OwnList is a network list that a person wrote, with its text as it was typed.
type OwnList struct {
	Name    string
	Kind    string
	Title   string
	Text    string
	Author  string // of the last change
	Created int64
	Updated int64
}

const ownListColumns = `name, kind, title, text, author, created, updated`

func scanOwnList(r scanner) (l OwnList, err error) {
	return l, r.Scan(&l.Name, &l.Kind, &l.Title, &l.Text, &l.Author, &l.Created, &l.Updated)
}

// maxAudited is how much of a list's text the audit log repeats, in bytes.
const maxAudited = 16 << 10

// PutOwnList keeps a list in place of the one of its name, as long as that is still the one that was changed at a time: 0 for
// a list that is new.
func (db *DB) PutOwnList(ctx context.Context, l OwnList, was int64) error {
	return db.tx(ctx, "keeping network list "+l.Name, func(ctx context.Context, tx *sql.Tx) error {
		before, err := ownListIn(ctx, tx, l.Name)
		if err != nil {
			return err
		}
		switch {
		case was == 0 && before.Name != "":
			return fmt.Errorf("%w: there is a network list %s already: choose another name, or edit that one", ErrConflict, l.Name)
		case before.Updated != was:
			return fmt.Errorf("%w: somebody else changed network list %s meanwhile: look at it again, then change it", ErrConflict, l.Name)
		case was != 0:
			l.Created = before.Created
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO own_list (`+ownListColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET
			kind = excluded.kind, title = excluded.title, text = excluded.text, author = excluded.author, updated = excluded.updated`,
			l.Name, l.Kind, l.Title, l.Text, l.Author, l.Created, l.Updated)
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: l.Updated, Author: l.Author, Action: "keeping network list " + l.Name, Subject: "network list " + l.Name, Earlier: excerpt(before.Text), Later: excerpt(l.Text)})
	})
}

// DeleteOwnList takes a list away.
func (db *DB) DeleteOwnList(ctx context.Context, name, author string, at int64) error {
	return db.tx(ctx, "deleting network list "+name, func(ctx context.Context, tx *sql.Tx) error {
		before, err := ownListIn(ctx, tx, name)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM own_list WHERE name = $1`, name)
		if err := some(res, err, "no network list "+name+" that somebody wrote here"); err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Author: author, Action: "deleting network list " + name, Subject: "network list " + name, Earlier: excerpt(before.Text)})
	})
}

// OwnLists gives all lists that people wrote, by name.
func (db *DB) OwnLists(ctx context.Context) ([]OwnList, error) {
	return list(ctx, db, "reading own network lists", scanRow(scanOwnList), `SELECT `+ownListColumns+` FROM own_list ORDER BY name`)
}

// OwnList finds one.
func (db *DB) OwnList(ctx context.Context, name string) (OwnList, error) {
	l, err := scanOwnList(db.read.QueryRowContext(ctx, `SELECT `+ownListColumns+` FROM own_list WHERE name = $1`, name))
	return l, one(err, "network list "+name+" that somebody wrote here")
}

// ownListIn is OwnList within a transaction; one that is not there is empty.
func ownListIn(ctx context.Context, tx *sql.Tx, name string) (OwnList, error) {
	l, err := scanOwnList(tx.QueryRowContext(ctx, `SELECT `+ownListColumns+` FROM own_list WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return OwnList{}, nil
	}
	return l, err
}

func excerpt(text string) string {
	if len(text) <= maxAudited {
		return text
	}
	return strings.ToValidUTF8(text[:maxAudited], "") + fmt.Sprintf("\n… and %d bytes more", len(text)-maxAudited)
}
