package limit

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// together runs f in some goroutines at once and waits for them.
func together(f func(r *rand.Rand)) {
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range uint64(8) {
		done.Go(func() {
			start.Wait()
			f(rand.New(rand.NewPCG(i, 0)))
		})
	}
	start.Done()
	done.Wait()
}

// TestNobodyGetsMoreTogether lets goroutines meet on keys that are new to the table. Each key lets through what its
// limit says, to the request: two goroutines that make the same key at once must not make it twice.
func TestNobodyGetsMoreTogether(t *testing.T) {
	const keys, count = 200, 5
	key := NewKey([16]byte{1})
	l := Rate{count, time.Minute}.Limit()
	for name, take := range map[string]func() func(h uint64) bool{
		"table": func() func(uint64) bool {
			table := NewTable(8 * keys)
			return func(h uint64) bool { return table.Take(h, &l, noon, 1).OK }
		},
		"cards": func() func(uint64) bool {
			cards := NewCards(8 * keys)
			return func(h uint64) bool { return cards.Take(h, noon, every(&l), &Draw{Slots: 1 << 2}) }
		},
		"window": func() func(uint64) bool {
			w := NewWindow(8 * keys)
			return func(h uint64) bool { return w.Take(h, Day(noon), noon, count, 1).OK }
		},
	} {
		for round := range uint64(20) {
			take := take()
			var passed [keys]atomic.Int32
			together(func(*rand.Rand) {
				for range count {
					for i := range uint64(keys) {
						if take(key.Addr(round, i, 0)) {
							passed[i].Add(1)
						}
					}
				}
			})
			for i := range passed {
				if n := passed[i].Load(); n != count {
					t.Fatalf("%s: key %d: %d of %d passed", name, i, n, count)
				}
			}
		}
	}
}

// TestAllOrNoneTogether lets goroutines draw from two limits of one card of which the second ends sooner: in the end
// the first has paid for just the requests that passed.
func TestAllOrNoneTogether(t *testing.T) {
	for range 50 {
		cards, limits := NewCards(8), &Limits{Rate{1000, time.Hour}.Limit(), Rate{50, time.Hour}.Limit()}
		var passed atomic.Int32
		take := func() {
			if cards.Take(3<<40, noon, limits, &Draw{Slots: 0b11}) {
				passed.Add(1)
			}
		}
		together(func(*rand.Rand) {
			for range 40 {
				take()
			}
		})
		take()
		d := Draw{Slots: 1, Hold: 1}
		cards.Take(3<<40, noon, limits, &d)
		if n := passed.Load(); n != 50 || d.Left[0] != 999-50 {
			t.Fatalf("%d passed, and the first limit has %d left", n, d.Left[0]+1)
		}
	}
}

