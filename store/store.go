// Package store is what the back end remembers. The statements are written once, in the SQL that SQLite and PostgreSQL
// share; a driver only opens the database. Every method that changes what a guard must know moves the site's revision in
// the same transaction and notes the change, so that nothing can be changed without being told. Times are Unix
// milliseconds unless they say otherwise; what a method confirmed is on the disk.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// What a caller can decide on.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("conflict")
)

// Dialect tells the two databases apart.
type Dialect string

// The dialects.
const (
	SQLite     Dialect = "sqlite3"
	PostgreSQL Dialect = "postgres"
)

// Driver is an open database as a driver hands it over.
type Driver struct {
	Dialect Dialect
	Read    *sql.DB
	Write   *sql.DB // the same as Read, or a handle with one connection

	// Notify tells other processes of a change, inside its transaction; nil where there can be none.
	Notify func(ctx context.Context, tx *sql.Tx, site string, revision uint64) error
	// Listen hears other processes' changes until it is stopped; nil where there can be none.
	Listen func(changed func(site string, revision uint64)) (stop func())
	Backup func(ctx context.Context, path string) error
	Check  func(ctx context.Context) error
}

// DB is an open database. Reads run side by side; SQLite's writes take turns.
type DB struct {
	read    *sql.DB
	write   *sql.DB
	dialect Dialect
	turn    chan struct{} // held by who writes, on SQLite

	mu    sync.Mutex
	queue []*job
	hear  []func(site string, revision uint64)

	notify func(ctx context.Context, tx *sql.Tx, site string, revision uint64) error
	stop   func()
	backup func(ctx context.Context, path string) error
	check  func(ctx context.Context) error
}

// New brings a database's tables up to date and gives the store over it, which closes it in the end. Where New fails, the
// database is the driver's to close.
func New(ctx context.Context, d Driver) (*DB, error) {
	if err := migrate(ctx, d.Write, d.Dialect); err != nil {
		return nil, err
	}
	db := &DB{read: d.Read, write: d.Write, dialect: d.Dialect, turn: make(chan struct{}, 1), notify: d.Notify, backup: d.Backup, check: d.Check}
	if d.Listen != nil {
		db.stop = d.Listen(db.changed)
	}
	return db, nil
}

// Close closes the database.
func (db *DB) Close() error {
	if db.stop != nil {
		db.stop()
	}
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(db.read.Close(), err)
	}
	return err
}

// Dialect is which database it is.
func (db *DB) Dialect() Dialect { return db.dialect }

// BackupTo writes a copy of one moment to a file that must not exist yet, while the database is in use.
func (db *DB) BackupTo(ctx context.Context, path string) error { return db.backup(ctx, path) }

// Check reads all of the database and tells what is broken in it.
func (db *DB) Check(ctx context.Context) error { return db.check(ctx) }

// list reads all rows of a query.
func list[T any](ctx context.Context, db *DB, what string, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, explain(err))
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, explain(err))
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, explain(err))
	}
	return out, nil
}

// one says of what a row was, and gives its absence its kind.
func one(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, explain(err))
	}
	return nil
}

// scanner is a row, or one of several.
type scanner interface{ Scan(...any) error }

// scanRow lets what reads a single row read those of a list.
func scanRow[T any](scan func(scanner) (T, error)) func(*sql.Rows) (T, error) {
	return func(r *sql.Rows) (T, error) { return scan(r) }
}

// NewID makes an id that sorts by time: ten letters of milliseconds, twelve of chance.
func NewID(now time.Time, chance func() uint64) string {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz"
	b := make([]byte, 22)
	ms := uint64(now.UnixMilli())
	for i := 9; i >= 0; i-- {
		b[i] = letters[ms&31]
		ms >>= 5
	}
	c := chance()
	for i := 10; i < 22; i++ {
		b[i] = letters[c&31]
		c >>= 5
	}
	return string(b)
}

// Setting reads one of the back end's own few secrets and settings.
func (db *DB) Setting(ctx context.Context, name string) ([]byte, error) {
	var v []byte
	err := db.read.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, name).Scan(&v)
	return v, one(err, "setting "+name)
}

// PutSetting writes one.
func (db *DB) PutSetting(ctx context.Context, name string, value []byte) error {
	return db.exec(ctx, "keeping setting "+name, `INSERT INTO setting (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// ChangeSetting writes one that a person changes, or with nil takes it away, and says so in the audit log.
func (db *DB) ChangeSetting(ctx context.Context, name string, value []byte, e Audited) error {
	return db.tx(ctx, "keeping setting "+name, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM setting WHERE name = $1`, name); err != nil {
			return err
		}
		if value != nil {
			if _, err := tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ($1, $2)`, name, value); err != nil {
				return err
			}
		}
		return audit(ctx, tx, e)
	})
}
