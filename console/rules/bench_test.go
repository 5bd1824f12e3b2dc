package rules

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// BenchmarkPages is what the list and the editor cost with a hundred thousand bans and a hundred thousand events of one day;
// neither is looked at, so neither may show.
func BenchmarkPages(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		h := newHouse(b)
		var wg sync.WaitGroup
		for w := range 64 {
			wg.Go(func() {
				for i := w; i < n; i += 64 {
					a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
					_, err := h.DB.ImposeBan(b.Context(), store.Ban{ID: h.NewID(), Site: h.site.ID, Subject: a.String(), Source: "person", Author: "ada", Created: noon.UnixMilli()}, func(int) int64 { return 0 })
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		h.fill(b, n)
		for _, path := range []string{"/s/shop/rules", "/s/shop/rules/login-pair", "/s/shop/rules/new", "/s/shop/rules/login-pair/history"} {
			b.Run(fmt.Sprintf("%d%s", n, path), func(b *testing.B) {
				for b.Loop() {
					if w := h.get(path); w.Code != 200 {
						b.Fatal(w.Code)
					}
				}
			})
		}
	}
}

// BenchmarkRehearsal is what a rehearsal costs for each stored request, reading included.
func BenchmarkRehearsal(b *testing.B) {
	const n = 200_000
	h := newHouse(b)
	h.fill(b, n)
	x := wire.Rule{Name: "few", Match: wire.Match{Route: "/*"}, Limit: "10 per 1m"}
	for b.Loop() {
		rep, err := h.Rules.Rehearse(b.Context(), h.site, x, 24*time.Hour)
		if err != nil || rep.Requests != n {
			b.Fatalf("%+v, %v", rep, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/request")
}

// fill stores a day of n events.
func (h *house) fill(b *testing.B, n int) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		var events []wire.Event
		for i := from; i < min(n, from+1000); i++ {
			events = append(events, wire.Event{
				Seq: uint64(i + 1), At: noon.Add(-23*time.Hour + time.Duration(i)*(22*time.Hour/time.Duration(n))).UnixMicro(), Method: "GET", Path: fmt.Sprintf("/p/%d", i%500), Route: "/p/*",
				Status: 200, Action: "allow", Address: netip.AddrFrom4([4]byte{198, 51, byte(i % 977 >> 8), byte(i % 977)}), Agent: "Mozilla/5.0", Rule: "login-pair",
			})
		}
		if err := h.Events.Append(b.Context(), h.site.ID, "g", wire.Batch{Guard: "g", Boot: "b", Events: events}); err != nil {
			b.Fatal(err)
		}
	}
}
