package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

// bench is a log and a search over a store, with a clock that the test turns.
type bench struct {
	*Log
	*Search
	now time.Time
}

func newBench(t testing.TB, s Store) *bench {
	t.Helper()
	c := codec(t)
	b := &bench{Search: NewSearch(s, c), now: noon.Add(time.Minute)}
	b.Log = NewLog(s, c, Options{Clock: func() time.Time { return b.now }})
	return b
}

func (b *bench) take(t testing.TB, guard string, events []wire.Event) {
	t.Helper()
	if err := b.Append(t.Context(), "shop", guard, wire.Batch{Guard: guard, Boot: "b1", Events: events}); err != nil {
		t.Fatal(err)
	}
}

// stored gives all events of a site by time, as Export has them.
func (b *bench) stored(t testing.TB, site string) []wire.Event {
	t.Helper()
	var got []wire.Event
	if err := b.Export(t.Context(), Query{Site: site}, func(e wire.Event) error { got = append(got, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return got
}

func byTime(events []wire.Event) []wire.Event {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b wire.Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq)) })
	return events
}

func (b *bench) total(t testing.TB, site string) *Rollup {
	t.Helper()
	s, err := b.Summary(t.Context(), site, noon.Add(-time.Hour), noon.Add(time.Hour), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return s.Total
}

func TestBatchesTwiceAndInAnyOrderCountOnce(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		events := newTraffic(1, 5*time.Millisecond).take(3000)
		var batches [][]wire.Event
		for part := range slices.Chunk(events, 170) {
			batches = append(batches, part)
		}
		twice := slices.Concat(batches, batches, batches)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(twice), func(i, j int) { twice[i], twice[j] = twice[j], twice[i] })
		for i, batch := range twice {
			b.take(t, "g1", slices.Clone(batch))
			if i%10 == 3 { // a kill: what is not in the store is gone
				b = newBench(t, s)
			}
		}
		if got := b.stored(t, "shop"); !reflect.DeepEqual(byTime(got), byTime(events)) {
			t.Errorf("%d events are stored, %d were sent", len(got), len(events))
		}
		if n := b.total(t, "shop").Requests; n != 3000 {
			t.Errorf("%d events are counted, want 3000", n)
		}
	})
}

func TestEachGuardAndBootHasItsOwnSequence(t *testing.T) {
	b := newBench(t, newMemory())
	events := newTraffic(1, time.Millisecond).take(10)
	for _, from := range []struct{ site, guard, boot string }{{"shop", "g1", "b1"}, {"shop", "g1", "b2"}, {"shop", "g2", "b1"}, {"blog", "g1", "b1"}} {
		if err := b.Append(t.Context(), from.site, from.guard, wire.Batch{Boot: from.boot, Events: slices.Clone(events)}); err != nil {
			t.Fatal(err)
		}
	}
	if n, m := len(b.stored(t, "shop")), len(b.stored(t, "blog")); n != 30 || m != 10 {
		t.Errorf("shop has %d events, blog %d", n, m)
	}
}

func TestARefusedOrUnansweredWriteCanBeSentAgain(t *testing.T) {
	for _, after := range []bool{false, true} {
		m := newMemory()
		b := newBench(t, m)
		events := newTraffic(1, time.Millisecond).take(2000)
		failed := 0
		m.after = after
		for i, batch := range slices.Collect(slices.Chunk(events, 100)) {
			if i%3 == 1 {
				m.fail = func() error { failed++; return errors.New("the disk is full") }
				err := b.Append(t.Context(), "shop", "g1", wire.Batch{Boot: "b1", Events: slices.Clone(batch)})
				if err == nil || err.Error() != "keeping events: the disk is full" {
					t.Fatalf("got %v", err)
				}
				m.fail = nil
			}
			b.take(t, "g1", slices.Clone(batch))
		}
		if failed < 6 {
			t.Fatalf("only %d writes failed", failed)
		}
		if got := b.stored(t, "shop"); !reflect.DeepEqual(byTime(got), byTime(events)) {
			t.Errorf("after=%v: %d events are stored, %d were sent", after, len(got), len(events))
		}
		if n := b.total(t, "shop").Requests; n != 2000 {
			t.Errorf("after=%v: %d events are counted", after, n)
		}
	}
}

