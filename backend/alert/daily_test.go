package alert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/rehearse"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// stage plays rules in rehearsal and remembers what was asked.
type stage struct {
	rules []rehearse.Standing
	asked []string
	fail  map[string]bool
}

func (s *stage) Rehearsing(context.Context, store.Site) ([]rehearse.Standing, error) {
	return s.rules, nil
}

func (s *stage) RehearseBetween(_ context.Context, _ store.Site, r wire.Rule, from, to time.Time) (rehearse.Report, error) {
	s.asked = append(s.asked, fmt.Sprintf("%s %s–%s", r.Name, from.UTC().Format("2 15:04"), to.UTC().Format("2 15:04")))
	if s.fail[r.Name] {
		return rehearse.Report{}, errAway
	}
	return rehearse.Report{Rule: r.Name, From: from.UnixMilli(), To: to.UnixMilli(), Refused: 3, Clients: 1}, nil
}

func (s *stage) were(t *testing.T, want string) {
	t.Helper()
	if got := strings.Join(s.asked, ", "); got != want {
		t.Fatalf("rehearsed: %s\nwant: %s", got, want)
	}
}

// mornings is a house with a site in a zone and a rule in rehearsal since long ago; it is noon in UTC, 24 November.
func mornings(t *testing.T, zone string) (*house, *stage) {
	h := newHouse(t)
	if err := h.db.CreateSite(t.Context(), store.Site{ID: "s1", Name: "shop", Environment: "prod", Zone: zone, Secret: make([]byte, 32), Settings: "{}"}); err != nil {
		t.Fatal(err)
	}
	h.channel("phone", alert.Hears{Kinds: []alert.Kind{alert.Rehearsal}})
	return h, &stage{rules: []rehearse.Standing{{Rule: wire.Rule{Name: "a"}}}, fail: map[string]bool{}}
}

// days lets time pass as RunDaily would see it.
func (h *house) days(s *stage, d time.Duration) {
	h.t.Helper()
	for ; d > 0; d -= 20 * time.Minute {
		h.clock.pass(20 * time.Minute)
		_ = h.Summarise(h.t.Context(), s)
		h.deliver()
	}
}

func (h *house) summaries(n int) {
	h.t.Helper()
	sent := h.spies["phone"].Sent()
	if len(sent) != n {
		h.t.Fatalf("%d messages, want %d: %s", len(sent), n, told(sent))
	}
	for _, m := range sent {
		if m.Count != 1 || !strings.HasSuffix(m.Link, "/s/shop/rules/"+m.Newest.Subject+"/rehearse") {
			h.t.Errorf("%+v", m)
		}
	}
}

func TestOneSummaryADayAtEight(t *testing.T) {
	h, s := mornings(t, "Europe/Berlin")
	h.days(s, 20*time.Minute) // away this morning, so it is told now
	s.were(t, "a 23 07:00–24 07:00")
	h.days(s, 18*time.Hour)
	s.were(t, "a 23 07:00–24 07:00") // half past seven in Berlin
	h.days(s, time.Hour)
	s.were(t, "a 23 07:00–24 07:00, a 24 07:00–25 07:00")
	h.days(s, 72*time.Hour)
	if len(s.asked) != 5 {
		t.Errorf("%q", s.asked)
	}
	h.summaries(5)
}

// TestEightOClockWhenTheClocksChange: the day is an hour longer, and nothing of it is left out or told twice.
func TestEightOClockWhenTheClocksChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ now, due string }{
		{"2026-10-24T07:59:00+02:00", "2026-10-23T08:00:00+02:00"},
		{"2026-10-24T08:00:00+02:00", "2026-10-24T08:00:00+02:00"},
		{"2026-10-25T07:59:59+01:00", "2026-10-24T08:00:00+02:00"},
		{"2026-10-25T08:00:00+01:00", "2026-10-25T08:00:00+01:00"},
		{"2026-03-29T08:00:00+02:00", "2026-03-29T08:00:00+02:00"},
		{"2026-03-29T07:59:00+02:00", "2026-03-28T08:00:00+01:00"},
		{"2026-01-01T00:00:00+01:00", "2025-12-31T08:00:00+01:00"},
	} {
		now, err1 := time.Parse(time.RFC3339, c.now)
		due, err2 := time.Parse(time.RFC3339, c.due)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if got := alert.Due(now, berlin); !got.Equal(due) {
			t.Errorf("at %s: %s, want %s", c.now, got, c.due)
		}
	}
}

