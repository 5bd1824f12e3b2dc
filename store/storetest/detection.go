package storetest

import (
	"context"
	"slices"
	"testing"

	"palisade.dev/store"
)

func detection(site, key string, severity int, at int64) store.Detection {
	return store.Detection{
		ID: id(), Site: site, Recipe: "stuffing", Version: 1, Key: key, Subject: key, Route: "@login", Severity: severity,
		Title: "somebody tries \xffpasswords\x00", Evidence: `{"acts":40}`, Began: at, Last: at,
	}
}

// detectionPromises are of what was concluded from events.
var detectionPromises = []promise{
	{"a detection grows while it goes on, and is told again when it gets worse", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		keep := func(d store.Detection) (store.Detection, bool) {
			t.Helper()
			kept, worse, err := db.KeepDetection(ctx, d)
			must(t, err)
			return kept, worse
		}
		first, worse := keep(detection(a, "192.0.2.1", 4, 10))
		equal(t, "new", worse, true)
		equal(t, "title", first.Title, "somebody tries \ufffdpasswords\ufffd")
		again, worse := keep(detection(a, "192.0.2.1", 3, 20))
		equal(t, "same", again.ID, first.ID)
		equal(t, "worse", worse, false)
		equal(t, "severity", again.Severity, 4)
		equal(t, "began", again.Began, 10)
		equal(t, "last", again.Last, 20)
		_, worse = keep(detection(a, "192.0.2.1", 5, 30))
		equal(t, "worse", worse, true)
		other, _ := keep(detection(a, "192.0.2.2", 2, 30))
		open := got[[]store.Detection](t)(db.OpenDetections(ctx, a, 10))
		equal(t, "open", len(open), 2)
		equal(t, "worst first", open[0].ID, first.ID)
		must(t, db.EndDetections(ctx, 31))
		equal(t, "open", got[int](t)(db.CountDetections(ctx, a)), 0)
		equal(t, "ended", got[store.Detection](t)(db.Detection(ctx, a, first.ID)).Ended, 30)
		next, worse := keep(detection(a, "192.0.2.1", 4, 99))
		equal(t, "new", worse && next.ID != first.ID, true)
		list := got[[]store.Detection](t)(db.Detections(ctx, a, "", 2))
		equal(t, "newest", list[0].ID, next.ID)
		equal(t, "older", got[[]store.Detection](t)(db.Detections(ctx, a, list[1].ID, 2))[0].ID, first.ID)
		equal(t, "between", list[1].ID, other.ID)
	}},
	{"of many who conclude the same at once, one opens it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		news := make(chan bool, 12)
		for _, err := range atOnce(12, func(int) error {
			_, worse, err := db.KeepDetection(ctx, detection(a, "192.0.2.1", 4, 10))
			news <- worse
			return err
		}) {
			must(t, err)
		}
		close(news)
		n := 0
		for worse := range news {
			if worse {
				n++
			}
		}
		equal(t, "told", n, 1)
		equal(t, "kept", len(got[[]store.Detection](t)(db.Detections(ctx, a, "", 20))), 1)
	}},
	{"an answer ends a detection, is audited, and can ask for silence", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		d, _, err := db.KeepDetection(ctx, detection(a, "192.0.2.1", 4, 10))
		must(t, err)
		refused(t, db.AnswerDetection(ctx, b, d.ID, "harmless", "", "ada", 20, 100), store.ErrNotFound)
		must(t, db.AnswerDetection(ctx, a, d.ID, "harmless", "our own test", "ada", 20, 100))
		kept := got[store.Detection](t)(db.Detection(ctx, a, d.ID))
		equal(t, "ended", kept.Ended, 20)
		equal(t, "reason", kept.Reason, "our own test")
		silent, worse, err := db.KeepDetection(ctx, detection(a, "192.0.2.1", 5, 50))
		must(t, err)
		equal(t, "silent", silent.ID == "" && !worse, true)
		elsewhere, _, err := db.KeepDetection(ctx, detection(b, "192.0.2.1", 5, 50))
		must(t, err)
		equal(t, "elsewhere", elsewhere.ID != "", true)
		loud, worse, err := db.KeepDetection(ctx, detection(a, "192.0.2.1", 4, 100))
		must(t, err)
		equal(t, "loud again", loud.ID != "" && worse, true)
		log := got[[]store.Audited](t)(db.AuditLog(ctx, store.AuditQuery{Subject: "detection " + d.ID, Limit: 10}))
		equal(t, "audited", len(log), 1)
		equal(t, "action", log[0].Action, "answering a detection: harmless")
	}},
	{"detections go with their time or site, silence does not", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		var ids []string
		for i, key := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
			d, _, err := db.KeepDetection(ctx, detection(a, key, 4, int64(10+i)))
			must(t, err)
			ids = append(ids, d.ID)
		}
		must(t, db.AnswerDetection(ctx, a, ids[0], "harmless", "", "ada", 20, 1000))
		must(t, db.AnswerDetection(ctx, a, ids[1], "handled", "", "ada", 20, 30))
		equal(t, "forgotten", got[int64](t)(db.ForgetDetections(ctx, 50)), 1)
		left := got[[]store.Detection](t)(db.Detections(ctx, a, "", 10))
		equal(t, "left", slices.ContainsFunc(left, func(d store.Detection) bool { return d.ID == ids[1] }), false)
		equal(t, "left", len(left), 2)
		must(t, db.DeleteSite(ctx, a, "ada", 60))
		_, err := db.Detection(ctx, a, ids[0])
		refused(t, err, store.ErrNotFound)
	}},
}
