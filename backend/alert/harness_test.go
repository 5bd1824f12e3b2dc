package alert_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// clock is the time, as these tests make it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var serial atomic.Int64

func id() string { return fmt.Sprintf("%08d", serial.Add(1)) }

// house is alerts with a database, a clock and spies for sinks.
type house struct {
	*alert.Alerts
	t     testing.TB
	path  string
	db    *store.DB
	clock *clock
	spies map[string]*alerttest.Spy
	more  map[string]alert.Sink
}

func openDB(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func newHouse(t testing.TB) *house {
	t.Helper()
	path := filepath.Join(t.TempDir(), "palisade.db")
	h := &house{t: t, path: path, db: openDB(t, path), clock: &clock{t: alerttest.Noon}, spies: map[string]*alerttest.Spy{"phone": {}, "program": {Tempo: alert.Steady}}}
	h.Alerts = h.another(h.db)
	return h
}

// another is one more back end.
func (h *house) another(db *store.DB) *alert.Alerts {
	h.t.Helper()
	sinks := map[string]alert.Sink{}
	for kind, s := range h.spies {
		sinks[kind] = s
	}
	maps.Copy(sinks, h.more)
	a, err := alert.New(alert.Options{DB: db, Sinks: sinks, Console: "https://palisade.example.com/", Now: h.clock.now, ID: id, Chance: func() float64 { return 0.5 }})
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// restart is what comes after a crash: nothing is taken along but the disk.
func (h *house) restart() {
	h.t.Helper()
	if err := h.db.Close(); err != nil {
		h.t.Fatal(err)
	}
	h.db = openDB(h.t, h.path)
	h.Alerts = h.another(h.db)
}

func (h *house) channel(kind string, hears alert.Hears) string {
	h.t.Helper()
	c, err := h.AddChannel(h.t.Context(), alert.Draft{Kind: kind, Name: kind + " " + id(), Settings: json.RawMessage("{}"), Hears: hears})
	if err != nil {
		h.t.Fatal(err)
	}
	return c.ID
}

func (h *house) tell(alerts ...alert.Alert) {
	h.t.Helper()
	if err := h.Tell(h.t.Context(), alerts...); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) deliver() {
	h.t.Helper()
	if err := h.Deliver(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// live lets time pass in steps, as Run would see it.
func (h *house) live(d, step time.Duration) {
	h.t.Helper()
	for ; d > 0; d -= step {
		h.clock.pass(step)
		h.deliver()
	}
}

// one is an alert of a group.
func one(group string) alert.Alert {
	return alert.Alert{
		Kind: alert.Ban, Severity: alert.Medium, Site: alert.Site{ID: "s1", Name: "shop"}, Group: group, Title: "a ban of " + group, Several: "bans of " + group,
		Facts: []alert.Fact{{Label: "What to do", Value: "Look."}}, Link: "/s/shop/bans", At: alerttest.Noon,
	}
}

// told is a line for each message.
func told(all []alert.Message) string {
	var lines []string
	for _, m := range all {
		lines = append(lines, fmt.Sprintf("%s %d %s", m.Phase, m.Count, m.Newest.Group))
	}
	return strings.Join(lines, ", ")
}

func (h *house) expect(kind, want string) {
	h.t.Helper()
	if got := told(h.spies[kind].Sent()); got != want {
		h.t.Fatalf("%s was told: %s\nwant: %s", kind, got, want)
	}
}

// log is the outcomes of a channel's attempts, oldest first.
func (h *house) log(channel string) string {
	h.t.Helper()
	all, err := h.Log(h.t.Context(), channel, "", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, d := range all {
		out = append([]string{fmt.Sprintf("%s %d %q", d.Outcome, d.Attempt, d.Said)}, out...)
	}
	return strings.Join(out, ", ")
}

var errAway = errors.New("connection refused")
