package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"palisade.dev/store"
)

// atOnce runs f n times side by side.
func atOnce(n int, f func(i int) error) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	return errs
}

// heard collects what a store tells of.
type heard struct {
	mu  sync.Mutex
	all []string
}

func (h *heard) listen(site string, revision uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, fmt.Sprintf("%s %d", site, revision))
}

func (h *heard) of(site string, revision uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.all {
		if s == fmt.Sprintf("%s %d", site, revision) {
			return true
		}
	}
	return false
}

var changePromises = []promise{
	{"changes come in order, after a revision, up to a limit", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		ban(t, db, a, "192.0.2.1", 10, 100)
		must(t, db.PutRule(ctx, rule(a, "r", 1)))
		must(t, db.Allow(ctx, allowance(a, "192.0.2.9", 12, 0)))
		must(t, db.LiftBan(ctx, a, "192.0.2.1", "me", 13))
		must(t, db.Disallow(ctx, a, "192.0.2.9", "me", 14))
		kinds := func(after uint64, limit int) (s string) {
			for _, c := range got[[]store.Change](t)(db.Changes(ctx, a, after, limit)) {
				s += fmt.Sprintf("%d:%s ", c.Revision, c.Kind)
			}
			return s
		}
		equal(t, "all", kinds(0, 100), "2:ban 3:policy 4:allow 5:unban 6:unallow ")
		equal(t, "some", kinds(3, 2), "4:allow 5:unban ")
		equal(t, "none", kinds(6, 2), "")
		c := got[[]store.Change](t)(db.Changes(ctx, a, 2, 1))[0]
		equal(t, "change", c, store.Change{Site: a, Revision: 3, At: 7, Kind: store.ChangePolicy, Subject: "rule r", Body: `{"name":"r"}`, Author: "ada"})
	}},
	{"who listens hears of each change once it can be read", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		var h heard
		db.OnChange(func(site string, revision uint64) {
			s, err := db.SiteByID(context.WithoutCancel(ctx), site) // PostgreSQL's word may come when the test is over
			if err != nil || s.Revision < revision {
				t.Errorf("told of revision %d and read %d, %v", revision, s.Revision, err)
			}
			h.listen(site, revision)
		})
		ban(t, db, a, "192.0.2.1", 10, 100)
		ban(t, db, b, "192.0.2.1", 10, 100)
		equal(t, "told of a and b", [2]bool{h.of(a, 2), h.of(b, 2)}, [2]bool{true, true})
		refused(t, db.LiftBan(ctx, a, "192.0.2.2", "me", 13), store.ErrNotFound)
		ban(t, db, a, "192.0.2.1", 11, 50)
		if h.of(a, 3) {
			t.Fatal("told of a change that was none")
		}
	}},
	{"writers side by side make revisions without gaps, and each its own", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		const each = 40
		// A reader that follows must never see a revision appear below one that it has seen.
		done := make(chan struct{})
		var followed uint64 = 1
		var follow sync.WaitGroup
		follow.Go(func() {
			for {
				for _, c := range got[[]store.Change](t)(db.Changes(ctx, a, followed, 1000)) {
					if c.Revision != followed+1 {
						t.Errorf("revision %d came after %d", c.Revision, followed)
					}
					followed = c.Revision
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
		errs := atOnce(4*each, func(i int) error {
			site := []string{a, b}[i%2]
			_, err := db.ImposeBan(ctx, store.Ban{ID: id(), Site: site, Subject: fmt.Sprintf("192.0.2.%d", i), Created: 10}, func(int) int64 { return 0 })
			return err
		})
		close(done)
		follow.Wait()
		equal(t, "failures", len(errs)-count(errs, nil), 0)
		for _, site := range []string{a, b} {
			equal(t, "revision", revision(t, db, site), 1+2*each)
			changes := got[[]store.Change](t)(db.Changes(ctx, site, 0, 1000))
			equal(t, "changes", len(changes), 2*each)
			for i, c := range changes {
				equal(t, "revision in order", c.Revision, uint64(i)+2)
			}
		}
	}},
	{"one whose change fails does not take others' with it", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		errs := atOnce(60, func(i int) error {
			switch i % 3 {
			case 0:
				return db.LiftBan(ctx, a, "198.51.100.1", "me", 5) // never there
			case 1:
				return db.CreateSite(ctx, store.Site{ID: id(), Name: "a", Secret: []byte("x"), Settings: "{}"}) // the name is taken
			}
			return db.PutRule(ctx, rule(a, fmt.Sprintf("r%02d", i), i))
		})
		equal(t, "not found", count(errs, store.ErrNotFound), 20)
		equal(t, "conflicts", count(errs, store.ErrConflict), 20)
		equal(t, "kept", count(errs, nil), 20)
		equal(t, "rules", len(got[[]store.Rule](t)(db.Rules(ctx, a))), 20)
		equal(t, "revision", revision(t, db, a), 21)
	}},
	{"old changes are forgotten and newer ones kept", func(ctx context.Context, t *testing.T, db *store.DB) {
		a := Site(t, db, "a")
		for i := range 5 {
			ban(t, db, a, fmt.Sprintf("192.0.2.%d", i), int64(i), 100)
		}
		must(t, db.PruneChanges(ctx, 3))
		left := got[[]store.Change](t)(db.Changes(ctx, a, 0, 10))
		equal(t, "left", len(left), 2)
		equal(t, "the first", left[0].Revision, 5)
		equal(t, "revision", revision(t, db, a), 6)
	}},
	{"what all policies refer to moves every site on", func(ctx context.Context, t *testing.T, db *store.DB) {
		a, b := Site(t, db, "a"), Site(t, db, "b")
		must(t, db.Touch(ctx, "network lists", "refresh", 9))
		for _, s := range []string{a, b} {
			equal(t, "revision", revision(t, db, s), 2)
			equal(t, "subject", got[[]store.Change](t)(db.Changes(ctx, s, 1, 10))[0].Subject, "network lists")
		}
	}},
}
