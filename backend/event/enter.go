package event

import (
	"context"
	"fmt"
	"slices"

	"palisade.dev/store"
)

// catalog gives the list of a site's day, from memory or the store. Segments that the store has as open but this log does
// not were left by a process that ended; they are packed and entered now, as nobody else will.
func (d *draft) catalog(ctx context.Context, key openKey) (*catalog, error) {
	if c := d.l.catalogs[key]; c != nil {
		return c, nil
	}
	start := int64(key.day) * dayMicros
	rows, err := d.l.store.Rollups(ctx, key.site, ofCatalogs, start, start+1)
	if err != nil {
		return nil, fmt.Errorf("reading a day's list of segments: %w", err)
	}
	c := &catalog{}
	if len(rows) > 0 {
		if c, err = parseCatalog(rows[0].Body, key.day); err != nil {
			return nil, err
		}
	}
	d.l.catalogs[key] = c
	for _, id := range slices.Clone(c.open) {
		if err := d.adopt(ctx, key, c, id); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// adopt seals a segment that was left open.
func (d *draft) adopt(ctx context.Context, key openKey, c *catalog, id int64) error {
	body, err := d.l.store.SegmentBody(ctx, key.site, key.day, id)
	if err != nil {
		return fmt.Errorf("reading segment %d, left open: %w", id, err)
	}
	events, err := d.l.codec.Decode(body)
	if err != nil {
		return fmt.Errorf("segment %d, left open: %w", id, err)
	}
	if len(events) == 0 {
		c.open = slices.DeleteFunc(c.open, func(o int64) bool { return o == id })
		return nil
	}
	o := &open{id: id, day: key.day}
	if err := o.grow(d.l.codec, events); err != nil {
		return err
	}
	return d.enter(ctx, key, c, o)
}

// begin makes a new segment of a site's day.
func (d *draft) begin(ctx context.Context, key openKey) (*open, error) {
	c, err := d.catalog(ctx, key)
	if err != nil {
		return nil, err
	}
	id := d.l.o.Clock().UnixMilli()*idPerMilli + int64(d.l.o.Node)
	// Neither a clock that stepped back nor two segments begun at once may lead to an id that is taken.
	if taken := c.greatest(); taken >= id {
		id = taken - taken%idPerMilli + idPerMilli + int64(d.l.o.Node)
	}
	c.open = append(c.open, id)
	d.site(key.site).catalogs[key] = struct{}{}
	o := &open{id: id, day: key.day, born: d.now}
	d.l.open[key] = o
	d.l.memory += o.size()
	return o, nil
}

// seal packs an open segment for good and enters it.
func (d *draft) seal(ctx context.Context, key openKey) error {
	o := d.l.open[key]
	d.l.memory -= o.size()
	delete(d.l.open, key)
	if err := o.seal(d.l.codec); err != nil {
		return err
	}
	c, err := d.catalog(ctx, key)
	if err != nil {
		return err
	}
	return d.enter(ctx, key, c, o)
}

// enter makes a sealed segment a run, and eight runs of a length one of the next.
func (d *draft) enter(ctx context.Context, key openKey, c *catalog, o *open) error {
	w := d.site(key.site)
	row := o.row(key.site, true)
	w.segments[place{key.day, o.id}] = row
	w.catalogs[key] = struct{}{}
	c.open = slices.DeleteFunc(c.open, func(id int64) bool { return id == o.id })
	terms, err := d.l.codec.terms(row.Body)
	if err != nil {
		return fmt.Errorf("entering segment %d: %w", o.id, err)
	}
	r := c.add([]sealed{{o.id, o.first, o.last}})
	w.shards[shardStart(key.day, r.number, 0)] = encodeShard(entriesOf(terms), 1)
	for {
		due, ok := c.due()
		if !ok {
			return nil
		}
		if err := d.unite(ctx, key, c, due); err != nil {
			return err
		}
	}
}

// unite makes one run of several, shard by shard, so that little is in memory at a time.
func (d *draft) unite(ctx context.Context, key openKey, c *catalog, due []run) error {
	w := d.site(key.site)
	n := len(due[0].segments)
	var segments []sealed
	for _, r := range due {
		segments = append(segments, r.segments...)
	}
	united := c.add(segments)
	for k := range n {
		parts := make([][]entry, fanIn)
		for i, r := range due {
			at := shardStart(key.day, r.number, k)
			body, ok := w.shards[at]
			if !ok {
				var err error
				if body, err = readRow(ctx, d.l.store, key.site, ofTerms, at); err != nil {
					return fmt.Errorf("reading the index of events: %w", err)
				}
			}
			stray := false
			err := readShard(body, n, func(e entry) bool {
				if stray = shard(e.hash, n) != k; stray {
					return false
				}
				e.in <<= i * n
				p := &parts[shard(e.hash, n*fanIn)-k*fanIn]
				*p = append(*p, e)
				return true
			})
			if stray {
				err = errShard
			}
			if err != nil {
				return fmt.Errorf("uniting runs of the index of %s: %w", key.site, err)
			}
			w.shards[at] = []byte{}
		}
		for i, part := range parts {
			w.shards[shardStart(key.day, united.number, k*fanIn+i)] = encodeShard(gather(part), n*fanIn)
		}
	}
	return nil
}

// readRow reads one row, nil where there is none.
func readRow(ctx context.Context, s Store, site, span string, start int64) ([]byte, error) {
	rows, err := s.Rollups(ctx, site, span, start, start+1)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0].Body, nil
}

// rows are a site's catalogs and shards as they are to be written.
func (d *draft) rows(w *pieces) []store.Rollup {
	var rows []store.Rollup
	for key := range w.catalogs {
		rows = append(rows, store.Rollup{Span: ofCatalogs, Start: int64(key.day) * dayMicros, Body: d.l.catalogs[key].encode(key.day)})
	}
	for start, body := range w.shards {
		rows = append(rows, store.Rollup{Span: ofTerms, Start: start, Body: body})
	}
	slices.SortFunc(rows, func(a, b store.Rollup) int { return int(a.Start - b.Start) }) // neighbours share pages
	return rows
}
