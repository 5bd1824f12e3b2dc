package storetest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"palisade.dev/store"
)

func appeal(site, ban, code string, at int64) store.Appeal {
	return store.Appeal{ID: id(), Site: site, Ban: ban, Subject: "192.0.2.1", Code: []byte(code), Author: "ada", Created: at, Until: at + 100}
}

// appealPromises are of links for refused people.
var appealPromises = []promise{
	{"an appeal is sent once, while its link works", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		first := appeal(a, "b1", "one", 10)
		must(t, db.OfferAppeal(ctx, first))
		equal(t, "offered", len(got[[]store.Appeal](t)(db.Appeals(ctx, a, "", 10))), 0)
		equal(t, "subject", got[store.Appeal](t)(db.AppealByCode(ctx, []byte("one"))).Subject, "192.0.2.1")
		_, err := db.AppealByCode(ctx, []byte("two"))
		refused(t, err, store.ErrNotFound)
		_, err = db.SendAppeal(ctx, []byte("two"), "hello", "", 20)
		refused(t, err, store.ErrConflict)
		_, err = db.SendAppeal(ctx, []byte("one"), "too late", "", 110)
		refused(t, err, store.ErrConflict, "works no longer")
		sent := got[store.Appeal](t)(db.SendAppeal(ctx, []byte("one"), "I was\nshopping \xff\x00", "me@example.com", 109))
		equal(t, "said", sent.Said, "I was\nshopping \ufffd\ufffd")
		_, err = db.SendAppeal(ctx, []byte("one"), "again", "", 109)
		refused(t, err, store.ErrConflict)
		equal(t, "kept", got[store.Appeal](t)(db.Appeal(ctx, a, first.ID)).Contact, "me@example.com")
		equal(t, "waiting", got[int](t)(db.CountAppeals(ctx, a)), 1)
	}},
	{"of many who send by one link at once, one does", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.OfferAppeal(ctx, appeal(a, "b1", "one", 10)))
		errs := atOnce(12, func(int) error { _, err := db.SendAppeal(ctx, []byte("one"), "hello", "", 20); return err })
		equal(t, "sent", count(errs, nil), 1)
		equal(t, "conflicts", count(errs, store.ErrConflict), 11)
	}},
	{"a new link takes the place of one nobody used", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.OfferAppeal(ctx, appeal(a, "b1", "one", 10)))
		must(t, db.OfferAppeal(ctx, appeal(a, "b2", "other", 10)))
		must(t, db.OfferAppeal(ctx, appeal(a, "b1", "two", 11)))
		_, err := db.AppealByCode(ctx, []byte("one"))
		refused(t, err, store.ErrNotFound)
		got[store.Appeal](t)(db.SendAppeal(ctx, []byte("two"), "hello", "", 20))
		must(t, db.OfferAppeal(ctx, appeal(a, "b1", "three", 21)))
		got[store.Appeal](t)(db.AppealByCode(ctx, []byte("two")))
		got[store.Appeal](t)(db.AppealByCode(ctx, []byte("other")))
	}},
	{"an appeal has one answer, of its own site", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		x := appeal(a, "b1", "one", 10)
		must(t, db.OfferAppeal(ctx, x))
		refused(t, db.AnswerAppeal(ctx, a, x.ID, "declined", "", "ada", 20), store.ErrConflict)
		got[store.Appeal](t)(db.SendAppeal(ctx, []byte("one"), "hello", "", 20))
		refused(t, db.AnswerAppeal(ctx, b, x.ID, "declined", "", "ada", 20), store.ErrConflict)
		_, err := db.Appeal(ctx, b, x.ID)
		refused(t, err, store.ErrNotFound)
		must(t, db.AnswerAppeal(ctx, a, x.ID, "declined", "a robot", "ada", 21))
		refused(t, db.AnswerAppeal(ctx, a, x.ID, "lifted", "", "bob", 22), store.ErrConflict)
		equal(t, "reason", got[store.Appeal](t)(db.Appeal(ctx, a, x.ID)).Reason, "a robot")
		equal(t, "waiting", got[int](t)(db.CountAppeals(ctx, a)), 0)
		log := got[[]store.Audited](t)(db.AuditLog(ctx, store.AuditQuery{Subject: "appeal " + x.ID, Limit: 10}))
		equal(t, "audited", len(log), 2)
		equal(t, "action", log[0].Action, "answering the appeal of 192.0.2.1: declined")
	}},
	{"appeals come newest first, by pages, and go with their time or site", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		var ids []string
		for i, code := range []string{"one", "two", "three"} {
			x := appeal(a, "b"+code, code, int64(10+i))
			ids = append(ids, x.ID)
			must(t, db.OfferAppeal(ctx, x))
			got[store.Appeal](t)(db.SendAppeal(ctx, []byte(code), strings.Repeat("é", 1000), "", 20))
		}
		slices.Reverse(ids)
		page := got[[]store.Appeal](t)(db.Appeals(ctx, a, "", 2))
		equal(t, "newest", page[0].ID, ids[0])
		equal(t, "older", got[[]store.Appeal](t)(db.Appeals(ctx, a, page[1].ID, 2))[0].ID, ids[2])
		equal(t, "forgotten", got[int64](t)(db.ForgetAppeals(ctx, 12)), 2)
		equal(t, "left", len(got[[]store.Appeal](t)(db.Appeals(ctx, a, "", 10))), 1)
		must(t, db.DeleteSite(ctx, a, "ada", 30))
		_, err := db.AppealByCode(ctx, []byte("three"))
		refused(t, err, store.ErrNotFound)
	}},
	{"a guard that is forgotten is heard of again when it speaks", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.SeenGuard(ctx, store.Guard{Site: a, ID: "g", LastSeen: 10, Modules: "[]"}))
		refused(t, db.ForgetGuard(ctx, a, "g", "ada", 10, 20), store.ErrConflict, "heard of")
		must(t, db.ForgetGuard(ctx, a, "g", "ada", 11, 20))
		equal(t, "guards", len(got[[]store.Guard](t)(db.Guards(ctx, a))), 0)
		refused(t, db.ForgetGuard(ctx, a, "g", "ada", 11, 20), store.ErrNotFound)
		must(t, db.Receipt(ctx, a, "g", 3, 0, "", 30))
		equal(t, "guards", len(got[[]store.Guard](t)(db.Guards(ctx, a))), 1)
	}},
	{"the size of the database is known", func(ctx context.Context, t *testing.T, db *store.DB) {
		if n := got[int64](t)(db.Size(ctx)); n < 100_000 {
			t.Fatalf("%d bytes", n)
		}
	}},
	{"a ban is found by its id within its site", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		kept := got[store.Ban](t)(db.ImposeBan(ctx, store.Ban{ID: id(), Site: a, Subject: "192.0.2.1", Source: "person", Author: "ada", Created: 10}, func(int) int64 { return 0 }))
		must(t, db.LiftBan(ctx, a, "192.0.2.1", "ada", 20))
		equal(t, "lifted", got[store.Ban](t)(db.Ban(ctx, a, kept.ID)).Lifted, 20)
		_, err := db.Ban(ctx, b, kept.ID)
		refused(t, err, store.ErrNotFound)
	}},
}
