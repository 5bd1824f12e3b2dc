package console_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/console"
	"palisade.dev/guard/wire"
)

// BenchmarkPages is what the server works for each page, with 200,000 events and 4,000 standing bans, or as many as
// PALISADE_BENCH_EVENTS and PALISADE_BENCH_BANS say: the cost must not grow with them.
func BenchmarkPages(b *testing.B) {
	events, bans := amount(b, "PALISADE_BENCH_EVENTS", 200_000), amount(b, "PALISADE_BENCH_BANS", 4_000)
	h := newHouse(b)
	busy := h.busy(b, events, bans)
	owner := h.joins("owner@example.com", nil)
	value := owner.cookie("palisade")
	handler := console.New(h.parts())
	for _, path := range []string{
		"/", "/s/shop", "/s/shop?span=24h", "/s/shop?span=7d", "/s/shop/detections", "/s/shop/findings", "/s/shop/scans", "/s/shop/monitors", "/s/shop/events", "/s/shop/events?action=block", "/s/shop/events?address=" + busy, "/s/shop/events?account=user-40000",
		"/s/shop/client?subject=" + busy, "/s/shop/client?subject=account:user-12", "/s/shop/bans", "/s/shop/bans/" + busy, "/s/shop/allowances", "/s/shop/levers", "/l",
		"/s/shop/rules", "/s/shop/rules/new", "/s/shop/networks", "/s/shop/traps", "/s/shop/settings", "/s/shop/appeals", "/s/shop/protect",
		"/alerts", "/audit", "/people", "/account", "/settings", "/sites/new",
	} {
		b.Run(path, func(b *testing.B) {
			before := cpu(b)
			n := 0
			for b.Loop() {
				n++
				req := httptest.NewRequest(http.MethodGet, path, nil)
				req.AddCookie(&http.Cookie{Name: "palisade", Value: value})
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, req)
				if w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(n), "cpu-ms/op")
		})
	}
}

// cpu is the time that this process has computed, all threads together: what a page costs on a machine that does other
// things meanwhile.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func amount(b *testing.B, name string, usual int) int {
	n, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return usual
	}
	b.Logf("%s=%d", name, n)
	return n
}

// busy fills the shop with a week of traffic and with bans, and gives the address that comes most.
func (h *house) busy(b *testing.B, events, bans int) string {
	b.Helper()
	ctx := access.With(context.Background(), access.Operator)
	end := h.clock()
	chance := rand.New(rand.NewPCG(1, 2))
	often := rand.NewZipf(chance, 1.1, 8, 50_000)
	gap := 7 * 24 * time.Hour / time.Duration(events)
	at, seq := end.Add(-7*24*time.Hour), uint64(0)
	address := func(n uint64) netip.Addr {
		return netip.AddrFrom4([4]byte{byte(20 + n%150), byte(n / 150), byte(n * 7), byte(n * 13)})
	}
	routes := []string{"GET /", "GET /products/:id", "GET /search", "POST /users/log_in", "POST /users/register", "POST /cart", "GET /static/:file", "GET /account"}
	for seq < uint64(events) {
		batch := wire.Batch{Guard: "gateway@bench", Boot: "1"}
		for range min(4096, events-int(seq)) {
			n := often.Uint64()
			route := routes[chance.IntN(len(routes))]
			seq++
			at = at.Add(gap)
			e := wire.Event{
				Seq: seq, At: at.UnixMicro(), Duration: 900, Method: route[:4], Host: "shop.example", Route: route, Path: route[4:], Status: 200, Bytes: 900,
				Address: address(n), Agent: "Mozilla/5.0 (" + strconv.Itoa(int(n%300)) + ")", Fingerprint: "t13d" + strconv.Itoa(int(n%40)), Kind: "unknown", Action: "allow", Revision: 1,
			}
			if n%3 == 0 {
				e.Account = fmt.Sprintf("user-%d", n)
			}
			switch chance.IntN(30) {
			case 0:
				e.Action, e.Rule, e.Reason, e.Status = "block", "bad-network", "rule", 403
			case 1:
				e.Outcomes = []wire.Outcome{{Kind: "login", Result: []string{"ok", "failed"}[n%2], Subject: fmt.Sprintf("user-%d", n)}}
			}
			batch.Events = append(batch.Events, e)
		}
		h.mu.Lock()
		h.now = at
		h.mu.Unlock()
		if err := h.Events.Append(ctx, h.shop.ID, batch.Guard, batch); err != nil {
			b.Fatal(err)
		}
	}
	h.mu.Lock()
	h.now = end
	h.mu.Unlock()
	if err := h.Detections.Step(ctx); err != nil {
		b.Fatal(err)
	}
	for n := range bans {
		if _, err := h.Bans.Impose(ctx, h.shop.ID, address(uint64(n)).String(), time.Hour, "scraping", "bench"); err != nil {
			b.Fatal(err)
		}
	}
	return address(0).String()
}
