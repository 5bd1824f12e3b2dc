package prefix

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// shape is a seeded table like the lists of clouds, crawlers and hosters: many /24 and /32, clusters of /64 under few
// /32, lists inside lists. Lengths and clustering are counted from public lists.
type shape struct {
	rnd *rand.Rand
}

func newShape(seed uint64) *shape { return &shape{rand.New(rand.NewPCG(seed, 7))} }

// weights are how many prefixes of each length the public lists hold.
var (
	weights4 = map[int]int{
		10: 12, 11: 27, 12: 59, 13: 110, 14: 231, 15: 503, 16: 1360, 17: 806, 18: 1287, 19: 1803, 20: 2622, 21: 3808, 22: 7847,
		23: 9715, 24: 19222, 25: 547, 26: 683, 27: 834, 28: 1272, 29: 1022, 30: 1339, 31: 1892, 32: 6146,
	}
	weights6 = map[int]int{
		29: 508, 30: 77, 31: 120, 32: 682, 33: 78, 34: 86, 35: 196, 36: 474, 37: 154, 38: 206, 39: 341, 40: 1828, 41: 253,
		42: 280, 43: 295, 44: 492, 45: 380, 46: 696, 47: 1421, 48: 3122, 52: 113, 54: 299, 55: 297, 56: 740, 57: 310, 58: 466,
		59: 544, 60: 704, 61: 749, 62: 976, 63: 1404, 64: 5328, 125: 30, 126: 21, 127: 77, 128: 967,
	}
)

func (s *shape) length(weights map[int]int) int {
	total := 0
	for _, w := range weights {
		total += w
	}
	k := s.rnd.IntN(total)
	for n := 0; n <= 128; n++ {
		if k -= weights[n]; k < 0 {
			return n
		}
	}
	panic("weights add up")
}

// lists makes n4 and n6 prefixes in 50 lists of very unequal size.
func (s *shape) lists(n4, n6 int) [][]netip.Prefix {
	out := make([][]netip.Prefix, 50)
	// 9,000 of the 65,536 blocks of 16 bits hold all IPv4 prefixes.
	blocks := make([]uint32, 9000)
	for i := range blocks {
		blocks[i] = uint32(s.rnd.IntN(223)+1)<<24 | uint32(s.rnd.IntN(256))<<16
	}
	var last uint32
	for range n4 {
		bits := s.length(weights4)
		a := blocks[int(float64(len(blocks))*s.rnd.Float64()*s.rnd.Float64())] | uint32(s.rnd.IntN(1<<16))
		if s.rnd.IntN(3) == 0 {
			a = last + 1<<(32-bits) // a neighbour: clouds come in rows
		}
		last = a
		s.put(out, uint64(a>>16), netip.PrefixFrom(address4(a), bits).Masked())
	}
	tops := []uint64{0x2a02, 0x2603, 0x2600, 0x2001, 0x2a04, 0x2606, 0x2406, 0x2602, 0x2a05, 0x2a01, 0x2a0f, 0x2a00, 0x2607, 0x2400}
	sites := make([]uint64, 2950) // the /32 that hold all IPv6 prefixes; the first one two fifths of them
	for i := range sites {
		sites[i] = tops[s.rnd.IntN(len(tops))]<<48 | uint64(s.rnd.IntN(1<<16))<<32
	}
	for range n6 {
		bits := s.length(weights6)
		i := int(float64(len(sites)) * s.rnd.Float64() * s.rnd.Float64() * s.rnd.Float64())
		if bits > 53 && bits <= 64 && s.rnd.IntN(10) < 9 {
			i = 0
		}
		hi := sites[i] | uint64(s.rnd.Uint32()&0x00ffffff) // customers sit in the low part of a site
		var lo uint64
		if bits > 64 {
			lo = uint64(s.rnd.IntN(1 << 12))
		}
		s.put(out, sites[i]>>32, netip.PrefixFrom(address6(hi, lo), bits).Masked())
	}
	return out
}

// put gives a prefix to the owner of its block and, one in eight, to a crawler or a collected list as well.
func (s *shape) put(out [][]netip.Prefix, block uint64, p netip.Prefix) {
	f := float64(block*0x9e3779b97f4a7c15>>40) / (1 << 24)
	owner := int(40 * f * f * f)
	out[owner] = append(out[owner], p)
	if s.rnd.IntN(8) == 0 {
		out[40+owner%10] = append(out[40+owner%10], p)
	}
}

func address6(hi, lo uint64) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	return netip.AddrFrom16(b)
}

func address4(v uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v)
	return netip.AddrFrom4(b)
}

// inside is a random address of a prefix.
func (s *shape) inside(p netip.Prefix) netip.Addr {
	if p.Addr().Is4() {
		b := p.Addr().As4()
		return address4(binary.BigEndian.Uint32(b[:]) | uint32(uint64(s.rnd.Uint32())&(1<<(32-p.Bits())-1)))
	}
	hi, lo := words(p.Addr())
	if p.Bits() < 64 {
		return address6(hi|s.rnd.Uint64()>>p.Bits(), s.rnd.Uint64())
	}
	return address6(hi, lo|s.rnd.Uint64()>>(p.Bits()-64))
}

func words(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
}
