package event

import (
	"fmt"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// open is a segment that still grows: its frames as they came. Events are not kept unpacked, so thousands of quiet sites
// may each have one. It is entered under its terms when it is sealed; a search looks into all that are open.
type open struct {
	id     int64
	day    int32
	born   int64
	used   int64 // when it last grew, by the log's count of commits: who is sealed first when memory is short
	first  int64
	last   int64
	count  int
	raw    int // at most what its events take before compression
	frames []packed
}

type packed struct {
	count int
	body  []byte
}

// maxFrames is how many frames an open segment keeps before it packs the small ones together. Every append rewrites the
// body, so a thousand tiny frames would be a thousand times as many bytes written.
const maxFrames = 16

// maxOpen is where a segment of unusually large events is sealed before it is full, safely below what one frame may hold.
const maxOpen = maxRaw * 3 / 4

// weight is at least what an event takes in a frame before compression.
func weight(e *wire.Event) int {
	n := 200 // indexes, numbers and the lengths of dictionary entries
	for _, s := range plain(e) {
		n += len(*s)
	}
	for _, s := range e.Networks {
		n += len(s) + 2
	}
	for _, s := range e.Marks {
		n += len(s) + 2
	}
	for _, o := range e.Outcomes {
		n += len(o.Kind) + len(o.Result) + len(o.Subject) + 6
	}
	if e.Ban != nil {
		n += len(e.Ban.Subject) + 12
	}
	return n
}

// fits is how many of the events the segment still takes.
func (o *open) fits(events []wire.Event) int {
	n, raw := 0, o.raw
	for n < len(events) && o.count+n < MaxSegment {
		if raw += weight(&events[n]); raw > maxOpen {
			break
		}
		n++
	}
	return n
}

// grow adds events.
func (o *open) grow(c *Codec, events []wire.Event) error {
	body, err := c.Encode(events)
	if err != nil {
		return err
	}
	o.frames = append(o.frames, packed{len(events), body})
	for i := range events {
		o.raw += weight(&events[i])
		at := events[i].At
		if o.count == 0 && i == 0 {
			o.first, o.last = at, at
		}
		o.first, o.last = min(o.first, at), max(o.last, at)
	}
	o.count += len(events)
	if len(o.frames) > maxFrames {
		return o.fold(c)
	}
	return nil
}

// fold packs the last frames into one: as many as together outweigh the one before them. An event is packed anew about
// log2(MaxSegment) times at the worst, when it arrives alone.
func (o *open) fold(c *Codec) error {
	from, sum := len(o.frames)-1, o.frames[len(o.frames)-1].count
	for from > 0 && (o.frames[from-1].count <= sum || len(o.frames)-from < 2) {
		from--
		sum += o.frames[from].count
	}
	return o.repack(c, from)
}

func (o *open) repack(c *Codec, from int) error {
	events, err := c.Decode(join(o.frames[from:]))
	if err != nil {
		return fmt.Errorf("packing segment %d anew: %w", o.id, err)
	}
	body, err := c.Encode(events)
	if err != nil {
		return fmt.Errorf("packing segment %d anew: %w", o.id, err)
	}
	o.frames = append(o.frames[:from], packed{len(events), body})
	return nil
}

// seal packs the whole segment into one frame.
func (o *open) seal(c *Codec) error {
	if len(o.frames) < 2 {
		return nil
	}
	return o.repack(c, 0)
}

func (o *open) row(site string, sealed bool) store.Segment {
	return store.Segment{ID: o.id, Site: site, Day: o.day, First: o.first, Last: o.last, Count: o.count, Sealed: sealed, Body: join(o.frames)}
}

// size is about what it holds in memory.
func (o *open) size() int {
	n := 256
	for _, f := range o.frames {
		n += len(f.body)
	}
	return n
}

func join(frames []packed) []byte {
	n := 0
	for _, f := range frames {
		n += len(f.body)
	}
	body := make([]byte, 0, n)
	for _, f := range frames {
		body = append(body, f.body...)
	}
	return body
}