// TestNeitherLostNorDoubledOverRestarts: whatever moment the back end goes down at, and with two of them.
func TestNeitherLostNorDoubledOverRestarts(t *testing.T) {
	h, s := mornings(t, "UTC")
	h.days(s, time.Hour)
	h.summaries(1)
	h.restart()
	h.days(s, time.Hour)
	s.were(t, "a 23 08:00–24 08:00")
	// Away from the evening of the 24th to the noon of the 27th: one summary of all that time.
	h.clock.pass(70 * time.Hour)
	h.restart()
	h.days(s, time.Hour)
	s.were(t, "a 23 08:00–24 08:00, a 24 08:00–27 08:00")
	h.summaries(2)
	// Two at once, neither knowing of the other.
	other := h.another(h.db)
	h.clock.pass(20 * time.Hour)
	if err := errors.Join(h.Summarise(t.Context(), s), other.Summarise(t.Context(), s)); err != nil {
		t.Fatal(err)
	}
	h.deliver()
	h.summaries(3)
	// Killed between telling and noting it: it looks again, and is told once.
	h.clock.pass(24 * time.Hour)
	key := "rehearsal-summaries s1"
	before, err := h.db.Setting(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Summarise(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := h.db.PutSetting(t.Context(), key, before); err != nil {
		t.Fatal(err)
	}
	h.restart()
	h.days(s, time.Hour)
	h.summaries(4)
	// Away for a month: a week is told of.
	h.clock.pass(30 * 24 * time.Hour)
	s.asked = nil
	h.days(s, time.Hour)
	if len(s.asked) != 1 || s.asked[0] != "a 22 08:00–29 08:00" {
		t.Errorf("%q", s.asked)
	}
}

func TestEachRuleHasItsOwnSummary(t *testing.T) {
	h, s := mornings(t, "UTC")
	s.rules = append(s.rules, rehearse.Standing{Rule: wire.Rule{Name: "b"}})
	s.fail["b"] = true
	h.days(s, 20*time.Minute)
	h.summaries(1)
	s.fail["b"], s.asked = false, nil
	h.days(s, 20*time.Minute) // what failed is tried again, and that alone
	s.were(t, "b 23 08:00–24 08:00")
	h.summaries(2)
	// A rule put into rehearsal now is told of tomorrow.
	s.asked = nil
	s.rules = append(s.rules, rehearse.Standing{Rule: wire.Rule{Name: "c"}, Since: h.clock.now().UnixMilli()})
	h.days(s, 18*time.Hour)
	s.were(t, "")
	h.days(s, 2*time.Hour)
	s.were(t, "a 24 08:00–25 08:00, b 24 08:00–25 08:00, c 24 08:00–25 08:00")
	h.summaries(5)
	// Switched on and back into rehearsal, it begins anew.
	s.asked, s.rules = nil, s.rules[:1]
	h.days(s, time.Hour)
	s.rules = append(s.rules, rehearse.Standing{Rule: wire.Rule{Name: "b"}, Since: h.clock.now().UnixMilli()})
	h.days(s, time.Hour)
	s.were(t, "")
}

// TestNobodyHears: then no traffic is looked at, and whoever begins to listen later is not told of old mornings.
func TestNobodyHears(t *testing.T) {
	h, s := mornings(t, "nowhere/at-all") // which is taken for UTC
	channels, err := h.Channels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.db.DeleteAlertChannel(t.Context(), channels[0].ID); err != nil {
		t.Fatal(err)
	}
	h.days(s, time.Hour)
	h.channel("phone", alert.Hears{})
	h.days(s, time.Hour)
	s.were(t, "")
	h.days(s, 24*time.Hour)
	s.were(t, "a 24 08:00–25 08:00")
	h.summaries(1)
}
