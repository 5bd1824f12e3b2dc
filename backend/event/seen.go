package event

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// maxRanges bounds what is remembered of one guard's boot. Each gap is a batch that is late or was dropped; at the bound
// the oldest gap is taken for dropped, and what would still fill it is not taken in.
const maxRanges = 64

// seen is a set of sequence numbers as inclusive ranges, sorted and apart. A guard that loses nothing has one range,
// whatever the order in which its batches arrive.
type seen []seqs

type seqs struct{ from, to uint64 }

// add puts a number in and says whether it was new.
func (s *seen) add(n uint64) bool {
	// The common case by far: the next number.
	if k := len(*s); k > 0 && n > 0 && (*s)[k-1].to == n-1 {
		(*s)[k-1].to = n
		return true
	}
	at, found := slices.BinarySearchFunc(*s, n, func(r seqs, n uint64) int {
		switch {
		case r.to < n:
			return -1
		case r.from > n:
			return 1
		}
		return 0
	})
	if found {
		return false
	}
	left := at > 0 && n > 0 && (*s)[at-1].to == n-1
	right := at < len(*s) && n < math.MaxUint64 && (*s)[at].from == n+1
	switch {
	case left && right:
		(*s)[at-1].to = (*s)[at].to
		*s = slices.Delete(*s, at, at+1)
	case left:
		(*s)[at-1].to = n
	case right:
		(*s)[at].from = n
	default:
		*s = slices.Insert(*s, at, seqs{n, n})
		if len(*s) > maxRanges {
			(*s)[1].from = (*s)[0].from
			*s = slices.Delete(*s, 0, 1)
		}
	}
	return true
}

func (s seen) encode() []byte {
	var b []byte
	last := uint64(0)
	for _, r := range s {
		b = binary.AppendUvarint(b, r.from-last)
		b = binary.AppendUvarint(b, r.to-r.from)
		last = r.to
	}
	return b
}

var errSeen = errors.New("the record of a guard's sequences makes no sense; it is damaged")

func parseSeen(b []byte) (seen, error) {
	var s seen
	last := uint64(0)
	for len(b) > 0 {
		gap, w := binary.Uvarint(b)
		if w <= 0 {
			return nil, errSeen
		}
		b = b[w:]
		length, w := binary.Uvarint(b)
		if w <= 0 {
			return nil, errSeen
		}
		b = b[w:]
		if len(s) == maxRanges || len(s) > 0 && gap < 2 || gap > math.MaxUint64-last || length > math.MaxUint64-last-gap {
			return nil, errSeen
		}
		r := seqs{last + gap, last + gap + length}
		s, last = append(s, r), r.to
	}
	return s, nil
}
