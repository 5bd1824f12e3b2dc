package event

import (
	"errors"

	"palisade.dev/backend/event/sketch"
)

// appendSketch writes the registers that are not empty: the gap to the one before, and the rank. Each is below 64 or takes two
// bytes, so a quiet minute is a few bytes and a full sketch two per register.
func appendSketch(b []byte, s *sketch.Sketch) []byte {
	n := 0
	for _, rank := range s {
		if rank > 0 {
			n++
		}
	}
	b = appendCount(b, uint64(n))
	last := -1
	for i, rank := range s {
		if rank > 0 {
			b = appendCount(b, uint64(i-last-1))
			b = append(b, rank)
			last = i
		}
	}
	return b
}

var errSketch = errors.New("the count of distinct clients makes no sense; it is damaged")

func readSketch(r *reader, s *sketch.Sketch) error {
	n := r.count(sketch.Registers)
	at := -1
	for range n {
		at += int(r.count(sketch.Registers)) + 1
		rank := r.byte()
		if r.err != nil {
			return r.err
		}
		if at >= sketch.Registers || rank == 0 || rank > sketch.MaxRank {
			return errSketch
		}
		s[at] = rank
	}
	return r.err
}
