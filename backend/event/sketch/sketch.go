// Package sketch estimates how many distinct values there were, in memory that does not grow with them.
package sketch

import (
	"math"
	"math/bits"
)

// Sketch estimates how many distinct hashes were added (HyperLogLog). Two sketches merge into that of both: minutes add
// up to hours without counting anybody twice. Below about 5,000 it counts empty registers, which is nearly exact; above,
// the standard error is 1.04/sqrt(Registers), 2.3%.
type Sketch [Registers]uint8

// Registers is their number, MaxRank the highest value of one.
const (
	Registers    = 1 << registerBits
	registerBits = 11
	MaxRank      = 64 - registerBits + 1
)

// Add notes a value by its hash, whose bits have to look like chance.
func (s *Sketch) Add(hash uint64) {
	at := hash >> (64 - registerBits)
	rank := uint8(min(bits.LeadingZeros64(hash<<registerBits)+1, MaxRank))
	s[at] = max(s[at], rank)
}

// Merge makes it the sketch of both.
func (s *Sketch) Merge(other *Sketch) {
	for i, rank := range other {
		s[i] = max(s[i], rank)
	}
}

// Estimate says how many there were.
func (s *Sketch) Estimate() uint64 {
	var of [MaxRank + 1]int // registers by rank
	for _, rank := range s {
		of[rank]++
	}
	sum, empty := 0.0, of[0]
	for rank, n := range of {
		sum += math.Ldexp(float64(n), -rank)
	}
	const m = float64(Registers)
	if linear := m * math.Log(m/float64(empty)); empty > 0 && linear < 2.5*m {
		return uint64(linear + 0.5)
	}
	return uint64(0.7213/(1+1.079/m)*m*m/sum + 0.5)
}
