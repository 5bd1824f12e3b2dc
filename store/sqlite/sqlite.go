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
	"slices"
	"strings"

	_ "modernc.org/sqlite" // registers itself with database/sql, as drivers do

	"palisade.dev/store"
)

// pragmas are what each connection begins with. synchronous=FULL costs a flush of the disk for each transaction and keeps
// what was confirmed through a power cut; without it a killed process would lose nothing, but a cut would.
var pragmas = []string{"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)", "temp_store(MEMORY)"}

// readers is how many connections read at once.
const readers = 4

// Open opens the database at a path and makes it where there is none.
func Open(ctx context.Context, path string) (*store.DB, error) {
	if strings.Contains(path, "\x00") || path == "" {
		return nil, errors.New("opening the database: its path is empty or no path")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w; give another, or make it yourself", err)
	}
	// The file exists with its owner's rights before a secret is in it; its log files get the same.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w; check who owns it and its folder", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	if err := ours(ctx, path); err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	write, err := connect(path, 1, pragmas...)
	if err != nil {
		return nil, err
	}
	read, err := connect(path, readers, append(slices.Clone(pragmas), "query_only(1)")...)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	db, err := store.New(ctx, store.Driver{
		Dialect: store.SQLite, Read: read, Write: write,
		Backup: func(ctx context.Context, to string) error { return backup(ctx, path, to) },
		Check:  func(ctx context.Context) error { return check(ctx, read) },
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", path, err), read.Close(), write.Close())
	}
	return db, nil
}

// connect makes a handle; nothing is opened until it is used.
func connect(path string, most int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// SQLite's result codes for a file that it cannot make sense of.
const (
	damaged      = 11
	notADatabase = 26
)

// ours refuses a file that holds something else, and leaves it as it was.
func ours(ctx context.Context, path string) error {
	db, err := connect(path, 1, "busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	var tables, known int
	err = db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN name = 'goose_db_version' THEN 1 END) FROM sqlite_master WHERE type = 'table'`).Scan(&tables, &known)
	if err != nil {
		var said interface{ Code() int }
		if errors.As(err, &said) && (said.Code() == notADatabase || said.Code()&0xff == damaged) {
			return fmt.Errorf("%w; if it is no Palisade database, move it away; if it is, restore a backup", err)
		}
		return fmt.Errorf("%w; check who owns its file and folder, as it needs to write beside it, and that no other program has it open", err)
	}
	if tables > 0 && known == 0 {
		return errors.New("it is another program's: give Palisade a file or folder of its own")
	}
	return nil
}

// backup copies the database into a new file. It reads over a connection of its own, so that nothing waits for it, and gives
// the file its name only when all of it is on the disk.
func backup(ctx context.Context, path, to string) (err error) {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s exists already: give a backup a name of its own", to)
	}
	part := to + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	db, err := connect(path, 1, "busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM INTO $1`, part); err != nil {
		return fmt.Errorf("backing up to %s: %w", to, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("backing up to %s: %w", to, err)
	}
	if err := os.Link(part, to); err != nil { // unlike a rename, it never replaces a file
		return fmt.Errorf("backing up to %s: %w", to, err)
	}
	if err := os.Remove(part); err != nil {
		return fmt.Errorf("backing up to %s: %w", to, err)
	}
	return syncFolder(filepath.Dir(to))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keeping the backup's name: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// check reads every page.
func check(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, `PRAGMA integrity_check(10)`)
	if err != nil {
		return fmt.Errorf("checking the database: %w; stop Palisade and restore a backup", err)
	}
	defer rows.Close()
	var faults []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return fmt.Errorf("checking the database: %w", err)
		}
		if s != "ok" {
			faults = append(faults, s)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("checking the database: %w; stop Palisade and restore a backup", err)
	}
	if len(faults) > 0 {
		return fmt.Errorf("the database is damaged: %s; stop Palisade and restore a backup", strings.Join(faults, "; "))
	}
	return nil
}
