// Package sqlite opens a store in one file. It needs nothing beside the program.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // registers itself with database/sql, as drivers do

	"palisade.dev/store"
)

// Open opens the database at a path and makes it where there is none. synchronous=full costs a disk flush for each
// transaction, of which an ingest makes a few a second, and keeps what was confirmed through a power cut as well.
func Open(ctx context.Context, path string) (*store.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	dsn := func(extra string) string {
		q := url.Values{"_pragma": {"journal_mode(WAL)", "busy_timeout(5000)", "foreign_keys(1)", "synchronous(FULL)", "temp_store(MEMORY)"}, "_txlock": {"immediate"}}
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode() + extra
	}
	write, err := sql.Open("sqlite", dsn(""))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	if err := write.PingContext(ctx); err != nil {
		_ = write.Close()
		return nil, fmt.Errorf("opening the database %s: %w; if it is no Palisade database, move it away", path, err)
	}
	_ = os.Chmod(path, 0o600)
	read, err := sql.Open("sqlite", dsn("&_pragma=query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(4)
	db, err := store.New(ctx, read, write, store.SQLite)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), read.Close(), write.Close())
	}
	db.BackupTo = func(ctx context.Context, to string) error {
		if _, err := os.Stat(to); err == nil {
			return fmt.Errorf("%s exists already: give a backup a name of its own", to)
		}
		if _, err := write.ExecContext(ctx, `VACUUM INTO $1`, to); err != nil {
			return fmt.Errorf("backing up to %s: %w", to, err)
		}
		return os.Chmod(to, 0o600)
	}
	return db, nil
}
