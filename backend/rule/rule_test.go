package rule_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/site"
	"palisade.dev/config"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

type house struct {
	*backend.Backend
	now  time.Time
	site store.Site
}

func newHouse(t testing.TB) *house {
	t.Helper()
	dir, no := t.TempDir(), false
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{now: noon}
	if h.Backend, err = backend.Open(t.Context(), backend.Options{DB: db, Dir: dir, Networks: config.Networks{Refresh: &no}, Retention: 30 * 24 * time.Hour, Now: func() time.Time { return h.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.Close(context.Background())
		_ = db.Close()
	})
	if h.site, err = h.Sites.Create(t.Context(), site.Facts{Name: "shop"}, feed.Settings{Defaults: true}, "test"); err != nil {
		t.Fatal(err)
	}
	return h
}

func few(name string) wire.Rule {
	return wire.Rule{Name: name, Match: wire.Match{Route: "/x"}, Limit: "2 per 1h", Mode: "rehearse"}
}

// own lists the rules that are not defaults.
func (h *house) own(t testing.TB) (names string) {
	t.Helper()
	all, err := h.Rules.List(t.Context(), h.site)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Source != store.SourceDefault {
			names += s.Name + " "
		}
	}
	return names
}

func (h *house) put(t testing.TB, r wire.Rule) rule.State {
	t.Helper()
	s, err := h.Rules.Put(t.Context(), h.site, r, "ada")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOfTwoWhoChangeARuleTheSecondIsAsked: nothing is overwritten unseen.
func TestOfTwoWhoChangeARuleTheSecondIsAsked(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	made, err := h.Rules.PutIf(ctx, h.site, few("mine"), rule.None, "ada")
	if err != nil {
		t.Fatal(err)
	}
	wider := few("mine")
	wider.Limit = "9 per 1h"
	if _, err := h.Rules.PutIf(ctx, h.site, wider, made.Version, "bob"); err != nil {
		t.Fatal(err)
	}
	var changed *rule.Changed
	_, err = h.Rules.PutIf(ctx, h.site, few("mine"), made.Version, "ada")
	if !errors.As(err, &changed) || !errors.Is(err, store.ErrConflict) || changed.Now.Limit != "9 per 1h" || !strings.Contains(err.Error(), "meanwhile by bob") {
		t.Errorf("%v", err)
	}
	if _, err = h.Rules.PutIf(ctx, h.site, few("mine"), rule.None, "ada"); !errors.As(err, &changed) {
		t.Errorf("a second rule of the name: %v", err)
	}
	if _, err = h.Rules.PutIf(ctx, h.site, few("login-pair"), rule.None, "ada"); !errors.As(err, &changed) || !strings.Contains(err.Error(), "there is a rule login-pair") {
		t.Errorf("one of a default's name: %v", err)
	}
	if err := h.Rules.Delete(ctx, h.site, "mine", "bob"); err != nil {
		t.Fatal(err)
	}
	if _, err = h.Rules.PutIf(ctx, h.site, few("mine"), made.Version, "ada"); !errors.As(err, &changed) || changed.Now != nil || !strings.Contains(err.Error(), "deleted meanwhile") {
		t.Errorf("%v", err)
	}
	// A default is changed by making it the site's own.
	def, err := h.Rules.Get(ctx, h.site, "login-pair")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Rules.PutIf(ctx, h.site, def.Rule, def.Version, "ada"); err != nil {
		t.Error(err)
	}
}

func TestSwitchingAndOrder(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	for _, n := range []string{"c", "a", "b"} {
		h.put(t, few(n))
	}
	if got := h.own(t); got != "c a b " {
		t.Errorf("made in the order %q", got)
	}
	if err := h.Rules.Move(ctx, h.site, "b", true, "ada"); err != nil {
		t.Fatal(err)
	}
	if err := h.Rules.Move(ctx, h.site, "c", false, "ada"); err != nil {
		t.Fatal(err)
	}
	h.put(t, few("a")) // keeps its place
	if got := h.own(t); got != "b c a " {
		t.Errorf("moved to the order %q", got)
	}
	if err := h.Rules.Move(ctx, h.site, "a", false, "ada"); !errors.Is(err, rule.ErrInvalid) {
		t.Errorf("beyond the end: %v", err)
	}
	if err := h.Rules.Move(ctx, h.site, "login-pair", true, "ada"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a default: %v", err)
	}
	s, err := h.Rules.SetMode(ctx, h.site, "login-pair", "off", "", "ada")
	if err != nil || s.Mode != "off" || h.own(t) != "b c a login-pair " {
		t.Errorf("%+v, %v, %s", s, err, h.own(t))
	}
	before := h.revision(t)
	if _, err := h.Rules.SetMode(ctx, h.site, "login-pair", "off", s.Version, "ada"); err != nil || h.revision(t) != before {
		t.Errorf("switched off twice: %v, revision %d after %d", err, h.revision(t), before)
	}
	if _, err := h.Rules.SetMode(ctx, h.site, "login-pair", "loud", "", "ada"); !errors.Is(err, rule.ErrInvalid) {
		t.Error(err)
	}
	if err := h.Rules.Delete(ctx, h.site, "login-pair", "ada"); err != nil {
		t.Fatal(err)
	}
	if s, err := h.Rules.Get(ctx, h.site, "login-pair"); err != nil || s.Source != store.SourceDefault {
		t.Errorf("after deleting one's own, the default: %+v, %v", s, err)
	}
}

func (h *house) revision(t testing.TB) uint64 {
	t.Helper()
	s, err := h.DB.SiteByID(t.Context(), h.site.ID)
	if err != nil {
		t.Fatal(err)
	}
	return s.Revision
}

// TestTheFilesRulesAreTheFiles: a person's change to one made the next start of Palisade fail, as the file found its
// rule's name taken.
func TestTheFilesRulesAreTheFiles(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	file := config.Site{Name: "shop", Zone: "UTC", Rules: []wire.Rule{few("filed")}}
	if _, err := h.Sites.Declare(ctx, file); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Rules.Put(ctx, h.site, few("filed"), "ada"); !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), "configuration file") {
		t.Errorf("put: %v", err)
	}
	if _, err := h.Rules.SetMode(ctx, h.site, "filed", "on", "", "ada"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("switched: %v", err)
	}
	if err := h.Rules.Delete(ctx, h.site, "filed", "ada"); !errors.Is(err, store.ErrConflict) {
		t.Errorf("deleted: %v", err)
	}
	if _, err := h.Sites.Declare(ctx, file); err != nil {
		t.Errorf("the file read again: %v", err)
	}
}

