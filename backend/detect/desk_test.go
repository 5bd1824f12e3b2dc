package detect

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

// slow counts a window the obvious way: it keeps every act.
type slow struct {
	at      []int64
	account []string
}

func TestTalliesEqualASlowTwin(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 9))
	window := 10 * time.Minute
	r := Recipe{ID: "twin", Of: "login", Window: window, Key: ByClient}
	var got *Tally
	r.Conclude = func(t *Tally, _ Usual) *Conclusion { got = t; return nil }
	d, s := NewDesk([]Recipe{r}), slow{}
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for n := range 2000 {
		at = at.Add(time.Duration(rng.IntN(20_000)) * time.Millisecond)
		e := wire.Event{At: at.UnixMicro(), Action: "allow", Address: netip.MustParseAddr("192.0.2.1"), Outcomes: []wire.Outcome{{Kind: "login", Result: "failed", Subject: fmt.Sprint("u", rng.IntN(40))}}}
		d.See([]wire.Event{e})
		d.Conclude(nil)
		s.at, s.account = append(s.at, e.At), append(s.account, e.Outcomes[0].Subject)
		// Between four and five fifths of the window: no fewer than the newest four fifths have, no more than all of it.
		few, many := map[string]bool{}, map[string]bool{}
		least, most := uint64(0), uint64(0)
		for i := range s.at {
			switch age := e.At - s.at[i]; {
			case age < window.Microseconds()*4/5-window.Microseconds()/5:
				least++
				few[s.account[i]] = true
				fallthrough
			case age <= window.Microseconds():
				most++
				many[s.account[i]] = true
			}
		}
		if got.Acts < least || got.Acts > most || got.Accounts < uint64(len(few)) || got.Accounts > uint64(len(many)) {
			t.Fatalf("act %d: %d acts of %d accounts; want %d to %d of %d to %d", n, got.Acts, got.Accounts, least, most, len(few), len(many))
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	r := Recipe{ID: "all", Of: Request, Window: 10 * time.Minute, Key: ByClient, Value: func(a *Act) string { return a.Path }, Conclude: func(*Tally, Usual) *Conclusion { return nil }}
	d := NewDesk([]Recipe{r})
	busy := wire.Event{At: 1_000_000, Action: "allow", Address: netip.MustParseAddr("192.0.2.1")}
	for i := range 500 {
		busy.Path = fmt.Sprint("/", i)
		d.See([]wire.Event{busy})
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 200_000 {
		d.See([]wire.Event{{At: 1_000_000 + int64(i), Action: "allow", Path: "/a", Agent: "x", Address: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})}})
		if i%1000 == 0 {
			d.Conclude(nil)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	kept, evicted := d.Tallies()
	if kept != mostTallies || evicted != 200_001-mostTallies {
		t.Errorf("%d kept, %d gave way", kept, evicted)
	}
	if grew := int64(after.HeapAlloc) - int64(before.HeapAlloc); grew > mostTallies*4096 {
		t.Errorf("%d bytes for %d tallies", grew, kept)
	}
	if d.tables[0].records["192.0.2.1"] == nil {
		t.Error("a flood of strangers pushed out who was at work")
	}
	d.Forget(time.UnixMicro(1_000_000).Add(time.Hour))
	if kept, _ := d.Tallies(); kept != 0 {
		t.Errorf("%d are kept an hour later", kept)
	}
}

func TestWhatComesLate(t *testing.T) {
	r := Recipe{ID: "late", Of: Request, Window: 10 * time.Minute, Key: ByClient}
	var got *Tally
	r.Conclude = func(t *Tally, _ Usual) *Conclusion { got = t; return nil }
	d := NewDesk([]Recipe{r})
	at := func(minute int) wire.Event {
		return wire.Event{At: time.Date(2026, 5, 4, 12, minute, 0, 0, time.UTC).UnixMicro(), Action: "allow", Address: netip.MustParseAddr("192.0.2.1")}
	}
	for _, c := range []struct {
		minute int
		acts   uint64
	}{{30, 1}, {27, 2}, {15, 2}, {31, 3}, {45, 1}, {40, 2}, {59, 1}} {
		d.See([]wire.Event{at(c.minute)})
		d.Conclude(nil)
		if got.Acts != c.acts {
			t.Errorf("minute %d: %d acts, want %d", c.minute, got.Acts, c.acts)
		}
	}
}

func BenchmarkSee(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	events := make([]wire.Event, 4096)
	for i := range events {
		events[i] = wire.Event{
			At: 1_000_000_000 + int64(i)*1000, Method: "GET", Path: fmt.Sprint("/products/", rng.IntN(500)), Route: "/products/*", Status: 200, Action: "allow", Kind: "browser", Agent: "Mozilla/5.0",
			Address: netip.AddrFrom4([4]byte{10, 0, byte(rng.IntN(20)), byte(rng.IntN(256))}),
		}
	}
	recipes := make([]Recipe, 6)
	for i := range recipes {
		recipes[i] = Recipe{Of: Request, Window: 10 * time.Minute, Key: ByClient, Value: func(a *Act) string { return a.Path }, Conclude: func(*Tally, Usual) *Conclusion { return nil }}
	}
	d := NewDesk(recipes)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.See(events[i%4096 : i%4096+1])
	}
}
