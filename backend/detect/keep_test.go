package detect_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/detect"
	"palisade.dev/backend/detect/recipes"
	"palisade.dev/backend/event"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// house is a log of events that detections hear, with a clock in hand.
type house struct {
	*detect.Detections
	t     *testing.T
	log   *event.Log
	now   time.Time
	seq   uint64
	ids   int
	told  []store.Detection
	codec *event.Codec
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.CreateSite(t.Context(), store.Site{ID: "s1", Name: "shop", Environment: "prod", Zone: "UTC", Settings: "{}", Secret: []byte{1}}); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: noon}
	if h.codec, err = event.NewCodec(); err != nil {
		t.Fatal(err)
	}
	h.log = event.NewLog(db, h.codec, event.Options{Clock: h.clock, Heard: func(site string, events []wire.Event) { h.Heard(site, events) }})
	h.start(db)
	return h
}

func (h *house) clock() time.Time { return h.now }

// start is what a restart leaves: the store, and nothing in memory.
func (h *house) start(db *store.DB) {
	h.Detections = &detect.Detections{
		DB: db, Search: event.NewSearch(db, h.codec), Recipes: recipes.All(), Now: h.clock, Log: slog.New(slog.DiscardHandler),
		ID: func() string { h.ids++; return fmt.Sprintf("id%06d", h.ids) },
		Told: func(_ context.Context, d store.Detection, _ detect.Evidence) error {
			h.told = append(h.told, d)
			return nil
		},
	}
}

// fails reports n failed sign-ins of as many accounts from an address, one a second up to now, and sends each batch twice.
func (h *house) fails(address string, n int) {
	h.t.Helper()
	h.signIns("failed", address, n)
}

