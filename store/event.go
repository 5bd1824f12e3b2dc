package store

import (
	"context"
	"database/sql"
	"errors"
)

// Segment is a run of events of one day, packed by the back end's event room.
type Segment struct {
	Site        string
	Day         int32 // days since 1970, UTC
	ID          int64
	First, Last int64 // unix microseconds
	Count       int
	Sealed      bool
	Body        []byte
}

// Rollup is what happened in a minute, hour or day, packed.
type Rollup struct {
	Span  string
	Start int64
	Body  []byte
}

// Seen is which of a guard's events have been taken in since a boot of it, packed.
type Seen struct {
	Guard, Boot string
	At          int64
	Body        []byte
}

// EventWrite is what one site's events change.
type EventWrite struct {
	Site     string
	Seen     []Seen
	Segments []Segment // inserted, or replaced
	Rollups  []Rollup  // replaced whole
}

// AppendEvents keeps all of it, or nothing.
func (db *DB) AppendEvents(ctx context.Context, writes []EventWrite) error {
	return db.tx(ctx, "keeping events", func(ctx context.Context, tx *sql.Tx) error {
		for i := range writes {
			if err := db.appendEvents(ctx, tx, &writes[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (db *DB) appendEvents(ctx context.Context, tx *sql.Tx, w *EventWrite) error {
	for _, s := range w.Segments {
		_, err := tx.ExecContext(ctx, `INSERT INTO segment (site, day, id, first, last, count, sealed, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (site, day, id) DO UPDATE SET first = excluded.first, last = excluded.last, count = excluded.count, sealed = excluded.sealed, body = excluded.body`,
			w.Site, s.Day, s.ID, s.First, s.Last, s.Count, s.Sealed, s.Body)
		if err != nil {
			return err
		}
	}
	for _, r := range w.Rollups {
		_, err := tx.ExecContext(ctx, `INSERT INTO rollup (site, span, start, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (site, span, start) DO UPDATE SET body = excluded.body`, w.Site, r.Span, r.Start, r.Body)
		if err != nil {
			return err
		}
	}
	for _, s := range w.Seen {
		_, err := tx.ExecContext(ctx, `INSERT INTO seen (site, guard, boot, at, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (site, guard, boot) DO UPDATE SET at = excluded.at, body = excluded.body`, w.Site, s.Guard, s.Boot, s.At, s.Body)
		if err != nil {
			return err
		}
	}
	return nil
}

// EventsSeen gives what is kept of a guard's boot, nil where nothing is.
func (db *DB) EventsSeen(ctx context.Context, site, guard, boot string) ([]byte, error) {
	var b []byte
	err := db.read.QueryRowContext(ctx, `SELECT body FROM seen WHERE site = $1 AND guard = $2 AND boot = $3`, site, guard, boot).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return b, one(err, "what was seen of guard "+guard)
}

const dayMicros = 86_400_000_000

// SegmentBody reads a segment, nil where it was dropped meanwhile.
func (db *DB) SegmentBody(ctx context.Context, site string, day int32, id int64) ([]byte, error) {
	var b []byte
	err := db.read.QueryRowContext(ctx, `SELECT body FROM segment WHERE site = $1 AND day = $2 AND id = $3`, site, day, id).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return b, one(err, "reading a segment")
}

// Rollups gives a site's rollups of a span with from ≤ start < to, in order.
func (db *DB) Rollups(ctx context.Context, site, span string, from, to int64) ([]Rollup, error) {
	return list(ctx, db, "reading rollups", func(r *sql.Rows) (x Rollup, err error) { return x, r.Scan(&x.Span, &x.Start, &x.Body) }, `SELECT span, start, body FROM rollup WHERE site = $1 AND span = $2 AND start >= $3 AND start < $4 ORDER BY start`, site, span, from, to)
}

// EventDays lists the days that have events.
func (db *DB) EventDays(ctx context.Context) ([]int32, error) {
	return list(ctx, db, "listing days", func(r *sql.Rows) (d int32, err error) { return d, r.Scan(&d) }, `SELECT DISTINCT day FROM segment ORDER BY day`)
}

// EventSum is what the events of some days come to.
type EventSum struct {
	Days   int
	Events int64
	Bytes  int64 // of the events themselves, packed
	First  int32 // the oldest day
}

// EventsBefore sums the events of the days before one, of all sites. It looks at each segment's row and at no event.
func (db *DB) EventsBefore(ctx context.Context, day int32) (s EventSum, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT COUNT(DISTINCT day), CAST(COALESCE(SUM(count), 0) AS BIGINT), CAST(COALESCE(SUM(LENGTH(body)), 0) AS BIGINT), COALESCE(MIN(day), 0)
		FROM segment WHERE day < $1`, day).Scan(&s.Days, &s.Events, &s.Bytes, &s.First)
	return s, one(err, "summing events")
}

// DropEventDay forgets a day's segments and rollups, and what was seen of boots last heard of before its end. It takes
// small steps, so that no ingest waits long.
func (db *DB) DropEventDay(ctx context.Context, day int32) error {
	const what = "forgetting old events"
	start, end := int64(day)*dayMicros, int64(day+1)*dayMicros
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`DELETE FROM segment WHERE (site, day, id) IN (SELECT site, day, id FROM segment WHERE day = $1 LIMIT 100)`, []any{day}},
		{`DELETE FROM rollup WHERE (site, span, start) IN (SELECT site, span, start FROM rollup WHERE start >= $1 AND start < $2 LIMIT 500)`, []any{start, end}},
		{`DELETE FROM seen WHERE (site, guard, boot) IN (SELECT site, guard, boot FROM seen WHERE at < $1 LIMIT 500)`, []any{end}},
	} {
		if _, err := db.shed(ctx, what, step.statement, step.args...); err != nil {
			return err
		}
	}
	return nil
}
