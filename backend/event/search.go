package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// Search finds events in a store. It shares nothing with a Log: what Append has confirmed is found at once.
type Search struct {
	store Store
	codec *Codec
	veil  Veils
}

// NewSearch returns a search over a store.
func NewSearch(s Store, c *Codec) *Search { return &Search{store: s, codec: c} }

// Veiled lets a search find by its clear address what was veiled. What it gives stays veiled.
func (s *Search) Veiled(by Veils) *Search {
	s.veil = by
	return s
}

// Veil gives a site's veil, nil for none.
func (s *Search) Veil(ctx context.Context, site string) (*veil.Veil, error) {
	if s.veil == nil {
		return nil, nil
	}
	return s.veil(ctx, site)
}

// conditions reads a query's words; addresses among them mean their pseudonyms too.
func (s *Search) conditions(ctx context.Context, q Query) ([]condition, error) {
	var v *veil.Veil
	if q.Address != "" || q.Network != "" || q.Text != "" {
		var err error
		if v, err = s.Veil(ctx, q.Site); err != nil {
			return nil, fmt.Errorf("finding out how addresses are kept: %w", err)
		}
	}
	cs, err := q.conditions(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrQuery, err)
	}
	return cs, nil
}

// Page is what a search found.
type Page struct {
	Events  []wire.Event // newest first
	Next    string       // cursor of the next page; empty: this was all
	Scanned int          // segments read
}

const (
	// maxScan bounds the segments that one call reads, some 3 ms each at the worst. Where nothing is entered under a term of
	// the query (a text, a wide prefix) a page may so come back empty, with a cursor that goes on.
	maxScan = 64
	// maxShards bounds the rows of the index that one call reads, 30 KiB each: a few hundred are a month of two million
	// events a day.
	maxShards = 1024
)

// ErrQuery says that the query asks for something that cannot be.
var ErrQuery = errors.New("the query makes no sense")

// Find gives a page of events, newest first. It reads only segments that are entered under all of the query's terms, so its
// cost depends on what is shown and hardly on what is stored. Segments follow each other by arrival: events that were delivered late stand on a page
// where they arrived, and in order of time within the page.
func (s *Search) Find(ctx context.Context, q Query) (Page, error) {
	cs, err := s.conditions(ctx, q)
	if err != nil {
		return Page{}, err
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
			p.Next = walk.at.String()
			break
		}
		seg, below, ok, err := walk.next(ctx)
		if err != nil {
			return p, err
		}
		if !ok {
			if walk.more() {
				p.Next = walk.at.String()
			}
			break
		}
		p.Scanned++
		events, rest, err := s.newest(ctx, q, cs, seg, below, limit-len(p.Events))
		if err != nil {
			return p, err
		}
		p.Events = append(p.Events, events...)
		if len(p.Events) == limit {
			p.Next = cursor{seg, rest}.String()
			break
		}
	}
	slices.SortStableFunc(p.Events, func(a, b wire.Event) int { return cmp.Compare(b.At, a.At) })
	return p, nil
}

// newest gives up to limit matching events of a segment whose index is below one, the last first, and the index where
// to go on.
func (s *Search) newest(ctx context.Context, q Query, cs []condition, at place, below, limit int) (events []wire.Event, rest int, err error) {
	from, to := q.between()
	type hit struct {
		event wire.Event
		index int
	}
	var hits []hit
	err = s.visit(ctx, q.Site, at, func(f *frame, base int) error {
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
func (s *Search) visit(ctx context.Context, site string, at place, f func(*frame, int) error) error {
	body, err := s.store.SegmentBody(ctx, site, at.day, at.id)
	if err != nil {
		return fmt.Errorf("reading events of segment %d: %w", at.id, err)
	}
	base := 0
	err = s.codec.frames(body, func(fr *frame) error {
		err := f(fr, base)
		base += fr.count
		return err
	})
	if err != nil {
		return fmt.Errorf("segment %d of day %d: %w", at.id, at.day, err)
	}
	return nil
}
