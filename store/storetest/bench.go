package storetest

import (
	"context"
	"fmt"
	"testing"

	"palisade.dev/store"
)

// Bench measures what is done often, and whether it stays as quick when there is much. fill runs a statement of SQL beside the
// store, which makes many rows faster than the store would.
func Bench(b *testing.B, open func(b *testing.B) (db *store.DB, fill func(statement string))) {
	begin := func(b *testing.B) (context.Context, *store.DB, func(string), string) {
		db, fill := open(b)
		b.Cleanup(func() { _ = db.Close() })
		return b.Context(), db, fill, Site(b, db, "shop")
	}
	for _, standing := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("ImposeBan/standing=%d", standing), func(b *testing.B) {
			ctx, db, fill, site := begin(b)
			fill(manyBans(site, standing))
			for b.Loop() {
				i := serial.Add(1)
				got[store.Ban](b)(db.ImposeBan(ctx, store.Ban{ID: fmt.Sprintf("new-%09d", i), Site: site, Subject: fmt.Sprint("account:", i), Source: "api", Created: 10}, func(int) int64 { return 0 }))
			}
		})
		b.Run(fmt.Sprintf("ImposeBan/again/standing=%d", standing), func(b *testing.B) {
			ctx, db, fill, site := begin(b)
			fill(manyBans(site, standing))
			for b.Loop() {
				got[store.Ban](b)(db.ImposeBan(ctx, store.Ban{ID: "x", Site: site, Subject: "address:50", Source: "api", Created: 10}, func(int) int64 { return 20 }))
			}
		})
		b.Run(fmt.Sprintf("StandingBans/last_page/standing=%d", standing), func(b *testing.B) {
			ctx, db, fill, site := begin(b)
			fill(manyBans(site, standing))
			for b.Loop() {
				equal(b, "bans", len(got[[]store.Ban](b)(db.StandingBans(ctx, site, 10, "ban-1000000051", 50))), 50)
			}
		})
		b.Run(fmt.Sprintf("CountBans/standing=%d", standing), func(b *testing.B) {
			ctx, db, fill, site := begin(b)
			fill(manyBans(site, standing))
			for b.Loop() {
				equal(b, "bans", got[int](b)(db.CountBans(ctx, site, 10)), standing)
			}
		})
	}
	// A segment of 64 kB under 300 terms, as one that is sealed has.
	b.Run("AppendEvents", func(b *testing.B) {
		ctx, db, _, site := begin(b)
		w := store.EventWrite{
			Site: site, Segments: []store.Segment{segment(5, 0, 1)}, Postings: make([]store.Posting, 300),
			Rollups: []store.Rollup{{Span: "minute", Start: 60, Body: make([]byte, 2000)}}, Seen: []store.Seen{{Guard: "g", Boot: "b", Body: []byte("x")}},
		}
		w.Segments[0].Body = make([]byte, 64<<10)
		for b.Loop() {
			w.Segments[0].ID++
			for i := range w.Postings { // terms are hashes: they lie anywhere
				w.Postings[i] = store.Posting{Day: 5, Segment: w.Segments[0].ID, Term: int64(uint64(i) * 0x9e3779b97f4a7c15)}
			}
			must(b, db.AppendEvents(ctx, []store.EventWrite{w}))
		}
	})
	for _, segments := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("SegmentsWith/segments=%d", segments), func(b *testing.B) {
			ctx, db, fill, site := begin(b)
			// Of 30 days; each under a term of its own, all under the term 1 and every 25th under 2.
			fill(fmt.Sprintf(`INSERT INTO segment (site, day, id, first, last, count, sealed, body)
				%s SELECT '%s', 1 + i %% 30, i, (1 + i %% 30) * 86400000000, (1 + i %% 30) * 86400000000 + 5, 3, TRUE, 'x' FROM n`, upTo(segments), site))
			fill(fmt.Sprintf(`INSERT INTO posting (day, site, term, segment)
				%s SELECT 1 + i %% 30, '%s', 1000 + i, i FROM n UNION ALL SELECT 1 + i %% 30, '%[2]s', 1, i FROM n UNION ALL SELECT 1 + i %% 30, '%[2]s', 2, i FROM n WHERE i %% 25 = 0`, upTo(segments), site))
			fill(`ANALYZE`)
			for _, c := range []struct {
				name       string
				term, want int64
			}{{"common", 1, 4}, {"rare", 2, 4}, {"single", 1050, 1}, {"none", 3, 0}} {
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						equal(b, "segments", len(got[[]store.Segment](b)(db.SegmentsWith(ctx, site, c.term, 0, forever, 0, 0, 4))), int(c.want))
					}
				})
			}
		})
	}
}

// upTo is a table n of the numbers i from 1 in the words that both databases know.
func upTo(n int) string {
	return fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
}

func manyBans(site string, n int) string {
	return fmt.Sprintf(`INSERT INTO ban (id, site, subject, source, rule, note, author, revision, created, until, lifted, strikes, standing, proof)
		%s SELECT 'ban-' || (1000000000 + i), '%s', 'address:' || i, 'rule', '', '', '', 1, 1, 1000, 0, 0, TRUE, '{}' FROM n`, upTo(n), site)
}
