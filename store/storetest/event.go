package storetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"palisade.dev/store"
)

const dayMicros = 86_400_000_000

// segment is one of a day that holds the events of an hour.
func segment(day int32, id, hour int64) store.Segment {
	start := int64(day)*dayMicros + hour*3_600_000_000
	return store.Segment{Day: day, ID: id, First: start, Last: start + 3_599_999_999, Count: 3, Body: []byte(fmt.Sprint("body ", day, " ", id))}
}

// threeDays keeps segments 10 and 11 of days 5, 6 and 7.
func threeDays(ctx context.Context, t testing.TB, db *store.DB, site string) {
	t.Helper()
	w := store.EventWrite{Site: site}
	for day := int32(5); day <= 7; day++ {
		for i := int64(10); i <= 11; i++ {
			w.Segments = append(w.Segments, segment(day, i, i))
		}
	}
	must(t, db.AppendEvents(ctx, []store.EventWrite{w}))
}

// places lists which of those of threeDays a site has.
func places(ctx context.Context, t testing.TB, db *store.DB, site string) (s string) {
	t.Helper()
	for day := int32(5); day <= 7; day++ {
		for id := int64(10); id <= 11; id++ {
			if b := got[[]byte](t)(db.SegmentBody(ctx, site, day, id)); b != nil {
				s += fmt.Sprintf("%d/%d ", day, id)
			}
		}
	}
	return s
}

const forever = 1 << 62

