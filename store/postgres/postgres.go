// Package postgres opens a store in PostgreSQL, for more than one back end or more events than one disk takes.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"palisade.dev/store"
)

// channel is what changes are told on. A notification is a hint: one that is lost only delays a guard to its next poll.
const channel = "palisade_change"

// most is how many connections a process has at once. A server takes 100 unless told otherwise, for all its clients.
const most = 16

// Open opens the database of a connection string ("postgres://…").
func Open(ctx context.Context, dsn string) (*store.DB, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the database address cannot be read (it is not shown, as it may hold a password): want postgres://user:password@host/name")
	}
	pool := stdlib.OpenDB(*c)
	// As many stay open as may be: opening one is a fork over there and a handshake here.
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(most)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to PostgreSQL at %s: %w; is it running, and may this user use this database?", c.Host, hide(err, c)), pool.Close())
	}
	db, err := store.New(ctx, store.Driver{
		Dialect: store.PostgreSQL, Read: pool, Write: pool,
		Notify: func(ctx context.Context, tx *sql.Tx, site string, revision uint64) error {
			_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, site+" "+strconv.FormatUint(revision, 10))
			return err
		},
		Listen: func(changed func(string, uint64)) func() {
			hear, stop := context.WithCancel(context.WithoutCancel(ctx))
			done := make(chan struct{})
			go func() {
				defer close(done)
				listen(hear, c, changed)
			}()
			return func() {
				stop()
				<-done
			}
		},
		Backup: func(context.Context, string) error {
			return errors.New("this database is PostgreSQL: back it up with pg_dump, which does it while it is in use")
		},
		Check: func(ctx context.Context) error { return check(ctx, pool) },
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("PostgreSQL at %s: %w", c.Host, hide(err, c)), pool.Close())
	}
	return db, nil
}

// check reads every row of every table of ours; PostgreSQL itself checks its pages where it was set up with checksums.
func check(ctx context.Context, db *sql.DB) error {
	names, err := tables(ctx, db)
	if err != nil {
		return fmt.Errorf("checking the database: %w", err)
	}
	for _, t := range names {
		var n int64
		if err := db.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+t+` AS t WHERE length(t::text) > 0`).Scan(&n); err != nil {
			return fmt.Errorf("checking table %s: %w; see the server's log and restore a backup", t, err)
		}
	}
	return nil
}

// tables lists the tables that there are, as they are written in a statement.
func tables(ctx context.Context, db *sql.DB) (names []string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT quote_ident(table_name) FROM information_schema.tables
		WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// hide keeps a password out of an error. The driver quotes what it was given when it cannot read it.
func hide(err error, c *pgx.ConnConfig) error {
	if c == nil || c.Password == "" || !strings.Contains(err.Error(), c.Password) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), c.Password, "…"))
}

// listen hears of other processes' changes, over a connection of its own that it opens again when it breaks.
func listen(ctx context.Context, c *pgx.ConnConfig, changed func(string, uint64)) {
	for ctx.Err() == nil {
		if conn, err := pgx.ConnectConfig(ctx, c); err == nil {
			if _, err := conn.Exec(ctx, "LISTEN "+channel); err == nil {
				for {
					n, err := conn.WaitForNotification(ctx)
					if err != nil {
						break
					}
					site, revision, _ := strings.Cut(n.Payload, " ")
					if r, err := strconv.ParseUint(revision, 10, 64); err == nil {
						changed(site, r)
					}
				}
			}
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			_ = conn.Close(end)
			cancel()
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
