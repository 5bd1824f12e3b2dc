package store

import (
	"context"
	"database/sql"
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