// TestEverythingTogether is for the race detector: every call, on tables so small that keys push each other out.
func TestEverythingTogether(t *testing.T) {
	table, cards, until, distinct, window := NewTable(4), NewCards(8), NewUntil(4), NewDistinct(8), NewWindow(4)
	key := NewKey([16]byte{1})
	l := Rate{5, time.Second}.Limit()
	together(func(r *rand.Rand) {
		for i := range 5000 {
			h, now := key.Addr(0, r.Uint64N(40), 0), noon+int64(i)*1e6+r.Int64N(1e6)
			limits, draw := every(&l), &Draw{Slots: 1 | 1<<1 | 1<<6, Hold: 1 << 6}
			switch r.IntN(16) {
			case 0:
				table.Forget(h)
				cards.Forget(h)
				until.Clear(h)
				window.Forget(h)
			case 1:
				table.Debit(h, &l, now, 2)
				cards.Debit(h, now, 6, &l, 1)
			case 2:
				until.Set(h, now+int64(until.Strike(h, now)+1)*1e9)
			case 3:
				distinct.Add(h, r.Uint64(), 1e9, now)
				distinct.Count(h, 1e9, now)
			case 4:
				window.Take(h, Day(now), now, 5, 1)
				_ = table.Evicted() + cards.Evicted() + until.Evicted() + distinct.Evicted() + window.Evicted()
			default:
				table.Peek(h, &l, now)
				table.Take(h, &l, now, 1)
				if cards.Peek(h, now, limits, draw) {
					cards.Pay(h, now, limits, draw)
				}
				cards.Take(h, now, limits, &Draw{Slots: 1})
				until.Get(h, now)
			}
		}
	})
	if table.Evicted() == 0 || cards.Evicted() == 0 || until.Evicted() == 0 || distinct.Evicted() == 0 || window.Evicted() == 0 {
		t.Error("no pushing")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	key := NewKey([16]byte{1})
	table, cards, until, distinct, window := NewTable(64), NewCards(64), NewUntil(64), NewDistinct(64), NewWindow(64)
	l, i, name := Rate{5, time.Second}.Limit(), uint64(0), "someone@example.com"
	limits, draw := every(&l), &Draw{Slots: 1 | 1<<1 | 1<<6, Soft: 1 << 1, Hold: 1 << 6}
	for what, f := range map[string]func(h uint64, now int64){
		"Key":             func(h uint64, now int64) { i += key.Join(key.String(name, h), key.Addr(h, 1, 2)) & 1 },
		"Table.Take":      func(h uint64, now int64) { table.Take(h, &l, now, 1) },
		"Table.Peek":      func(h uint64, now int64) { table.Peek(h, &l, now) },
		"Table.Debit":     func(h uint64, now int64) { table.Debit(h, &l, now, 1) },
		"Table.Forget":    func(h uint64, now int64) { table.Forget(h) },
		"Cards.Take":      func(h uint64, now int64) { cards.Take(h, now, limits, draw) },
		"Cards.Peek, Pay": func(h uint64, now int64) { _ = cards.Peek(h, now, limits, draw) && cards.Pay(h, now, limits, draw) },
		"Cards.Debit":     func(h uint64, now int64) { cards.Debit(h, now, 6, &l, 1) },
		"Until":           func(h uint64, now int64) { until.Set(h, now+int64(until.Strike(h, now))); until.Get(h, now) },
		"Distinct.Add":    func(h uint64, now int64) { distinct.Add(h&7<<61, h, 1e9, now) },
		"Window.Take":     func(h uint64, now int64) { window.Take(h, Day(now), now, 9, 1) },
	} {
		if n := testing.AllocsPerRun(2000, func() {
			i++
			f(key.Addr(0, i%500, 0), noon+int64(i)*1e5)
		}); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

// TestMemoryIsFlat sends more keys than a table has room for through it, and looks at the whole heap. The ten million
// of the promise are in bench, which takes longer.
func TestMemoryIsFlat(t *testing.T) {
	key := NewKey([16]byte{1})
	table, cards, until, distinct, window := NewTable(1<<12), NewCards(1<<12), NewUntil(1<<12), NewDistinct(1<<8), NewWindow(1<<12)
	bytes := func() int {
		return table.Bytes() + cards.Bytes() + until.Bytes() + distinct.Bytes() + window.Bytes()
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	l := Rate{5, time.Minute}.Limit()
	limits := every(&l)
	before, size := heap(), bytes()
	today := Day(noon)
	for i := range uint64(100_000) {
		h, now := key.Addr(i, i, 0), noon+int64(i)*1000
		table.Take(h, &l, now, 1)
		cards.Take(h, now, limits, &Draw{Slots: 0b11})
		until.Set(h, now+600e9)
		distinct.Add(h, i, 60e9, now)
		distinct.Add(1, i, 60e9, now)
		window.Take(h, today, now, 9, 1)
	}
	if after := heap(); after > before+1<<18 || bytes() != size {
		t.Errorf("the heap grew from %d to %d bytes, the tables from %d to %d", before, after, size, bytes())
	}
	runtime.KeepAlive(table)
	runtime.KeepAlive(cards)
	runtime.KeepAlive(until)
	runtime.KeepAlive(distinct)
	runtime.KeepAlive(window)
}