func TestManyGuardsAtOnceShareTransactions(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		var wg sync.WaitGroup
		const guards, batches, size = 8, 20, 25
		for g := range guards {
			wg.Go(func() {
				events := newTraffic(uint64(g), time.Millisecond).take(batches * size)
				for part := range slices.Chunk(events, size) {
					if err := b.Append(context.Background(), []string{"shop", "blog"}[g%2], fmt.Sprint("g", g), wire.Batch{Boot: "b", Events: part}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n, m := len(b.stored(t, "shop")), len(b.stored(t, "blog")); n != guards*batches*size/2 || n != m {
			t.Errorf("shop has %d events, blog %d", n, m)
		}
		stats, err := b.Stats(t.Context())
		if err != nil || stats.Events != guards*batches*size || stats.Commits > guards*batches {
			t.Errorf("stats %+v, %v", stats, err)
		}
	})
}

func TestSegmentsFillUpAndAreSealed(t *testing.T) {
	m := newMemory()
	b := newBench(t, m)
	events := newTraffic(1, 100*time.Microsecond).take(2*MaxSegment + 100)
	for part := range slices.Chunk(events, 3) { // small batches: many frames
		b.take(t, "g1", slices.Clone(part))
	}
	count := map[int]int{}
	for _, s := range m.segments {
		count[s.Count]++
		if s.Sealed != (s.Count == MaxSegment) {
			t.Errorf("a segment of %d is sealed: %v", s.Count, s.Sealed)
		}
		if s.Count == MaxSegment && len(s.Body) > 40*MaxSegment {
			t.Errorf("a sealed segment has %d bytes", len(s.Body))
		}
	}
	if count[MaxSegment] != 2 || count[100] != 1 {
		t.Errorf("segments by size: %v", count)
	}
	b.now = b.now.Add(2 * sealAfter)
	b.take(t, "g2", newTraffic(2, time.Millisecond).take(5))
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range m.segments {
		if !s.Sealed {
			t.Errorf("a segment of %d is open after closing", s.Count)
		}
	}
	if len(m.segments) != 4 {
		t.Errorf("%d segments: an old one was not sealed by time", len(m.segments))
	}
	if got := b.stored(t, "shop"); len(got) != len(events)+5 {
		t.Errorf("%d events are stored", len(got))
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory()
	b := newBench(t, m)
	b.o.Memory = 300_000
	events := newTraffic(1, time.Millisecond).take(200)
	for i := range 100 {
		if err := b.Append(t.Context(), fmt.Sprint("site-", i), "g", wire.Batch{Boot: "b", Events: slices.Clone(events)}); err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, o := range b.open {
			size += o.size()
		}
		if size != b.memory || size > b.o.Memory {
			t.Fatalf("open segments take %d bytes, counted as %d", size, b.memory)
		}
	}
	if len(b.rollups) > maxRollups {
		t.Errorf("%d rollups in memory", len(b.rollups))
	}
	if len(b.open) == 0 || len(b.open) == 100 {
		t.Errorf("%d open segments", len(b.open))
	}
}

func TestLateEventsCountInTheirOwnMinuteAndDay(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		late := newTraffic(1, time.Millisecond).take(30)
		for i := range late {
			late[i].At = noon.Add(-26*time.Hour + time.Duration(i)*time.Second).UnixMicro()
		}
		b.take(t, "g1", newTraffic(2, time.Millisecond).take(10))
		b.take(t, "g2", late)
		sum, err := b.Summary(t.Context(), "shop", noon.Add(-26*time.Hour), noon.Add(-26*time.Hour+time.Minute), time.Minute)
		if err != nil || sum.Total.Requests != 30 || len(sum.Points) != 1 {
			t.Errorf("the late minute has %+v, %v", sum, err)
		}
		sum, err = b.Summary(t.Context(), "shop", noon.Add(-30*time.Hour), noon.Add(time.Hour), time.Hour)
		if err != nil || sum.Total.Requests != 40 || sum.Points[4].Requests != 30 || len(sum.Points) != 31 {
			t.Errorf("the hours have %d in %d points, %v", sum.Total.Requests, len(sum.Points), err)
		}
		if got := b.stored(t, "shop"); len(got) != 40 || got[0].Seq != 1 || Day(got[0].At) == Day(got[39].At) {
			t.Errorf("%d events are stored", len(got))
		}
		// One from a broken clock, one that is too old to keep.
		wild := newTraffic(3, time.Millisecond).take(2)
		wild[0].At, wild[1].At = noon.Add(1000*time.Hour).UnixMicro(), noon.Add(-1000*time.Hour).UnixMicro()
		b.take(t, "g3", wild)
		if got := b.stored(t, "shop"); len(got) != 41 || got[40].At != b.now.UnixMicro() {
			t.Errorf("%d events after the wild ones", len(got))
		}
		if st, _ := b.Stats(t.Context()); st.FromAhead != 1 || st.TooOld != 1 {
			t.Errorf("stats %+v", st)
		}
	})
}

func TestBatchesThatCannotBeTakenAreNamed(t *testing.T) {
	b := newBench(t, newMemory())
	one := newTraffic(1, time.Millisecond).take(1)
	cases := []struct {
		guard, boot string
		events      []wire.Event
	}{
		{"", "b", one},
		{"g\x00", "b", one},
		{"g", "\xff", one},
		{"g", string(make([]byte, 200)), one},
		{"g", "b", make([]wire.Event, maxCommit+1)},
	}
	for i, k := range cases {
		if err := b.Append(t.Context(), "shop", k.guard, wire.Batch{Boot: k.boot, Events: k.events}); !errors.Is(err, ErrBatch) {
			t.Errorf("case %d: %v", i, err)
		}
	}
	if len(cases) != 5 {
		t.Fatal("cases are missing")
	}
	huge := wire.Event{Seq: 1, At: noon.UnixMicro(), Path: string(make([]byte, 1<<20)), Networks: make([]string, 1000), Outcomes: make([]wire.Outcome, 1000)}
	b.take(t, "g", []wire.Event{huge})
	if got := b.stored(t, "shop"); len(got) != 1 || len(got[0].Path) != wire.MaxPath || len(got[0].Networks) != maxNetworks {
		t.Error("an event was not cut to its bounds")
	}
}

func TestAFullQueueSaysSo(t *testing.T) {
	b := newBench(t, newMemory())
	b.turn <- struct{}{} // somebody commits and does not come to an end
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			err := b.Append(ctx, "shop", fmt.Sprint("g", i), wire.Batch{Boot: "b", Events: make([]wire.Event, maxCommit)})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
	}
	for full := false; !full; {
		b.queue.Lock()
		full = b.queue.events == maxQueue
		b.queue.Unlock()
	}
	if err := b.Append(t.Context(), "shop", "g9", wire.Batch{Boot: "b", Events: make([]wire.Event, 1)}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	cancel()
	wg.Wait()
	if b.queue.events != 0 || len(b.queue.batches) != 0 {
		t.Errorf("%d events stay in the queue after their senders left", b.queue.events)
	}
}

func TestSlowTailsLoseAndAreTold(t *testing.T) {
	b := newBench(t, newMemory())
	ctx, cancel := context.WithCancel(t.Context())
	slow, closed := b.Tail(ctx, "shop"), b.Tail(t.Context(), "blog")
	traffic := newTraffic(1, time.Microsecond)
	for range tailLength + 5 {
		b.take(t, "g", traffic.take(2))
	}
	for range tailLength {
		if l := <-slow; len(l.Events) != 2 || l.Lost != 0 {
			t.Fatalf("got %d events, %d lost", len(l.Events), l.Lost)
		}
	}
	b.take(t, "g", traffic.take(2))
	if l := <-slow; l.Lost != 10 || len(l.Events) != 2 {
		t.Errorf("told of %d lost events, want 10", l.Lost)
	}
	cancel()
	if _, ok := <-slow; ok {
		t.Error("the tail stays open after its reader left")
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := <-closed; ok {
		t.Error("the tail stays open after the log was closed")
	}
	if _, ok := <-b.Tail(t.Context(), "shop"); ok {
		t.Error("a closed log has a tail")
	}
}

func TestRetentionDropsWholeDays(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		for back := range 5 {
			events := newTraffic(uint64(back), time.Millisecond).take(20)
			for i := range events {
				events[i].At -= int64(back) * dayMicros
				events[i].Address = netip.MustParseAddr("192.0.2.1")
			}
			b.take(t, fmt.Sprint("g", back), events)
		}
		n, err := b.Retain(t.Context(), b.now, 2)
		if err != nil || n != 2 {
			t.Errorf("dropped %d days, %v; want 2", n, err)
		}
		if got := b.stored(t, "shop"); len(got) != 60 {
			t.Errorf("%d events stay, want 60", len(got))
		}
		page, err := b.Find(t.Context(), Query{Site: "shop", Address: "192.0.2.1", Limit: 1000})
		if err != nil || len(page.Events) != 60 {
			t.Errorf("%d events are found, %v", len(page.Events), err)
		}
		sum, err := b.Summary(t.Context(), "shop", noon.Add(-240*time.Hour), noon.Add(time.Hour), 24*time.Hour)
		if err != nil || sum.Total.Requests != 60 {
			t.Errorf("%d are counted, %v", sum.Total.Requests, err)
		}
	})
}
