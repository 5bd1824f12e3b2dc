package event

import (
	"encoding/binary"

	"palisade.dev/guard/wire"
)

// builder gathers the columns of one frame. It is used again and again: its maps are the dear part.
type builder struct {
	dicts   [columns]dict
	numbers [numbers][]byte
	events  int
	scratch []byte
	raw     []byte
}

// The number columns, each a run of signed varints.
const (
	numSeq = iota // as differences
	numAt         // as differences
	numDuration
	numBytes
	numbers
)

// dict numbers the distinct values of a column in the order in which they came.
type dict struct {
	of      map[string]uint16
	entries []string
	index   []uint16
	last    string // of the row before: runs are common and a comparison is cheaper than a hash
	at      uint16
}

func newBuilder() *builder {
	b := &builder{}
	for i := range b.dicts {
		b.dicts[i].of = make(map[string]uint16)
	}
	return b
}

func (b *builder) reset() {
	for i := range b.dicts {
		d := &b.dicts[i]
		clear(d.of)
		clear(d.entries) // lets go of the strings
		d.entries, d.index, d.last, d.at = d.entries[:0], d.index[:0], "", 0
	}
	for i := range b.numbers {
		b.numbers[i] = b.numbers[i][:0]
	}
	b.events, b.raw = 0, b.raw[:0]
}

// put adds a value that the caller keeps alive.
func (d *dict) put(s string) {
	if len(d.index) == 0 || s != d.last {
		at, ok := d.of[s]
		if !ok {
			at = d.enter(s)
		}
		d.last, d.at = s, at
	}
	d.index = append(d.index, d.at)
}

// putBytes adds a value from bytes that will be used again; it copies only what is new.
func (d *dict) putBytes(v []byte) {
	if len(d.index) == 0 || string(v) != d.last {
		at, ok := d.of[string(v)]
		if !ok {
			at = d.enter(string(v))
		}
		d.last, d.at = d.entries[at], at
	}
	d.index = append(d.index, d.at)
}

func (d *dict) enter(s string) uint16 {
	at := uint16(len(d.entries)) // a frame has at most MaxSegment entries, far below the type's end
	d.of[s] = at
	d.entries = append(d.entries, s)
	return at
}

func (b *builder) add(events []wire.Event) {
	var seq uint64
	var at int64
	for i := range events {
		e := &events[i]
		for c, s := range plain(e) {
			b.dicts[c].put(*s)
		}
		s := b.scratch
		s = appendAddress(s[:0], e.Address)
		b.dicts[colAddress].putBytes(s)
		s = appendAddress(s[:0], e.Peer)
		b.dicts[colPeer].putBytes(s)
		s = appendList(s[:0], e.Networks)
		b.dicts[colNetworks].putBytes(s)
		s = appendList(s[:0], e.Marks)
		b.dicts[colMarks].putBytes(s)
		s = appendOutcomes(s[:0], e.Outcomes)
		b.dicts[colOutcomes].putBytes(s)
		s = appendBan(s[:0], e.Ban)
		b.dicts[colBan].putBytes(s)
		s = appendNumber(s[:0], uint64(e.Status))
		b.dicts[colStatus].putBytes(s)
		s = appendNumber(s[:0], e.Revision)
		b.dicts[colRevision].putBytes(s)
		s = s[:0]
		if e.Alert {
			s = append(s, 1)
		}
		b.dicts[colAlert].putBytes(s)
		b.scratch = s

		b.numbers[numSeq] = binary.AppendVarint(b.numbers[numSeq], int64(e.Seq-seq))
		b.numbers[numAt] = binary.AppendVarint(b.numbers[numAt], e.At-at)
		b.numbers[numDuration] = binary.AppendVarint(b.numbers[numDuration], e.Duration)
		b.numbers[numBytes] = binary.AppendVarint(b.numbers[numBytes], e.Bytes)
		seq, at = e.Seq, e.At
	}
	b.events += len(events)
}

// bytes lays the frame out: the count, the dictionaries with their indexes, the numbers.
func (b *builder) bytes() []byte {
	raw := binary.AppendUvarint(b.raw[:0], uint64(b.events))
	for i := range b.dicts {
		d := &b.dicts[i]
		raw = binary.AppendUvarint(raw, uint64(len(d.entries)))
		for _, s := range d.entries {
			raw = appendText(raw, s)
		}
		switch width(len(d.entries)) {
		case 1:
			for _, at := range d.index {
				raw = append(raw, byte(at))
			}
		case 2:
			// Low bytes first, then high ones: the high ones pack to almost nothing.
			for _, at := range d.index {
				raw = append(raw, byte(at))
			}
			for _, at := range d.index {
				raw = append(raw, byte(at>>8))
			}
		}
	}
	for _, column := range b.numbers {
		raw = binary.AppendUvarint(raw, uint64(len(column)))
		raw = append(raw, column...)
	}
	b.raw = raw
	return raw
}

// width is the bytes per index into a dictionary of n entries.
func width(n int) int {
	switch {
	case n <= 1:
		return 0
	case n <= 256:
		return 1
	}
	return 2
}
