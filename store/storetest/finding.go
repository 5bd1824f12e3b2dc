package storetest

import (
	"context"
	"fmt"
	"testing"

	"palisade.dev/store"
)

func aScan(site string, at int64) store.Scan {
	return store.Scan{ID: id(), Site: site, Kind: "code", Target: "shop", Tool: "palisade test", Author: "ci", Started: at - 5, Ended: at, Kept: at, High: 1, Checks: 7, Score: -1, Hash: []byte{1, 2}}
}

func aFinding(fingerprint string, severity int) store.Finding {
	return store.Finding{ID: id(), Fingerprint: fingerprint, Check: "elixir/sqlquery", Title: "SQL from " + fingerprint, Severity: severity, Place: "lib/a.ex:3:1", Body: `{"check":"elixir/sqlquery"}`}
}

func lookedAtAll(store.Finding) bool { return true }

// findingPromises are of scans and what they found.
var findingPromises = []promise{
	{"a finding is new once, known afterwards, resolved when a scan that looked has it no more, and comes back", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		bring := func(at int64, looked func(store.Finding) bool, found ...store.Finding) store.Brought {
			t.Helper()
			return got[store.Brought](t)(db.BringScan(ctx, aScan(a, at), []byte("report"), found, looked))
		}
		b := bring(10, lookedAtAll, aFinding("one", 4), aFinding("two", 2))
		equal(t, "new", len(b.New), 2)
		b = bring(20, lookedAtAll, aFinding("one", 5))
		equal(t, "second scan", fmt.Sprint(len(b.New), b.Still, b.Resolved, b.Untold, len(b.Regressed)), "0 1 1 0 0")
		b = bring(30, func(store.Finding) bool { return false })
		equal(t, "a scan that did not look", fmt.Sprint(len(b.New), b.Still, b.Resolved, b.Untold, len(b.Regressed)), "0 0 0 1 0")
		b = bring(40, lookedAtAll, aFinding("one", 5), aFinding("two", 2))
		equal(t, "it comes back", fmt.Sprint(len(b.New), b.Still, b.Resolved, b.Untold, len(b.Regressed)), "0 1 0 0 1")
		all := got[[]store.Finding](t)(db.Findings(ctx, a, store.FindingQuery{Limit: 10}))
		equal(t, "the worst first", fmt.Sprint(all[0].Severity, all[0].First, all[0].Last, all[1].Severity), "5 10 40 2")
		equal(t, "another target's", len(got[[]store.Finding](t)(db.Findings(ctx, a, store.FindingQuery{Limit: 10, Kind: "api"}))), 0)
	}},
	{"findings are found by state, severity, check and words, page by page", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, other := Site(t, db, "a"), Site(t, db, "b")
		found := []store.Finding{aFinding("100%", 5), aFinding("one", 4), aFinding("two", 4), aFinding("three", 1)}
		got[store.Brought](t)(db.BringScan(ctx, aScan(a, 10), []byte("report"), found, lookedAtAll))
		got[store.Brought](t)(db.BringScan(ctx, aScan(other, 10), []byte("report"), []store.Finding{aFinding("one", 5)}, lookedAtAll))
		ask := func(q store.FindingQuery) int {
			t.Helper()
			q.At, q.Limit = 20, 10
			return len(got[[]store.Finding](t)(db.Findings(ctx, a, q)))
		}
		equal(t, "high and above", ask(store.FindingQuery{Least: 4}), 3)
		equal(t, "open", ask(store.FindingQuery{State: "open", Check: "elixir/sqlquery", Kind: "code"}), 4)
		equal(t, "words, as they stand", ask(store.FindingQuery{Text: "100%"})+10*ask(store.FindingQuery{Text: "%"})+100*ask(store.FindingQuery{Text: "LIB/A"}), 411)
		var seen []string
		after := ""
		for range 3 {
			page := got[[]store.Finding](t)(db.Findings(ctx, a, store.FindingQuery{After: after, Limit: 2}))
			for _, f := range page {
				seen = append(seen, f.ID)
				after = f.Cursor()
			}
		}
		equal(t, "pages", len(seen), 4)
		_, err := db.Findings(ctx, a, store.FindingQuery{After: "x", Limit: 2})
		refused(t, err, store.ErrNotFound)
	}},
	{"an acceptance has a reason and an end, and outlives scans", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		f := aFinding("one", 4)
		got[store.Brought](t)(db.BringScan(ctx, aScan(a, 10), []byte("report"), []store.Finding{f}, lookedAtAll))
		must(t, db.AcceptFinding(ctx, a, f.ID, "only staff can reach it", 100, "ada", 20))
		got[store.Brought](t)(db.BringScan(ctx, aScan(a, 30), []byte("report"), []store.Finding{aFinding("one", 4)}, lookedAtAll))
		kept := got[store.Finding](t)(db.Finding(ctx, a, f.ID))
		equal(t, "until then", kept.State(99)+" by "+kept.Accepter, "accepted by ada")
		equal(t, "afterwards", kept.State(100), "open")
		equal(t, "counted", got[map[string]store.SiteFindings](t)(db.FindingCounts(ctx, 99))[a].Open[4], 0)
		equal(t, "counted afterwards", got[map[string]store.SiteFindings](t)(db.FindingCounts(ctx, 100))[a].Open[4], 1)
		must(t, db.AcceptFinding(ctx, a, f.ID, "", 0, "ada", 40))
		equal(t, "opened again", got[store.Finding](t)(db.Finding(ctx, a, f.ID)).State(41), "open")
		refused(t, db.AcceptFinding(ctx, Site(t, db, "b"), f.ID, "x", 0, "ada", 20), store.ErrNotFound)
	}},
	{"a scan's report is kept, and forgotten but for the newest", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, other := Site(t, db, "a"), Site(t, db, "b")
		old, fresh := aScan(a, 10), aScan(a, 20)
		got[store.Brought](t)(db.BringScan(ctx, old, []byte("old"), nil, lookedAtAll))
		got[store.Brought](t)(db.BringScan(ctx, fresh, []byte("new"), nil, lookedAtAll))
		s, body, err := db.ScanBody(ctx, a, fresh.ID)
		must(t, err)
		equal(t, "report", string(body)+" "+s.Target, "new shop")
		_, _, err = db.ScanBody(ctx, other, fresh.ID)
		refused(t, err, store.ErrNotFound)
		equal(t, "last scanned", got[map[string]store.SiteFindings](t)(db.FindingCounts(ctx, 50))[a].Scanned["code"].At, int64(20))
		equal(t, "scans", len(got[[]store.Scan](t)(db.Scans(ctx, a, "", 10))), 2)
		equal(t, "forgotten", got[int64](t)(db.ForgetScans(ctx, 1000)), int64(1))
		left := got[[]store.Scan](t)(db.Scans(ctx, a, "", 10))
		equal(t, "the newest stays", left[0].ID, fresh.ID)
		_, err = db.BringScan(ctx, aScan("nowhere", 10), nil, nil, lookedAtAll)
		refused(t, err, store.ErrNotFound)
	}},
}
