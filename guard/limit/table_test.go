package limit

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestTableAgainstMap plays random calls against a table that has room for all keys, and a map.
func TestTableAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	key := NewKey([16]byte{1})
	limits := make([]Limit, 20)
	for i := range limits {
		limits[i] = anyRate(r).Limit()
	}
	table, twin := NewTable(1000), map[uint64]int64{}
	refusals := 0
	for now, step := noon, 0; step < 200_000; step++ {
		i := r.Uint64N(300)
		h, l := key.Addr(0, i, 0), &limits[i%20]
		if r.IntN(3) == 0 {
			now += r.Int64N(1e9)
		}
		switch r.IntN(8) {
		case 0:
			table.Forget(h)
			delete(twin, h)
		case 1:
			n := r.Int64N(4)
			table.Debit(h, l, now, n)
			twin[h] = l.Add(twin[h], now, n)
		case 2, 3:
			if _, want := l.Step(twin[h], now, 1); table.Peek(h, l, now) != want {
				t.Fatalf("peek: want %+v", want)
			}
		default:
			cost := r.Int64N(4)
			next, want := l.Step(twin[h], now, cost)
			if got := table.Take(h, l, now, cost); got != want {
				t.Fatalf("take %d: got %+v, want %+v", cost, got, want)
			}
			if want.OK {
				twin[h] = next
			} else {
				refusals++
			}
		}
	}
	if refusals < 10_000 || table.Evicted() != 0 {
		t.Errorf("%d refusals, %d evicted", refusals, table.Evicted())
	}
}

func TestPeekMakesNothing(t *testing.T) {
	table, cards := NewTable(64), NewCards(64)
	l := Rate{5, time.Minute}.Limit()
	for h := range uint64(1000) {
		h *= 0x9E3779B97F4A7C15
		table.Peek(h, &l, noon)
		table.Forget(h)
		cards.Peek(h, noon, every(&l), &Draw{Slots: 1})
		cards.Take(h, noon, every(&l), &Draw{Slots: 1, Hold: 1})
		cards.Forget(h)
		if e, _ := table.find(h); e != nil || cards.find(h) != nil {
			t.Fatal("looking made a state")
		}
	}
}

// TestOffendersSurviveAFlood fills a table twenty times over with fresh keys: who was at their limit still is.
func TestOffendersSurviveAFlood(t *testing.T) {
	const size, offenders = 1 << 12, 500
	minute, daily := Rate{5, time.Minute}.Limit(), Rate{10, day}.Limit()
	for name, flood := range map[string]*Limit{"the same limit": &minute, "a longer one": &daily} {
		key := NewKey([16]byte{4})
		table, cards := NewTable(size), NewCards(size)
		for i := range uint64(offenders) {
			h := key.Addr(1, i, 0)
			for range 6 {
				table.Take(h, &minute, noon, 1)
				cards.Take(h, noon, every(&minute), &Draw{Slots: 1 << 1})
			}
		}
		now := noon
		for i := range uint64(20 * 2 * size) {
			now += 100_000 // 16 s in all
			h := key.Addr(2, i, 0)
			if !table.Take(h, flood, now, 1).OK || !cards.Take(h, now, every(flood), &Draw{Slots: 1 << 2}) {
				t.Fatalf("%s: fresh key %d is refused", name, i)
			}
		}
		if now-noon > 48e9 {
			t.Fatal("the flood took so long that offenders are free again")
		}
		kept, keptCards := 0, 0
		for i := range uint64(offenders) {
			h := key.Addr(1, i, 0)
			if table.Peek(h, &minute, noon).OK == false {
				kept++
			}
			if !cards.Peek(h, noon, every(&minute), &Draw{Slots: 1 << 1}) {
				keptCards++
			}
		}
		if kept < offenders*99/100 || keptCards < offenders*99/100 {
			t.Errorf("flood under %s: of %d offenders a table kept %d, cards %d", name, offenders, kept, keptCards)
		}
		if table.Evicted() == 0 || cards.Evicted() == 0 {
			t.Errorf("%s: nothing was evicted", name)
		}
	}
}

// TestLoss holds what the tables say of themselves: how many of n live keys they cannot keep.
func TestLoss(t *testing.T) {
	const n = 1 << 15
	key, l := NewKey([16]byte{5}), Rate{5, time.Minute}.Limit()
	for _, c := range []struct {
		live                float64
		table, cards, least float64
	}{{1, 0.010, 0.16, 0.004}, {0.5, 0.0005, 0.012, 0}} {
		table, cards := NewTable(n), NewCards(n)
		keys := uint64(n * c.live)
		for i := range keys {
			h := key.Addr(0, i, 0)
			table.Take(h, &l, noon, 1)
			cards.Take(h, noon, every(&l), &Draw{Slots: 1})
		}
		lost, lostCards := float64(table.Evicted())/float64(keys), float64(cards.Evicted())/float64(keys)
		if lost > c.table || lost < c.least || lostCards > c.cards || lostCards < c.least {
			t.Errorf("at %.0f %% of n: table %.3f %%, cards %.2f %% lost", c.live*100, lost*100, lostCards*100)
		}
	}
	if b := NewTable(million).Bytes(); b > 40*million {
		t.Errorf("a table takes %d bytes a key", b/million)
	}
	for _, n := range []int{0, 1, 7, 100, 1<<20 + 1} {
		if b, min := NewTable(n).Bytes(), n*32; b < min || b > min+256 {
			t.Errorf("a table for %d keys has %d bytes", n, b)
		}
		if b, min := NewCards(n).Bytes(), n*64; b < min || b > min+512 {
			t.Errorf("%d cards have %d bytes", n, b)
		}
	}
}

// TestAnEmptyPlaceEndsNoSearchTooSoon looks for every key that a table or its cards still hold, while keys come, are
// freed and push each other out: the search finds each one in the very place where it lies.
func TestAnEmptyPlaceEndsNoSearchTooSoon(t *testing.T) {
	key, l := NewKey([16]byte{6}), Rate{5, time.Minute}.Limit()
	table, cards := NewTable(40), NewCards(80)
	looked := 0
	for i := range uint64(4000) {
		h, now := key.Addr(0, i%500*(i%7), 0), noon+int64(i)*1e8
		table.Take(h, &l, now, 1)
		cards.Take(h, now, every(&l), &Draw{Slots: 1})
		if i%5 == 0 {
			table.Forget(h)
			cards.Forget(h)
		}
		for j := range table.all {
			if tag := table.all[j].tag.Load(); tag != 0 {
				looked++
				if e, _ := table.find(tag); e != &table.all[j] {
					t.Fatalf("step %d: place %d of the table is not found", i, j)
				}
			}
		}
		for j := range cards.all {
			if tag := cards.all[j].tag.Load(); tag != 0 {
				looked++
				if cards.find(tag) != &cards.all[j] {
					t.Fatalf("step %d: card %d is not found", i, j)
				}
			}
		}
	}
	if looked < 500_000 || table.Evicted() == 0 || cards.Evicted() == 0 {
		t.Errorf("looked for %d keys, %d and %d were pushed out", looked, table.Evicted(), cards.Evicted())
	}
}
