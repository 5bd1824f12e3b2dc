package storetest

import (
	"context"
	"testing"

	"palisade.dev/store"
)

func guards(t testing.TB, db *store.DB, site string) []store.Guard {
	t.Helper()
	return got[[]store.Guard](t)(db.Guards(t.Context(), site))
}

var guardPromises = []promise{
	{"a guard is known from when it was first seen", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		g := store.Guard{Site: a, ID: "g1", Kind: "gateway", Version: "1.0", Runtime: "go", Host: "web-1", LastSeen: 10, Modules: `[{"path":"x"}]`}
		stays(t, db, a, func() { must(t, db.SeenGuard(ctx, g)) })
		g.Version, g.LastSeen = "1.1", 20
		must(t, db.SeenGuard(ctx, g))
		g.FirstSeen = 10
		equal(t, "guard", guards(t, db, a)[0], g)
	}},
	{"a receipt says what a guard enforces, even of one not yet seen", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		stays(t, db, a, func() { must(t, db.Receipt(ctx, a, "g2", 4, 900, "", 30)) })
		must(t, db.SeenGuard(ctx, store.Guard{Site: a, ID: "g2", Kind: "go", LastSeen: 40, Modules: "[]"}))
		must(t, db.Receipt(ctx, a, "g2", 4, 950, "signature", 50))
		equal(t, "guard", guards(t, db, a)[0], store.Guard{Site: a, ID: "g2", Kind: "go", FirstSeen: 30, LastSeen: 50, Revision: 4, Since: 950, Fault: "signature", Modules: "[]"})
		refused(t, db.Receipt(ctx, "none", "g", 1, 1, "", 1), store.ErrNotFound, "receipt of guard g")
	}},
	{"a guard may say any bytes of itself", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.SeenGuard(ctx, store.Guard{Site: a, ID: "g", Kind: "k\x00", Version: "1\xff", Runtime: "\xc3", Host: "wéb", LastSeen: 1, Modules: "[]"}))
		must(t, db.Receipt(ctx, a, "g", 1, 1, "cut within a let\xe2\x82", 2))
		g := guards(t, db, a)[0]
		equal(t, "facts", g.Kind+g.Version+g.Runtime+g.Host+g.Fault, "k\ufffd1\ufffd\ufffdwébcut within a let\ufffd")
	}},
	{"what a guard lost is kept beside what it enforces", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.Receipt(ctx, a, "g", 4, 900, "", 30))
		must(t, db.GuardDropped(ctx, a, "g", 17, 40))
		g := guards(t, db, a)[0]
		equal(t, "lost", g.Dropped, 17)
		equal(t, "revision", g.Revision, 4)
		equal(t, "last seen", g.LastSeen, 40)
	}},
	{"guards long silent are forgotten", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		must(t, db.Receipt(ctx, a, "old", 4, 1, "", 30))
		must(t, db.Receipt(ctx, a, "new", 4, 1, "", 90))
		must(t, db.ForgetGuards(ctx, 60))
		equal(t, "guards", len(guards(t, db, a)), 1)
		equal(t, "the other", guards(t, db, a)[0].ID, "new")
	}},
}