func (h *house) signIns(result, address string, n int) {
	h.t.Helper()
	status := map[string]int{"failed": 401, "ok": 302}[result]
	b := wire.Batch{Guard: "g", Boot: "b"}
	for i := range n {
		h.seq++
		b.Events = append(b.Events, wire.Event{
			Seq: h.seq, At: h.now.Add(time.Duration(i-n) * time.Second).UnixMicro(), Method: "POST", Path: "/login", Route: "@login", Status: status, Action: "allow",
			Address: netip.MustParseAddr(address), Agent: "curl/8", Outcomes: []wire.Outcome{{Kind: "login", Result: result, Subject: fmt.Sprintf("user%d@example.com", h.seq)}},
		})
	}
	for range 2 {
		if err := h.log.Append(h.t.Context(), "s1", "g", b); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) step() {
	h.t.Helper()
	if err := h.Step(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) open() []store.Detection {
	h.t.Helper()
	list, err := h.DB.OpenDetections(h.t.Context(), "s1", 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func TestAnAttackIsOneDetectionUntilItIsOver(t *testing.T) {
	h := newHouse(t)
	h.fails("203.0.113.7", 29)
	h.step()
	if open := h.open(); len(open) != 0 {
		t.Fatalf("29 failures, each sent twice, are no 30: %v", open)
	}
	h.now = h.now.Add(10 * time.Second)
	h.fails("203.0.113.7", 5)
	h.step()
	open := h.open()
	if len(open) != 1 || open[0].Recipe != "stuffing" || open[0].Subject != "203.0.113.7" || open[0].Severity != detect.High || len(h.told) != 1 {
		t.Fatalf("%+v, told %d times", open, len(h.told))
	}
	e, err := detect.ReadEvidence(open[0])
	if err != nil || e.Failed != 34 || len(e.Examples) == 0 || e.Agents[0].Value != "curl/8" {
		t.Fatalf("%+v, %v", e, err)
	}
	for range 4 {
		h.now = h.now.Add(time.Minute)
		h.fails("203.0.113.7", 20)
		h.step()
	}
	if again := h.open(); len(again) != 1 || again[0].ID != open[0].ID || again[0].Last <= open[0].Last || len(h.told) != 1 {
		t.Fatalf("%+v, told %d times", again, len(h.told))
	}
	h.now = h.now.Add(detect.Ends + time.Second)
	if err := h.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	if over := h.open(); len(over) != 0 {
		t.Fatalf("it is over: %v", over)
	}
	h.fails("203.0.113.7", 35)
	h.step()
	if next := h.open(); len(next) != 1 || next[0].ID == open[0].ID || len(h.told) != 2 {
		t.Fatalf("%+v, told %d times", next, len(h.told))
	}
}

func TestARestartForgetsNoAttack(t *testing.T) {
	h := newHouse(t)
	h.fails("203.0.113.7", 40)
	h.fails("203.0.113.8", 20)
	h.step()
	first := h.open()
	if len(first) != 1 {
		t.Fatalf("%v", first)
	}
	h.start(h.DB)
	if err := h.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	if open := h.open(); len(open) != 1 || open[0].ID != first[0].ID || len(h.told) != 1 {
		t.Fatalf("%v, told %d times: a restart tells nothing again", open, len(h.told))
	}
	h.now = h.now.Add(20 * time.Second)
	h.fails("203.0.113.8", 11) // with those before the restart, 31
	h.step()
	if open := h.open(); len(open) != 2 || len(h.told) != 2 {
		t.Fatalf("%v, told %d times: what was counted before the restart counts", open, len(h.told))
	}
	h.now = h.now.Add(detect.Ends + time.Minute)
	if err := h.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.start(h.DB)
	if err := h.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	if open := h.open(); len(open) != 0 || len(h.told) != 2 {
		t.Fatalf("%v, told %d times: what was over stays over", open, len(h.told))
	}
}

func TestAnswers(t *testing.T) {
	h := newHouse(t)
	h.fails("203.0.113.7", 40)
	h.step()
	id := h.open()[0].ID
	for _, c := range []struct{ answer, reason, want string }{{"perhaps", "", "want handled or harmless"}, {"handled", strings.Repeat("x", 1001), "at most 1000 bytes"}} {
		if err := h.Answer(t.Context(), "s1", id, c.answer, c.reason, "ada"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.answer, err)
		}
	}
	if err := h.Answer(t.Context(), "s1", id, detect.Handled, "banned", "ada"); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(5 * time.Second)
	h.fails("203.0.113.7", 5)
	h.step()
	if open := h.open(); len(open) != 0 {
		t.Errorf("handled, and told again after five seconds: %v", open)
	}
	h.now = h.now.Add(2 * time.Hour)
	h.fails("203.0.113.7", 40)
	h.step()
	open := h.open()
	if len(open) != 1 {
		t.Fatalf("it goes on two hours later: %v", open)
	}
	if err := h.Answer(t.Context(), "s1", open[0].ID, detect.Harmless, "our own test", "ada"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		days, open int
	}{{20, 0}, {11, 1}} {
		h.now = h.now.AddDate(0, 0, c.days)
		h.fails("203.0.113.7", 40)
		h.step()
		if open := h.open(); len(open) != c.open {
			t.Errorf("%d days later: %v", c.days, open)
		}
	}
}

func TestTheEndOfAShortAttackIsKept(t *testing.T) {
	h := newHouse(t)
	h.fails("203.0.113.7", 40)
	h.step()
	h.now = h.now.Add(2 * time.Second)
	h.fails("203.0.113.7", 30)
	h.step()
	h.now = h.now.Add(20 * time.Second)
	h.step()
	open := h.open()
	if len(open) != 1 || !strings.Contains(open[0].Title, "70 failed sign-ins") || len(h.told) != 1 {
		t.Errorf("%+v, told %d times", open, len(h.told))
	}
}

func TestWhatCouldNotBeToldIsToldLater(t *testing.T) {
	h := newHouse(t)
	told := h.Told
	h.Told = func(context.Context, store.Detection, detect.Evidence) error { return errors.New("the disk is full") }
	h.fails("203.0.113.7", 40)
	if err := h.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Fatalf("%v", err)
	}
	if len(h.open()) != 1 || len(h.told) != 0 {
		t.Fatalf("%v, told %d times", h.open(), len(h.told))
	}
	h.Told = told
	h.step()
	h.step()
	if len(h.told) != 1 {
		t.Errorf("told %d times", len(h.told))
	}
}

func TestABotnetIsNotAThousandDetections(t *testing.T) {
	h := newHouse(t)
	for i := range 150 {
		h.fails(fmt.Sprintf("10.%d.%d.7", i/200, i%200), 31)
	}
	h.step()
	by := map[string]int{}
	for _, d := range h.open() {
		by[d.Recipe]++
	}
	if by["stuffing"] != detect.MostOpen || by["stuffingshape"] != 1 {
		t.Errorf("open by recipe: %v", by)
	}
}

func TestUsualIsOfTheSameHour(t *testing.T) {
	h := newHouse(t)
	today := h.now
	for day := 7; day >= 1; day-- { // 300 of 900 fail each day at this hour
		h.now = today.AddDate(0, 0, -day)
		for i := range 30 {
			h.signIns("failed", fmt.Sprintf("10.0.%d.9", i), 10)
			h.signIns("ok", fmt.Sprintf("10.0.%d.9", i), 20)
		}
	}
	h.now = today
	h.start(h.DB)
	for i := range 45 {
		h.fails(fmt.Sprintf("10.9.%d.7", i), 1)
	}
	h.step()
	for _, d := range h.open() {
		if d.Recipe == "stuffingsite" {
			t.Errorf("45 failures in ten minutes are no more than 300 an hour: %s", d.Evidence)
		}
	}
	if err := h.DB.EndDetections(t.Context(), h.now.Add(time.Hour).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(time.Minute)
	for i := range 100 { // fewer than a site must have of which nothing is known
		h.fails(fmt.Sprintf("10.8.%d.7", i), 1)
	}
	h.step()
	found := false
	for _, d := range h.open() {
		found = found || d.Recipe == "stuffingsite"
	}
	if !found {
		t.Error("145 in a minute where 300 an hour are usual are nothing")
	}
}
