package limit

import (
	"testing"
	"time"
)

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UnixNano()
}

func TestStretches(t *testing.T) {
	for _, c := range []struct {
		got        Stretch
		start, end string
	}{
		{Hour(at("2026-11-24T12:59:59Z")), "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"},
		{Hour(at("2026-11-24T13:00:00Z")), "2026-11-24T13:00:00Z", "2026-11-24T14:00:00Z"},
		{Day(at("2026-11-24T23:30:00-01:00")), "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		{Month(at("2026-12-31T23:59:59Z")), "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{Month(at("2028-02-29T00:00:00Z")), "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"},
	} {
		if want := (Stretch{at(c.start), at(c.end)}); c.got != want {
			t.Errorf("%v, want %v", c.got, want)
		}
	}
}

func TestWindow(t *testing.T) {
	w, evening := NewWindow(100), at("2026-11-24T22:00:00Z")
	take := func(now int64, cost int64) Result { return w.Take(77, Day(now), now, 10, cost) }
	for _, c := range []struct {
		now, cost int64
		want      Result
	}{
		{evening, 7, Result{true, 2 * 3600e9, 3}},
		{evening, 4, Result{false, 2 * 3600e9, 3}},
		{evening, 3, Result{true, 2 * 3600e9, 0}},
		{evening, 0, Result{true, 2 * 3600e9, 0}},
		{evening + 3600e9, 1, Result{false, 3600e9, 0}},
		{evening + 2*3600e9, 1, Result{true, 24 * 3600e9, 9}}, // midnight
		// The clock steps back over midnight: the new day's count goes on.
		{evening + 3600e9, 9, Result{true, 3600e9, 0}},
		{evening + 3600e9, 1, Result{false, 3600e9, 0}},
		{evening + 2*3600e9, 1, Result{false, 24 * 3600e9, 0}},
		{evening + 26*3600e9, 10, Result{true, 24 * 3600e9, 0}},
		// The clock was a year ahead: nothing is given back, and it is over at the end of this day.
		{evening - int64(365*day), 1, Result{false, 2 * 3600e9, 0}},
		{evening - int64(364*day), 1, Result{true, 2 * 3600e9, 9}},
	} {
		if got := take(c.now, c.cost); got != c.want {
			t.Errorf("%v cost %d: %+v, want %+v", time.Unix(0, c.now).UTC(), c.cost, got, c.want)
		}
	}
	w.Forget(77)
	if r := take(evening, 10); !r.OK {
		t.Errorf("after forgetting: %+v", r)
	}
	if r := w.Take(78, Day(evening), evening, 1<<40, 1<<31); !r.OK || r.Left != MaxCount {
		t.Errorf("a huge quota: %+v", r)
	}
	if r := w.Take(78, Day(evening), evening, 1<<40, 1<<31); r.OK {
		t.Errorf("beyond the word: %+v", r)
	}
}

// TestSpentQuotasSurviveAFlood fills a table with the hour's fresh keys: the day's counts stay.
func TestSpentQuotasSurviveAFlood(t *testing.T) {
	key, w := NewKey([16]byte{2}), NewWindow(1<<10)
	for i := range uint64(200) {
		w.Take(key.Addr(1, i, 0), Day(noon), noon, 3, 3)
	}
	for i := range uint64(20 << 11) {
		w.Take(key.Addr(2, i, 0), Hour(noon), noon, 3, 1)
	}
	for i := range uint64(200) {
		if w.Take(key.Addr(1, i, 0), Day(noon), noon, 3, 1).OK {
			t.Fatalf("key %d has got its quota back", i)
		}
	}
	if w.Evicted() == 0 || w.Bytes() != 2*16<<10 {
		t.Errorf("%d evicted, %d bytes", w.Evicted(), w.Bytes())
	}
}
