package event

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// A run enters 1, 8 or 64 sealed segments of a day under their terms. It is cut by hash into as many shards as it has
// segments, so that every shard is about as large (some 30 KiB), and a look-up reads one shard of each run. A segment
// begins as a run of its own; eight runs of a length become one of the next. Everything is so written in order and three
// times in all: rows in the order of their hash would touch a page of the database each, some kilobytes per event.

// fanIn is how many runs become one; longest is the length at which they stay.
const (
	fanIn   = 8
	longest = 64
)

// entry says which segments of a run have a term. Of the term's hash the upper 40 bits are kept: in a shard of a few
// thousand, one look-up in a hundred million reads a segment in vain.
type entry struct {
	hash uint64
	in   uint64 // bit i: the run's segment i
}

func keep(term int64) uint64 { return uint64(term) >> hashShift }

const (
	hashBits  = 40
	hashShift = 64 - hashBits
)

// shard is where a hash stands in a run of n segments.
func shard(hash uint64, n int) int { return int(hash >> (hashBits - bits.Len(uint(n)) + 1)) }

// entriesOf gives the entries of one segment.
func entriesOf(terms []int64) []entry {
	list := make([]entry, 0, len(terms))
	for _, term := range terms {
		list = append(list, entry{keep(term), 1})
	}
	return gather(list)
}

// gather sorts entries and puts those of the same hash together.
func gather(list []entry) []entry {
	slices.SortFunc(list, func(a, b entry) int { return cmp.Compare(a.hash, b.hash) })
	out := list[:0]
	for _, e := range list {
		if k := len(out); k > 0 && out[k-1].hash == e.hash {
			out[k-1].in |= e.in
			continue
		}
		out = append(out, e)
	}
	return out
}

// shardVersion begins every shard, so that none is empty: an empty row is one whose run has become part of another.
const shardVersion = 1

// How an entry of a run of 64 says where: one segment by its number, a few by count and numbers, many by all bits.
const (
	few     = 8
	fewMark = 0x40
	allMark = 0x80
)

// encodeShard writes sorted entries of a run of n.
func encodeShard(list []entry, n int) []byte {
	b := make([]byte, 1, 1+6*len(list))
	b[0] = shardVersion
	last := uint64(0)
	for _, e := range list {
		b = binary.AppendUvarint(b, e.hash-last)
		last = e.hash
		switch count := bits.OnesCount64(e.in); {
		case n == 1:
		case n == fanIn:
			b = append(b, byte(e.in))
		case count == 1:
			b = append(b, byte(bits.TrailingZeros64(e.in)))
		case count <= few:
			b = append(b, fewMark|byte(count))
			for in := e.in; in != 0; in &= in - 1 {
				b = append(b, byte(bits.TrailingZeros64(in)))
			}
		default:
			b = append(b, allMark)
			b = binary.LittleEndian.AppendUint64(b, e.in)
		}
	}
	return b
}

var (
	errShard      = errors.New("the index of events is damaged")
	errSuperseded = errors.New("the run has become part of another")
)

// readShard visits the entries of a shard of a run of n until visit says no.
func readShard(b []byte, n int, visit func(entry) bool) error {
	if len(b) == 0 {
		return errSuperseded
	}
	if b[0] != shardVersion {
		return errShard
	}
	b = b[1:]
	last := uint64(0)
	for len(b) > 0 {
		gap, w := binary.Uvarint(b)
		if w <= 0 || gap >= 1<<hashBits {
			return errShard
		}
		b = b[w:]
		e := entry{hash: last + gap, in: 1}
		last = e.hash
		if n > 1 {
			if len(b) == 0 {
				return errShard
			}
			mark := b[0]
			b = b[1:]
			switch {
			case n == fanIn:
				e.in = uint64(mark)
			case mark < fewMark:
				e.in = 1 << mark
			case mark < allMark:
				count := int(mark & (fewMark - 1))
				if count > few || count > len(b) {
					return errShard
				}
				e.in = 0
				for _, i := range b[:count] {
					if i >= longest {
						return errShard
					}
					e.in |= 1 << i
				}
				b = b[count:]
			case mark == allMark && len(b) >= 8:
				e.in = binary.LittleEndian.Uint64(b)
				b = b[8:]
			default:
				return errShard
			}
		}
		if e.hash >= 1<<hashBits || e.in == 0 {
			return errShard
		}
		if !visit(e) {
			return nil
		}
	}
	return nil
}

// lookUp gives the segments of a run that have a hash.
func lookUp(b []byte, n int, hash uint64) (in uint64, err error) {
	err = readShard(b, n, func(e entry) bool {
		if e.hash == hash {
			in |= e.in
		}
		return e.hash <= hash
	})
	return in, err
}
