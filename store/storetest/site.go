package storetest

import (
	"bytes"
	"context"
	"testing"

	"palisade.dev/store"
)

var sitePromises = []promise{
	{"a site comes back as it went in", func(ctx context.Context, t *testing.T, db *store.DB) {
		want := store.Site{
			ID: "x", Name: "shop-prod", Environment: "prod", Zone: "Europe/Berlin", WebFacing: true, PersonalData: true,
			Secret: []byte{0, 255, 1}, Settings: `{"a":"ü"}`, Created: 1 << 41,
		}
		must(t, db.CreateSite(ctx, want))
		for _, have := range []store.Site{got[store.Site](t)(db.SiteByName(ctx, "shop-prod")), got[store.Site](t)(db.SiteByID(ctx, "x"))} {
			equal(t, "revision", have.Revision, 1)
			if !bytes.Equal(have.Secret, want.Secret) {
				t.Fatalf("secret %x", have.Secret)
			}
			have.Secret = nil
			equal(t, "name", have.Name, want.Name)
			equal(t, "settings", have.Settings, want.Settings)
			equal(t, "facts", [2]bool{have.WebFacing, have.PersonalData}, [2]bool{true, true})
			equal(t, "zone and environment", have.Zone+have.Environment, want.Zone+want.Environment)
			equal(t, "created", have.Created, want.Created)
		}
	}},
	{"sites sort by the bytes of their names", func(ctx context.Context, t *testing.T, db *store.DB) {
		for _, n := range []string{"aa", "a-b", "a", "b", "a1"} {
			Site(t, db, n)
		}
		var names string
		for _, s := range got[[]store.Site](t)(db.Sites(ctx)) {
			names += s.Name + " "
		}
		equal(t, "order", names, "a a-b a1 aa b ")
	}},
	{"two sites cannot share a name", func(ctx context.Context, t *testing.T, db *store.DB) {
		Site(t, db, "shop")
		refused(t, db.CreateSite(ctx, store.Site{ID: "other", Name: "shop", Secret: []byte("x"), Settings: "{}"}), store.ErrConflict, "creating site shop")
		b := Site(t, db, "blog")
		s := got[store.Site](t)(db.SiteByID(ctx, b))
		s.Name = "shop"
		refused(t, db.UpdateSite(ctx, s, "me", 1), store.ErrConflict, "changing site shop")
		equal(t, "revision", revision(t, db, b), 1)
	}},
	{"changing a site is a new revision and keeps its secret", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		moves(t, db, a, store.ChangePolicy, func() error {
			return db.UpdateSite(ctx, store.Site{ID: a, Name: "renamed", Zone: "UTC", Environment: "test", Settings: `{"b":1}`, Secret: []byte("other")}, "me", 5)
		})
		s := got[store.Site](t)(db.SiteByName(ctx, "renamed"))
		equal(t, "secret", string(s.Secret[:1]), "s")
		equal(t, "settings", s.Settings, `{"b":1}`)
	}},
	{"a site that is not there is not found", func(ctx context.Context, t *testing.T, db *store.DB) {
		_, err := db.SiteByName(ctx, "none")
		refused(t, err, store.ErrNotFound, "none")
		_, err = db.SiteByID(ctx, "none")
		refused(t, err, store.ErrNotFound, "none")
		refused(t, db.UpdateSite(ctx, store.Site{ID: "none", Name: "x"}, "me", 1), store.ErrNotFound)
		refused(t, db.DeleteSite(ctx, "none", "me", 9), store.ErrNotFound)
		refused(t, db.AddSiteKey(ctx, store.SiteKey{ID: "k", Site: "none", Hash: []byte("h")}), store.ErrNotFound)
		refused(t, db.SeenGuard(ctx, store.Guard{Site: "none", ID: "g", Modules: "[]"}), store.ErrNotFound, "no such site")
	}},
	{"a deleted site takes all that is its with it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		for _, s := range []string{a, b} {
			must(t, db.AddSiteKey(ctx, store.SiteKey{ID: id(), Site: s, Hash: []byte(s)}))
			ban(t, db, s, "192.0.2.1", 10, 0)
			must(t, db.PutRule(ctx, rule(s, "r", 0)))
			must(t, db.SeenGuard(ctx, store.Guard{Site: s, ID: "g", Modules: "[]"}))
			must(t, db.AppendEvents(ctx, []store.EventWrite{{Site: s, Seen: []store.Seen{{Guard: "g", Boot: "b", Body: []byte("x")}}}}))
		}
		must(t, db.DeleteSite(ctx, a, "me", 9))
		_, _, err := db.SiteByKeyHash(ctx, []byte(a))
		refused(t, err, store.ErrNotFound)
		equal(t, "bans left", got[int](t)(db.CountBans(ctx, a, 11)), 0)
		equal(t, "changes left", len(got[[]store.Change](t)(db.Changes(ctx, a, 0, 10))), 0)
		if s := got[[]byte](t)(db.EventsSeen(ctx, a, "g", "b")); s != nil {
			t.Fatal("what was seen is left")
		}
		equal(t, "the other's bans", got[int](t)(db.CountBans(ctx, b, 11)), 1)
		equal(t, "the other's rules", len(got[[]store.Rule](t)(db.Rules(ctx, b))), 1)
	}},
	{"two keys are valid at a time and a third is refused", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		for i, h := range []string{"one", "two"} {
			must(t, db.AddSiteKey(ctx, store.SiteKey{ID: h, Site: a, Label: h, Hash: []byte(h), Created: int64(i)}))
		}
		third := store.SiteKey{ID: "three", Site: a, Hash: []byte("three"), Created: 3}
		refused(t, db.AddSiteKey(ctx, third), store.ErrConflict, "revoke one")
		must(t, db.RevokeSiteKey(ctx, a, "one", "me", 5))
		must(t, db.AddSiteKey(ctx, third))
		var keys string
		for _, k := range got[[]store.SiteKey](t)(db.SiteKeys(ctx, a)) {
			keys += k.ID + " "
		}
		equal(t, "keys, newest first", keys, "three two one ")
	}},
	{"two people at once cannot add a third key", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.AddSiteKey(ctx, store.SiteKey{ID: "first", Site: a, Hash: []byte("first")}))
		errs := atOnce(8, func(i int) error {
			return db.AddSiteKey(ctx, store.SiteKey{ID: id(), Site: a, Hash: []byte{byte(i)}})
		})
		equal(t, "refusals", count(errs, store.ErrConflict), 7)
		equal(t, "keys", len(got[[]store.SiteKey](t)(db.SiteKeys(ctx, a))), 2)
	}},
	{"a key leads to its site until it is revoked", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.AddSiteKey(ctx, store.SiteKey{ID: "k", Site: a, Label: "gateway", Hash: []byte{1, 0, 2}, Created: 1}))
		must(t, db.UsedSiteKey(ctx, "k", 77))
		s, k, err := db.SiteByKeyHash(ctx, []byte{1, 0, 2})
		must(t, err)
		equal(t, "site", s.ID, a)
		equal(t, "label", k.Label, "gateway")
		equal(t, "last used", k.LastUsed, 77)
		_, _, err = db.SiteByKeyHash(ctx, []byte{1, 0})
		refused(t, err, store.ErrNotFound)
		refused(t, db.RevokeSiteKey(ctx, "site-other", "k", "me", 5), store.ErrNotFound)
		must(t, db.RevokeSiteKey(ctx, a, "k", "me", 5))
		_, _, err = db.SiteByKeyHash(ctx, []byte{1, 0, 2})
		refused(t, err, store.ErrNotFound, "site key")
		refused(t, db.RevokeSiteKey(ctx, a, "k", "me", 6), store.ErrNotFound)
	}},
	{"a setting is kept and replaced", func(ctx context.Context, t *testing.T, db *store.DB) {
		_, err := db.Setting(ctx, "seed")
		refused(t, err, store.ErrNotFound, "seed")
		must(t, db.PutSetting(ctx, "seed", []byte{0, 1}))
		must(t, db.PutSetting(ctx, "seed", []byte{2, 0}))
		if v := got[[]byte](t)(db.Setting(ctx, "seed")); !bytes.Equal(v, []byte{2, 0}) {
			t.Fatalf("got %x", v)
		}
	}},
	{"a setting that a person changes or takes away is in the audit log", func(ctx context.Context, t *testing.T, db *store.DB) {
		e := store.Audited{At: 5, Author: "ada", Action: "keeping events for 18 days", Subject: "retention", Earlier: "30 days", Later: "18 days"}
		must(t, db.ChangeSetting(ctx, "retention", []byte("18"), e))
		must(t, db.ChangeSetting(ctx, "retention", []byte("20"), e))
		if v := got[[]byte](t)(db.Setting(ctx, "retention")); string(v) != "20" {
			t.Fatalf("got %q", v)
		}
		must(t, db.ChangeSetting(ctx, "retention", nil, e))
		_, err := db.Setting(ctx, "retention")
		refused(t, err, store.ErrNotFound, "retention")
		log := got[[]store.Audited](t)(db.AuditLog(ctx, store.AuditQuery{Subject: "retention", Limit: 9}))
		if len(log) != 3 || log[0].Author != "ada" || log[0].Later != "18 days" {
			t.Fatalf("%+v", log)
		}
	}},
}
