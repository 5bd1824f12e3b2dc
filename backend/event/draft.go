package event

import (
	"context"
	"fmt"
	"slices"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// draft is one transaction in the making. It changes the log's memory as it goes: if the store refuses, the log forgets
// its memory and reads it anew.
type draft struct {
	l      *Log
	writes map[string]*pieces
	sites  []string // in the order in which they came
	fresh  []siteEvents
	veils  map[string]*veil.Veil
	stats  Stats
	now    int64
}

// pieces are what changes of one site.
type pieces struct {
	seen     map[seenKey]struct{}
	segments map[place]store.Segment
	catalogs map[openKey]struct{}
	shards   map[int64][]byte // by start
	rollups  map[rollupKey]struct{}
}

// place is where a segment stands: by day, within the day by arrival.
type place struct {
	day int32
	id  int64
}

type siteEvents struct {
	site   string
	events []wire.Event
}

func (l *Log) draft() *draft {
	return &draft{l: l, writes: make(map[string]*pieces), stats: l.stats, now: l.o.Clock().UnixMicro()}
}

func (d *draft) site(site string) *pieces {
	p := d.writes[site]
	if p == nil {
		p = &pieces{
			seen: map[seenKey]struct{}{}, segments: map[place]store.Segment{}, catalogs: map[openKey]struct{}{},
			shards: map[int64][]byte{}, rollups: map[rollupKey]struct{}{},
		}
		d.writes[site] = p
		d.sites = append(d.sites, site)
	}
	return p
}

// write goes the way of a batch: what is new, into which segment, how it counts, to disk.
func (d *draft) write(ctx context.Context, batches []*pending) error {
	d.l.commits++
	at := make(map[string]int)
	for _, p := range batches {
		fresh, err := d.admit(ctx, p)
		if err != nil {
			return err
		}
		if len(fresh) == 0 {
			continue
		}
		i, ok := at[p.site]
		if !ok {
			i = len(d.fresh)
			at[p.site] = i
			d.fresh = append(d.fresh, siteEvents{site: p.site})
		}
		d.fresh[i].events = append(d.fresh[i].events, fresh...)
	}
	for _, w := range d.fresh {
		if err := d.keep(ctx, w.site, w.events); err != nil {
			return err
		}
		if err := d.count(ctx, w.site, w.events); err != nil {
			return err
		}
		d.stats.Events += uint64(len(w.events))
	}
	if err := d.spareMemory(ctx); err != nil {
		return err
	}
	return d.store(ctx)
}

// veil gives a site's veil, asked for once in a commit: a mode that is chosen holds from the next one on. Where it cannot
// be had nothing is taken in, as what was written clear stays so.
func (d *draft) veil(ctx context.Context, site string) (*veil.Veil, error) {
	if d.l.o.Veil == nil {
		return nil, nil
	}
	v, ok := d.veils[site]
	if !ok {
		var err error
		if v, err = d.l.o.Veil(ctx, site); err != nil {
			return nil, fmt.Errorf("finding out how addresses are kept: %w", err)
		}
		if d.veils == nil {
			d.veils = make(map[string]*veil.Veil)
		}
		d.veils[site] = v
	}
	return v, nil
}

// admit gives the events of a batch that have not been taken in before, tidied and veiled. The batch stays as it is.
func (d *draft) admit(ctx context.Context, p *pending) ([]wire.Event, error) {
	key := seenKey{p.site, p.guard, p.batch.Boot}
	have, ok := d.l.seen[key]
	if !ok {
		var err error
		if have, err = d.l.recall(ctx, key); err != nil {
			return nil, err
		}
	}
	hide, err := d.veil(ctx, p.site)
	if err != nil {
		return nil, err
	}
	oldest := d.now - d.l.keep.Load()*dayMicros
	fresh := make([]wire.Event, 0, len(p.batch.Events))
	for _, e := range p.batch.Events {
		if !have.add(e.Seq) {
			d.stats.Repeated++
			continue
		}
		if e.At < oldest {
			d.stats.TooOld++
			continue
		}
		if e.At > d.now+maxAhead.Microseconds() {
			d.stats.FromAhead++
			e.At = d.now
		}
		tidy(&e)
		hide.Hide(&e)
		fresh = append(fresh, e)
	}
	d.l.seen[key] = have
	d.site(p.site).seen[key] = struct{}{}
	return fresh, nil
}

// keep puts events into the open segments of their days.
func (d *draft) keep(ctx context.Context, site string, events []wire.Event) error {
	for len(events) > 0 {
		day := Day(events[0].At)
		n := 1
		for n < len(events) && Day(events[n].At) == day {
			n++
		}
		run := events[:n]
		events = events[n:]
		for len(run) > 0 {
			o, err := d.segment(ctx, openKey{site, day})
			if err != nil {
				return err
			}
			n := o.fits(run)
			if n == 0 {
				if o.count == 0 {
					panic("an event that was cut to its bounds, some 30 KiB, does not fit into an empty segment of megabytes")
				}
				if err := d.seal(ctx, openKey{site, day}); err != nil {
					return err
				}
				continue
			}
			before := o.size()
			if err := o.grow(d.l.codec, run[:n]); err != nil {
				return err
			}
			d.l.memory += o.size() - before
			d.site(site).segments[place{day, o.id}] = store.Segment{} // made when all has been added
			if o.count == MaxSegment {
				if err := d.seal(ctx, openKey{site, day}); err != nil {
					return err
				}
			}
			run = run[n:]
		}
	}
	return nil
}

// segment gives the open segment of a site's day.
func (d *draft) segment(ctx context.Context, key openKey) (*open, error) {
	o := d.l.open[key]
	if o != nil && d.now-o.born > sealAfter.Microseconds() {
		if err := d.seal(ctx, key); err != nil {
			return nil, err
		}
		o = nil
	}
	if o == nil {
		var err error
		if o, err = d.begin(ctx, key); err != nil {
			return nil, fmt.Errorf("beginning a segment: %w", err)
		}
	}
	o.used = d.l.commits
	return o, nil
}

// spareMemory seals the least used segments when all together hold too much.
func (d *draft) spareMemory(ctx context.Context) error {
	if d.l.memory <= d.l.o.Memory {
		return nil
	}
	keys := make([]openKey, 0, len(d.l.open))
	for key := range d.l.open {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b openKey) int { return int(d.l.open[a].used - d.l.open[b].used) })
	for _, key := range keys {
		if d.l.memory <= d.l.o.Memory*3/4 {
			break
		}
		if err := d.seal(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

// store writes what was drafted.
func (d *draft) store(ctx context.Context) error {
	for key, o := range d.l.open {
		if w := d.writes[key.site]; w != nil {
			at := place{key.day, o.id}
			if _, ok := w.segments[at]; ok {
				w.segments[at] = o.row(key.site, false)
			}
		}
	}
	writes := make([]store.EventWrite, 0, len(d.sites))
	for _, site := range d.sites {
		p := d.writes[site]
		w := store.EventWrite{Site: site, Rollups: d.rows(p)}
		for _, s := range p.segments {
			w.Segments = append(w.Segments, s)
		}
		for key := range p.seen {
			w.Seen = append(w.Seen, store.Seen{Guard: key.guard, Boot: key.boot, At: d.now, Body: d.l.seen[key].encode()})
		}
		for key := range p.rollups {
			w.Rollups = append(w.Rollups, store.Rollup{Span: spans[key.span].name, Start: key.start, Body: d.l.rollups[key].Rollup.encode()})
		}
		writes = append(writes, w)
	}
	if len(writes) == 0 {
		return nil
	}
	if err := d.l.store.AppendEvents(ctx, writes); err != nil {
		return fmt.Errorf("keeping events: %w", err)
	}
	return nil
}

// recall reads which of a guard's sequences the store has.
func (l *Log) recall(ctx context.Context, key seenKey) (seen, error) {
	body, err := l.store.EventsSeen(ctx, key.site, key.guard, key.boot)
	if err != nil {
		return nil, fmt.Errorf("reading which events of guard %s there are: %w", key.guard, err)
	}
	s, err := parseSeen(body)
	if err != nil {
		return nil, fmt.Errorf("guard %s: %w", key.guard, err)
	}
	return s, nil
}
