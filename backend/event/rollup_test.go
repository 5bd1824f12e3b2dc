package event

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func TestTopListsKeepTheirBounds(t *testing.T) {
	const k = 32
	chance := rand.New(rand.NewPCG(5, 5))
	for round := range 20 {
		zipf := rand.NewZipf(chance, 1.05+float64(round)/20, 1, 5000)
		truth := map[string]uint64{}
		var list, parts top
		var merged merger
		total := uint64(0)
		for batch := range 100 {
			var part top
			for range chance.IntN(400) {
				v := fmt.Sprint(zipf.Uint64())
				if batch%10 == 9 { // a flood of values that never come again
					v = fmt.Sprint("flood-", batch, "-", chance.Uint64())
				}
				truth[v]++
				part.add(v, 1)
				total++
			}
			list.merge(&part)
			list.cut(k)
			part.cut(k) // as stored
			parts.merge(&part)
			parts.cut(k)
			if err := merged.list(nil, 0, &reader{b: part.encode(nil)}); err != nil {
				t.Fatal(err)
			}
		}
		all := merged.tops()[0]
		if len(all.of) > lengths[0] {
			t.Errorf("a merged list has %d entries", len(all.of))
		}
		for name, l := range map[string]*top{"counted along": &list, "merged one by one": &parts, "merged at once": &all} {
			if name != "merged at once" && (l.floor > total/k+1 || len(l.of) > k) {
				t.Errorf("%s: floor %d of %d in %d entries", name, l.floor, total, len(l.of))
			}
			for v, n := range truth {
				have, ok := l.of[v]
				if !ok && n > l.floor {
					t.Fatalf("%s: %s came %d times and is not listed; the floor is %d", name, v, n, l.floor)
				}
				if ok && (n < have.count || n > have.most()) {
					t.Fatalf("%s: %s came %d times, listed with %d to %d", name, v, n, have.count, have.most())
				}
			}
		}
	}
}

func TestPartsMergeIntoTheWhole(t *testing.T) {
	traffic := newTraffic(1, time.Second)
	events := traffic.take(100) // few enough that nothing is cut
	whole, sum := &Rollup{}, &Rollup{}
	for i := range events {
		whole.add(&events[i])
	}
	for part := range slices.Chunk(events, 7) {
		r := &Rollup{}
		for i := range part {
			r.add(&part[i])
		}
		back, err := parseRollup(r.encode())
		if err != nil {
			t.Fatal(err)
		}
		sum.merge(back)
	}
	if !bytes.Equal(sum.encode(), whole.encode()) {
		t.Error("fifteen parts do not add up to the whole")
	}
	if whole.Requests != 100 || whole.Actions["allow"] == 0 || whole.Classes[2] == 0 || len(whole.Top(Routes, 5)) != 5 || whole.Floor(Routes) != 0 {
		t.Errorf("the whole: %+v", whole.Top(Routes, 5))
	}
}

func TestRollupsAreBounded(t *testing.T) {
	r, chance := &Rollup{}, rand.New(rand.NewPCG(1, 1))
	for range 20 {
		delta := &Rollup{}
		for range 300 {
			long := strings.Repeat("x", 180) + fmt.Sprint(chance.Uint64())
			e := wire.Event{
				Action: long, Account: long, Route: long, Rule: long, Agent: long, Networks: []string{long}, Marks: []string{long},
				Outcomes: []wire.Outcome{{Kind: long[150:], Result: "r"}}, Address: newTraffic(chance.Uint64(), 1).next().Address,
			}
			delta.add(&e)
		}
		r.merge(delta)
		r.cut()
	}
	body := r.encode()
	if len(body) > 96<<10 {
		t.Errorf("a hostile rollup takes %d bytes", len(body))
	}
	if back, err := parseRollup(body); err != nil || back.Requests != 6_000 || len(back.Actions) > maxNames+1 {
		t.Errorf("it comes back as %v", err)
	}
}

func TestBrokenRollupsAreNamed(t *testing.T) {
	r := &Rollup{}
	for _, e := range newTraffic(1, time.Second).take(50) {
		r.add(&e)
	}
	good := r.encode()
	cases := map[string][]byte{
		"format 9":            {9},
		"end too early":       good[:len(good)-1],
		"1 bytes too many":    append(bytes.Clone(good), 0),
		"larger than it can":  append([]byte{rollupVersion}, bytes.Repeat([]byte{0xff}, 8)...),
		"make the day's roll": good[:5],
	}
	cases["larger than it can"] = append(cases["larger than it can"], 1)
	for want, body := range cases {
		if _, err := parseRollup(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want words %q", err, want)
		}
	}
	if _, err := parseRollup(nil); err == nil || len(cases) != 5 {
		t.Errorf("nothing was read as a rollup: %v", err)
	}
}

func FuzzRollup(f *testing.F) {
	seeds := 0
	for _, n := range []int{0, 1, 40, 3000} {
		r := &Rollup{}
		for _, e := range newTraffic(uint64(n), time.Second).take(n) {
			r.add(&e)
		}
		f.Add(r.encode())
		seeds++
	}
	if seeds < 4 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRollup(body)
		if err != nil {
			return
		}
		again := r.encode()
		back, err := parseRollup(again)
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("what was read does not come back: %v", err)
		}
		r.Clients()
		r.merge(back)
		r.cut()
		var m merger
		if _, err := parseRollupTo(again, m.list); err != nil {
			t.Fatal(err)
		}
		m.tops()
	})
}