func TestFaultsStandByTheirFields(t *testing.T) {
	h := newHouse(t)
	bad := wire.Rule{
		Name: "Bad Name", Match: wire.Match{Route: "@nowhere", Header: map[string]string{"no field": "x"}}, Count: "status.4", Distinct: "colour", By: wire.Words{"host"},
		Limit: "much", Then: wire.Words{"ban 10m"}, Spare: "nobody", Mode: "loud",
	}
	_, faults, err := h.Rules.Check(t.Context(), h.site, bad)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"name", "match", "header", "count", "distinct", "limit", "then", "spare", "mode"} {
		if len(faults.Of(field)) != 1 {
			t.Errorf("%s: %+v", field, faults.Of(field))
		}
	}
	if len(faults) != 9 {
		t.Errorf("%d faults: %v", len(faults), faults)
	}
	if _, err := h.Rules.Put(t.Context(), h.site, bad, "ada"); !errors.Is(err, rule.ErrInvalid) || !strings.Contains(err.Error(), "want a count and a time") {
		t.Error(err)
	}
	odd := few("odd")
	odd.Then, odd.Match.Network = wire.Words{"someday"}, wire.Words{"nowhere"}
	notes, faults, err := h.Rules.Check(t.Context(), h.site, odd)
	if err != nil || len(faults) > 0 || len(notes) != 2 {
		t.Errorf("notes %q, %v, %v", notes, faults, err)
	}
	odd.Match.Host = make(wire.Words, 9000)
	if _, faults, _ := h.Rules.Check(t.Context(), h.site, odd); len(faults) != 1 || !strings.Contains(faults.Error(), "larger than") {
		t.Errorf("a large one: %v", faults)
	}
}

// traffic is an hour of it: one address of an office asks for /x every second, and a thousand others once each.
func (h *house) traffic(t testing.TB, n int) {
	t.Helper()
	var events []wire.Event
	for i := range n {
		e := wire.Event{
			Seq: uint64(i + 1), At: h.now.Add(-time.Hour + time.Duration(i)*time.Hour/time.Duration(n)).UnixMicro(), Method: "GET", Path: "/x", Status: 200, Action: "allow",
			Address: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}),
		}
		if i%4 == 0 {
			e.Address = netip.MustParseAddr("203.0.113.9")
			e.Outcomes = []wire.Outcome{{Kind: "login", Result: "ok", Subject: fmt.Sprintf("person-%d", i/4%5)}}
			e.Rule, e.Action = "acting", "throttle"
			e.Marks = []string{"trying"}
		}
		events = append(events, e)
	}
	for len(events) > 0 {
		k := min(len(events), 2000)
		if err := h.Events.Append(t.Context(), h.site.ID, "g", wire.Batch{Guard: "g", Boot: "b", Events: events[:k]}); err != nil {
			t.Fatal(err)
		}
		events = events[k:]
	}
}

