package event

import (
	"errors"
	"math"
	"math/bits"
)

// sketch estimates how many distinct clients there were (HyperLogLog). Two sketches merge into that of both: minutes add
// up to hours without counting anybody twice. Below about 5,000 it counts empty registers, which is nearly exact; above,
// the standard error is 1.04/sqrt(registers), 2.3%.
type sketch [registers]uint8

const (
	registers    = 1 << registerBits
	registerBits = 11
	maxRank      = 64 - registerBits + 1
)

func (s *sketch) add(hash uint64) {
	at := hash >> (64 - registerBits)
	rank := uint8(min(bits.LeadingZeros64(hash<<registerBits)+1, maxRank))
	s[at] = max(s[at], rank)
}

func (s *sketch) merge(other *sketch) {
	for i, rank := range other {
		s[i] = max(s[i], rank)
	}
}

func (s *sketch) estimate() uint64 {
	var of [maxRank + 1]int // registers by rank
	for _, rank := range s {
		of[rank]++
	}
	sum, empty := 0.0, of[0]
	for rank, n := range of {
		sum += math.Ldexp(float64(n), -rank)
	}
	const m = float64(registers)
	if linear := m * math.Log(m/float64(empty)); empty > 0 && linear < 2.5*m {
		return uint64(linear + 0.5)
	}
	return uint64(0.7213/(1+1.079/m)*m*m/sum + 0.5)
}

// encode writes the registers that are not empty: the gap to the one before, and the rank. Each is below 64 or takes two
// bytes, so a quiet minute is a few bytes and a full sketch two per register.
func (s *sketch) encode(b []byte) []byte {
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

func (s *sketch) decode(r *reader) error {
	n := r.count(registers)
	at := -1
	for range n {
		at += int(r.count(registers)) + 1
		rank := r.byte()
		if r.err != nil {
			return r.err
		}
		if at >= registers || rank == 0 || rank > maxRank {
			return errSketch
		}
		s[at] = rank
	}
	return r.err
}
