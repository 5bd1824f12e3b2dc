package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Monitor is a scan that is run again and again.
type Monitor struct {
	ID       string `json:"id"`
	Site     string `json:"-"`
	Kind     string `json:"kind"`
	Target   string `json:"target"`
	Settings string `json:"-"`        // JSON that the kind's scanner reads; no secrets
	Schedule string `json:"schedule"` // "6h", or five fields as cron has them
	Paused   int64  `json:"paused,omitempty"`
	Author   string `json:"author"`
	Created  int64  `json:"created"`
	Next     int64  `json:"next"`
	Lease    int64  `json:"-"` // a back end runs it until then
	Last     int64  `json:"last,omitempty"`
	Scan     string `json:"scan,omitempty"`   // id of the last scan that was kept
	Fault    string `json:"fault,omitempty"`  // why the last run came to nothing
	Failed   int    `json:"failed,omitempty"` // runs in a row that came to nothing
}

const monitorColumns = `id, site, kind, target, settings, schedule, paused, author, created, next, lease, last, scan, fault, failed`

func (m *Monitor) fields() []any {
	return []any{
		&m.ID, &m.Site, &m.Kind, &m.Target, &m.Settings, &m.Schedule, &m.Paused, &m.Author, &m.Created, &m.Next, &m.Lease, &m.Last, &m.Scan, &m.Fault, &m.Failed,
	}
}

func scanMonitor(r scanner) (m Monitor, err error) { return m, r.Scan(m.fields()...) }

// AddMonitor keeps a new one; a site has most of them at the most.
func (db *DB) AddMonitor(ctx context.Context, m Monitor, most int) error {
	return db.tx(ctx, "adding a monitor", func(ctx context.Context, tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM monitor WHERE site = $1`, m.Site).Scan(&n); err != nil {
			return err
		}
		if n >= most {
			return fmt.Errorf("%w: the site has %d monitors already: delete one first", ErrConflict, n)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO monitor (`+monitorColumns+`) VALUES (`+placeholders(1, 15)+`)`, values(m.fields())...); err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: m.Created, Site: m.Site, Author: m.Author, Action: "adding a monitor of " + m.Target, Subject: "monitor " + m.ID, Later: m.Settings})
	})
}

// Monitors gives a site's, oldest first.
func (db *DB) Monitors(ctx context.Context, site string) ([]Monitor, error) {
	return list(ctx, db, "reading monitors", scanRow(scanMonitor), `SELECT `+monitorColumns+` FROM monitor WHERE site = $1 ORDER BY id`, site)
}

// Monitor gives one of a site.
func (db *DB) Monitor(ctx context.Context, site, id string) (Monitor, error) {
	m, err := scanMonitor(db.read.QueryRowContext(ctx, `SELECT `+monitorColumns+` FROM monitor WHERE id = $2 AND site = $1`, site, id))
	return m, one(err, "monitor "+id)
}

// SetMonitor pauses a monitor, lets it go on, or makes it due: paused is since when, 0 for not.
func (db *DB) SetMonitor(ctx context.Context, site, id string, paused, next int64, what, author string, at int64) error {
	return db.touchMonitor(ctx, site, id, what, author, at, `UPDATE monitor SET paused = $3, next = $4 WHERE id = $2 AND site = $1 RETURNING target`, paused, next)
}

// DeleteMonitor forgets one; what it found stays.
func (db *DB) DeleteMonitor(ctx context.Context, site, id, author string, at int64) error {
	return db.touchMonitor(ctx, site, id, "deleting", author, at, `DELETE FROM monitor WHERE id = $2 AND site = $1 RETURNING target`)
}

func (db *DB) touchMonitor(ctx context.Context, site, id, what, author string, at int64, statement string, args ...any) error {
	return db.tx(ctx, what+" a monitor", func(ctx context.Context, tx *sql.Tx) error {
		var target string
		err := tx.QueryRowContext(ctx, statement, append([]any{site, id}, args...)...).Scan(&target)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: monitor %s", ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		return audit(ctx, tx, Audited{At: at, Site: site, Author: author, Action: what + " the monitor of " + target, Subject: "monitor " + id})
	})
}

// ClaimMonitor gives the monitor that has been due for longest, held until lease; ErrNotFound where none is due. One whose
// holder let the lease run out is due again.
func (db *DB) ClaimMonitor(ctx context.Context, at, lease int64) (m Monitor, err error) {
	err = db.tx(ctx, "claiming a monitor", func(ctx context.Context, tx *sql.Tx) error {
		m, err = scanMonitor(tx.QueryRowContext(ctx, `UPDATE monitor SET lease = $2 WHERE id = (SELECT id FROM monitor WHERE paused = 0 AND next <= $1 AND lease <= $1 ORDER BY next LIMIT 1)
			AND lease <= $1 RETURNING `+monitorColumns, at, lease))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		return err
	})
	return m, err
}

// RanMonitor notes what came of a run and lets the monitor go.
func (db *DB) RanMonitor(ctx context.Context, m Monitor) error {
	return db.tx(ctx, "noting a monitor's run", func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE monitor SET next = $2, lease = 0, last = $3, scan = $4, fault = $5, failed = $6 WHERE id = $1`,
			m.ID, m.Next, m.Last, m.Scan, legible(m.Fault), m.Failed)
		return err
	})
}
