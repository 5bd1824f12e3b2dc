package prefix

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// twin is the slow twin of List: a map, looked through for each length.
type twin map[netip.Prefix]int

func (w twin) covering(a netip.Addr) (out []netip.Prefix) {
	for n := a.BitLen(); n >= 0; n-- {
		p := netip.PrefixFrom(a, n).Masked()
		if _, ok := w[p]; ok {
			out = append(out, p)
		}
	}
	return out
}

func checkList(t *testing.T, l *List[int], w twin, r *rand.Rand) {
	t.Helper()
	if l.Len() != len(w) {
		t.Fatalf("%d entries, want %d", l.Len(), len(w))
	}
	var all []netip.Prefix
	for p, v := range l.All() {
		if w[p] != v {
			t.Fatalf("%s has %d, want %d", p, v, w[p])
		}
		all = append(all, p)
	}
	if len(all) != len(w) || !slices.IsSortedFunc(all, compare) {
		t.Fatalf("All gives %d entries of %d, or out of order", len(all), len(w))
	}
	for range 40 {
		a := unmap(crowded(r)).Addr().Unmap()
		if len(all) > 0 && r.IntN(2) == 0 {
			a = all[r.IntN(len(all))].Addr()
		}
		want := w.covering(a)
		var got []netip.Prefix
		for p, v := range l.Covering(a) {
			if w[p] != v {
				t.Fatalf("%s has %d, want %d", p, v, w[p])
			}
			got = append(got, p)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s is covered by %v, want %v", a, got, want)
		}
		// The first one, then the first whose value is even, as when others are past their time.
		v, p, ok := l.Lookup(a)
		if ok != (len(want) > 0) || ok && (p != want[0] || v != w[p]) || !ok && (v != 0 || p.IsValid()) {
			t.Fatalf("%s: %d, %s, %v; want %v", a, v, p, ok, want)
		}
		i := slices.IndexFunc(want, func(p netip.Prefix) bool { return w[p]%2 == 0 })
		v, p, ok = l.Find(a, func(v int) bool { return v%2 == 0 })
		if ok != (i >= 0) || ok && (p != want[i] || v != w[p]) || !ok && (v != 0 || p.IsValid()) {
			t.Fatalf("%s: even %d, %s, %v; want the %dth of %v", a, v, p, ok, i, want)
		}
	}
}

// TestListAgainstTwin changes lists in batches small and large, and looks at old versions again afterwards.
func TestListAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	versions := 0
	for range 30 {
		l, w := &List[int]{}, twin{}
		var lists []*List[int]
		var twins []twin
		for range 12 {
			changes := make([]Change[int], r.IntN(6)*r.IntN(20))
			next := twin{}
			for p, v := range w {
				next[p] = v
			}
			for i := range changes {
				p := crowded(r)
				if r.IntN(3) == 0 {
					for p = range next {
						break
					}
				}
				changes[i] = Change[int]{Prefix: p, Value: 1 + r.IntN(1000), Delete: r.IntN(3) == 0}
				if p = unmap(p).Masked(); !p.IsValid() {
					continue
				}
				if next[p] = changes[i].Value; changes[i].Delete {
					delete(next, p)
				}
			}
			l, w = l.With(changes), next
			lists, twins = append(lists, l), append(twins, w)
		}
		for i := range lists {
			checkList(t, lists[i], twins[i], r)
			versions++
		}
	}
	if versions != 360 {
		t.Fatalf("%d versions looked at", versions)
	}
}

