package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Search finds events in a store. It shares nothing with a Log: what Append has confirmed is found at once.
type Search struct {
	store Store
	codec *Codec
}

// NewSearch returns a search over a store.
func NewSearch(s Store, c *Codec) *Search { return &Search{s, c} }

// Page is what a search found.
type Page struct {
	Events  []wire.Event // newest first
	Next    string       // cursor of the next page; empty: this was all
	Scanned int          // segments read
}

const (
	// maxScan bounds the segments that one call reads, some 3 ms each at the worst. Where nothing is entered under a term of
	// the query (a text, a wide prefix) a page may so come back empty, with a cursor that goes on.
	maxScan    = 64
	listLength = 16
)

// ErrQuery says that the query asks for something that cannot be.
var ErrQuery = errors.New("the query makes no sense")

// Find gives a page of events, newest first. It follows the rarest of the query's terms, so its cost depends on what is
// shown and not on what is stored. Segments follow each other by arrival: events that were delivered late stand on a page
// where they arrived, and in order of time within the page.
func (s *Search) Find(ctx context.Context, q Query) (Page, error) {
	cs, err := q.conditions()
	if err != nil {
		return Page{}, fmt.Errorf("%w: %w", ErrQuery, err)
	}
	at, err := parseCursor(q.Cursor)
	if err != nil {
		return Page{}, fmt.Errorf("%w: %w", ErrQuery, err)
	}
	limit := min(cmp.Or(max(q.Limit, 0), 100), 1000)
	walk, err := s.walk(ctx, q, cs, at)
	if err != nil {
		return Page{}, err
	}
	var p Page
	for {
		if p.Scanned == maxScan {
			p.Next = walk.here().String()
			break
		}
		seg, below, ok, err := walk.next(ctx)
		if err != nil {
			return p, err
		}
		if !ok {
			break
		}
		p.Scanned++
		events, rest, err := s.newest(ctx, q, cs, seg, below, limit-len(p.Events))
		if err != nil {
			return p, err
		}
		p.Events = append(p.Events, events...)
		if len(p.Events) == limit {
			p.Next = cursor{seg.Day, seg.ID, rest}.String()
			break
		}
	}
	slices.SortStableFunc(p.Events, func(a, b wire.Event) int { return cmp.Compare(b.At, a.At) })
	return p, nil
}

// newest gives up to limit matching events of a segment whose index is below one, the last first, and the index where
// to go on.
func (s *Search) newest(ctx context.Context, q Query, cs []condition, seg store.Segment, below, limit int) (events []wire.Event, rest int, err error) {
	from, to := q.between()
	type hit struct {
		event wire.Event
		index int
	}
	var hits []hit
	err = s.visit(ctx, q.Site, seg, func(f *frame, base int) error {
		times, err := f.number(numAt)
		if err != nil {
			return err
		}
		// The last of a frame come first; only the newest limit of all are built for good.
		var matches []int
		if err := f.sieve(cs, func(i int) error {
			if times[i] >= from && times[i] < to && base+i < below {
				matches = append(matches, i)
			}
			return nil
		}); err != nil {
			return err
		}
		for _, i := range matches[max(0, len(matches)-limit):] {
			e, err := f.event(i)
			if err != nil {
				return err
			}
			hits = append(hits, hit{e, base + i})
		}
		hits = hits[max(0, len(hits)-limit):]
		return nil
	})
	for _, h := range slices.Backward(hits) {
		events = append(events, h.event)
		rest = h.index
	}
	return events, rest, err
}

// visit reads a segment's frames, each with the index of its first event.
func (s *Search) visit(ctx context.Context, site string, seg store.Segment, f func(*frame, int) error) error {
	body, err := s.store.SegmentBody(ctx, site, seg.Day, seg.ID)
	if err != nil {
		return fmt.Errorf("reading events of segment %d: %w", seg.ID, err)
	}
	base := 0
	err = s.codec.frames(body, func(fr *frame) error {
		err := f(fr, base)
		base += fr.count
		return err
	})
	if err != nil {
		return fmt.Errorf("segment %d of day %d: %w", seg.ID, seg.Day, err)
	}
	return nil
}

// walk goes through the segments that may hold what a query asks for, from the newest.
type walk struct {
	s        *Search
	site     string
	from, to int64
	term     int64
	byTerm   bool
	resume   cursor // the segment that the page before read in part
	at       cursor // the place that comes next is before this one
	list     []store.Segment
	end      bool
}

// cursor is a place and, within its segment, the index below which to go on: 0 once the segment is done.
type cursor struct {
	day   int32
	id    int64
	index int
}

func (c cursor) String() string { return fmt.Sprintf("%d.%d.%d", c.day, c.id, c.index) }

func parseCursor(word string) (c cursor, err error) {
	if word == "" {
		return c, nil
	}
	if _, err := fmt.Sscanf(word, "%d.%d.%d", &c.day, &c.id, &c.index); err != nil || c.String() != word || c.index < 0 {
		return cursor{}, fmt.Errorf("cursor %q is not from a page of ours", word)
	}
	return c, nil
}

// walk begins a walk under the rarest term: the first places under each are asked for, and the one that reaches furthest
// back with them has the fewest.
func (s *Search) walk(ctx context.Context, q Query, cs []condition, at cursor) (*walk, error) {
	w := &walk{s: s, site: q.Site, at: cursor{at.day, at.id, 0}, resume: at}
	w.from, w.to = q.between()
	best := cursor{day: math.MaxInt32}
	for _, c := range cs {
		if !c.found {
			continue
		}
		list, err := s.store.SegmentsWith(ctx, q.Site, c.term, w.from, w.to, at.day, at.id, maxScan)
		if err != nil {
			return nil, fmt.Errorf("looking for segments: %w", err)
		}
		var reach cursor // how far back the list goes; a short one ends before everything
		if len(list) == maxScan {
			last := list[len(list)-1]
			reach = cursor{last.Day, last.ID, 0}
		} else {
			reach = cursor{math.MinInt32, int64(len(list)), 0}
		}
		if reach.day < best.day || reach.day == best.day && reach.id < best.id {
			best = reach
			w.term, w.byTerm, w.list, w.end = c.term, true, list, len(list) < maxScan
		}
	}
	return w, nil
}

// next gives the next segment and the index below which its events count.
func (w *walk) next(ctx context.Context) (seg store.Segment, below int, ok bool, err error) {
	if w.resume.index > 0 {
		r := w.resume
		w.resume.index = 0
		return store.Segment{Day: r.day, ID: r.id}, r.index, true, nil
	}
	if len(w.list) == 0 {
		if w.end {
			return seg, 0, false, nil
		}
		if w.byTerm {
			w.list, err = w.s.store.SegmentsWith(ctx, w.site, w.term, w.from, w.to, w.at.day, w.at.id, listLength)
		} else {
			w.list, err = w.s.store.Segments(ctx, w.site, w.from, w.to, w.at.day, w.at.id, listLength)
		}
		if err != nil {
			return seg, 0, false, fmt.Errorf("looking for segments: %w", err)
		}
		w.end = len(w.list) < listLength
		if len(w.list) == 0 {
			return seg, 0, false, nil
		}
	}
	seg, w.list = w.list[0], w.list[1:]
	w.at = cursor{seg.Day, seg.ID, 0}
	return seg, math.MaxInt, true, nil
}

// here is the cursor that goes on after the segments given so far.
func (w *walk) here() cursor { return w.at }
