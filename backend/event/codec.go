package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"palisade.dev/guard/wire"
)

const (
	// MaxSegment is how many events a segment holds. A query reads whole segments, so this is the unit of its cost.
	MaxSegment = 4096
	// maxRaw bounds a frame before compression: what a hostile or broken one may make us allocate.
	maxRaw = 8 << 20
	// version is the first byte of every frame.
	version = 1
)

// Codec packs events into segments and reads them back. It is safe for concurrent use; make one per process.
type Codec struct {
	pack     *zstd.Encoder
	unpack   *zstd.Decoder
	builders sync.Pool
	buffers  sync.Pool
}

// NewCodec returns a codec. It holds about 1 MiB per goroutine that packs at the same time.
func NewCodec() (*Codec, error) {
	pack, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2),
		zstd.WithWindowSize(1<<20), zstd.WithEncoderCRC(true), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("starting the event compressor: %w", err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxRaw),
		zstd.WithDecoderMaxWindow(maxRaw), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("starting the event decompressor: %w", err)
	}
	c := &Codec{pack: pack, unpack: unpack}
	c.builders.New = func() any { return newBuilder() }
	c.buffers.New = func() any { return new([]byte) }
	return c, nil
}

// Encode packs up to MaxSegment events into one frame. Several frames one after another are a body that Decode reads as
// one: an open segment grows by frames and is packed anew into one when it is sealed.
func (c *Codec) Encode(events []wire.Event) ([]byte, error) {
	if len(events) > MaxSegment {
		return nil, fmt.Errorf("packing %d events: a segment holds %d at most; split the batch", len(events), MaxSegment)
	}
	b := c.builders.Get().(*builder)
	defer func() {
		b.reset()
		c.builders.Put(b)
	}()
	for i := range events {
		if e := &events[i]; len(e.Networks) > maxList || len(e.Marks) > maxList || len(e.Outcomes) > maxList/3 {
			return nil, fmt.Errorf("packing event %d: more than %d networks or marks, or %d outcomes", e.Seq, maxList, maxList/3)
		}
	}
	b.add(events)
	raw := b.bytes()
	if len(raw) > maxRaw {
		return nil, fmt.Errorf("packing %d events: %d bytes are more than a segment's %d; split the batch", len(events), len(raw), maxRaw)
	}
	frame := c.pack.EncodeAll(raw, []byte{version, 0, 0, 0, 0}) // and the length, once known
	binary.LittleEndian.PutUint32(frame[1:], uint32(len(frame)-5))
	return frame, nil
}

// Decode reads a body of one or more frames. What it allocates is bounded whatever the bytes say. Events with equal
// networks, marks, outcomes or bans share them: they are to be read, not changed.
func (c *Codec) Decode(body []byte) ([]wire.Event, error) {
	var events []wire.Event
	err := c.frames(body, func(f *frame) error {
		events = slices.Grow(events, f.count)
		for i := range f.count {
			e, err := f.event(i)
			if err != nil {
				return err
			}
			events = append(events, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return events, nil
}

// terms gives the terms of a body's events.
func (c *Codec) terms(body []byte) (terms []int64, err error) {
	err = c.frames(body, func(f *frame) error {
		terms = f.terms(terms)
		return nil
	})
	return terms, err
}

var errCut = errors.New("the bytes end too early")

// frames visits the frames of a body in order. A frame is good only inside the visit: its bytes are used again.
func (c *Codec) frames(body []byte, visit func(*frame) error) error {
	buffer := c.buffers.Get().(*[]byte)
	defer c.buffers.Put(buffer)
	total := 0
	for at := 0; at < len(body); {
		if body[at] != version {
			return fmt.Errorf("reading an event segment at byte %d: format %d is not known to this program (it writes %d); was it written by a newer Palisade?", at, body[at], version)
		}
		if len(body)-at < 5 {
			return fmt.Errorf("reading an event segment at byte %d: %w", at, errCut)
		}
		size := uint64(binary.LittleEndian.Uint32(body[at+1:]))
		if size > uint64(len(body)-at-5) {
			return fmt.Errorf("reading an event segment at byte %d: %w", at, errCut)
		}
		packed := body[at+5 : at+5+int(size)]
		raw, err := c.unpack.DecodeAll(packed, (*buffer)[:0])
		if err != nil {
			return fmt.Errorf("unpacking an event segment at byte %d: %w", at, err)
		}
		*buffer = raw
		f, err := parseFrame(raw)
		if err != nil {
			return fmt.Errorf("reading an event segment at byte %d: %w", at, err)
		}
		if total += f.count; total > MaxSegment {
			return fmt.Errorf("reading an event segment: more than %d events", MaxSegment)
		}
		if err := visit(f); err != nil {
			return fmt.Errorf("reading an event segment at byte %d: %w", at, err)
		}
		at += 5 + int(size)
	}
	return nil
}
