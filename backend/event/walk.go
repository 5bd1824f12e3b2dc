package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// walk goes through the segments that may hold what a query asks for, a day at a time from the newest: those that are
// entered under all of its terms, and those that are still open.
type walk struct {
	s        *Search
	site     string
	from, to int64
	hashes   [][]uint64 // of each condition, one of which must be entered
	days     []day      // the newest first
	list     []candidate
	resume   cursor // where the page before stopped within a segment
	at       cursor // what comes next stands before this place
	shards   int    // of the index, read so far
}

type day struct {
	number int32
	body   []byte // the catalog, not yet read
}

// candidate is a segment that may have matching events, from first on.
type candidate struct {
	place
	first int64
}

// cursor is a place and, within its segment, the index below which to go on: 0 once the segment is done.
type cursor struct {
	place
	index int
}

// newest is the cursor of a search that begins.
var newest = cursor{place: place{math.MaxInt32, math.MaxInt64}}

func (c cursor) String() string { return fmt.Sprintf("%d.%d.%d", c.day, c.id, c.index) }

func parseCursor(word string) (c cursor, err error) {
	if word == "" {
		return newest, nil
	}
	if _, err := fmt.Sscanf(word, "%d.%d.%d", &c.day, &c.id, &c.index); err != nil || c.String() != word || c.index < 0 {
		return cursor{}, fmt.Errorf("cursor %q is not from a page of ours", word)
	}
	return c, nil
}

func (p place) before(q place) bool { return p.day < q.day || p.day == q.day && p.id < q.id }

// walk begins before a cursor.
func (s *Search) walk(ctx context.Context, q Query, cs []condition, at cursor) (*walk, error) {
	w := &walk{s: s, site: q.Site, resume: at, at: cursor{place: at.place}}
	w.from, w.to = q.between()
	for _, c := range cs {
		var any []uint64
		for _, t := range c.terms {
			any = append(any, keep(t))
		}
		if len(any) > 0 {
			w.hashes = append(w.hashes, any)
		}
	}
	rows, err := s.store.Rollups(ctx, q.Site, ofCatalogs, floor(w.from, dayMicros), w.to)
	if err != nil {
		return nil, fmt.Errorf("listing the days of events: %w", err)
	}
	for _, row := range slices.Backward(rows) {
		if number := Day(row.Start); number <= at.day {
			w.days = append(w.days, day{number, row.Body})
		}
	}
	return w, nil
}

// next gives the next segment and the index below which its events count.
func (w *walk) next(ctx context.Context) (at place, below int, ok bool, err error) {
	if w.resume.index > 0 {
		r := w.resume
		w.resume.index = 0
		return r.place, r.index, true, nil
	}
	for len(w.list) == 0 {
		if len(w.days) == 0 || w.shards > maxShards {
			return at, 0, false, nil
		}
		d := w.days[0]
		w.days = w.days[1:]
		list, err := w.candidates(ctx, d)
		if err != nil {
			return at, 0, false, err
		}
		w.list = slices.DeleteFunc(list, func(c candidate) bool { return !c.before(w.at.place) })
		slices.SortFunc(w.list, func(a, b candidate) int { return cmp.Compare(b.id, a.id) })
		if len(w.list) == 0 {
			w.at = cursor{place: place{d.number, 0}}
		}
	}
	at = w.list[0].place
	w.list = w.list[1:]
	w.at = cursor{place: at}
	return at, math.MaxInt, true, nil
}

// more says whether the walk ended because it had read enough of the index, with days still to come.
func (w *walk) more() bool { return len(w.days) > 0 }

// candidates gives a day's segments that may have what is asked for. While it reads the index the log may unite runs; then
// it begins again with the day's new list.
func (w *walk) candidates(ctx context.Context, d day) ([]candidate, error) {
	for tries := 0; ; tries++ {
		c, err := parseCatalog(d.body, d.number)
		if err != nil {
			return nil, err
		}
		list, err := w.entered(ctx, d.number, c)
		if !errors.Is(err, errSuperseded) || tries == 8 {
			return list, err
		}
		if d.body, err = readRow(ctx, w.s.store, w.site, ofCatalogs, int64(d.number)*dayMicros); err != nil {
			return nil, fmt.Errorf("reading a day's list of segments: %w", err)
		}
		if d.body == nil { // the day was dropped
			return nil, nil
		}
	}
}

func (w *walk) entered(ctx context.Context, day int32, c *catalog) ([]candidate, error) {
	var list []candidate
	for _, id := range c.open {
		list = append(list, candidate{place{day, id}, int64(day) * dayMicros})
	}
	for _, r := range c.runs {
		in := uint64(0) // those of the run that touch the time
		for i, s := range r.segments {
			if s.last >= w.from && s.first < w.to {
				in |= 1 << i
			}
		}
		n := len(r.segments)
		for _, any := range w.hashes {
			if in == 0 {
				break
			}
			has := uint64(0)
			for _, hash := range any {
				w.shards++
				body, err := readRow(ctx, w.s.store, w.site, ofTerms, shardStart(day, r.number, shard(hash, n)))
				if err != nil {
					return nil, fmt.Errorf("reading the index of events: %w", err)
				}
				one, err := lookUp(body, n, hash)
				if err != nil {
					return nil, fmt.Errorf("run %d of day %d: %w", r.number, day, err)
				}
				has |= one
			}
			in &= has
		}
		for i, s := range r.segments {
			if in&(1<<i) != 0 {
				list = append(list, candidate{place{day, s.id}, s.first})
			}
		}
	}
	return list, nil
}
