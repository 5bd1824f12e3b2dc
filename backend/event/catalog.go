package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// catalog lists the segments of a site's day: those that are open, and the runs of those that are sealed. It is one small
// row, written whole whenever a segment is begun or sealed.
type catalog struct {
	open []int64
	runs []run
	next int64 // number of the next run
}

// run is where sealed segments are entered under their terms.
type run struct {
	number   int64
	segments []sealed
}

// sealed is a segment that does not change any more.
type sealed struct{ id, first, last int64 }

const (
	catalogVersion = 1
	maxRuns        = 1 << 16 // 250 million events a day would be 1,000
	maxOpenIDs     = 1 << 12
)

// greatest is the greatest id of the day.
func (c *catalog) greatest() int64 {
	id := int64(0)
	for _, o := range c.open {
		id = max(id, o)
	}
	for _, r := range c.runs {
		for _, s := range r.segments {
			id = max(id, s.id)
		}
	}
	return id
}

// add puts a new run at the end.
func (c *catalog) add(segments []sealed) run {
	r := run{c.next, segments}
	c.next++
	c.runs = append(c.runs, r)
	return r
}

// due takes out the first fanIn runs of a length that there are so many of.
func (c *catalog) due() ([]run, bool) {
	for n := 1; n < longest; n *= fanIn {
		var at []int
		for i, r := range c.runs {
			if len(r.segments) == n {
				at = append(at, i)
			}
		}
		if len(at) < fanIn {
			continue
		}
		var due []run
		for _, i := range at[:fanIn] {
			due = append(due, c.runs[i])
		}
		c.runs = slices.DeleteFunc(c.runs, func(r run) bool {
			return slices.ContainsFunc(due, func(d run) bool { return d.number == r.number })
		})
		return due, true
	}
	return nil, false
}

func (c *catalog) encode(day int32) []byte {
	b := []byte{catalogVersion}
	b = binary.AppendVarint(b, c.next)
	b = binary.AppendUvarint(b, uint64(len(c.open)))
	last := int64(0)
	id := func(n int64) {
		b = binary.AppendVarint(b, n-last)
		last = n
	}
	for _, o := range c.open {
		id(o)
	}
	b = binary.AppendUvarint(b, uint64(len(c.runs)))
	for _, r := range c.runs {
		b = binary.AppendVarint(b, r.number)
		b = binary.AppendUvarint(b, uint64(len(r.segments)))
		for _, s := range r.segments {
			id(s.id)
			b = binary.AppendVarint(b, s.first-int64(day)*dayMicros)
			b = binary.AppendVarint(b, s.last-s.first)
		}
	}
	return b
}

var errCatalog = errors.New("the list of a day's segments makes no sense; it is damaged")

func parseCatalog(body []byte, day int32) (*catalog, error) {
	r := &reader{b: body}
	if v := r.byte(); r.err == nil && v != catalogVersion {
		return nil, fmt.Errorf("reading a day's list of segments: format %d is not known to this program; was it written by a newer Palisade?", v)
	}
	c := &catalog{next: r.signed()}
	last := int64(0)
	id := func() int64 {
		last += r.signed()
		return last
	}
	for range r.count(maxOpenIDs) {
		c.open = append(c.open, id())
		if r.err != nil {
			return nil, errCatalog
		}
	}
	for range r.count(maxRuns) {
		p := run{number: r.signed()}
		n := r.count(longest)
		for range n {
			s := sealed{id: id()}
			s.first = int64(day)*dayMicros + r.signed()
			s.last = s.first + r.signed()
			p.segments = append(p.segments, s)
		}
		if r.err != nil || n != 1 && n != fanIn && n != longest || p.number < 0 || p.number >= c.next {
			return nil, errCatalog
		}
		c.runs = append(c.runs, p)
	}
	if r.err != nil || len(r.b) > 0 || c.next < 0 || c.next > dayMicros/longest {
		return nil, errCatalog
	}
	return c, nil
}

// Catalogs and shards are kept like rollups, as rows of a site, a span and a time: they are written in one transaction with
// what they speak of, and go with their day. A shard's time is its day's start and as many microseconds as its number.
const (
	ofCatalogs = "catalog"
	ofTerms    = "terms"
)

func shardStart(day int32, number int64, shard int) int64 {
	return int64(day)*dayMicros + number*longest + int64(shard)
}
