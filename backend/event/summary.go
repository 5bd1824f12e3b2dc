package event

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Summary is what happened in a span of time, as a series and as a whole.
type Summary struct {
	From, To time.Time // what was counted: the asked-for times, widened to whole steps
	Step     time.Duration
	Points   []Point // every step of the time, empty ones too
	Total    *Rollup // with top lists; a value's bounds say how sure its count is
}

// Point is one step of the series.
type Point struct {
	Start    time.Time
	Requests uint64
	Alerts   uint64
	Actions  map[string]uint64
	Classes  [6]uint64
	Outcomes map[string]uint64
	Clients  uint64
}

// maxBlobs bounds the rollups that a summary reads, whatever the traffic and however long the time.
const maxBlobs = 200

// ErrSpan says that a summary's time makes no sense.
var ErrSpan = errors.New("the time of a summary makes no sense")

// Summary counts a time from rollups: minutes for up to 200 of them, else hours, else days; of more than 200 days, the
// last 200. The step asked for is rounded up to what is read and so the series may be coarser than asked.
func (s *Search) Summary(ctx context.Context, site string, from, to time.Time, step time.Duration) (Summary, error) {
	if !from.Before(to) {
		return Summary{}, fmt.Errorf("%w: it must end after %s", ErrSpan, from.Format(time.RFC3339))
	}
	span := spans[len(spans)-1]
	for _, sp := range spans[:len(spans)-1] {
		if blobs(from, to, sp.micros) <= maxBlobs {
			span = sp
			break
		}
	}
	width := max((step.Microseconds()+span.micros-1)/span.micros, 1) * span.micros
	// Steps are counted from the first whole span, so that asking again a minute later gives the same borders but one.
	start := floor(from.UnixMicro(), span.micros)
	end := floor(to.UnixMicro()-1, span.micros) + span.micros
	start = max(start, end-maxBlobs*span.micros)
	rows, err := s.store.Rollups(ctx, site, span.name, start, end)
	if err != nil {
		return Summary{}, fmt.Errorf("reading the counts of %s: %w", site, err)
	}
	sum := Summary{From: time.UnixMicro(start).UTC(), To: time.UnixMicro(end).UTC(), Step: time.Duration(width) * time.Microsecond, Total: &Rollup{}}
	var total merger
	next := 0
	for at := start; at < end; at += width {
		r := &Rollup{}
		for ; next < len(rows) && rows[next].Start < at+width; next++ {
			part, err := parseRollupTo(rows[next].Body, total.list)
			if err != nil {
				return Summary{}, fmt.Errorf("%s of %s at %s: %w", span.name, site, time.UnixMicro(rows[next].Start).UTC().Format(time.RFC3339), err)
			}
			r.merge(part)
		}
		sum.Total.merge(r)
		sum.Points = append(sum.Points, Point{
			Start: time.UnixMicro(at).UTC(), Requests: r.Requests, Alerts: r.Alerts, Actions: r.Actions, Classes: r.Classes,
			Outcomes: r.Outcomes, Clients: r.Clients(),
		})
	}
	sum.Total.tops = total.tops()
	return sum, nil
}

func blobs(from, to time.Time, step int64) int64 {
	return (floor(to.UnixMicro()-1, step)-floor(from.UnixMicro(), step))/step + 1
}

// merger adds many stored top lists up at once. Merging them one by one would visit the growing sum for each; here a value
// is touched only by the lists that have it, and the others' floors are settled at the end.
type merger struct {
	of    [dimensions]map[string]*partial
	floor [dimensions]uint64
}

type partial struct {
	tally
	floors uint64 // of the lists that have the value
}

// list reads one list of a stored rollup.
func (m *merger) list(_ *Rollup, d Dimension, r *reader) error {
	if m.of[d] == nil {
		m.of[d] = make(map[string]*partial)
	}
	of := m.of[d]
	floor, err := decodeTop(r, lengths[d], func(value []byte, n tally, floor uint64) {
		p := of[string(value)]
		if p == nil {
			p = &partial{}
			of[string(value)] = p
		}
		p.count += n.count
		p.miss += n.miss
		p.floors += floor
	})
	m.floor[d] += floor
	return err
}

func (m *merger) tops() (tops [dimensions]top) {
	for d := range tops {
		tops[d] = top{of: make(map[string]tally, len(m.of[d])), floor: m.floor[d]}
		for value, p := range m.of[d] {
			tops[d].of[value] = tally{p.count, p.miss + m.floor[d] - p.floors}
		}
		tops[d].cut(lengths[d])
	}
	return tops
}
