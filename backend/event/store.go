package event

import (
	"context"

	"palisade.dev/store"
)

// Store is what events need of a database. Times are Unix microseconds, days count from 1970 in UTC.
type Store interface {
	// AppendEvents keeps all of it or nothing, and is durable when it returns. Segments, rollups and what was seen replace
	// the row of the same key.
	AppendEvents(ctx context.Context, writes []store.EventWrite) error
	// EventsSeen gives what AppendEvents last kept for a guard's boot, nil if nothing.
	EventsSeen(ctx context.Context, site, guard, boot string) ([]byte, error)
	// SegmentBody reads a segment, nil where it was dropped meanwhile.
	SegmentBody(ctx context.Context, site string, day int32, id int64) ([]byte, error)
	// Rollups gives the rows of a span with from <= start < to, the earliest first.
	Rollups(ctx context.Context, site, span string, from, to int64) ([]store.Rollup, error)
	EventDays(ctx context.Context) ([]int32, error)
	// DropEventDay forgets all that there is of a day, in steps that let appends through.
	DropEventDay(ctx context.Context, day int32) error
}

// The spans of rollups, each a whole number of the one before.
const (
	minutely = "minute"
	hourly   = "hour"
	daily    = "day"
)

var spans = [...]struct {
	name   string
	micros int64
}{{minutely, minuteMicros}, {hourly, hourMicros}, {daily, dayMicros}}

// A segment's id is the millisecond in which it was begun: within a day, a greater id arrived later. So day and id order
// the segments, never change while one grows, and are where a search goes on.
const idPerMilli = 8
