// Package store is what the back end remembers. The statements are written once, in the SQL that SQLite and PostgreSQL
// share; a driver only opens the database and tells them apart where they cannot agree. Every method that changes what a
// guard must know moves the site's revision in the same transaction and notes the change, so that nothing can be
// changed without being told.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
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

// DB is an open database. Reads run side by side; writes of one process take turns, which is SQLite's way and lets a
// batch of events be one transaction.
type DB struct {
	read    *sql.DB
	write   *sql.DB
	dialect Dialect
	turn    chan struct{}

	mu     sync.Mutex
	listen []func(site string, revision uint64)

	// Backup copies the database while it is in use; nil where the database has its own tools.
	BackupTo func(ctx context.Context, path string) error
	notify   func(ctx context.Context, tx *sql.Tx, payload string) error
	closers  []func() error
}

//go:embed migrations/*.sql
var migrations embed.FS

// New brings a database's tables up to date and gives the store over it. A driver calls it.
func New(ctx context.Context, read, write *sql.DB, d Dialect) (*DB, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	if d == SQLite {
		files = lowered{files}
	}
	p, err := goose.NewProvider(goose.Dialect(d), write, files, goose.WithVerbose(false))
	if err != nil {
		return nil, fmt.Errorf("preparing the tables: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which tables there are: %w", err)
	}
	if have > want {
		return nil, fmt.Errorf("the database is of a newer Palisade (tables %d, this program knows %d): upgrade this program, or restore a backup from before", have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return nil, fmt.Errorf("bringing the tables up to date: %w; nothing was changed that did not succeed", err)
	}
	return &DB{read: read, write: write, dialect: d, turn: make(chan struct{}, 1)}, nil
}

// lowered gives SQLite its own word for bytes, and lets clustered tables be so.
type lowered struct{ fs.FS }

func (l lowered) Open(name string) (fs.File, error) {
	f, err := l.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(string(b), "BYTEA", "BLOB")
	text = strings.ReplaceAll(text, "PRIMARY KEY (site, term, day, segment)\n)", "PRIMARY KEY (site, term, day, segment)\n) WITHOUT ROWID")
	info, err := f.Stat()
	return &memory{strings.NewReader(text), info}, err
}

type memory struct {
	*strings.Reader
	info fs.FileInfo
}

func (m *memory) Stat() (fs.FileInfo, error) { return m.info, nil }
func (m *memory) Close() error               { return nil }

// Close closes the database.
func (db *DB) Close() error {
	var faults []error
	for _, c := range db.closers {
		faults = append(faults, c())
	}
	if db.read != db.write {
		faults = append(faults, db.read.Close())
	}
	return errors.Join(append(faults, db.write.Close())...)
}

// AlsoClose is for drivers: something to close with the database.
func (db *DB) AlsoClose(f func() error) { db.closers = append(db.closers, f) }

// NotifyWith is for drivers: how other processes on the same database hear of a change, inside its transaction.
func (db *DB) NotifyWith(f func(ctx context.Context, tx *sql.Tx, payload string) error) {
	db.notify = f
}

// Dialect is which database it is.
func (db *DB) Dialect() Dialect { return db.dialect }

// OnChange calls f after each change of a site's policy, in the goroutine that made it or, for other processes', in one
// of the driver's. f must not block.
func (db *DB) OnChange(f func(site string, revision uint64)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.listen = append(db.listen, f)
}

// Changed tells the listeners.
func (db *DB) Changed(site string, revision uint64) {
	db.mu.Lock()
	listen := db.listen
	db.mu.Unlock()
	for _, f := range listen {
		f(site, revision)
	}
}

// tx runs f in a transaction, one at a time in this process.
func (db *DB) tx(ctx context.Context, what string, f func(*sql.Tx) error) error {
	select {
	case db.turn <- struct{}{}:
		defer func() { <-db.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", what, db.explain(err))
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return fmt.Errorf("%s: %w", what, db.explain(err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", what, db.explain(err))
	}
	return nil
}

// explain turns what a database says into what to do.
func (db *DB) explain(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "UNIQUE constraint") || strings.Contains(text, "duplicate key"):
		return fmt.Errorf("%w: there is one of that name already", ErrConflict)
	case strings.Contains(text, "FOREIGN KEY constraint") || strings.Contains(text, "violates foreign key"):
		return fmt.Errorf("%w: no such site", ErrNotFound)
	case strings.Contains(text, "database or disk is full") || strings.Contains(text, "No space left"):
		return fmt.Errorf("the disk is full: make room; nothing that was confirmed is lost: %w", err)
	case strings.Contains(text, "readonly database"):
		return fmt.Errorf("the database cannot be written: check who owns its folder: %w", err)
	}
	return err
}

// Change is one step of a site's policy.
type Change struct {
	Site     string
	Revision uint64
	At       int64
	Kind     string // policy, ban, unban, allow or unallow
	Subject  string
	Body     string
	Author   string
}

// Kinds of a Change. All but ChangePolicy can travel to guards as a delta.
const (
	ChangePolicy  = "policy"
	ChangeBan     = "ban"
	ChangeUnban   = "unban"
	ChangeAllow   = "allow"
	ChangeUnallow = "unallow"
)

// change runs f and moves the site on by one revision, with what f says was changed.
func (db *DB) change(ctx context.Context, site, author, what string, at int64, f func(*sql.Tx) ([]Change, error)) error {
	var revision uint64
	err := db.tx(ctx, what, func(tx *sql.Tx) error {
		changes, err := f(tx)
		if err != nil || len(changes) == 0 {
			return err
		}
		// The row of the site is locked by this until the commit, so revisions and commits have one order.
		err = tx.QueryRowContext(ctx, `UPDATE site SET revision = revision + 1 WHERE id = $1 RETURNING revision`, site).Scan(&revision)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: no such site", ErrNotFound)
		}
		if err != nil {
			return err
		}
		for _, c := range changes {
			_, err := tx.ExecContext(ctx, `INSERT INTO change (site, revision, at, kind, subject, body, author) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (site, revision, kind, subject) DO UPDATE SET body = excluded.body`,
				site, revision, at, c.Kind, c.Subject, c.Body, author)
			if err != nil {
				return err
			}
		}
		if db.notify != nil {
			return db.notify(ctx, tx, fmt.Sprintf("%s %d", site, revision))
		}
		return nil
	})
	if err == nil && revision > 0 {
		db.Changed(site, revision)
	}
	return err
}

// Changes gives what was changed after a revision, in order.
func (db *DB) Changes(ctx context.Context, site string, after uint64, limit int) ([]Change, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT revision, at, kind, subject, body, author FROM change
		WHERE site = $1 AND revision > $2 ORDER BY revision LIMIT $3`, site, after, limit)
	return collect(rows, err, func(r *sql.Rows) (c Change, err error) {
		c.Site = site
		return c, r.Scan(&c.Revision, &c.At, &c.Kind, &c.Subject, &c.Body, &c.Author)
	})
}

// PruneChanges forgets changes older than a time; a guard further behind gets the whole policy.
func (db *DB) PruneChanges(ctx context.Context, before int64) error {
	return db.tx(ctx, "forgetting old changes", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM change WHERE at < $1`, before)
		return err
	})
}

// collect reads all rows.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// one gives a row's error its kind.
func one(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return err
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
	return db.tx(ctx, "keeping setting "+name, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
		return err
	})
}
