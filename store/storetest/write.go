package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"palisade.dev/store"
)

// count is how many errors are of a kind; nil counts those that are none.
func count(errs []error, kind error) (n int) {
	for _, err := range errs {
		if errors.Is(err, kind) {
			n++
		}
	}
	return n
}

// writePromises are of writing and reading as such.
var writePromises = []promise{
	{"one who has given up waiting writes nothing", func(_ context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		stays(t, db, a, func() { refused(t, db.PutRule(ctx, rule(a, "r", 1)), context.Canceled, "keeping rule r") })
		_, err := db.Rules(ctx, a)
		refused(t, err, context.Canceled, "reading rules")
	}},
	{"those who give up do not disturb those who wait", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		errs := atOnce(60, func(i int) error {
			if i%2 == 0 {
				return db.PutRule(ctx, rule(a, fmt.Sprintf("r%02d", i), i))
			}
			gone, cancel := context.WithCancel(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				cancel()
			}()
			err := db.PutRule(gone, rule(a, fmt.Sprintf("r%02d", i), i))
			<-done
			if errors.Is(err, context.Canceled) {
				return context.Canceled
			}
			return err
		})
		kept := count(errs, nil)
		equal(t, "other failures", len(errs)-kept-count(errs, context.Canceled), 0)
		if kept < 30 {
			t.Fatalf("only %d kept", kept)
		}
		// A cancelled commit may have been kept all the same; a confirmed one is never missing.
		names := ruleNames(t, db, a)
		for i, err := range errs {
			if err == nil && !strings.Contains(names, fmt.Sprintf("r%02d ", i)) {
				t.Errorf("r%02d was confirmed and is not there", i)
			}
		}
	}},
	{"a panic in one's write is its own, and nothing is confirmed by it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		errs := atOnce(60, func(i int) (err error) {
			defer func() {
				if p := recover(); p != nil && strings.HasPrefix(fmt.Sprint(p), fmt.Sprintf("panic %02d", i)) {
					err = errors.ErrUnsupported
				}
			}()
			_, err = db.ImposeBan(ctx, store.Ban{ID: fmt.Sprint("ban-", i), Site: a, Subject: fmt.Sprint("account:", i), Created: 10}, func(int) int64 {
				if i%3 == 0 {
					panic(fmt.Sprintf("panic %02d", i))
				}
				return 0
			})
			return err
		})
		equal(t, "panics", count(errs, errors.ErrUnsupported), 20)
		equal(t, "confirmed", count(errs, nil), 40)
		equal(t, "bans", got[int](t)(db.CountBans(ctx, a, 20)), 40)
		must(t, db.PutRule(ctx, rule(a, "later", 1)))
	}},
	{"text with every awkward character comes back", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		text := "'; DROP TABLE ban; -- \" \\ $1 ? % _ \t\n \u202e 🦊 \x7f"
		r := rule(a, text, 1)
		must(t, db.PutRule(ctx, r))
		equal(t, "rule", got[[]store.Rule](t)(db.Rules(ctx, a))[0], r)
		ban(t, db, a, text, 10, 0)
		must(t, db.LiftBan(ctx, a, text, text, 20))
		must(t, db.DeleteRule(ctx, a, text, text, 20))
	}},
	{"a sound database passes its check", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		threeDays(ctx, t, db, a)
		must(t, db.Check(ctx))
	}},
}