var eventPromises = []promise{
	{"a segment comes back as it went in", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		s := segment(5, 1<<50, 3)
		s.Sealed, s.Body = true, bytes.Repeat([]byte{0, 1, 255}, 40_000)
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{s}}}))
		if b := got[[]byte](t)(db.SegmentBody(ctx, a, 5, 1<<50)); !bytes.Equal(b, s.Body) {
			t.Fatal("the body is another")
		}
		for _, none := range [][2]int64{{5, 1}, {6, 1 << 50}} {
			if b := got[[]byte](t)(db.SegmentBody(ctx, a, int32(none[0]), none[1])); b != nil {
				t.Fatalf("a body of %v", none)
			}
		}
	}},
	{"a segment written again is replaced", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		s := segment(5, 1, 3)
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{s}}}))
		s.Count, s.Sealed, s.Body, s.Last = 9, true, []byte("longer"), s.Last+1
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{s}}}))
		equal(t, "body", string(got[[]byte](t)(db.SegmentBody(ctx, a, 5, 1))), "longer")
	}},
	{"the events of old days are summed, of all sites", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		equal(t, "of none", got[store.EventSum](t)(db.EventsBefore(ctx, 9)), store.EventSum{})
		threeDays(ctx, t, db, a)
		threeDays(ctx, t, db, b)
		equal(t, "before the first", got[store.EventSum](t)(db.EventsBefore(ctx, 5)), store.EventSum{})
		equal(t, "of two days", got[store.EventSum](t)(db.EventsBefore(ctx, 7)), store.EventSum{Days: 2, Events: 24, Bytes: int64(8 * len("body 5 10")), First: 5})
	}},
	{"a site's segments are its own", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		threeDays(ctx, t, db, a)
		equal(t, "its own", places(ctx, t, db, a), "5/10 5/11 6/10 6/11 7/10 7/11 ")
		equal(t, "another's", places(ctx, t, db, b), "")
	}},
	{"rollups are replaced whole and read in order", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		must(t, db.AppendEvents(ctx, []store.EventWrite{
			{Site: a, Rollups: []store.Rollup{{Span: "minute", Start: 120, Body: []byte("b")}, {Span: "minute", Start: 60, Body: []byte("a")}, {Span: "hour", Start: 60, Body: []byte("h")}}},
			{Site: b, Rollups: []store.Rollup{{Span: "minute", Start: 60, Body: []byte("other")}}},
		}))
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Rollups: []store.Rollup{{Span: "minute", Start: 60, Body: []byte("A")}}}}))
		read := func(from, to int64) (s string) {
			for _, r := range got[[]store.Rollup](t)(db.Rollups(ctx, a, "minute", from, to)) {
				s += fmt.Sprintf("%s%d%s ", r.Span, r.Start, r.Body)
			}
			return s
		}
		equal(t, "all", read(0, 1000), "minute60A minute120b ")
		equal(t, "the end is not within", read(60, 120), "minute60A ")
		equal(t, "the start is", read(120, 121), "minute120b ")
	}},
	{"what was seen of a guard's boot is kept with the events", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		if b := got[[]byte](t)(db.EventsSeen(ctx, a, "g", "boot")); b != nil {
			t.Fatalf("seen before: %x", b)
		}
		for _, body := range []string{"1", "2"} {
			must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Seen: []store.Seen{{Guard: "g", Boot: "boot", At: 5, Body: []byte(body)}, {Guard: "g", Boot: "next", At: 5, Body: []byte("n")}}}}))
		}
		equal(t, "seen", string(got[[]byte](t)(db.EventsSeen(ctx, a, "g", "boot"))), "2")
	}},
	{"an ingest is kept wholly or not at all", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		err := db.AppendEvents(ctx, []store.EventWrite{
			{Site: a, Segments: []store.Segment{segment(5, 1, 3)}, Rollups: []store.Rollup{{Span: "minute", Start: 1, Body: []byte("x")}}},
			{Site: "none", Seen: []store.Seen{{Guard: "g", Boot: "b", Body: []byte("x")}}},
		})
		refused(t, err, store.ErrNotFound, "keeping events", "no such site")
		equal(t, "a segment", len(got[[]byte](t)(db.SegmentBody(ctx, a, 5, 1))), 0)
		equal(t, "rollups", len(got[[]store.Rollup](t)(db.Rollups(ctx, a, "minute", 0, 10))), 0)
	}},
	{"a dropped day is gone, with its counts, and others stay", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, gone := Site(t, db, "a"), Site(t, db, "gone")
		for _, site := range []string{a, gone} {
			threeDays(ctx, t, db, site)
			must(t, db.AppendEvents(ctx, []store.EventWrite{{
				Site:    site,
				Rollups: []store.Rollup{{Span: "hour", Start: 6*dayMicros - 1, Body: []byte("x")}, {Span: "hour", Start: 6 * dayMicros, Body: []byte("x")}, {Span: "day", Start: 7 * dayMicros, Body: []byte("x")}},
				Seen:    []store.Seen{{Guard: "old", Boot: "b", At: 6*dayMicros + 5, Body: []byte("x")}, {Guard: "new", Boot: "b", At: 7 * dayMicros, Body: []byte("x")}},
			}}))
		}
		must(t, db.DeleteSite(ctx, gone, "me", 9))
		equal(t, "days", fmt.Sprint(got[[]int32](t)(db.EventDays(ctx))), "[5 6 7]")
		must(t, db.DropEventDay(ctx, 6))
		equal(t, "days", fmt.Sprint(got[[]int32](t)(db.EventDays(ctx))), "[5 7]")
		for _, site := range []string{a, gone} {
			equal(t, "segments", places(ctx, t, db, site), "5/10 5/11 7/10 7/11 ")
			equal(t, "hours", len(got[[]store.Rollup](t)(db.Rollups(ctx, site, "hour", 0, forever))), 1)
			equal(t, "days counted", len(got[[]store.Rollup](t)(db.Rollups(ctx, site, "day", 0, forever))), 1)
		}
		if b := got[[]byte](t)(db.EventsSeen(ctx, a, "old", "b")); b != nil {
			t.Error("what was seen of an old boot is left")
		}
		if b := got[[]byte](t)(db.EventsSeen(ctx, a, "new", "b")); b == nil {
			t.Error("what was seen of a newer boot is gone")
		}
	}},
}
