package limit

import (
	"testing"
	"time"
)

const million = 1 << 20

// far keeps a limit from ever being reached while a benchmark runs.
var (
	far   = Rate{MaxCount, MinPer}.Limit()
	tight = Rate{1, MaxPer}.Limit()
)

// scattered gives keyed hashes of clients in an order that a cache cannot foresee.
func scattered(n int) []uint64 {
	k := NewKey([16]byte{1, 2, 3})
	hs := make([]uint64, n)
	for i := range hs {
		j := uint64(i) * 0x9E3779B1 % uint64(n)
		hs[i] = k.Addr(0, 0xFFFF<<32|j, 0)
	}
	return hs
}

var sink Result

func BenchmarkTable(b *testing.B) {
	now := int64(1_800_000_000_000_000_000)
	b.Run("hot-deny", func(b *testing.B) {
		t, h := NewTable(1024), scattered(1)[0]
		t.Take(h, &tight, now, 1)
		for b.Loop() {
			sink = t.Take(h, &tight, now, 1)
		}
	})
	b.Run("hot-allow", func(b *testing.B) {
		t, h, now := NewTable(1024), scattered(1)[0], now
		for b.Loop() {
			now += 10
			sink = t.Take(h, &far, now, 1)
		}
	})
	b.Run("hot-peek", func(b *testing.B) {
		t, h, now := NewTable(1024), scattered(1)[0], now
		t.Take(h, &far, now, 1)
		for b.Loop() {
			sink = t.Peek(h, &far, now)
		}
	})
	b.Run("256-allow", func(b *testing.B) {
		t, hs, now := NewTable(1024), scattered(256), now
		for i := 0; b.Loop(); i++ {
			now += 10
			sink = t.Take(hs[i%256], &far, now, 1)
		}
	})
	b.Run("1M-allow", func(b *testing.B) {
		t, hs, now := NewTable(million), scattered(million), now
		for _, h := range hs {
			t.Take(h, &far, now, 1)
		}
		for i := 0; b.Loop(); i++ {
			now += 10
			sink = t.Take(hs[i%million], &far, now, 1)
		}
		b.ReportMetric(float64(t.Bytes())/million, "B/key")
	})
	b.Run("never-repeating", func(b *testing.B) {
		t, k, now := NewTable(million), NewKey([16]byte{9}), now
		l := Rate{5, time.Minute}.Limit()
		for i := 0; b.Loop(); i++ {
			now += 10
			sink = t.Take(k.Addr(0, uint64(i), 0), &l, now, 1)
		}
	})
	b.Run("parallel-1M", func(b *testing.B) {
		t, hs := NewTable(million), scattered(million)
		for _, h := range hs {
			t.Take(h, &far, now, 1)
		}
		b.RunParallel(func(pb *testing.PB) {
			now := now
			for i := 0; pb.Next(); i++ {
				now += 10
				t.Take(hs[(i*977)%million], &far, now, 1)
			}
		})
	})
	b.Run("parallel-hot-deny", func(b *testing.B) {
		t, h := NewTable(1024), scattered(1)[0]
		t.Take(h, &tight, now, 1)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				t.Take(h, &tight, now, 1)
			}
		})
	})
	b.Run("parallel-hot-allow", func(b *testing.B) {
		t, h := NewTable(1024), scattered(1)[0]
		b.RunParallel(func(pb *testing.PB) {
			now := now
			for pb.Next() {
				now += 10
				t.Take(h, &far, now, 1)
			}
		})
	})
}

// five is what a request draws from one card: four limits paid, and one that is debited by outcomes.
func five() *Draw { return &Draw{Slots: 0b11111, Hold: 0b10000} }

func BenchmarkCards(b *testing.B) {
	now := int64(1_800_000_000_000_000_000)
	far, tight := every(&far), every(&tight)
	b.Run("5-hot-deny", func(b *testing.B) {
		t, h, d := NewCards(1024), scattered(1)[0], five()
		t.Take(h, now, tight, d)
		for b.Loop() {
			t.Take(h, now, tight, d)
		}
	})
	b.Run("5-hot-allow", func(b *testing.B) {
		t, h, d, now := NewCards(1024), scattered(1)[0], five(), now
		for b.Loop() {
			now += 10
			t.Take(h, now, far, d)
		}
	})
	b.Run("5-hot-peek", func(b *testing.B) {
		t, h, d := NewCards(1024), scattered(1)[0], five()
		t.Take(h, now, far, d)
		for b.Loop() {
			t.Peek(h, now, far, d)
		}
	})
	b.Run("1-hot-allow", func(b *testing.B) {
		t, h, d, now := NewCards(1024), scattered(1)[0], &Draw{Slots: 1}, now
		for b.Loop() {
			now += 10
			t.Take(h, now, far, d)
		}
	})
	b.Run("5-1M-allow", func(b *testing.B) {
		t, hs, d, now := NewCards(2*million), scattered(million), five(), now
		for _, h := range hs {
			t.Take(h, now, far, d)
		}
		for i := 0; b.Loop(); i++ {
			now += 10
			t.Take(hs[i%million], now, far, d)
		}
	})
	b.Run("5-1M-full", func(b *testing.B) {
		t, hs, d, now := NewCards(million), scattered(million), five(), now
		for _, h := range hs {
			t.Take(h, now, far, d)
		}
		for i := 0; b.Loop(); i++ {
			now += 10
			t.Take(hs[i%million], now, far, d)
		}
	})
	b.Run("5-never-repeating", func(b *testing.B) {
		l := Rate{5, time.Minute}.Limit()
		limits := every(&l)
		t, k, d, now := NewCards(million), NewKey([16]byte{9}), five(), now
		for i := 0; b.Loop(); i++ {
			now += 10
			t.Take(k.Addr(0, uint64(i), 0), now, limits, d)
		}
	})
	b.Run("5-parallel-1M", func(b *testing.B) {
		t, hs := NewCards(2*million), scattered(million)
		for _, h := range hs {
			t.Take(h, now, far, five())
		}
		b.RunParallel(func(pb *testing.PB) {
			d, now := five(), now
			for i := 0; pb.Next(); i++ {
				now += 10
				t.Take(hs[(i*977)%million], now, far, d)
			}
		})
	})
}
