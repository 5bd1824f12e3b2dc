package event

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// cpu is the time that this process has computed, all threads together.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIngest is the whole way of an event: batch in, packed, entered, counted, on disk with a flush.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{100, 500, 4096} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "palisade.db")
			bench := newBench(b, onDisk(b, path, "shop"))
			traffic := newTraffic(1, 500*time.Microsecond)
			events := 0
			var spent time.Duration
			for b.Loop() {
				b.StopTimer()
				batch := traffic.take(size)
				bench.now = time.UnixMicro(traffic.at)
				b.StartTimer()
				before := cpu(b)
				bench.take(b, "g", batch)
				spent += cpu(b) - before
				events += size
			}
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(events), "cpu-ns/event")
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(info.Size())/float64(events), "disk-B/event")
		})
	}
}

// BenchmarkRead looks at clients and draws charts over a store that holds 200,000 events, or as many as
// PALISADE_BENCH_EVENTS says: what a page costs must not grow with what is stored.
func BenchmarkRead(b *testing.B) {
	stored := 200_000
	if n, err := strconv.Atoi(os.Getenv("PALISADE_BENCH_EVENTS")); err == nil {
		stored = n
	}
	bench := newBench(b, onDisk(b, filepath.Join(b.TempDir(), "palisade.db"), "shop"))
	traffic := newTraffic(1, time.Duration(int64(20*time.Hour)/int64(stored)))
	const rare = "203.0.113.9" // comes ten times, all over the time
	for n := 0; n < stored; n += 4000 {
		events := traffic.take(4000)
		if n/4000%(stored/40_000) == 0 {
			events[17].Address = netip.MustParseAddr(rare)
		}
		bench.now = time.UnixMicro(traffic.at)
		bench.take(b, "g", events)
	}
	now := bench.now
	busiest := func() string {
		s, err := bench.Summary(b.Context(), "shop", now.Add(-24*time.Hour), now, time.Hour)
		if err != nil || len(s.Total.Top(Addresses, 1)) == 0 {
			b.Fatal("no addresses", err)
		}
		return s.Total.Top(Addresses, 1)[0].Value
	}()
	client := func(value string) func(*testing.B) {
		return func(b *testing.B) {
			read := 0
			for b.Loop() {
				c, err := bench.Client(b.Context(), "shop", Subject{"address", value}, now)
				if err != nil || c.Requests == 0 {
					b.Fatal("nothing is known of ", value, err)
				}
				read = c.Segments
			}
			b.ReportMetric(float64(read), "segments")
		}
	}
	b.Run(fmt.Sprint("client-rare/", stored), client(rare))
	b.Run(fmt.Sprint("client-busiest/", stored), client(busiest))
	b.Run(fmt.Sprint("find-ban/", stored), func(b *testing.B) {
		for b.Loop() {
			if p, err := bench.Find(b.Context(), Query{Site: "shop", Action: "ban", Limit: 50}); err != nil || len(p.Events) != 50 {
				b.Fatal(len(p.Events), err)
			}
		}
	})
	for name, back := range map[string]time.Duration{"hour": time.Hour, "3h": 3 * time.Hour, "day": 24 * time.Hour} {
		b.Run(fmt.Sprint("summary-", name, "/", stored), func(b *testing.B) {
			for b.Loop() {
				if _, err := bench.Summary(b.Context(), "shop", now.Add(-back), now, time.Minute); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
