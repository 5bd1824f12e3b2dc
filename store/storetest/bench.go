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
	// A segment of 64 kB as one that is sealed has.
	b.Run("AppendEvents", func(b *testing.B) {
		ctx, db, _, site := begin(b)
		w := store.EventWrite{
			Site: site, Segments: []store.Segment{segment(5, 0, 1)},
			Rollups: []store.Rollup{{Span: "minute", Start: 60, Body: make([]byte, 2000)}}, Seen: []store.Seen{{Guard: "g", Boot: "b", Body: []byte("x")}},
		}
		w.Segments[0].Body = make([]byte, 64<<10)
		for b.Loop() {
			w.Segments[0].ID++
			must(b, db.AppendEvents(ctx, []store.EventWrite{w}))
		}
	})
}

// upTo is a table n of the numbers i from 1 in the words that both databases know.
func upTo(n int) string {
	return fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)", n)
}

func manyBans(site string, n int) string {
	return fmt.Sprintf(`INSERT INTO ban (id, site, subject, source, rule, note, author, revision, created, until, lifted, strikes, standing, proof)
		%s SELECT 'ban-' || (1000000000 + i), '%s', 'address:' || i, 'rule', '', '', '', 1, 1, 1000, 0, 0, TRUE, '{}' FROM n`, upTo(n), site)
}
