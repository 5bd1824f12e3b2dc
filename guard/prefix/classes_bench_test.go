package prefix

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"github.com/gaissmai/bart"
)

// Sizes of the table that all benchmarks use: what the public lists hold.
const (
	bench4 = 63_000
	bench6 = 25_000
)

// asked are addresses of one kind, as netip.Addr and as words.
type asked struct {
	name  string
	addrs []netip.Addr
	words []twoWords
}

type twoWords struct {
	hi, lo uint64
	is4    bool
}

// traffic makes the addresses: hits spread over the prefixes, misses of which half are neighbours of prefixes, and a
// mix as sites see it, mostly from few clients.
func traffic(lists [][]netip.Prefix, covered func(netip.Addr) bool) []asked {
	s := newShape(11)
	const n = 1 << 16
	var v4, v6 []netip.Prefix
	for _, p := range slices.Concat(lists...) {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	hit := func(ps []netip.Prefix) func() netip.Addr {
		return func() netip.Addr { return s.inside(ps[s.rnd.IntN(len(ps))]) }
	}
	miss := func(ps []netip.Prefix, far func() netip.Addr) func() netip.Addr {
		near := hit(ps)
		return func() netip.Addr {
			for {
				a := far()
				if s.rnd.IntN(2) == 0 {
					hi, lo := words(near())
					if a = address6(hi^1<<(s.rnd.IntN(40)+8), lo); ps[0].Addr().Is4() {
						a = address4(uint32(lo) ^ 1<<s.rnd.IntN(20))
					}
				}
				if !covered(a) {
					return a
				}
			}
		}
	}
	far4 := func() netip.Addr { return address4(s.rnd.Uint32()) }
	far6 := func() netip.Addr { return address6(1<<61|s.rnd.Uint64()>>3, s.rnd.Uint64()) }
	hit4, hit6, miss4, miss6 := hit(v4), hit(v6), miss(v4, far4), miss(v6, far6)
	var clients []netip.Addr
	for range 2000 {
		clients = append(clients, miss4())
	}
	zipf := rand.NewZipf(s.rnd, 1.1, 1, uint64(len(clients)-1))
	mix := func() netip.Addr {
		switch k := s.rnd.IntN(100); {
		case k < 70:
			return clients[zipf.Uint64()]
		case k < 80:
			return miss6()
		case k < 85:
			return hit6()
		case k < 97:
			return hit4()
		default:
			return miss4()
		}
	}
	var out []asked
	for _, k := range []struct {
		name string
		next func() netip.Addr
	}{{"v4hit", hit4}, {"v4miss", miss4}, {"v6hit", hit6}, {"v6miss", miss6}, {"mix", mix}} {
		q := asked{name: k.name}
		for range n {
			a := k.next()
			hi, lo := words(a)
			q.addrs = append(q.addrs, a)
			q.words = append(q.words, twoWords{hi, lo, a.Is4()})
		}
		out = append(out, q)
	}
	return out
}

func benchLists() [][]netip.Prefix { return newShape(1).lists(bench4, bench6) }

// BenchmarkLookup sets Classes beside bart's tables with the same classes as values. bart.Lite has no values: it says
// only whether any list covers the address.
func BenchmarkLookup(b *testing.B) {
	lists := benchLists()
	c := build(b, lists)
	var (
		fast  bart.Fast[Class]
		table bart.Table[Class]
		lite  bart.Lite
	)
	for _, p := range slices.Concat(lists...) {
		// The class where the prefix begins is that of a longer one that begins there too; no matter for the time.
		fast.Insert(p, c.Lookup(p.Addr()))
		table.Insert(p, c.Lookup(p.Addr()))
		lite.Insert(p)
	}
	var sum int
	for _, q := range traffic(lists, lite.Contains) {
		n := len(q.addrs) - 1
		b.Run(q.name+"/classes", func(b *testing.B) {
			for i := range b.N {
				sum += int(c.Lookup(q.addrs[i&n]))
			}
		})
		b.Run(q.name+"/words", func(b *testing.B) {
			for i := range b.N {
				w := &q.words[i&n]
				sum += int(c.LookupWords(w.hi, w.lo, w.is4))
			}
		})
		b.Run(q.name+"/fast", func(b *testing.B) {
			for i := range b.N {
				k, _ := fast.Lookup(q.addrs[i&n])
				sum += int(k)
			}
		})
		b.Run(q.name+"/table", func(b *testing.B) {
			for i := range b.N {
				k, _ := table.Lookup(q.addrs[i&n])
				sum += int(k)
			}
		})
		b.Run(q.name+"/lite", func(b *testing.B) {
			for i := range b.N {
				if lite.Contains(q.addrs[i&n]) {
					sum++
				}
			}
		})
	}
	runtime.KeepAlive(sum)
}

func BenchmarkBuild(b *testing.B) {
	lists := benchLists()
	var c *Classes
	for b.Loop() {
		c = build(b, lists)
	}
	n := 0
	for _, l := range lists {
		n += len(l)
	}
	b.ReportMetric(float64(c.bytes())/float64(n), "B/prefix")
	b.ReportMetric(float64(c.bytes())/(1<<20), "MiB")
}

// bytes is what the table keeps.
func (c *Classes) bytes() int {
	n := len(c.trie.words)*16 + len(c.trie.refs)*8 + len(c.trie.bands)*32 + len(c.masks)*(32+24)
	for _, m := range c.members {
		n += 2 * len(m)
	}
	return n
}
