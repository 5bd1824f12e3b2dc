package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// Segment is a run of events, packed by package event.
type Segment struct {
	ID          int64
	Site        string
	Day         int32 // days since 1970, UTC
	First, Last int64 // unix microseconds
	Count       int
	Sealed      bool
	Body        []byte
}

// Posting says that a segment has an event with a term.
type Posting struct {
	Day     int32
	Term    int64
	Segment int64
}

// Rollup is what happened in a minute, hour or day, packed by package event.
type Rollup struct {
	Span  string
	Start int64
	Body  []byte
}

// EventWrite is one ingest: all of it is kept, or none.
type EventWrite struct {
	Site     string
	Guard    string // with the boot of its process
	Seq      uint64 // of the last event of the batch
	At       int64
	Segments []Segment // inserted, or replaced by id
	Postings []Posting
	Rollups  []Rollup // replaced whole
}

// Sequence gives the last sequence of a guard's events that is kept, 0 for none.
func (db *DB) Sequence(ctx context.Context, site, guard string) (seq uint64, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT seq FROM sequence WHERE site = $1 AND guard = $2`, site, guard).Scan(&seq)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seq, err
}

// AppendEvents keeps an ingest, with several guards' sequences if they share the transaction.
func (db *DB) AppendEvents(ctx context.Context, writes ...EventWrite) error {
	return db.tx(ctx, "keeping events", func(tx *sql.Tx) error {
		for i := range writes {
			if err := appendEvents(ctx, tx, &writes[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func appendEvents(ctx context.Context, tx *sql.Tx, w *EventWrite) error {
	for _, s := range w.Segments {
		_, err := tx.ExecContext(ctx, `INSERT INTO segment (id, site, day, first, last, count, sealed, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (site, id) DO UPDATE SET first = excluded.first, last = excluded.last, count = excluded.count, sealed = excluded.sealed, body = excluded.body`,
			s.ID, w.Site, s.Day, s.First, s.Last, s.Count, s.Sealed, s.Body)
		if err != nil {
			return err
		}
	}
	if err := insertMany(ctx, tx, `INSERT INTO posting (day, site, term, segment) VALUES `, ` ON CONFLICT DO NOTHING`, len(w.Postings), 4, func(i int) []any {
		p := w.Postings[i]
		return []any{p.Day, w.Site, p.Term, p.Segment}
	}); err != nil {
		return err
	}
	for _, r := range w.Rollups {
		_, err := tx.ExecContext(ctx, `INSERT INTO rollup (site, span, start, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT (site, span, start) DO UPDATE SET body = excluded.body`, w.Site, r.Span, r.Start, r.Body)
		if err != nil {
			return err
		}
	}
	if w.Guard == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO sequence (site, guard, seq, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (site, guard) DO UPDATE SET seq = excluded.seq, at = excluded.at`, w.Site, w.Guard, w.Seq, w.At)
	return err
}

// insertMany writes rows a few hundred at a time: one statement for each costs twice as much.
func insertMany(ctx context.Context, tx *sql.Tx, head, tail string, n, columns int, row func(int) []any) error {
	const rows = 200
	for from := 0; from < n; from += rows {
		to := min(from+rows, n)
		var b strings.Builder
		b.WriteString(head)
		args := make([]any, 0, (to-from)*columns)
		for i := from; i < to; i++ {
			if i > from {
				b.WriteByte(',')
			}
			b.WriteByte('(')
			for c := range columns {
				if c > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "$%d", len(args)+c+1)
			}
			b.WriteByte(')')
			args = append(args, row(i)...)
		}
		b.WriteString(tail)
		if _, err := tx.ExecContext(ctx, b.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

const segmentColumns = `id, site, day, first, last, count, sealed, body`

func scanSegment(r *sql.Rows) (s Segment, err error) {
	return s, r.Scan(&s.ID, &s.Site, &s.Day, &s.First, &s.Last, &s.Count, &s.Sealed, &s.Body)
}

// Segments gives the segments that reach into a time, newest first, below an id if one is given.
func (db *DB) Segments(ctx context.Context, site string, from, to, below int64, limit int) ([]Segment, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT `+segmentColumns+` FROM segment
		WHERE site = $1 AND last >= $2 AND first <= $3 AND ($4 = 0 OR id < $4) ORDER BY id DESC LIMIT $5`, site, from, to, below, limit)
	return collect(rows, err, scanSegment)
}

// SegmentsWith gives the newest segments that have a term, on days from to to, below an id if one is given.
func (db *DB) SegmentsWith(ctx context.Context, site string, term int64, from, to int32, below int64, limit int) ([]Segment, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT s.id, s.site, s.day, s.first, s.last, s.count, s.sealed, s.body
		FROM posting p JOIN segment s ON s.site = p.site AND s.id = p.segment
		WHERE p.site = $1 AND p.term = $2 AND p.day >= $3 AND p.day <= $4 AND ($5 = 0 OR p.segment < $5)
		ORDER BY p.day DESC, p.segment DESC LIMIT $6`, site, term, from, to, below, limit)
	return collect(rows, err, scanSegment)
}

// OpenSegments gives those that were not sealed, for a back end that starts again.
func (db *DB) OpenSegments(ctx context.Context) ([]Segment, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT `+segmentColumns+` FROM segment WHERE NOT sealed`)
	return collect(rows, err, scanSegment)
}

// LastSegment gives the highest segment id of a site.
func (db *DB) LastSegment(ctx context.Context, site string) (id int64, err error) {
	return id, db.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(id), 0) FROM segment WHERE site = $1`, site).Scan(&id)
}

// Rollups gives a site's rollups of a span that begin in a time, in order.
func (db *DB) Rollups(ctx context.Context, site, span string, from, to int64) ([]Rollup, error) {
	rows, err := db.read.QueryContext(ctx, `SELECT span, start, body FROM rollup WHERE site = $1 AND span = $2 AND start >= $3 AND start < $4 ORDER BY start`, site, span, from, to)
	return collect(rows, err, func(r *sql.Rows) (x Rollup, err error) { return x, r.Scan(&x.Span, &x.Start, &x.Body) })
}

// DropDays forgets events of days before one, a piece at a time so that no ingest waits long.
func (db *DB) DropDays(ctx context.Context, before int32) error {
	sites, err := db.Sites(ctx)
	if err != nil {
		return err
	}
	for {
		var n int64
		err := db.tx(ctx, "forgetting old events", func(tx *sql.Tx) error {
			res, err := tx.ExecContext(ctx, `DELETE FROM segment WHERE (site, id) IN (SELECT site, id FROM segment WHERE day < $1 LIMIT 200)`, before)
			if err != nil {
				return err
			}
			n, err = res.RowsAffected()
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	for _, s := range sites {
		for {
			var n int64
			err := db.tx(ctx, "forgetting old postings", func(tx *sql.Tx) error {
				res, err := tx.ExecContext(ctx, `DELETE FROM posting WHERE (site, term, day, segment) IN
					(SELECT site, term, day, segment FROM posting WHERE site = $1 AND day < $2 LIMIT 5000)`, s.ID, before)
				if err != nil {
					return err
				}
				n, err = res.RowsAffected()
				return err
			})
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
		}
	}
	return db.tx(ctx, "forgetting old rollups", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM rollup WHERE span <> 'day' AND start < $1`, int64(before)*86_400_000_000)
		return err
	})
}