func TestHitsOfADay(t *testing.T) {
	h := newHouse(t)
	h.traffic(t, 400)
	hits, err := h.Rules.Day(t.Context(), h.site)
	if err != nil || hits["acting"].Acted != 100 || hits["trying"].Would != 100 || len(hits) != 2 {
		t.Errorf("%v, %v", hits, err)
	}
}

// TestARehearsalIsAskedForAndFetched: it is known afterwards that this draft was rehearsed, and no other.
func TestARehearsalIsAskedForAndFetched(t *testing.T) {
	h := newHouse(t)
	h.traffic(t, 400)
	draft := few("draft")
	if _, ok := h.Rules.Rehearsed(h.site, draft); ok {
		t.Error("rehearsed before it was")
	}
	asked, err := h.Rules.Begin(t.Context(), h.site, draft, 2*time.Hour, "ada", rule.None)
	if err != nil {
		t.Fatal(err)
	}
	var j rehearse.Job
	for ; !j.Done; runtime.Gosched() {
		var ok bool
		if j, ok = h.Rules.Desk.Job(h.site.ID, asked.ID); !ok {
			t.Fatal("it is not there")
		}
		if _, ok := h.Rules.Desk.Job("another", asked.ID); ok {
			t.Fatal("another site sees it")
		}
	}
	if j.Fault != "" || j.Report.Requests != 400 || j.Report.Stored != 400 || j.Report.Refused != 97 || j.Report.SignedIn != 1 || !j.Report.Hurt[0].Shared || j.Report.Hurt[0].Accounts != 5 {
		t.Errorf("%+v", j)
	}
	on := draft
	on.Mode = "on"
	if _, ok := h.Rules.Rehearsed(h.site, on); !ok {
		t.Error("switching it on asks for another rehearsal")
	}
	on.Limit = "1 per 1h"
	if _, ok := h.Rules.Rehearsed(h.site, on); ok {
		t.Error("a tighter one counts as rehearsed")
	}
	if u, ok := h.Rules.Under(h.site, "draft"); !ok || u.ID != j.ID {
		t.Error("it is not found by its name")
	}
	h.now = h.now.Add(3 * time.Hour)
	if _, ok := h.Rules.Desk.Job(h.site.ID, asked.ID); ok {
		t.Error("it is kept for ever")
	}
	if _, err := h.Rules.Begin(t.Context(), h.site, draft, 32*24*time.Hour, "ada", rule.None); !errors.Is(err, rule.ErrInvalid) {
		t.Error(err)
	}
	rep, err := h.Rules.RehearseBetween(t.Context(), h.site, draft, noon.Add(-time.Hour), noon.Add(-30*time.Minute))
	if err != nil || rep.Requests != 200 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestHistoryAndUndo(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.put(t, few("mine"))
	wider := few("mine")
	wider.Limit = "9 per 1h"
	if _, err := h.Rules.Put(ctx, h.site, wider, "bob"); err != nil {
		t.Fatal(err)
	}
	past, err := h.Rules.History(ctx, h.site, "mine", 0, 10)
	if err != nil || len(past) != 2 || past[0].Author != "bob" || past[0].Earlier.Limit != "2 per 1h" || past[1].Earlier != nil {
		t.Fatalf("%+v, %v", past, err)
	}
	if err := h.Rules.Undo(ctx, h.site, "mine", past[0].N, "eve"); err != nil {
		t.Fatal(err)
	}
	if s, err := h.Rules.Get(ctx, h.site, "mine"); err != nil || s.Limit != "2 per 1h" || s.Author != "eve" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := h.Rules.Undo(ctx, h.site, "mine", past[1].N, "eve"); err != nil || h.own(t) != "" {
		t.Errorf("undoing the making: %v, %q", err, h.own(t))
	}
	text, err := json.Marshal(past)
	if err != nil || !strings.Contains(string(text), `"earlier"`) {
		t.Error(err, string(text))
	}
}

// BenchmarkList holds that a page of rules does not wait for the bans: with a hundred thousand of them it costs the same.
func BenchmarkList(b *testing.B) {
	h := newHouse(b)
	for b.Loop() {
		if _, err := h.Rules.List(b.Context(), h.site); err != nil {
			b.Fatal(err)
		}
	}
}
