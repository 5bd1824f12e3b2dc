package limit

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestCardsAgainstMap plays random calls against cards that have room for all keys, and a map of arrays.
func TestCardsAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	key := NewKey([16]byte{1})
	var limits [Slots]Limit
	for i := range limits {
		limits[i] = anyRate(r).Limit()
	}
	cards, twin := NewCards(1000), map[uint64]*[Slots]int64{}
	refusals, softs := 0, 0
	for now, step := noon, 0; step < 200_000; step++ {
		h := key.Addr(0, r.Uint64N(200), 0)
		if r.IntN(3) == 0 {
			now += r.Int64N(1e9)
		}
		tats := twin[h]
		if tats == nil {
			tats = new([Slots]int64)
			twin[h] = tats
		}
		switch r.IntN(8) {
		case 0:
			if r.IntN(4) == 0 {
				cards.Forget(h)
				*tats = [Slots]int64{}
			}
			continue
		case 1:
			slot, n := r.IntN(Slots), r.Int64N(4)
			cards.Debit(h, now, uint8(slot), &limits[slot], n)
			tats[slot] = limits[slot].Add(tats[slot], now, n)
			continue
		}
		var draws []Draw
		var next [Slots]int64
		var want [Slots]Result
		pass := true
		for _, slot := range r.Perm(Slots)[:r.IntN(Slots+1)] {
			d := Draw{Limit: &limits[slot], Slot: uint8(slot), Cost: r.Int32N(4), Hold: r.IntN(5) == 0, Soft: r.IntN(4) == 0}
			next[slot], want[slot] = d.Limit.Step(tats[slot], now, d.cost())
			pass = pass && (want[slot].OK || d.Soft)
			draws = append(draws, d)
		}
		how := r.IntN(3)
		var got bool
		switch how {
		case 0:
			got = cards.Peek(h, now, draws)
		case 1:
			got = cards.Take(h, now, draws)
		case 2:
			if got = cards.Peek(h, now, draws); got {
				got = cards.Pay(h, now, draws)
			}
		}
		if got != pass {
			t.Fatalf("step %d, way %d: got %v, want %v", step, how, got, pass)
		}
		for _, d := range draws {
			w := want[d.Slot]
			if d.Over == w.OK || d.Left != w.Left || d.Wait != w.Wait {
				t.Fatalf("step %d, way %d: got %+v, want %+v", step, how, d, w)
			}
			if pass && how > 0 && !d.Hold && w.OK {
				tats[d.Slot] = next[d.Slot]
			}
			if pass && d.Over {
				softs++
			}
		}
		if !pass {
			refusals++
		}
	}
	if refusals < 10_000 || softs < 10_000 || cards.Evicted() != 0 {
		t.Errorf("%d refusals, %d soft draws over, %d evicted", refusals, softs, cards.Evicted())
	}
}

// TestPayWithoutAPeek holds that draws which nobody looked at, or which were looked at of another card, pay no less.
func TestPayWithoutAPeek(t *testing.T) {
	cards, l := NewCards(64), Rate{3, time.Minute}.Limit()
	cards.Debit(8, noon, 0, &l, 0)
	cards.Forget(8)
	for i := range 5 {
		if ok := cards.Pay(8, noon, []Draw{{Limit: &l}}); ok != (i < 3) {
			t.Fatalf("pay %d: %v", i, ok)
		}
	}
	draws := []Draw{{Limit: &l}}
	for i := range 5 { // looked at once, of a key that owes nothing
		cards.Peek(16, noon, draws)
		if ok := cards.Pay(24, noon, draws); ok != (i < 3) {
			t.Fatalf("pay %d: %v", i, ok)
		}
	}
}

// TestRefusalOfOneLimitPaysNone tells of a request that one limit refuses: its other limits are as they were, also
// where another request took the last of it between the look and the pay.
func TestRefusalOfOneLimitPaysNone(t *testing.T) {
	cards, wide, narrow := NewCards(64), Rate{100, time.Minute}.Limit(), Rate{2, time.Minute}.Limit()
	draws := func() []Draw { return []Draw{{Limit: &wide, Slot: 0}, {Limit: &narrow, Slot: 1}} }
	left := func() int32 {
		d := []Draw{{Limit: &wide, Slot: 0}}
		cards.Peek(1<<40, noon, d)
		return d[0].Left + 1
	}
	cards.Take(1<<40, noon, draws())
	slow := draws()
	if !cards.Peek(1<<40, noon, slow) || !cards.Take(1<<40, noon, draws()) || left() != 98 {
		t.Fatal("two requests should pass")
	}
	if cards.Pay(1<<40, noon, slow) || !slow[1].Over || slow[1].Wait != 30e9 || left() != 98 {
		t.Fatalf("the third, that looked before the second had paid: %+v, %d left", slow, left())
	}
	if d := draws(); cards.Take(1<<40, noon, d) || !d[1].Over || d[0].Over || left() != 98 {
		t.Fatalf("the fourth: %+v, %d left", d, left())
	}
}
