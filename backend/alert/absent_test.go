package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/store"
)

func TestCompare(t *testing.T) {
	now := alerttest.Noon
	ago := func(d time.Duration) int64 { return now.Add(-d).UnixMilli() }
	long := now.Add(-time.Hour) // we have been looking
	cases := []struct {
		name  string
		heard time.Duration // ago
		known time.Duration // heard when it was lost, ago; 0 is not lost
		began time.Time
		want  string
	}{
		{"there", time.Second, 0, long, ""},
		{"silent for as long as it may", alert.Silence, 0, long, ""},
		{"silent for longer", alert.Silence + time.Second, 0, long, "lost"},
		{"its loss is known", time.Hour, time.Hour, long, ""},
		{"back", time.Second, time.Hour, long, "back"},
		{"heard in between and silent again", 2 * time.Minute, time.Hour, long, ""},
		{"silent before anybody listened", time.Hour, 0, now.Add(-alert.Silence), ""},
		{"silent since long before we began", time.Hour, 0, now.Add(-alert.Silence - time.Second), "lost"},
		{"out of service for days", 25 * time.Hour, 0, long, "old"},
		{"a clock ahead of ours", -time.Minute, 0, long, ""},
	}
	for _, c := range cases {
		guards := []store.Guard{{ID: "g", LastSeen: ago(c.heard)}}
		var known []store.AlertAbsence
		if c.known > 0 {
			known = append(known, store.AlertAbsence{Guard: "g", LastSeen: ago(c.known)})
		}
		a := alert.Compare(guards, known, c.began, now)
		got := strings.Repeat("lost", len(a.Lost)) + strings.Repeat("old", len(a.Old)) + strings.Repeat("back", len(a.Back)) + strings.Repeat("forgotten", len(a.Forgotten))
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	if a := alert.Compare(nil, []store.AlertAbsence{{Guard: "g"}}, long, now); len(a.Forgotten) != 1 {
		t.Errorf("%+v", a)
	}
	if len(cases) < 10 {
		t.Fatalf("only %d cases", len(cases))
	}
}

// guards is a house whose site has some guards that report every 30 seconds while they are well.
type guards struct {
	*house
	well map[string]bool
	ends []*alert.Alerts
}

func newGuards(t *testing.T) *guards {
	g := &guards{house: newHouse(t), well: map[string]bool{"a": true, "b": true}}
	if err := g.db.CreateSite(t.Context(), store.Site{ID: "s1", Name: "shop", Environment: "prod", Zone: "UTC", Secret: make([]byte, 32), Settings: "{}"}); err != nil {
		t.Fatal(err)
	}
	g.channel("phone", alert.Hears{Kinds: []alert.Kind{alert.GuardGone, alert.GuardHere}})
	g.ends = []*alert.Alerts{g.Alerts}
	return g
}

func (g *guards) pass(d time.Duration) {
	g.t.Helper()
	for ; d > 0; d -= 5 * time.Second {
		now := g.clock.now()
		for name, well := range g.well {
			if well && now.Sub(alerttest.Noon)%(30*time.Second) == 0 {
				if err := g.db.SeenGuard(g.t.Context(), store.Guard{Site: "s1", ID: name, Kind: "gateway", LastSeen: now.UnixMilli(), Modules: "[]"}); err != nil {
					g.t.Fatal(err)
				}
			}
		}
		for _, e := range g.ends {
			if err := e.LookForGuards(g.t.Context()); err != nil {
				g.t.Fatal(err)
			}
		}
		g.deliver()
		g.clock.pass(5 * time.Second)
	}
}

func (g *guards) titles() (out []string) {
	for _, m := range g.spies["phone"].Sent() {
		out = append(out, fmt.Sprintf("%s %s %d", m.Newest.Kind, m.Newest.Severity, m.Count))
	}
	return out
}

func (g *guards) told(want ...string) {
	g.t.Helper()
	if got := g.titles(); fmt.Sprint(got) != fmt.Sprint(want) {
		g.t.Fatalf("told %q, want %q", got, want)
	}
}

func TestEachLossIsToldOnceAndItsEndOnce(t *testing.T) {
	g := newGuards(t)
	g.ends = append(g.ends, g.another(g.db)) // with two back ends looking
	g.pass(10 * time.Minute)
	g.told()
	g.well["a"] = false
	g.pass(55 * time.Second)
	g.told()
	g.pass(25 * time.Second)
	g.told("guard-lost high 1")
	g.pass(time.Minute)
	// That the other goes too is worse, and is not held back as one more of the same.
	g.well["b"] = false
	g.pass(2 * time.Minute)
	g.told("guard-lost high 1", "guard-lost critical 1")
	g.pass(time.Hour)
	g.told("guard-lost high 1", "guard-lost critical 1")
	g.well["a"] = true
	g.pass(time.Minute)
	g.told("guard-lost high 1", "guard-lost critical 1", "guard-back info 1")
	g.pass(time.Hour)
	g.told("guard-lost high 1", "guard-lost critical 1", "guard-back info 1")
}

func TestALossIsToldOnceOverARestart(t *testing.T) {
	g := newGuards(t)
	g.pass(time.Minute)
	g.well["a"] = false
	g.pass(3 * time.Minute)
	g.told("guard-lost high 1")
	g.restart()
	g.ends = []*alert.Alerts{g.Alerts}
	g.pass(10 * time.Minute)
	g.told("guard-lost high 1")
	g.well["a"] = true
	g.pass(time.Minute)
	g.told("guard-lost high 1", "guard-back info 1")
}

// We were away, not they: a laptop that slept, a database that was down.
func TestWhoWasAwayAccusesNobody(t *testing.T) {
	g := newGuards(t)
	g.pass(time.Minute)
	g.clock.pass(3 * time.Hour)
	g.pass(10 * time.Minute)
	g.told()
	g.restart()
	g.clock.pass(20 * time.Minute)
	g.restart()
	g.ends = []*alert.Alerts{g.Alerts}
	g.pass(10 * time.Minute)
	g.told()
	// Whoever is still silent after that is lost all the same.
	g.clock.pass(20 * time.Minute)
	g.well["a"] = false
	g.pass(3 * time.Minute)
	g.told("guard-lost high 1")
}
