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

func places(segments []store.Segment) (s string) {
	for _, x := range segments {
		s += fmt.Sprintf("%d/%d ", x.Day, x.ID)
	}
	return s
}

// threeDays keeps segments 10 and 11 of days 5, 6 and 7, all but the first with the term 42.
func threeDays(ctx context.Context, t testing.TB, db *store.DB, site string) {
	t.Helper()
	w := store.EventWrite{Site: site}
	for day := int32(5); day <= 7; day++ {
		for i := int64(10); i <= 11; i++ {
			w.Segments = append(w.Segments, segment(day, i, i))
			w.Postings = append(w.Postings, store.Posting{Day: day, Segment: i, Term: -7})
			if day > 5 || i > 10 {
				w.Postings = append(w.Postings, store.Posting{Day: day, Segment: i, Term: 42})
			}
		}
	}
	must(t, db.AppendEvents(ctx, []store.EventWrite{w}))
}

const forever = 1 << 62

var eventPromises = []promise{
	{"a segment comes back as it went in, its body apart", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		s := segment(5, 1<<50, 3)
		s.Sealed, s.Body = true, bytes.Repeat([]byte{0, 1, 255}, 40_000)
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{s}}}))
		have := got[[]store.Segment](t)(db.Segments(ctx, a, 0, forever, 0, 0, 10))
		equal(t, "segments", len(have), 1)
		body := s.Body
		s.Site, s.Body = a, nil
		if h := have[0]; h.Site != s.Site || h.Day != s.Day || h.ID != s.ID || h.First != s.First || h.Last != s.Last || h.Count != s.Count || !h.Sealed || h.Body != nil {
			t.Fatalf("got %+v, want %+v", h, s)
		}
		if b := got[[]byte](t)(db.SegmentBody(ctx, a, 5, 1<<50)); !bytes.Equal(b, body) {
			t.Fatal("the body is another")
		}
		for _, none := range [][2]int64{{5, 1}, {6, 1 << 50}} {
			if b := got[[]byte](t)(db.SegmentBody(ctx, a, int32(none[0]), none[1])); b != nil {
				t.Fatalf("a body of %v", none)
			}
		}
	}},
	{"a segment written again is replaced, its postings stay", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		s := segment(5, 1, 3)
		p := []store.Posting{{Day: 5, Segment: 1, Term: 42}}
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{s}, Postings: p}}))
		s.Count, s.Sealed, s.Body, s.Last = 9, true, []byte("longer"), s.Last+1
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{s}, Postings: append(p, store.Posting{Day: 5, Segment: 1, Term: 43})}}))
		for _, term := range []int64{42, 43} {
			have := got[[]store.Segment](t)(db.SegmentsWith(ctx, a, term, 0, forever, 0, 0, 10))
			equal(t, "segments", len(have), 1)
			equal(t, "count", have[0].Count, 9)
			equal(t, "last", have[0].Last, s.Last)
		}
		equal(t, "body", string(got[[]byte](t)(db.SegmentBody(ctx, a, 5, 1))), "longer")
	}},
	{"segments are listed newest first, in a time, from a place on", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		threeDays(ctx, t, db, a)
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: b, Segments: []store.Segment{segment(6, 99, 1)}}}))
		hour := func(day, h int64) int64 { return day*dayMicros + h*3_600_000_000 }
		for _, c := range []struct {
			name     string
			from, to int64
			day      int32
			id       int64
			limit    int
			want     string
		}{
			{"all", 0, forever, 0, 0, 100, "7/11 7/10 6/11 6/10 5/11 5/10 "},
			{"the first page", 0, forever, 0, 0, 2, "7/11 7/10 "},
			{"the next page", 0, forever, 7, 10, 3, "6/11 6/10 5/11 "},
			{"from within a day", 0, forever, 6, 11, 2, "6/10 5/11 "},
			{"one day", hour(6, 0), hour(7, 0), 0, 0, 100, "6/11 6/10 "},
			{"a time within one", hour(6, 11) + 5, hour(6, 11) + 6, 0, 0, 100, "6/11 "},
			{"the end is not within", hour(6, 10), hour(6, 11), 0, 0, 100, "6/10 "},
			{"nothing", hour(8, 0), hour(9, 0), 0, 0, 100, ""},
		} {
			equal(t, c.name, places(got[[]store.Segment](t)(db.Segments(ctx, a, c.from, c.to, c.day, c.id, c.limit))), c.want)
			equal(t, c.name+" with a term of all", places(got[[]store.Segment](t)(db.SegmentsWith(ctx, a, -7, c.from, c.to, c.day, c.id, c.limit))), c.want)
		}
	}},
	{"segments of a term are those entered under it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		threeDays(ctx, t, db, a)
		equal(t, "with the term", places(got[[]store.Segment](t)(db.SegmentsWith(ctx, a, 42, 0, forever, 0, 0, 100))), "7/11 7/10 6/11 6/10 5/11 ")
		equal(t, "from a place on", places(got[[]store.Segment](t)(db.SegmentsWith(ctx, a, 42, 0, forever, 6, 10, 100))), "5/11 ")
		equal(t, "with another", places(got[[]store.Segment](t)(db.SegmentsWith(ctx, a, 41, 0, forever, 0, 0, 100))), "")
		equal(t, "of another site", places(got[[]store.Segment](t)(db.SegmentsWith(ctx, b, 42, 0, forever, 0, 0, 100))), "")
	}},
	{"every term can be found, however many and however great", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		w := store.EventWrite{Site: a, Segments: []store.Segment{segment(5, 1, 3), segment(5, 2, 4), segment(6, 1, 3)}}
		terms := []int64{-1 << 63, -1, 0, 1, 1<<63 - 1, 1<<53 + 1}
		for i := range int64(2500) {
			terms = append(terms, i*1_000_003+5)
		}
		for _, term := range terms {
			w.Postings = append(w.Postings, store.Posting{Day: 5, Segment: 1, Term: term}, store.Posting{Day: 6, Segment: 1, Term: term})
		}
		must(t, db.AppendEvents(ctx, []store.EventWrite{w}))
		for _, term := range append(terms[:10], terms[len(terms)-10:]...) {
			equal(t, fmt.Sprint("term ", term), places(got[[]store.Segment](t)(db.SegmentsWith(ctx, a, term, 0, forever, 0, 0, 100))), "6/1 5/1 ")
		}
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
			{Site: a, Segments: []store.Segment{segment(5, 1, 3)}, Postings: []store.Posting{{Day: 5, Segment: 1, Term: 1}}, Rollups: []store.Rollup{{Span: "minute", Start: 1, Body: []byte("x")}}},
			{Site: "none", Seen: []store.Seen{{Guard: "g", Boot: "b", Body: []byte("x")}}},
		})
		refused(t, err, store.ErrNotFound, "keeping events", "no such site")
		equal(t, "segments", len(got[[]store.Segment](t)(db.Segments(ctx, a, 0, forever, 0, 0, 10))), 0)
		equal(t, "rollups", len(got[[]store.Rollup](t)(db.Rollups(ctx, a, "minute", 0, 10))), 0)
	}},
	{"a dropped day is gone, with its postings and counts, and others stay", func(ctx context.Context, t *testing.T, db *store.DB) {
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
			equal(t, "segments", places(got[[]store.Segment](t)(db.Segments(ctx, site, 0, forever, 0, 0, 10))), "7/11 7/10 5/11 5/10 ")
			equal(t, "hours", len(got[[]store.Rollup](t)(db.Rollups(ctx, site, "hour", 0, forever))), 1)
			equal(t, "days counted", len(got[[]store.Rollup](t)(db.Rollups(ctx, site, "day", 0, forever))), 1)
		}
		if b := got[[]byte](t)(db.EventsSeen(ctx, a, "old", "b")); b != nil {
			t.Error("what was seen of an old boot is left")
		}
		if b := got[[]byte](t)(db.EventsSeen(ctx, a, "new", "b")); b == nil {
			t.Error("what was seen of a newer boot is gone")
		}
		// A segment of the same place later must not be found under the old one's terms.
		must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: a, Segments: []store.Segment{segment(6, 10, 1)}}, {Site: gone, Segments: []store.Segment{segment(6, 10, 1)}}}))
		for _, site := range []string{a, gone} {
			equal(t, "under an old term", places(got[[]store.Segment](t)(db.SegmentsWith(ctx, site, 42, 0, forever, 0, 0, 10))), "7/11 7/10 5/11 ")
		}
	}},
}
