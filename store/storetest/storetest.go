// Package storetest holds every database to the same promises. A driver's test calls Run with a function that opens an empty
// store; Postgres starts a private server for it. A new promise is one more entry of the table in this file.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"palisade.dev/store"
)

// serial makes names that no other has.
var serial atomic.Int64

// promise is one thing that a store keeps.
type promise struct {
	name string
	hold func(ctx context.Context, t *testing.T, db *store.DB)
}

// promises is all of them, by file.
func promises() []promise {
	var all []promise
	for _, some := range [][]promise{sitePromises, rulePromises, banPromises, listPromises, changePromises, guardPromises, eventPromises, writePromises, auditPromises, alertPromises, peoplePromises, appealPromises, findingPromises, monitorPromises, detectionPromises} {
		all = append(all, some...)
	}
	return all
}

// fewest is how many promises there are at least: a suite that lost some is not green.
const fewest = 50

// Run holds stores to every promise, each with an empty one.
func Run(t *testing.T, open func(t *testing.T) *store.DB) {
	all := promises()
	if len(all) < fewest {
		t.Fatalf("only %d promises, there were %d", len(all), fewest)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.name] {
			t.Fatalf("two promises are called %q", p.name)
		}
		seen[p.name] = true
		t.Run(strings.ReplaceAll(p.name, " ", "_"), func(t *testing.T) {
			db := open(t)
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Errorf("closing: %v", err)
				}
			})
			p.hold(t.Context(), t, db)
		})
	}
}

// Site makes a site to test with and gives its id.
func Site(t testing.TB, db *store.DB, name string) string {
	t.Helper()
	id := "site-" + name
	must(t, db.CreateSite(t.Context(), store.Site{
		ID: id, Name: name, Environment: "prod", Zone: "UTC", Secret: []byte(strings.Repeat("s", 32)), Settings: "{}", Created: 1,
	}))
	return id
}

// id makes one that sorts after those made before.
func id() string { return fmt.Sprintf("%012d", serial.Add(1)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got is for calls that also answer.
func got[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

// refused checks the kind of an error and that it says all of some words.
func refused(t testing.TB, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Fatalf("%q does not say %q", err, w)
		}
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// revision is where a site stands.
func revision(t testing.TB, db *store.DB, site string) uint64 {
	t.Helper()
	return got[store.Site](t)(db.SiteByID(t.Context(), site)).Revision
}

// moves checks that f moves the site on by exactly one revision, and tells so.
func moves(t testing.TB, db *store.DB, site, kind string, f func() error) store.Change {
	t.Helper()
	before := revision(t, db, site)
	must(t, f())
	equal(t, "revision", revision(t, db, site), before+1)
	changes := got[[]store.Change](t)(db.Changes(t.Context(), site, before, 10))
	if len(changes) == 0 {
		t.Fatal("no change was noted")
	}
	for _, c := range changes {
		equal(t, "revision of the change", c.Revision, before+1)
		equal(t, "kind of the change", c.Kind, kind)
	}
	return changes[0]
}

// stays checks that f leaves the revision alone.
func stays(t testing.TB, db *store.DB, site string, f func()) {
	t.Helper()
	before := revision(t, db, site)
	f()
	equal(t, "revision", revision(t, db, site), before)
}
