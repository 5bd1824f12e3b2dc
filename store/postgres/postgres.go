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

// Open opens the database of a connection string ("postgres://…").
func Open(ctx context.Context, dsn string) (*store.DB, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("the database address is not of the form postgres://user@host/name: %w", hide(err, dsn))
	}
	pool := stdlib.OpenDB(*c)
	pool.SetMaxOpenConns(16)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to PostgreSQL at %s: %w", c.Host, hide(err, dsn)), pool.Close())
	}
	db, err := store.New(ctx, pool, pool, store.PostgreSQL)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	db.NotifyWith(func(ctx context.Context, tx *sql.Tx, payload string) error {
		_, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, payload)
		return err
	})
	hear, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		listen(hear, c, db.Changed)
	}()
	db.AlsoClose(func() error {
		stop()
		<-done
		return nil
	})
	db.BackupTo = func(context.Context, string) error {
		return errors.New("this database is PostgreSQL: back it up with pg_dump, which does it while it is in use")
	}
	return db, nil
}

// hide keeps a password out of an error.
func hide(err error, dsn string) error {
	c, perr := pgx.ParseConfig(dsn)
	if perr != nil || c.Password == "" {
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
			_ = conn.Close(context.WithoutCancel(ctx))
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
