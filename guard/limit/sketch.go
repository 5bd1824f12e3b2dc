package limit

import (
	"math"
	"math/bits"
)

const (
	registers = 256
	perWord   = 8 // registers of one byte in a word of notes
)

// sketch is the sums of a HyperLogLog, kept as its registers change so that counting costs nothing. The registers stand
// in notes: 256 of the half window now, and then 256 of the one before. The sums are of the greater of each two.
type sketch struct {
	sum   float64 // of 2^-register
	zeros int32
}

func newSketch() sketch { return sketch{registers, registers} }

// add notes a subject in a half window: 0 now, 1 before.
func (s *sketch) add(n *notes, half int, subject uint32) {
	h := mix(uint64(subject)^0x9E3779B97F4A7C15, 0xA0761D6478BD642F)
	i := int(h >> 56)
	rank := uint64(bits.LeadingZeros64(h<<8|1<<7) + 1)
	word, shift := half*registers/perWord+i/perWord, i%perWord*8
	have := n[word] >> shift & 0xFF
	if rank <= have {
		return
	}
	other := n[(1-half)*registers/perWord+i/perWord] >> shift & 0xFF
	n[word] += (rank - have) << shift
	if was := max(have, other); rank > was {
		s.sum += inverse(rank) - inverse(was)
		if was == 0 {
			s.zeros--
		}
	}
}

// turn makes now before, and now empty. It reports whether anything is left.
func (s *sketch) turn(n *notes) bool {
	const words = registers / perWord
	copy(n[words:], n[:words])
	clear(n[:words])
	*s = newSketch()
	for _, w := range n[words:] {
		for ; w != 0; w &^= 0xFF << (bits.TrailingZeros64(w) &^ 7) {
			s.sum += inverse(w>>(bits.TrailingZeros64(w)&^7)&0xFF) - 1
			s.zeros--
		}
	}
	return s.zeros < registers
}

// count estimates: by the empty registers while there are many, then by Flajolet's harmonic mean.
func (s *sketch) count() int {
	const alpha = 0.7213 / (1 + 1.079/registers)
	e := alpha * registers * registers / s.sum
	if e <= 2.5*registers && s.zeros > 0 {
		e = registers * math.Log(registers/float64(s.zeros))
	}
	return int(e + 0.5)
}

// inverse is 2^-n.
func inverse(n uint64) float64 { return math.Float64frombits((1023 - n) << 52) }
