package prefix

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// scan is the slow twin of Classes: all lists, all prefixes.
type scan [][]netip.Prefix

func (s scan) lookup(a netip.Addr) []uint16 {
	var out []uint16
	for i, list := range s {
		if slices.ContainsFunc(list, func(p netip.Prefix) bool { return unmap(p).Contains(a) }) {
			out = append(out, uint16(i))
		}
	}
	return out
}

func build(t testing.TB, lists [][]netip.Prefix) *Classes {
	t.Helper()
	var b Builder
	for i, l := range lists {
		if err := b.Add(uint16(i), l); err != nil {
			t.Fatal(err)
		}
	}
	c, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func checkAddress(t *testing.T, c *Classes, a netip.Addr, want []uint16) {
	t.Helper()
	k := c.Lookup(a)
	if got := c.Members(k); !slices.Equal(got, want) {
		t.Fatalf("%s is in lists %v, want %v", a, got, want)
	}
	if (k == 0) != (len(want) == 0) {
		t.Fatalf("%s has class %d, want 0 just when no list covers it", a, k)
	}
	var mask [4]uint64
	for _, i := range want {
		mask[i>>6] |= 1 << (i & 63)
	}
	if got := c.Mask(k); got != mask {
		t.Fatalf("%s has mask %x, want %x", a, got, mask)
	}
	hi, lo := words(a)
	if got := c.LookupWords(hi, lo, a.Is4()); got != k {
		t.Fatalf("%s by words has class %d, want %d", a, got, k)
	}
}

func TestScenes(t *testing.T) {
	mp := netip.MustParsePrefix
	lists := [][]netip.Prefix{
		0: {mp("20.0.0.0/8"), mp("2603::/16")},                      // a cloud
		1: {mp("20.15.133.160/27"), mp("2603:1030::/48")},           // a crawler inside it
		2: {mp("20.15.133.170/32"), mp("::ffff:198.51.100.77/120")}, // host bits, IPv4 in IPv6 form
		3: {mp("2001:db8::1/128"), mp("2001:db8:0:0:8000::/65"), mp("203.0.113.9/24")},
		4: {mp("255.255.255.255/32"), mp("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), mp("0.0.0.0/32"), mp("::/128")},
		5: {mp("128.0.0.0/1"), mp("8000::/1")},
	}
	everything := append(slices.Clone(lists), []netip.Prefix{mp("0.0.0.0/0"), mp("::/0")})
	cases := map[string][]uint16{
		"20.1.2.3": {0}, "20.15.133.160": {0, 1}, "20.15.133.170": {0, 1, 2}, "20.15.133.171": {0, 1}, "20.15.133.192": {0},
		"198.51.100.1": {2, 5}, "198.51.101.0": {5}, "203.0.113.255": {3, 5}, "203.0.114.0": {5}, "255.255.255.255": {4, 5},
		"255.255.255.254": {5}, "0.0.0.0": {4}, "0.0.0.1": nil, "127.255.255.255": nil, "128.0.0.0": {5},
		"2603::1": {0}, "2603:1030::1": {0, 1}, "2603:1030:1::": {0}, "2604::": nil, "2001:db8::1": {3}, "2001:db8::2": nil,
		"2001:db8:0:0:8000::": {3}, "2001:db8:0:0:7fff:ffff:ffff:ffff": nil, "::": {4}, "::1": nil,
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": {4, 5}, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe": {5},
		"7fff::": nil, "8000::": {5}, "::cb00:7101": nil, // not the IPv4 address with the same last bytes
	}
	if len(cases) != 30 {
		t.Fatalf("%d cases", len(cases))
	}
	for s, want := range cases {
		a := netip.MustParseAddr(s)
		checkAddress(t, build(t, lists), a, want)
		checkAddress(t, build(t, everything), a, append(slices.Clone(want), 6))
	}
}

func TestEmptyTable(t *testing.T) {
	c := build(t, nil)
	for _, s := range []string{"0.0.0.0", "203.0.113.7", "::", "2001:db8::1"} {
		checkAddress(t, c, netip.MustParseAddr(s), nil)
	}
	if c.Len() != 1 {
		t.Fatalf("%d classes, want the empty one", c.Len())
	}
	if c.Members(7) != nil || c.Mask(7) != (mask{}) {
		t.Fatal("a class of another table has lists")
	}
	if got := c.Lookup(netip.Addr{}); got != 0 {
		t.Fatalf("no address has class %d", got)
	}
}

// TestAgainstScan asks about each border of each prefix and its neighbours, where a clever table errs first.
func TestAgainstScan(t *testing.T) {
	asked := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		lists := make(scan, 1+r.IntN(6))
		var ask []netip.Addr
		for range 1 + r.IntN(120) {
			p := crowded(r)
			i := r.IntN(len(lists))
			lists[i] = append(lists[i], p)
			first, last := p.Masked().Addr(), end(p.Masked())
			ask = append(ask, first, last, crowded(r).Addr())
			for _, a := range []netip.Addr{first.Prev(), last.Next()} {
				if a.IsValid() {
					ask = append(ask, a)
				}
			}
		}
		c := build(t, lists)
		for _, a := range ask {
			checkAddress(t, c, a, lists.lookup(a))
			asked++
		}
	}
	if asked < 10_000 {
		t.Fatalf("only %d addresses asked about", asked)
	}
}

// crowded gives prefixes of few bit patterns, so that they nest, touch and repeat.
func crowded(r *rand.Rand) netip.Prefix {
	patterns := [...]uint64{0, ^uint64(0), 0x2a0226f7_00000000, 0x2a0226f7_12345678, 0x0a000000_00000000, r.Uint64()}
	hi := patterns[r.IntN(len(patterns))] ^ uint64(r.IntN(4))<<r.IntN(63)
	if r.IntN(2) == 0 {
		return netip.PrefixFrom(address4(uint32(hi>>32)), r.IntN(33))
	}
	lo := patterns[r.IntN(len(patterns))] ^ uint64(r.IntN(4))<<r.IntN(63)
	bits := r.IntN(129)
	if r.IntN(3) > 0 {
		bits = min(bits, 64)
	}
	return netip.PrefixFrom(address6(hi, lo), bits)
}

// TestAgainstScanAtSize is the same on a table shaped like the real one, a sample of addresses.
func TestAgainstScanAtSize(t *testing.T) {
	s := newShape(3)
	lists := scan(s.lists(6300, 2500))
	c := build(t, lists)
	asked, hits := 0, 0
	for _, list := range lists {
		for i, p := range list {
			if i%16 > 0 {
				continue
			}
			for _, a := range []netip.Addr{s.inside(p), p.Addr(), end(p), end(p).Next()} {
				want := lists.lookup(a)
				checkAddress(t, c, a, want)
				asked++
				hits += min(len(want), 1)
			}
		}
	}
	if asked < 2000 || hits < 1500 || hits == asked {
		t.Fatalf("%d addresses asked about, %d hits", asked, hits)
	}
}

// TestNest puts a prefix of each length into the next, each in a list of its own, and asks one bit off each of them.
func TestNest(t *testing.T) {
	for _, a := range []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2a02:26f7:1234:5678:9abc:def0:1122:3344")} {
		lists := make(scan, a.BitLen()+1)
		for n := range lists {
			lists[n] = []netip.Prefix{netip.PrefixFrom(a, n)}
		}
		c := build(t, lists)
		checkAddress(t, c, a, lists.lookup(a))
		for n := 1; n <= a.BitLen(); n++ {
			off := a.AsSlice()
			off[(n-1)>>3] ^= 0x80 >> ((n - 1) & 7)
			b, _ := netip.AddrFromSlice(off)
			checkAddress(t, c, b, lists.lookup(b))
			if got := len(c.Members(c.Lookup(b))); got != n {
				t.Fatalf("%s is in %d lists, want %d", b, got, n)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	var b Builder
	one := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	for _, c := range []struct {
		list     uint16
		prefixes []netip.Prefix
		want     string
	}{
		{MaxLists, one, "list number 256: a table takes 256 lists"},
		{0, make([]netip.Prefix, MaxPrefixes+1), "2000001 prefixes: a table takes 2000000"},
		{0, make([]netip.Prefix, 1), "prefix invalid Prefix is not valid"},
	} {
		if err := b.Add(c.list, c.prefixes); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	if err := b.Add(MaxLists-1, one); err != nil {
		t.Fatal(err)
	}
	c, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	checkAddress(t, c, one[0].Addr(), []uint16{MaxLists - 1})
}

// TestTooManyWays overlaps 17 lists in each of the 131,072 possible ways.
func TestTooManyWays(t *testing.T) {
	var b Builder
	for i := range uint16(17) {
		var ps []netip.Prefix
		for n := range uint32(1 << 17) {
			if n>>i&1 == 1 {
				ps = append(ps, netip.PrefixFrom(address4(n), 32))
			}
		}
		if err := b.Add(i, ps); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Build(); err == nil || !strings.Contains(err.Error(), "more than 65536 ways") {
		t.Fatalf("error %v", err)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	s := newShape(4)
	lists := s.lists(1000, 1000)
	c := build(t, lists)
	a4, a6 := s.inside(netip.MustParsePrefix("1.0.0.0/8")), lists[0][0].Addr()
	if n := testing.AllocsPerRun(100, func() {
		c.Members(c.Lookup(a4))
		c.Mask(c.Lookup(a6))
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func ExampleClasses() {
	var b Builder
	_ = b.Add(0, []netip.Prefix{netip.MustParsePrefix("20.0.0.0/8")})       // a cloud
	_ = b.Add(1, []netip.Prefix{netip.MustParsePrefix("20.15.133.160/27")}) // a crawler in it
	c, err := b.Build()
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Members(c.Lookup(netip.MustParseAddr("20.15.133.161"))))
	// Output: [0 1]
}
