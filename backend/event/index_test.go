package event

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

// small makes a segment of each batch, so that a day has many.
func (b *bench) small(t testing.TB, guard string, events []wire.Event) {
	t.Helper()
	b.take(t, guard, events)
	err := b.hold(t.Context(), func() error {
		d := b.draft()
		for key := range b.open {
			if err := d.seal(t.Context(), key); err != nil {
				return err
			}
		}
		return d.store(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRunsUniteAndStillHaveEveryTerm(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		traffic := newTraffic(1, 10*time.Millisecond)
		const segments = 64 + 8 + 8 + 3
		where := map[string][]uint64{} // the sequences that an address asked with
		for i := range segments {
			events := traffic.take(20)
			for k := range events {
				events[k].Address = netip.AddrFrom4([4]byte{192, 0, 2, byte((i*20 + k) * 7919 % 251)})
				where[events[k].Address.String()] = append(where[events[k].Address.String()], events[k].Seq)
			}
			b.small(t, "g", events)
			if i == 40 { // a kill between
				b = newBench(t, s)
			}
		}
		c, err := b.draft().catalog(t.Context(), openKey{"shop", Day(noon.UnixMicro())})
		if err != nil {
			t.Fatal(err)
		}
		var lengths []int
		for _, r := range c.runs {
			lengths = append(lengths, len(r.segments))
		}
		slices.Sort(lengths)
		if !slices.Equal(lengths, []int{1, 1, 1, 8, 8, 64}) || len(c.open) != 0 {
			t.Errorf("runs of %v, %d open", lengths, len(c.open))
		}
		if len(where) < 200 {
			t.Fatalf("only %d addresses", len(where))
		}
		for address, want := range where {
			var got []uint64
			q := Query{Site: "shop", Address: address, Limit: 1000}
			for {
				p, err := b.Find(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range p.Events {
					got = append(got, e.Seq)
				}
				if q.Cursor = p.Next; p.Next == "" {
					break
				}
			}
			if slices.Sort(got); !slices.Equal(got, want) {
				t.Fatalf("%s has %d events, want %d", address, len(got), len(want))
			}
		}
		p, err := b.Find(t.Context(), Query{Site: "shop", Address: "198.51.100.1"})
		if err != nil || p.Scanned != 0 || p.Next != "" {
			t.Errorf("an address that never came: %+v, %v", p, err)
		}
	})
}

// While runs are united under it, a search must not step over events.
func TestASearchSeesAllWhileRunsUnite(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		events := newTraffic(1, 10*time.Millisecond).take(100)
		for i := range events {
			events[i].Account = "ann"
		}
		b.small(t, "g", events[:1])
		var wg sync.WaitGroup
		done := make(chan struct{})
		written := make(chan int, len(events))
		written <- 1
		wg.Go(func() {
			defer close(done)
			for i := 1; i < len(events); i++ {
				b.small(t, "g", events[i:i+1])
				written <- i + 1
			}
		})
		least, looks := 0, 0
		for running := true; running; looks++ {
			select {
			case <-done:
				running = false
			case least = <-written:
			default:
			}
			found := 0
			if err := b.Export(t.Context(), Query{Site: "shop", Account: "ann"}, func(wire.Event) error { found++; return nil }); err != nil {
				t.Fatal(err)
			}
			if found < least {
				t.Fatalf("found %d events when %d had been confirmed", found, least)
			}
		}
		wg.Wait()
		if looks < 5 {
			t.Fatalf("only %d looks", looks)
		}
	})
}

func TestShardsSayWhatWasEntered(t *testing.T) {
	chance := rand.New(rand.NewPCG(2, 2))
	checked := 0
	for _, n := range []int{1, fanIn, longest} {
		for range 50 {
			var list []entry
			truth := map[uint64]uint64{}
			for range chance.IntN(300) {
				e := entry{chance.Uint64N(1 << 12), 1}
				if n > 1 {
					e.in = 1 << chance.IntN(n)
				}
				if chance.IntN(10) == 0 {
					e.hash = 1<<hashBits - 1 - e.hash
				}
				truth[e.hash] |= e.in
				list = append(list, e)
			}
			body := encodeShard(gather(list), n)
			for hash, want := range truth {
				if got, err := lookUp(body, n, hash); err != nil || got != want {
					t.Fatalf("a run of %d: %d is in %b, %v; want %b", n, hash, got, err, want)
				}
				checked++
			}
			if got, err := lookUp(body, n, 1<<13); err != nil || got != 0 {
				t.Fatalf("a hash that was not entered is in %b, %v", got, err)
			}
		}
	}
	if checked < 10_000 {
		t.Fatalf("only %d look-ups", checked)
	}
	for _, hash := range []uint64{0, 1, 1<<hashBits - 1, 0x5555555555} {
		if shard(hash, 1) != 0 || shard(hash, 8)/8 != 0 || shard(hash, 64)/8 != shard(hash, 8) {
			t.Errorf("%x stands in shards %d, %d, %d", hash, shard(hash, 1), shard(hash, 8), shard(hash, 64))
		}
	}
}

func TestADamagedIndexIsNamed(t *testing.T) {
	for i, body := range [][]byte{{9}, {1, 0x80}, {1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, {1, 1}, {1, 1, 0x40}, {1, 1, 0x42, 1}, {1, 1, 0x41, 64}, {1, 1, 0x80, 1}, {1, 1, 0x90}} {
		if _, err := lookUp(body, longest, 5); err == nil || !strings.Contains(err.Error(), "index of events is damaged") {
			t.Errorf("case %d: %v", i, err)
		}
	}
	c := &catalog{next: 2, open: []int64{5}, runs: []run{{1, []sealed{{4, 10, 20}}}}}
	good := c.encode(3)
	for i, body := range [][]byte{nil, good[:len(good)-1], append(bytes.Clone(good), 0), {1, 2, 0, 1, 9, 1}, {1, 0, 0, 1, 0, 1, 0, 0, 0}, {1, 1, 0}} {
		if _, err := parseCatalog(body, 3); err == nil || !strings.Contains(err.Error(), "segments makes no sense") {
			t.Errorf("catalog %d: %v", i, err)
		}
	}
	if _, err := parseCatalog([]byte{7}, 3); err == nil || !strings.Contains(err.Error(), "format 7 is not known") {
		t.Errorf("a later format: %v", err)
	}
}

func FuzzShard(f *testing.F) {
	seeds := [][]byte{nil, {1}, encodeShard([]entry{{1, 1}, {7, 1}}, 1), encodeShard([]entry{{1, 9}, {7, 1 << 63}, {8, ^uint64(0)}}, 64)}
	for i, s := range seeds {
		f.Add(s, uint8(i))
	}
	if len(seeds) < 4 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		n := []int{1, fanIn, longest}[which%3]
		var list []entry
		if err := readShard(body, n, func(e entry) bool { list = append(list, e); return true }); err != nil {
			return
		}
		var back []entry
		if err := readShard(encodeShard(list, n), n, func(e entry) bool { back = append(back, e); return true }); err != nil || !slices.Equal(back, list) {
			t.Fatalf("%v came back as %v, %v", list, back, err)
		}
	})
}

func FuzzCatalog(f *testing.F) {
	c := &catalog{next: 9, open: []int64{5, 6}, runs: []run{{1, []sealed{{4, 10, 20}}}, {8, make([]sealed, fanIn)}}}
	seeds := [][]byte{nil, {1}, (&catalog{}).encode(0), c.encode(20781)}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 4 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := parseCatalog(body, 20781)
		if err != nil {
			return
		}
		back, err := parseCatalog(c.encode(20781), 20781)
		if err != nil || !reflect.DeepEqual(back, c) {
			t.Fatalf("%+v came back as %+v, %v", c, back, err)
		}
		c.greatest()
		c.due()
	})
}

func BenchmarkLookUp(b *testing.B) {
	chance := rand.New(rand.NewPCG(2, 2))
	for _, n := range []int{1, longest} {
		var list []entry
		for range 4500 {
			list = append(list, entry{chance.Uint64N(1 << hashBits), 1})
		}
		body := encodeShard(gather(list), n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := lookUp(body, n, list[chance.IntN(len(list))].hash); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(body)), "B")
		})
	}
}
