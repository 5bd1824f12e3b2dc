package storetest

import (
	"bytes"
	"context"
	"testing"

	"palisade.dev/store"
)

func allowance(site, subject string, at, until int64) store.Allowance {
	return store.Allowance{ID: id(), Site: site, Subject: subject, Note: "office", Author: "ada", Created: at, Until: until}
}

func lever(site, match, position string, at, until int64) store.Lever {
	return store.Lever{ID: id(), Site: site, Match: match, Position: position, Author: "ada", Note: "flood", Since: at, Until: until}
}

// listPromises are of the lists that people keep: allowances, levers, networks.
var listPromises = []promise{
	{"an allowance holds until its end or until it is taken back", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		first, second := allowance(a, "192.0.2.1", 10, 100), allowance(a, "account:ada", 10, 0)
		c := moves(t, db, a, store.ChangeAllow, func() error { return db.Allow(ctx, first) })
		equal(t, "body", c.Body, `{"id":"`+first.ID+`","subject":"192.0.2.1","until":100}`)
		must(t, db.Allow(ctx, second))
		all := got[[]store.Allowance](t)(db.Allowances(ctx, a, 99))
		equal(t, "allowances", len(all), 2)
		equal(t, "newest", all[0], second)
		equal(t, "oldest", all[1], first)
		equal(t, "at the end", len(got[[]store.Allowance](t)(db.Allowances(ctx, a, 100))), 1)
		moves(t, db, a, store.ChangeUnallow, func() error { return db.Disallow(ctx, a, "account:ada", "me", 101) })
		equal(t, "taken back", len(got[[]store.Allowance](t)(db.Allowances(ctx, a, 101))), 0)
		stays(t, db, a, func() { refused(t, db.Disallow(ctx, a, "account:ada", "me", 102), store.ErrNotFound, "account:ada") })
	}},
	{"allowing a subject again replaces what it had", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.Allow(ctx, allowance(a, "192.0.2.1", 10, 0)))
		must(t, db.Allow(ctx, allowance(a, "192.0.2.1", 20, 50)))
		all := got[[]store.Allowance](t)(db.Allowances(ctx, a, 30))
		equal(t, "allowances", len(all), 1)
		equal(t, "until", all[0].Until, 50)
	}},
	{"many at once leave one allowance of a subject", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		errs := atOnce(12, func(int) error { return db.Allow(ctx, allowance(a, "192.0.2.1", 10, 0)) })
		equal(t, "failures", len(errs)-count(errs, nil), 0)
		equal(t, "allowances", len(got[[]store.Allowance](t)(db.Allowances(ctx, a, 30))), 1)
	}},
	{"a lever holds until its timer ends", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		l := lever(a, "POST /signup", "closed", 10, 100)
		moves(t, db, a, store.ChangePolicy, func() error { return db.SetLever(ctx, l) })
		equal(t, "lever", got[[]store.Lever](t)(db.Levers(ctx, a, 99))[0], l)
		equal(t, "at its end", len(got[[]store.Lever](t)(db.Levers(ctx, a, 100))), 0)
		refused(t, db.EndLever(ctx, a, "POST /signup", "me", 100), store.ErrNotFound, "POST /signup")
	}},
	{"a lever moved again replaces the one on its route", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		first, other, second := lever(a, "POST /signup", "closed", 10, 100), lever(a, "GET /", "known", 11, 200), lever(a, "POST /signup", "known", 20, 90)
		for _, l := range []store.Lever{first, other, second} {
			must(t, db.SetLever(ctx, l))
		}
		all := got[[]store.Lever](t)(db.Levers(ctx, a, 50))
		equal(t, "levers", len(all), 2)
		equal(t, "newest", all[0], second)
		past := got[[]store.Lever](t)(db.LeverHistory(ctx, a, 10))
		equal(t, "past", len(past), 3)
		first.Ended = 20
		equal(t, "oldest", past[2], first)
		equal(t, "limited", len(got[[]store.Lever](t)(db.LeverHistory(ctx, a, 2))), 2)
	}},
	{"a lever that ran out is not ended by its successor", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.SetLever(ctx, lever(a, "POST /signup", "closed", 10, 100)))
		must(t, db.SetLever(ctx, lever(a, "POST /signup", "closed", 500, 600)))
		equal(t, "ended", got[[]store.Lever](t)(db.LeverHistory(ctx, a, 10))[1].Ended, 0)
	}},
	{"moving a lever twice with one id is moving it once", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		l := lever(a, "POST /signup", "closed", 10, 100)
		must(t, db.SetLever(ctx, l))
		l.Since, l.Until = 20, 110
		stays(t, db, a, func() { must(t, db.SetLever(ctx, l)) })
		equal(t, "until", got[[]store.Lever](t)(db.Levers(ctx, a, 50))[0].Until, 100)
	}},
	{"a route is opened at once", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.SetLever(ctx, lever(a, "POST /signup", "closed", 10, 100)))
		c := moves(t, db, a, store.ChangePolicy, func() error { return db.EndLever(ctx, a, "POST /signup", "me", 40) })
		equal(t, "body", c.Body, "open")
		equal(t, "levers", len(got[[]store.Lever](t)(db.Levers(ctx, a, 40))), 0)
		equal(t, "ended", got[[]store.Lever](t)(db.LeverHistory(ctx, a, 10))[0].Ended, 40)
	}},
	{"network lists are kept by name", func(ctx context.Context, t *testing.T, db *store.DB) {
		l := store.NetworkList{Name: "cloud/aws", Kind: "cloud", Body: `{"title":"AWS"}`, Checksum: "c1", Prefixes: []byte{0x1f, 0x8b, 0}}
		must(t, db.PutNetworkList(ctx, l))
		must(t, db.PutNetworkList(ctx, store.NetworkList{Name: "cloud-own", Kind: "own", Body: "{}", Prefixes: []byte{}}))
		l.Checksum, l.Prefixes = "c2", bytes.Repeat([]byte{7}, 1<<20)
		must(t, db.PutNetworkList(ctx, l))
		all := got[[]store.NetworkList](t)(db.NetworkLists(ctx))
		equal(t, "lists", len(all), 2)
		equal(t, "by the bytes of the name", all[0].Name, "cloud-own")
		equal(t, "checksum", all[1].Checksum, "c2")
		if !bytes.Equal(all[1].Prefixes, l.Prefixes) {
			t.Fatal("the prefixes are others")
		}
		must(t, db.DeleteNetworkList(ctx, "cloud/aws"))
		equal(t, "lists", len(got[[]store.NetworkList](t)(db.NetworkLists(ctx))), 1)
	}},
	{"own network lists are kept as typed, and nobody's change is lost", func(ctx context.Context, t *testing.T, db *store.DB) {
		l := store.OwnList{Name: "own/office", Kind: "own", Title: "Our office", Text: "203.0.113.0/24 # Berlin\n", Author: "me", Created: 5, Updated: 5}
		must(t, db.PutOwnList(ctx, l, 0))
		refused(t, db.PutOwnList(ctx, l, 0), store.ErrConflict)
		next := store.OwnList{Name: "own/office", Kind: "cloud", Title: "Ours", Text: "203.0.113.0/25", Author: "you", Created: 9, Updated: 9}
		refused(t, db.PutOwnList(ctx, next, 4), store.ErrConflict)
		must(t, db.PutOwnList(ctx, next, 5))
		next.Created = 5
		equal(t, "list", got[store.OwnList](t)(db.OwnList(ctx, "own/office")), next)
		equal(t, "lists", len(got[[]store.OwnList](t)(db.OwnLists(ctx))), 1)
		refused(t, db.DeleteOwnList(ctx, "own/none", "me", 10), store.ErrNotFound)
		must(t, db.DeleteOwnList(ctx, "own/office", "me", 10))
		refused(t, db.PutOwnList(ctx, next, 9), store.ErrConflict)
		_, err := db.OwnList(ctx, "own/office")
		refused(t, err, store.ErrNotFound)
		log := got[[]store.Audited](t)(db.AuditLog(ctx, store.AuditQuery{Subject: "network list own/office", Limit: 10}))
		equal(t, "entries", len(log), 3)
		equal(t, "earlier", log[1].Earlier, l.Text)
		equal(t, "later", log[1].Later, next.Text)
		equal(t, "deleted", log[0].Earlier, next.Text)
	}},
}
