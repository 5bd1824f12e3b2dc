package limit

import (
	"fmt"
	"hash/maphash"
	"math"
	"strings"
	"testing"
)

// TestHashesSpread holds that what clients look like does not decide where they are kept: neighbours in the Internet
// fill buckets as dice would.
func TestHashesSpread(t *testing.T) {
	const n, buckets = 1 << 16, 1 << 12
	for seed := range byte(4) {
		k := NewKey([16]byte{seed, 7, 15: seed})
		for name, hash := range map[string]func(i uint64) uint64{
			"IPv4 in a row":          func(i uint64) uint64 { return k.Addr(0, 0xFFFF<<32|i, 3) },
			"IPv4, last byte alike":  func(i uint64) uint64 { return k.Addr(0, 0xFFFF<<32|i<<8|1, 3) },
			"IPv6 /64s in a row":     func(i uint64) uint64 { return k.Addr(0x2001_0db8<<32|i, 0, 3) },
			"IPv6 /48s in a row":     func(i uint64) uint64 { return k.Addr(0x2001<<48|i<<16, 0, 3) },
			"one address, many salt": func(i uint64) uint64 { return k.Addr(0, 0xFFFF<<32|1, i) },
			"names":                  func(i uint64) uint64 { return k.String(fmt.Sprintf("user%d@example.com", i), 3) },
			"short":                  func(i uint64) uint64 { return k.String(string([]byte{byte(i), byte(i >> 8)}), 3) },
			"one name, many salt":    func(i uint64) uint64 { return k.String("alice", i) },
			"joined":                 func(i uint64) uint64 { return k.Join(i, i+1) },
		} {
			var high, low [buckets]int
			tags := make(map[uint64]bool, n)
			for i := range uint64(n) {
				h := hash(i)
				high[h>>52]++
				low[h&(buckets-1)]++
				tags[tagOf(h)] = true
			}
			if len(tags) != n {
				t.Errorf("%s: %d of %d are told apart", name, len(tags), n)
			}
			for bits, counts := range map[string]*[buckets]int{"high": &high, "low": &low} {
				chi := 0.0
				for _, c := range counts {
					d := float64(c) - n/buckets
					chi += d * d / (n / buckets)
				}
				if sigma := math.Sqrt(2 * buckets); math.Abs(chi-buckets) > 6*sigma {
					t.Errorf("%s, %s bits: chi² %.0f where dice give %d ± %.0f", name, bits, chi, buckets, sigma)
				}
			}
		}
	}
}

func TestStringsAreToldApart(t *testing.T) {
	k, other := NewKey([16]byte{1}), NewKey([16]byte{1, 0, 0, 0, 0, 0, 0, 0, 2})
	seen := map[uint64]string{}
	note := func(s string) {
		h := k.String(s, 0)
		if was, ok := seen[h]; ok && was != s {
			t.Fatalf("%q and %q hash alike", was, s)
		}
		seen[h] = s
		if k.String(strings.Clone(s), 0) != h {
			t.Errorf("%q hashes in two ways", s)
		}
		if k.String(s, 1) == h || other.String(s, 0) == h {
			t.Errorf("%q: salt or secret does not count", s)
		}
	}
	for n := range 70 {
		s := strings.Repeat("a", n)
		note(s)
		note(s + "\x00")
		for i := range n {
			note(s[:i] + "b" + s[i+1:])
		}
	}
	if len(seen) < 2400 {
		t.Errorf("%d strings", len(seen))
	}
	if k.Join(1, 2) == k.Join(2, 1) {
		t.Error("order does not count")
	}
}

func BenchmarkKey(b *testing.B) {
	k, seed := NewKey([16]byte{1}), maphash.MakeSeed()
	var h uint64
	b.Run("addr", func(b *testing.B) {
		for i := uint64(0); b.Loop(); i++ {
			h += k.Addr(0, i, 1)
		}
	})
	for _, s := range []string{"alice", "session-0123456789", strings.Repeat("x", 64)} {
		b.Run(fmt.Sprintf("string-%d", len(s)), func(b *testing.B) {
			for b.Loop() {
				h += k.String(s, 1)
			}
		})
		b.Run(fmt.Sprintf("maphash-%d", len(s)), func(b *testing.B) {
			for b.Loop() {
				h += maphash.String(seed, s)
			}
		})
	}
}
