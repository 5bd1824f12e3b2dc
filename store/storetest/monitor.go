package storetest

import (
	"context"
	"testing"

	"palisade.dev/store"
)

func monitor(site string, next int64) store.Monitor {
	return store.Monitor{ID: id(), Site: site, Kind: "api", Target: "https://shop.example", Settings: `{"url":"https://shop.example"}`, Schedule: "6h", Author: "ada", Created: 1, Next: next}
}

// monitorPromises are of scans that are run again and again.
var monitorPromises = []promise{
	{"a monitor that is due is claimed by one, and again when its holder is gone", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		late, soon, later := monitor(a, 20), monitor(a, 10), monitor(a, 500)
		for _, m := range []store.Monitor{late, soon, later} {
			must(t, db.AddMonitor(ctx, m, 3))
		}
		refused(t, db.AddMonitor(ctx, monitor(a, 1), 3), store.ErrConflict, "3 monitors already")
		_, err := db.ClaimMonitor(ctx, 9, 100)
		refused(t, err, store.ErrNotFound)
		equal(t, "due for longest", got[store.Monitor](t)(db.ClaimMonitor(ctx, 50, 100)).ID, soon.ID)
		equal(t, "the next", got[store.Monitor](t)(db.ClaimMonitor(ctx, 50, 100)).ID, late.ID)
		_, err = db.ClaimMonitor(ctx, 99, 200)
		refused(t, err, store.ErrNotFound)
		again := got[store.Monitor](t)(db.ClaimMonitor(ctx, 100, 200))
		equal(t, "its holder is gone", again.ID, soon.ID)
		again.Next, again.Last, again.Scan, again.Fault, again.Failed = 300, 150, "s1", "no answer\x00", 2
		must(t, db.RanMonitor(ctx, again))
		kept := got[store.Monitor](t)(db.Monitor(ctx, a, soon.ID))
		equal(t, "what came of it", kept.Scan+" "+kept.Fault, "s1 no answer\ufffd")
		equal(t, "lease", kept.Lease, int64(0))
	}},
	{"of many back ends at once, one runs a monitor", func(ctx context.Context, t *testing.T, db *store.DB) {
		must(t, db.AddMonitor(ctx, monitor(Site(t, db, "a"), 10), 5))
		errs := atOnce(8, func(int) error { _, err := db.ClaimMonitor(ctx, 20, 100); return err })
		equal(t, "claimed", count(errs, nil), 1)
		equal(t, "nothing due", count(errs, store.ErrNotFound), 7)
	}},
	{"a paused monitor is not due, and belongs to its site", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		m := monitor(a, 10)
		must(t, db.AddMonitor(ctx, m, 5))
		refused(t, db.SetMonitor(ctx, b, m.ID, 5, 10, "pausing", "ada", 5), store.ErrNotFound)
		must(t, db.SetMonitor(ctx, a, m.ID, 5, 10, "pausing", "ada", 5))
		_, err := db.ClaimMonitor(ctx, 20, 100)
		refused(t, err, store.ErrNotFound)
		must(t, db.SetMonitor(ctx, a, m.ID, 0, 15, "going on with", "ada", 5))
		equal(t, "due again", got[store.Monitor](t)(db.ClaimMonitor(ctx, 20, 100)).ID, m.ID)
		equal(t, "listed", len(got[[]store.Monitor](t)(db.Monitors(ctx, a))), 1)
		refused(t, db.DeleteMonitor(ctx, b, m.ID, "ada", 6), store.ErrNotFound)
		must(t, db.DeleteMonitor(ctx, a, m.ID, "ada", 6))
		equal(t, "deleted", len(got[[]store.Monitor](t)(db.Monitors(ctx, a))), 0)
	}},
}
