package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strconv"
)

// Segment is a run of events of one day, packed by the back end's event room.
type Segment struct {
	Site        string
	Day         int32 // days since 1970, UTC
	ID          int64
	First, Last int64 // unix microseconds
	Count       int
	Sealed      bool
	Body        []byte // not read by listings
}

// Posting says that a segment has an event with a term.
type Posting struct {
	Day     int32
	Segment int64
	Term    int64
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
	Postings []Posting
	Rollups  []Rollup // replaced whole
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
	if err := db.enter(ctx, tx, w.Site, w.Postings); err != nil {
		return err
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

// enter writes postings, those of one segment in one statement: the terms travel as a JSON list, as a row of parameters for
// each would cost more to parse than to write.
func (db *DB) enter(ctx context.Context, tx *sql.Tx, site string, postings []Posting) error {
	statement := `INSERT INTO posting (day, site, term, segment) SELECT $2, $1, value, $3 FROM json_each($4) WHERE true ON CONFLICT DO NOTHING`
	if db.dialect == PostgreSQL {
		statement = `INSERT INTO posting (day, site, term, segment) SELECT $2, $1, value::bigint, $3 FROM jsonb_array_elements_text($4::jsonb) ON CONFLICT DO NOTHING`
	}
	for len(postings) > 0 {
		first, n := postings[0], 1
		for n < len(postings) && postings[n].Day == first.Day && postings[n].Segment == first.Segment {
			n++
		}
		terms := []byte("[")
		for i, p := range postings[:n] {
			if i > 0 {
				terms = append(terms, ',')
			}
			terms = strconv.AppendInt(terms, p.Term, 10)
		}
		if _, err := tx.ExecContext(ctx, statement, site, first.Day, first.Segment, string(append(terms, ']'))); err != nil {
			return err
		}
		postings = postings[n:]
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

const segmentColumns = `s.site, s.day, s.id, s.first, s.last, s.count, s.sealed`

func scanSegment(r *sql.Rows) (s Segment, err error) {
	return s, r.Scan(&s.Site, &s.Day, &s.ID, &s.First, &s.Last, &s.Count, &s.Sealed)
}

// A place stands before another by day, then id. day 0 and id 0 stand for no bound.
const before = `($4 = 0 OR s.day < $4 OR (s.day = $4 AND s.id < $5))`

// Segments gives the segments that reach into from ≤ time < to and stand before a place, the last first.
func (db *DB) Segments(ctx context.Context, site string, from, to int64, day int32, id int64, limit int) ([]Segment, error) {
	last := dayOf(to)
	if day != 0 {
		last = min(last, int64(day)) // so that a later page does not walk the days before it
	}
	return list(ctx, db, "listing segments", scanSegment, `SELECT `+segmentColumns+` FROM segment s
		WHERE s.site = $1 AND s.last >= $2 AND s.first < $3 AND `+before+` AND s.day >= $6 AND s.day <= $7 ORDER BY s.day DESC, s.id DESC LIMIT $8`,
		site, from, to, day, id, dayOf(from), last, limit)
}

// SegmentsWith gives those that have a term. It asks the days that have it, one by one and the last first, and so costs the
// same however many segments there are.
func (db *DB) SegmentsWith(ctx context.Context, site string, term int64, from, to int64, day int32, id int64, limit int) ([]Segment, error) {
	last := dayOf(to)
	if day != 0 {
		last = min(last, int64(day))
	}
	days, err := db.daysWith(ctx, site, term, dayOf(from), last)
	if err != nil {
		return nil, err
	}
	var all []Segment
	for _, d := range days {
		below := int64(math.MaxInt64)
		if day != 0 && d == day {
			below = id
		}
		some, err := list(ctx, db, "listing segments of a term", scanSegment, `SELECT `+segmentColumns+`
			FROM posting p JOIN segment s ON s.site = p.site AND s.day = p.day AND s.id = p.segment
			WHERE p.day = $1 AND p.site = $2 AND p.term = $3 AND p.segment < $4 AND s.last >= $5 AND s.first < $6
			ORDER BY p.segment DESC LIMIT $7`, d, site, term, below, from, to, limit-len(all))
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(all) >= limit {
			break
		}
	}
	return all, nil
}

// daysWith lists the days on which a site has a term, the last first, by stepping from each day of its segments to the one
// before it.
func (db *DB) daysWith(ctx context.Context, site string, term, from, to int64) ([]int32, error) {
	return list(ctx, db, "listing the days of a term", func(r *sql.Rows) (d int32, err error) { return d, r.Scan(&d) }, `WITH RECURSIVE d (day) AS (
			SELECT MAX(day) FROM segment WHERE site = $1 AND day <= $2
			UNION ALL
			SELECT (SELECT MAX(s.day) FROM segment s WHERE s.site = $1 AND s.day < d.day) FROM d WHERE d.day > $3
		) SELECT day FROM d WHERE day >= $3 AND EXISTS (SELECT 1 FROM posting p WHERE p.day = d.day AND p.site = $1 AND p.term = $4) ORDER BY day DESC`, site, to, from, term)
}

const dayMicros = 86_400_000_000

func dayOf(micros int64) int64 {
	d := micros / dayMicros
	if micros%dayMicros < 0 {
		d--
	}
	return d
}

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

// DropEventDay forgets a day's segments, postings and rollups, and what was seen of boots last heard of before its end.
// It takes small steps, so that no ingest waits long. Postings go first: a segment without them is found by reading on, but
// postings without their segment would be found under the next of the same place.
func (db *DB) DropEventDay(ctx context.Context, day int32) error {
	const what = "forgetting old events"
	start, end := int64(day)*dayMicros, int64(day+1)*dayMicros
	for _, step := range []struct {
		statement string
		args      []any
	}{
		{`DELETE FROM posting WHERE (day, site, term, segment) IN (SELECT day, site, term, segment FROM posting WHERE day = $1 LIMIT 5000)`, []any{day}},
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