func TestListScenes(t *testing.T) {
	mp, ma := netip.MustParsePrefix, netip.MustParseAddr
	l := (&List[int64]{}).With([]Change[int64]{
		{Prefix: mp("203.0.113.7/32"), Value: 100}, // until
		{Prefix: mp("203.0.113.99/24"), Value: 200},
		{Prefix: mp("::ffff:198.51.100.0/120"), Value: 300},
		{Prefix: mp("::/0"), Value: 400},
		{Prefix: netip.Prefix{}, Value: 500},
	})
	for _, c := range []struct {
		addr string
		now  int64
		want string
	}{
		{"203.0.113.7", 50, "100 203.0.113.7/32 true"},
		{"203.0.113.7", 150, "200 203.0.113.0/24 true"}, // the one past its time does not hide the wider one
		{"203.0.113.7", 250, "0 invalid Prefix false"},
		{"203.0.113.8", 50, "200 203.0.113.0/24 true"},
		{"203.0.114.0", 50, "0 invalid Prefix false"},
		{"198.51.100.1", 50, "300 198.51.100.0/24 true"},
		{"2001:db8::1", 50, "400 ::/0 true"},
	} {
		v, p, ok := l.Find(ma(c.addr), func(until int64) bool { return until > c.now })
		if got := fmt.Sprint(v, p, ok); got != c.want {
			t.Errorf("%s at %d: %s, want %s", c.addr, c.now, got, c.want)
		}
	}
	if l.Len() != 4 {
		t.Errorf("%d entries, want 4", l.Len())
	}
}

func TestEmptyList(t *testing.T) {
	for _, l := range []*List[int]{nil, {}, (*List[int])(nil).With(nil), (&List[int]{}).With(make([]Change[int], 1))} {
		if _, p, ok := l.Lookup(netip.MustParseAddr("203.0.113.7")); ok || p.IsValid() || l.Len() != 0 {
			t.Errorf("an empty list gives %s", p)
		}
		if _, _, ok := l.Lookup(netip.Addr{}); ok {
			t.Error("no address was found")
		}
		for p := range l.All() {
			t.Errorf("an empty list holds %s", p)
		}
		for p := range l.Covering(netip.MustParseAddr("203.0.113.7")) {
			t.Errorf("an empty list holds %s", p)
		}
	}
}

// TestReadersWhileWriting is for the race detector: readers always see whole versions, in which two bans stand or fall
// together.
func TestReadersWhileWriting(t *testing.T) {
	one, two := netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("2001:db8::/64")
	var now atomic.Pointer[List[int]]
	start, _ := standing(2000)
	var changes []Change[int]
	for p := range start.All() {
		changes = append(changes, Change[int]{Prefix: p, Value: -1})
	}
	now.Store((&List[int]{}).With(changes).With([]Change[int]{{Prefix: one}, {Prefix: two}}))
	const rounds = 300
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for last := 0; last < rounds; {
				l := now.Load()
				a, _, ok1 := l.Lookup(one.Addr())
				b, _, ok2 := l.Find(two.Addr(), func(v int) bool { return v >= 0 })
				if !ok1 || !ok2 || a != b || a < last {
					t.Errorf("versions %d (%v) and %d (%v) after %d", a, ok1, b, ok2, last)
					return
				}
				last = a
			}
		})
	}
	r := rand.New(rand.NewPCG(8, 8))
	for i := 1; i <= rounds; i++ {
		batch := []Change[int]{{Prefix: one, Value: i}, {Prefix: two, Value: i}}
		for range r.IntN(80) { // some batches copy the whole, some only the paths
			batch = append(batch, Change[int]{Prefix: netip.PrefixFrom(address4(r.Uint32()), 32), Value: -1, Delete: r.IntN(2) == 0})
		}
		now.Store(now.Load().With(batch))
	}
	readers.Wait()
}

func TestFindAllocatesNothing(t *testing.T) {
	l, ps := standing(5000)
	i := 0
	for name, f := range map[string]func(){
		"hit":   func() { l.Find(ps[i].Addr(), func(v int64) bool { return v > 0 }) },
		"stale": func() { l.Find(ps[i].Addr(), func(v int64) bool { return v > int64(i)+1 }) },
		"miss":  func() { l.Find(address4(uint32(i)), func(v int64) bool { return v > 0 }) },
		"first": func() { l.Lookup(ps[i].Addr()) },
	} {
		if n := testing.AllocsPerRun(1000, func() { f(); i = (i + 1) % len(ps) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
