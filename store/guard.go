package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Guard is one guard as the back end knows it.
type Guard struct {
	Site      string `json:"-"`
	ID        string `json:"id"`
	Kind      string `json:"kind"`
	Version   string `json:"version"`
	Runtime   string `json:"runtime"`
	Host      string `json:"host"`
	FirstSeen int64  `json:"first_seen"`
	LastSeen  int64  `json:"last_seen"`
	Revision  uint64 `json:"revision"` // that it says it enforces
	Since     int64  `json:"since"`    // the guard's clock
	Fault     string `json:"fault,omitempty"`
	Dropped   uint64 `json:"dropped"`
	Modules   string `json:"-"` // JSON
}

const guardColumns = `site, id, kind, version, runtime, host, first_seen, last_seen, revision, since, fault, dropped, modules`

// legible is what a guard says of itself as text that every database keeps: PostgreSQL refuses the byte zero and what is no
// UTF-8, such as a message that was cut within a letter.
func legible(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\ufffd"), "\ufffd")
}

// SeenGuard notes a guard and what runs where it stands.
func (db *DB) SeenGuard(ctx context.Context, g Guard) error {
	return db.exec(ctx, "noting guard "+g.ID, `INSERT INTO guard (`+guardColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, 0, '', 0, $8)
			ON CONFLICT (site, id) DO UPDATE SET kind = excluded.kind, version = excluded.version, runtime = excluded.runtime,
			host = excluded.host, last_seen = excluded.last_seen, modules = excluded.modules`,
		g.Site, g.ID, legible(g.Kind), legible(g.Version), legible(g.Runtime), legible(g.Host), g.LastSeen, g.Modules)
}

// Receipt notes what a guard says it enforces.
func (db *DB) Receipt(ctx context.Context, site, guard string, revision uint64, since int64, fault string, at int64) error {
	return db.exec(ctx, "noting a receipt of guard "+guard, `INSERT INTO guard (`+guardColumns+`) VALUES ($1, $2, '', '', '', '', $3, $3, $4, $5, $6, 0, '[]')
			ON CONFLICT (site, id) DO UPDATE SET last_seen = excluded.last_seen, revision = excluded.revision, since = excluded.since, fault = excluded.fault`,
		site, guard, at, revision, since, legible(fault))
}

// GuardDropped notes how many events a guard says it lost since it started.
func (db *DB) GuardDropped(ctx context.Context, site, guard string, dropped uint64, at int64) error {
	return db.exec(ctx, "noting what guard "+guard+" lost", `INSERT INTO guard (`+guardColumns+`) VALUES ($1, $2, '', '', '', '', $3, $3, 0, 0, '', $4, '[]')
		ON CONFLICT (site, id) DO UPDATE SET last_seen = excluded.last_seen, dropped = excluded.dropped`, site, guard, at, dropped)
}

// ForgetGuards forgets guards not heard of since a time.
func (db *DB) ForgetGuards(ctx context.Context, before int64) error {
	return db.exec(ctx, "forgetting guards", `DELETE FROM guard WHERE last_seen < $1`, before)
}

// ForgetGuard forgets one guard that was not heard of since a time, and what is known of its loss.
func (db *DB) ForgetGuard(ctx context.Context, site, id, author string, since, at int64) error {
	return db.tx(ctx, "forgetting a guard", func(ctx context.Context, tx *sql.Tx) error {
		var last int64
		err := tx.QueryRowContext(ctx, `SELECT last_seen FROM guard WHERE site = $1 AND id = $2`, site, id).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: no guard %s", ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		if last >= since {
			return fmt.Errorf("%w: guard %s was heard of a moment ago: stop it first, or it comes back", ErrConflict, id)
		}
		for _, statement := range []string{`DELETE FROM guard WHERE site = $1 AND id = $2`, `DELETE FROM alert_absence WHERE site = $1 AND guard = $2`} {
			if _, err := tx.ExecContext(ctx, statement, site, id); err != nil {
				return err
			}
		}
		return audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: "forgetting guard " + id, Subject: "guard " + id})
	})
}

// Guards gives a site's guards.
func (db *DB) Guards(ctx context.Context, site string) ([]Guard, error) {
	return list(ctx, db, "reading guards", func(r *sql.Rows) (g Guard, err error) {
		return g, r.Scan(&g.Site, &g.ID, &g.Kind, &g.Version, &g.Runtime, &g.Host, &g.FirstSeen, &g.LastSeen, &g.Revision, &g.Since, &g.Fault, &g.Dropped, &g.Modules)
	}, `SELECT `+guardColumns+` FROM guard WHERE site = $1 ORDER BY id`, site)
}