func TestSequencesAreASet(t *testing.T) {
	chance := rand.New(rand.NewPCG(9, 9))
	checked := 0
	for range 200 {
		var s seen
		truth := map[uint64]bool{}
		for range 300 {
			n := uint64(chance.IntN(120)) // few enough that the bound is not met
			if chance.IntN(50) == 0 {
				n = math.MaxUint64 - uint64(chance.IntN(2))
			}
			if got := s.add(n); got == truth[n] {
				t.Fatalf("%d in %v: new %v", n, s, got)
			}
			truth[n] = true
			checked++
		}
		back, err := parseSeen(s.encode())
		if err != nil || !slices.Equal(back, s) {
			t.Fatalf("%v came back as %v, %v", s, back, err)
		}
	}
	if checked != 60_000 {
		t.Fatalf("only %d numbers", checked)
	}
	var s seen
	for n := uint64(0); n < 10_000; n += 2 {
		s.add(n)
	}
	if len(s) != maxRanges || s.add(1) || !s.add(9_997) {
		t.Errorf("%d ranges after many gaps; the oldest gap must be closed, the youngest open", len(s))
	}
}

func FuzzSeen(f *testing.F) {
	seeds := [][]byte{nil, {1, 0}, {1, 5, 2, 0}, {0, 1}, {1, 1, 1, 1}}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 5 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseSeen(b)
		if err != nil {
			if err.Error() != errSeen.Error() {
				t.Fatal(err)
			}
			return
		}
		back, err := parseSeen(s.encode())
		if err != nil || !slices.Equal(back, s) {
			t.Fatalf("%v came back as %v, %v", s, back, err)
		}
	})
}

func TestSummariesReadFewBlobsWhateverTheTime(t *testing.T) {
	b := newBench(t, newMemory())
	b.take(t, "g", newTraffic(1, 10*time.Millisecond).take(2000))
	cases := []struct {
		from   time.Duration
		step   time.Duration
		points int
		want   time.Duration
	}{
		{-59 * time.Minute, time.Minute, 60, time.Minute},
		{-59 * time.Minute, 10 * time.Minute, 6, 10 * time.Minute},
		{-59 * time.Minute, time.Second, 60, time.Minute},
		{-24 * time.Hour, time.Minute, 25, time.Hour},
		{-7 * 24 * time.Hour, 6 * time.Hour, 29, 6 * time.Hour},
		{-30 * 24 * time.Hour, time.Hour, 31, 24 * time.Hour},
		{-1000 * 24 * time.Hour, 0, 200, 24 * time.Hour},
	}
	for i, k := range cases {
		s, err := b.Summary(t.Context(), "shop", noon.Add(k.from), noon.Add(time.Minute), k.step)
		if err != nil || len(s.Points) != k.points || s.Step != k.want || s.Total.Requests != 2000 {
			t.Errorf("case %d: %d points of %s with %d requests, %v", i, len(s.Points), s.Step, s.Total.Requests, err)
		}
		sum := uint64(0)
		for _, p := range s.Points {
			sum += p.Requests
		}
		if sum != 2000 {
			t.Errorf("case %d: the points add up to %d", i, sum)
		}
	}
	if len(cases) != 7 {
		t.Fatal("cases are missing")
	}
}

func TestRollupsMadeAnewAreTheSame(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		b := newBench(t, s)
		b.now = noon.Add(6 * time.Hour)
		for part := range slices.Chunk(newTraffic(1, 100*time.Second).take(45), 11) { // few enough that nothing is cut
			b.take(t, "g", part)
		}
		blobs := func() (all []string) {
			for _, span := range spans {
				rows, err := s.Rollups(t.Context(), "shop", span.name, 0, math.MaxInt64/2)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range rows {
					all = append(all, fmt.Sprint(r.Span, r.Start, " ", string(r.Body)))
				}
			}
			return all
		}
		before := blobs()
		if len(before) < 35 {
			t.Fatalf("only %d rollups", len(before))
		}
		day := Day(noon.UnixMicro())
		damaged := (&Rollup{Requests: 7}).encode()
		if err := b.replace(t.Context(), "shop", []store.Rollup{{Span: daily, Start: floor(noon.UnixMicro(), dayMicros), Body: damaged}, {Span: hourly, Start: noon.UnixMicro(), Body: damaged}}); err != nil {
			t.Fatal(err)
		}
		if slices.Equal(before, blobs()) {
			t.Fatal("the damage did not show")
		}
		if err := b.Rebuild(t.Context(), "shop", day); err != nil {
			t.Fatal(err)
		}
		if after := blobs(); !slices.Equal(before, after) {
			t.Errorf("%d rollups were made anew as %d others", len(before), len(after))
		}
		b.take(t, "h", newTraffic(2, time.Second).take(10))
		if n := b.total(t, "shop").Requests; n < 10 {
			t.Errorf("after the rebuild %d are counted", n)
		}
	})
}
