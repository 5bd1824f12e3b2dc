package prefix

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// standing is a list of n bans: most of one address, some of networks, a fifth IPv6.
func standing(n int) (*List[int64], []netip.Prefix) {
	r := rand.New(rand.NewPCG(9, 9))
	changes := make([]Change[int64], 0, n)
	ps := make([]netip.Prefix, 0, n)
	for range n {
		p := GroupBits(address4(r.Uint32()), 32, 64)
		switch r.IntN(10) {
		case 0, 1:
			p = Group(address6(0x2a00<<48|r.Uint64()>>16, 0))
		case 2:
			p = GroupBits(p.Addr(), 24, 48)
		}
		ps = append(ps, p)
		changes = append(changes, Change[int64]{Prefix: p, Value: 1})
	}
	return (*List[int64])(nil).With(changes), ps
}

// BenchmarkListFind shows how the cost grows with the number of entries, as more of them lie outside the caches. A stale hit finds an entry past its
// time and must look for a wider one.
func BenchmarkListFind(b *testing.B) {
	good := func(until int64) bool { return until > 0 }
	stale := func(until int64) bool { return until > 1 }
	for _, n := range []int{100, 10_000, 100_000, 1_000_000} {
		l, ps := standing(n)
		r := rand.New(rand.NewPCG(1, 1))
		var hit, miss [1 << 12]netip.Addr
		for i := range hit {
			hit[i] = ps[r.IntN(len(ps))].Addr()
			miss[i] = address4(r.Uint32())
		}
		for _, c := range []struct {
			name  string
			addrs *[1 << 12]netip.Addr
			good  func(int64) bool
		}{{"miss", &miss, good}, {"hit", &hit, good}, {"stale", &hit, stale}} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				b.ReportAllocs()
				for i := range b.N {
					l.Find(c.addrs[i&(1<<12-1)], c.good)
				}
			})
		}
	}
}

func BenchmarkListWith(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		l, _ := standing(n)
		for _, m := range []int{1, 10, 100, 1000} {
			r := rand.New(rand.NewPCG(2, 2))
			changes := make([]Change[int64], m)
			for i := range changes {
				changes[i] = Change[int64]{Prefix: netip.PrefixFrom(address4(r.Uint32()), 32), Value: 1}
			}
			b.Run(fmt.Sprintf("%d-in-%d", m, n), func(b *testing.B) {
				for b.Loop() {
					l.With(changes)
				}
			})
		}
	}
}
