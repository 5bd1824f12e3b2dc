package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate makes the tables what this program expects. Several processes may start on one database at once: one of them
// does it while the others wait.
func migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("finding the tables in this program: %w", err)
	}
	options := []goose.ProviderOption{goose.WithVerbose(false), goose.WithDisableGlobalRegistry(true)}
	files = spoken{files, d}
	if d == PostgreSQL {
		l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return fmt.Errorf("preparing the tables: %w", err)
		}
		options = append(options, goose.WithSessionLocker(l))
	}
	p, err := goose.NewProvider(goose.Dialect(d), db, files, options...)
	if err != nil {
		return fmt.Errorf("preparing the tables: %w", err)
	}
	for had := int64(-1); ; {
		have, want, err := p.GetVersions(ctx)
		if err != nil {
			return fmt.Errorf("reading which tables there are: %w", explain(err))
		}
		if have > want {
			return fmt.Errorf("the database is of a newer Palisade (tables %d, this program knows %d): upgrade this program, or restore a backup from before", have, want)
		}
		if have == want {
			return nil
		}
		// SQLite has no lock for this. There, who comes second fails and finds that the first has done it.
		if _, err := p.Up(ctx); err != nil && had == have {
			return fmt.Errorf("bringing the tables from version %d to %d: %w; each step is done wholly or not at all: mend what it says and start again", have, want, explain(err))
		}
		had = have
	}
}

// spoken reads migrations in a database's own words. SQLite has another name for bytes. PostgreSQL is told to sort text by its
// bytes, as SQLite does, whatever language the server was set up in.
type spoken struct {
	fs.FS
	dialect Dialect
}

func (s spoken) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	defer f.Close()
	b, err := fs.ReadFile(s.FS, name)
	if err != nil {
		return nil, err
	}
	if s.dialect == SQLite {
		b = bytes.ReplaceAll(b, []byte(" BYTEA"), []byte(" BLOB"))
	} else {
		b = bytes.ReplaceAll(b, []byte(" TEXT"), []byte(` TEXT COLLATE "C"`))
	}
	return &page{bytes.NewReader(b), name}, nil
}

// page is a migration as a file.
type page struct {
	*bytes.Reader
	name string
}

func (p *page) Stat() (fs.FileInfo, error) { return p, nil }
func (p *page) Close() error               { return nil }
func (p *page) Name() string               { return p.name }
func (p *page) Mode() fs.FileMode          { return 0o444 }
func (p *page) ModTime() time.Time         { return time.Time{} }
func (p *page) IsDir() bool                { return false }
func (p *page) Sys() any                   { return nil }
