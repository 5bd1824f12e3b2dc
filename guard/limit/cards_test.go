package limit

import (
	"math/rand/v2"
	"testing"
	"time"
)

// every is a card with the same limit in all slots.
func every(l *Limit) *Limits {
	var limits Limits
	for i := range limits {
		limits[i] = *l
	}
	return &limits
}

// TestCardsAgainstMap plays random calls against cards that have room for all keys, and a map of arrays.
func TestCardsAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	key := NewKey([16]byte{1})
	var limits Limits
	for i := range limits {
		limits[i] = anyRate(r).Limit()
	}
	cards, twin := NewCards(1000), map[uint64]*[Slots]int64{}
	refusals, softs := 0, 0
	for now, step := noon, 0; step < 250_000; step++ {
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
		d := Draw{Slots: uint8(r.UintN(1 << Slots)), Hold: uint8(r.UintN(256) & r.UintN(256)), Soft: uint8(r.UintN(256) & r.UintN(256))}
		var next [Slots]int64
		var want [Slots]Result
		pass := true
		for slot := range Slots {
			if d.Slots>>slot&1 == 1 {
				next[slot], want[slot] = limits[slot].Step(tats[slot], now, 1)
				pass = pass && (want[slot].OK || d.Soft>>slot&1 == 1)
			}
		}
		how := r.IntN(3)
		var got bool
		switch how {
		case 0:
			got = cards.Peek(h, now, &limits, &d)
		case 1:
			got = cards.Take(h, now, &limits, &d)
		case 2:
			if got = cards.Peek(h, now, &limits, &d); got {
				got = cards.Pay(h, now, &limits, &d)
			}
		}
		if got != pass {
			t.Fatalf("step %d, way %d: got %v, want %v", step, how, got, pass)
		}
		for slot := range Slots {
			if d.Slots>>slot&1 == 0 {
				continue
			}
			w := want[slot]
			over := d.Over>>slot&1 == 1
			if over == w.OK || d.Left[slot] != w.Left || d.Wait[slot] != w.Wait {
				t.Fatalf("step %d, way %d, slot %d: got %+v, want %+v", step, how, slot, d, w)
			}
			if pass && how > 0 && d.Hold>>slot&1 == 0 && w.OK {
				tats[slot] = next[slot]
			}
			if pass && over {
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
	l := Rate{3, time.Minute}.Limit()
	cards, limits := NewCards(64), every(&l)
	cards.Debit(8, noon, 0, &l, 0)
	cards.Forget(8)
	for i := range 5 {
		if ok := cards.Pay(8, noon, limits, &Draw{Slots: 1}); ok != (i < 3) {
			t.Fatalf("pay %d: %v", i, ok)
		}
	}
	draw := &Draw{Slots: 1}
	for i := range 5 { // looked at once, of a key that owes nothing
		cards.Peek(16, noon, limits, draw)
		if ok := cards.Pay(24, noon, limits, draw); ok != (i < 3) {
			t.Fatalf("pay %d: %v", i, ok)
		}
	}
}

// TestRefusalOfOneLimitPaysNone tells of a request that one limit refuses: its other limits are as they were, also
// where another request took the last of it between the look and the pay.
func TestRefusalOfOneLimitPaysNone(t *testing.T) {
	cards, limits := NewCards(64), &Limits{Rate{100, time.Minute}.Limit(), Rate{2, time.Minute}.Limit()}
	both := func() *Draw { return &Draw{Slots: 0b11} }
	left := func() int32 {
		d := Draw{Slots: 1}
		cards.Peek(1<<40, noon, limits, &d)
		return d.Left[0] + 1
	}
	cards.Take(1<<40, noon, limits, both())
	slow := both()
	if !cards.Peek(1<<40, noon, limits, slow) || !cards.Take(1<<40, noon, limits, both()) || left() != 98 {
		t.Fatal("two requests should pass")
	}
	if cards.Pay(1<<40, noon, limits, slow) || slow.Over != 1<<1 || slow.Wait[1] != 30e9 || left() != 98 {
		t.Fatalf("the third, that looked before the second had paid: %+v, %d left", slow, left())
	}
	if d := both(); cards.Take(1<<40, noon, limits, d) || d.Over != 1<<1 || left() != 98 {
		t.Fatalf("the fourth: %+v, %d left", d, left())
	}
}
