package storetest

import (
	"context"
	"strconv"
	"testing"

	"palisade.dev/store"
)

// ban imposes one at a time until another, 0 for ever.
func ban(t testing.TB, db *store.DB, site, subject string, at, until int64) store.Ban {
	t.Helper()
	return got[store.Ban](t)(db.ImposeBan(t.Context(), store.Ban{ID: id(), Site: site, Subject: subject, Source: "person", Created: at}, func(int) int64 { return until }))
}

// standing lists the subjects of the bans that hold at a time, newest first.
func standing(t testing.TB, db *store.DB, site string, at int64) (subjects string) {
	t.Helper()
	for _, b := range got[[]store.Ban](t)(db.StandingBans(t.Context(), site, at, "", 1000)) {
		subjects += b.Subject + " "
	}
	return subjects
}

var banPromises = []promise{
	{"a ban comes back as it went in", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		want := store.Ban{
			ID: "b1", Site: a, Subject: "account:ada", Source: "rule", Rule: "login", Note: "näh", Author: "guard", Revision: 7,
			Created: 100, Until: 200, Proof: `{"event":1}`,
		}
		c := moves(t, db, a, store.ChangeBan, func() error {
			equal(t, "answer", got[store.Ban](t)(db.ImposeBan(ctx, want, func(int) int64 { return 200 })), want)
			return nil
		})
		equal(t, "subject of the change", c.Subject, "account:ada")
		equal(t, "body of the change", c.Body, `{"id":"b1","subject":"account:ada","until":200,"rule":"login"}`)
		equal(t, "time of the change", c.At, 100)
		equal(t, "kept", got[store.Ban](t)(db.StandingBan(ctx, a, "account:ada", 150)), want)
		equal(t, "listed", got[[]store.Ban](t)(db.StandingBans(ctx, a, 150, "", 10))[0], want)
		equal(t, "past", got[[]store.Ban](t)(db.BanHistory(ctx, a, "account:ada", 10))[0], want)
	}},
	{"a ban without proof or end stands until lifted", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		b := ban(t, db, a, "192.0.2.1", 10, 0)
		equal(t, "proof", b.Proof, "{}")
		equal(t, "standing", standing(t, db, a, 1<<60), "192.0.2.1 ")
		moves(t, db, a, store.ChangeUnban, func() error { return db.LiftBan(ctx, a, "192.0.2.1", "me", 20) })
		equal(t, "standing", standing(t, db, a, 20), "")
		equal(t, "lifted", got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 10))[0].Lifted, 20)
		stays(t, db, a, func() {
			refused(t, db.LiftBan(ctx, a, "192.0.2.1", "me", 21), store.ErrNotFound, "192.0.2.1 is not banned")
		})
	}},
	{"past bans get other names, and count under them", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		for _, site := range []string{a, b} {
			ban(t, db, site, "192.0.2.1", 10, 100)
			ban(t, db, site, "192.0.2.2", 10, 0)
			ban(t, db, site, "account:ada", 10, 100)
		}
		_, err := db.ExpireBans(ctx, 200)
		if err != nil {
			t.Fatal(err)
		}
		veiled := func(subject string) string {
			if subject == "account:ada" {
				return ""
			}
			return "~" + subject
		}
		equal(t, "changed", got[int](t)(db.VeilBans(ctx, a, veiled)), 1)
		equal(t, "changed again", got[int](t)(db.VeilBans(ctx, a, veiled)), 0)
		equal(t, "by the old name", len(got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 10))), 0)
		equal(t, "by both", len(got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 10, "~192.0.2.1"))), 1)
		equal(t, "proof", got[[]store.Ban](t)(db.BanHistory(ctx, a, "~192.0.2.1", 10))[0].Proof, "{}")
		equal(t, "one that stands", standing(t, db, a, 300), "192.0.2.2 ")
		equal(t, "of a principal", len(got[[]store.Ban](t)(db.BanHistory(ctx, a, "account:ada", 10))), 1)
		equal(t, "of another site", len(got[[]store.Ban](t)(db.BanHistory(ctx, b, "192.0.2.1", 10))), 1)
		again := store.Ban{ID: "again", Site: a, Subject: "192.0.2.1", Source: "person", Created: 300}
		equal(t, "strikes", got[store.Ban](t)(db.ImposeBan(ctx, again, func(int) int64 { return 400 }, "~192.0.2.1")).Strikes, 1)
	}},
	{"bans are found by several subjects at once", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		ban(t, db, a, "192.0.2.1", 10, 0)
		ban(t, db, a, "192.0.2.0/24", 10, 100)
		ban(t, db, a, "192.0.2.9", 10, 0)
		ban(t, db, b, "192.0.0.0/16", 10, 0)
		all := []string{"192.0.2.1", "192.0.2.0/24", "192.0.0.0/16"}
		equal(t, "both", len(got[[]store.Ban](t)(db.BansOf(ctx, a, all, 50))), 2)
		equal(t, "one has ended", got[[]store.Ban](t)(db.BansOf(ctx, a, all, 100))[0].Subject, "192.0.2.1")
		equal(t, "of nobody", len(got[[]store.Ban](t)(db.BansOf(ctx, a, nil, 50))), 0)
	}},
	{"a second ban on a subject extends the first", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		first := ban(t, db, a, "192.0.2.1", 10, 100)
		c := moves(t, db, a, store.ChangeBan, func() error {
			second := ban(t, db, a, "192.0.2.1", 20, 300)
			equal(t, "id", second.ID, first.ID)
			equal(t, "until", second.Until, 300)
			return nil
		})
		equal(t, "body", c.Body, `{"id":"`+first.ID+`","subject":"192.0.2.1","until":300}`)
		equal(t, "bans", len(got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 10))), 1)
		moves(t, db, a, store.ChangeBan, func() error { equal(t, "for ever", ban(t, db, a, "192.0.2.1", 30, 0).Until, 0); return nil })
	}},
	{"a ban that would end sooner changes nothing", func(_ context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		first := ban(t, db, a, "192.0.2.1", 10, 100)
		stays(t, db, a, func() {
			equal(t, "answer", ban(t, db, a, "192.0.2.1", 20, 50), first)
			equal(t, "answer", ban(t, db, a, "192.0.2.1", 20, 100), first)
		})
		ban(t, db, a, "192.0.2.2", 10, 0)
		stays(t, db, a, func() { equal(t, "for ever stays", ban(t, db, a, "192.0.2.2", 20, 50).Until, 0) })
	}},
	{"after a ban ran out or was lifted the next counts it as a strike", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		ban(t, db, a, "192.0.2.1", 10, 100)
		var asked []int
		length := func(strikes int) int64 { asked = append(asked, strikes); return 500 + int64(strikes) }
		b := got[store.Ban](t)(db.ImposeBan(ctx, store.Ban{ID: id(), Site: a, Subject: "192.0.2.1", Created: 100}, length))
		equal(t, "strikes", b.Strikes, 1)
		equal(t, "until", b.Until, 501)
		must(t, db.LiftBan(ctx, a, "192.0.2.1", "me", 200))
		b = got[store.Ban](t)(db.ImposeBan(ctx, store.Ban{ID: id(), Site: a, Subject: "192.0.2.1", Created: 201}, length))
		equal(t, "strikes", b.Strikes, 2)
		equal(t, "history, newest first", got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 10))[0].ID, b.ID)
		equal(t, "history", len(got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 2))), 2)
		equal(t, "another subject's strikes", ban(t, db, a, "192.0.2.2", 300, 400).Strikes, 0)
	}},
	{"a ban holds up to its end and not at it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		ban(t, db, a, "192.0.2.1", 10, 100)
		equal(t, "just before", standing(t, db, a, 99), "192.0.2.1 ")
		equal(t, "at its end", standing(t, db, a, 100), "")
		_, err := db.StandingBan(ctx, a, "192.0.2.1", 100)
		refused(t, err, store.ErrNotFound, "ban of 192.0.2.1")
		equal(t, "count before", got[int](t)(db.CountBans(ctx, a, 99)), 1)
		equal(t, "count after", got[int](t)(db.CountBans(ctx, a, 100)), 0)
		refused(t, db.LiftBan(ctx, a, "192.0.2.1", "me", 100), store.ErrNotFound)
	}},
	{"a site's bans are its own", func(_ context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		ban(t, db, a, "192.0.2.1", 10, 100)
		stays(t, db, a, func() { ban(t, db, b, "192.0.2.1", 10, 200) })
		equal(t, "a", standing(t, db, a, 150), "")
		equal(t, "b", standing(t, db, b, 150), "192.0.2.1 ")
	}},
	{"standing bans are read page by page, newest first", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		for i := range 25 {
			ban(t, db, a, "192.0.2."+strconv.Itoa(i), int64(i+1), 1000)
		}
		must(t, db.LiftBan(ctx, a, "192.0.2.7", "me", 50))
		after, seen := "", 0
		for {
			page := got[[]store.Ban](t)(db.StandingBans(ctx, a, 60, after, 10))
			for _, b := range page {
				if after != "" && b.ID >= after {
					t.Fatalf("%s came after %s", b.ID, after)
				}
				after = b.ID
				seen++
			}
			if len(page) < 10 {
				break
			}
		}
		equal(t, "bans", seen, 24)
		equal(t, "count", got[int](t)(db.CountBans(ctx, a, 60)), 24)
	}},
	{"bans that ran out are put away without a revision", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		ban(t, db, a, "192.0.2.1", 10, 100)
		ban(t, db, a, "192.0.2.2", 10, 200)
		ban(t, db, a, "192.0.2.3", 10, 0)
		stays(t, db, a, func() {
			equal(t, "put away", got[int64](t)(db.ExpireBans(ctx, 100)), 1)
			equal(t, "again", got[int64](t)(db.ExpireBans(ctx, 100)), 0)
		})
		equal(t, "standing", standing(t, db, a, 50), "192.0.2.3 192.0.2.2 ")
		equal(t, "strikes", ban(t, db, a, "192.0.2.1", 150, 300).Strikes, 1)
	}},
	{"old bans are forgotten and standing ones are not", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		ban(t, db, a, "192.0.2.1", 10, 100)
		ban(t, db, a, "192.0.2.2", 10, 0)
		got[int64](t)(db.ExpireBans(ctx, 100))
		equal(t, "forgotten", got[int64](t)(db.ForgetBans(ctx, 50)), 1)
		equal(t, "history", len(got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 10))), 0)
		equal(t, "standing", standing(t, db, a, 200), "192.0.2.2 ")
	}},
	{"many at once put one ban on a subject, with the latest end", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		errs := atOnce(24, func(i int) error {
			_, err := db.ImposeBan(ctx, store.Ban{ID: id(), Site: a, Subject: "192.0.2.1", Created: 10}, func(int) int64 { return 100 + int64(i) })
			return err
		})
		equal(t, "failures", len(errs)-count(errs, nil), 0)
		bans := got[[]store.Ban](t)(db.BanHistory(ctx, a, "192.0.2.1", 100))
		equal(t, "bans", len(bans), 1)
		equal(t, "until", bans[0].Until, 123)
	}},
	{"a ban on no site is not found", func(ctx context.Context, t *testing.T, db *store.DB) {
		_, err := db.ImposeBan(ctx, store.Ban{ID: id(), Site: "none", Subject: "192.0.2.1", Created: 10}, func(int) int64 { return 20 })
		refused(t, err, store.ErrNotFound, "banning 192.0.2.1", "no such site")
	}},
}
