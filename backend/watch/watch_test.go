package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/finding"
	"palisade.dev/scan"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fake is a scanner that finds what it is told to.
type fake struct {
	runs     int
	findings []scan.Finding
	err      error
	now      func() time.Time
}

func (f *fake) Check(_ store.Site, settings json.RawMessage) (string, error) {
	var s struct{ URL string }
	if err := json.Unmarshal(settings, &s); err != nil || s.URL == "" {
		return "", errors.New("url: which?")
	}
	return s.URL, nil
}

func (f *fake) Scan(_ context.Context, _ store.Site, _ json.RawMessage) (*scan.Run, error) {
	f.runs++
	if f.err != nil {
		return nil, f.err
	}
	return &scan.Run{Kind: "api", Target: "https://shop.example", Tool: "test", Started: f.now(), Ended: f.now(), Checks: []scan.Check{{ID: "api/x"}}, Findings: scan.Stamp(f.findings), Gaps: []scan.Gap{}}, nil
}

type house struct {
	*Watch
	scanner *fake
	site    store.Site
	now     time.Time
	told    []store.Monitor
	ids     int
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h := &house{now: noon, site: store.Site{ID: "s1", Name: "shop", Environment: "prod", Zone: "Europe/Berlin", Settings: "{}", Secret: []byte{1}}}
	if err := db.CreateSite(t.Context(), h.site); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return h.now }
	id := func() string { h.ids++; return fmt.Sprintf("id%06d", h.ids) }
	h.scanner = &fake{now: clock}
	h.Watch = &Watch{
		DB: db, Findings: &finding.Findings{DB: db, Now: clock, ID: id}, Scanners: map[string]Scanner{"api": h.scanner}, Now: clock, ID: id, Log: slog.New(slog.DiscardHandler),
		Told: func(_ context.Context, m store.Monitor) error { h.told = append(h.told, m); return nil },
	}
	return h
}

func (h *house) once(t *testing.T) bool {
	t.Helper()
	ran, err := h.Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ran
}

func (h *house) add(t *testing.T, schedule string) store.Monitor {
	t.Helper()
	m, err := h.Add(t.Context(), h.site, Draft{Kind: "api", Schedule: schedule, Settings: json.RawMessage(`{"url":"https://shop.example"}`)}, "ada")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMonitorRunsAtOnceAndThenAsItsScheduleSays(t *testing.T) {
	h := newHouse(t)
	m := h.add(t, "6h")
	if !h.once(t) || h.once(t) || h.scanner.runs != 1 {
		t.Fatalf("it ran %d times", h.scanner.runs)
	}
	kept, err := h.DB.Monitor(t.Context(), h.site.ID, m.ID)
	if err != nil || kept.Scan == "" || kept.Fault != "" {
		t.Fatalf("%+v %v", kept, err)
	}
	wait := time.UnixMilli(kept.Next).Sub(noon)
	if wait < 6*time.Hour || wait >= 6*time.Hour+10*time.Minute {
		t.Errorf("it is due in %s", wait)
	}
	h.now = noon.Add(wait - time.Second)
	if h.once(t) {
		t.Error("it ran before its time")
	}
	h.now = noon.Add(wait)
	h.scanner.findings = []scan.Finding{{Check: "api/x", Title: "x", Severity: scan.High, Place: scan.Place{URL: "/x"}}}
	if !h.once(t) {
		t.Error("it did not run at its time")
	}
	open, err := h.DB.Findings(t.Context(), h.site.ID, store.FindingQuery{State: "open", Limit: 9})
	if err != nil || len(open) != 1 {
		t.Errorf("%d findings: %v", len(open), err)
	}
}

func TestATargetThatStopsAnsweringIsToldOnce(t *testing.T) {
	h := newHouse(t)
	m := h.add(t, "15m")
	fail := func() {
		t.Helper()
		h.scanner.err = errors.New("the target did not answer")
		h.now = h.now.Add(20 * time.Minute)
		if !h.once(t) {
			t.Fatal("it did not run")
		}
	}
	fail()
	if len(h.told) != 0 {
		t.Error("told after one failure, which may be a deploy")
	}
	fail()
	fail()
	if len(h.told) != 1 || h.told[0].Failed != 2 || !strings.Contains(h.told[0].Fault, "did not answer") {
		t.Fatalf("told %+v", h.told)
	}
	h.scanner.err = nil
	h.now = h.now.Add(20 * time.Minute)
	h.once(t)
	if len(h.told) != 2 || h.told[1].Failed != 0 {
		t.Errorf("that it answers again: %+v", h.told)
	}
	if err := h.Pause(t.Context(), h.site, m.ID, "ada"); err != nil {
		t.Fatal(err)
	}
	h.now = h.now.Add(time.Hour)
	if h.once(t) {
		t.Error("it ran while it was paused")
	}
	if err := h.Go(t.Context(), h.site, m.ID, "ada"); err != nil || !h.once(t) {
		t.Errorf("run now: %v", err)
	}
}

// A back end that ends in the middle of a scan leaves it to whoever comes next.
func TestAScanCutShortIsDueAgain(t *testing.T) {
	h := newHouse(t)
	h.add(t, "6h")
	ctx, cancel := context.WithCancel(t.Context())
	h.Scanners["api"] = stopping{h.scanner, cancel}
	if _, err := h.Once(ctx); err != nil {
		t.Fatal(err)
	}
	h.Scanners["api"] = h.scanner
	if h.once(t) {
		t.Error("two ran it at once")
	}
	h.now = noon.Add(runTime)
	if !h.once(t) || h.scanner.runs != 1 {
		t.Errorf("nobody took it up: %d runs", h.scanner.runs)
	}
}

type stopping struct {
	Scanner
	end func()
}

func (s stopping) Scan(ctx context.Context, _ store.Site, _ json.RawMessage) (*scan.Run, error) {
	s.end()
	return nil, ctx.Err()
}

func TestSchedules(t *testing.T) {
	for text, want := range map[string]string{
		"6h": "", "1d": "", "30 3 * * *": "", "0 */2 * * 1-5": "", "0 0 29 2 *": "",
		"": "want an interval", "1m": "want from 15m0s", "60d": "want from", "* * * * *": "more often than every", "0,5 3 * * *": "more often than every", "0 0 30 2 *": "never comes",
		"61 * * * *": "want minute, hour", "@hourly": "want an interval", "a b c d e": "want minute", "0 3 * *": "want minute", strings.Repeat("0 ", 80): "100 bytes",
	} {
		_, err := ParseSchedule(text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, ErrInvalid)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	// In the site's zone: half past three in Berlin is half past two here, in winter.
	at, err := next(store.Monitor{ID: "m", Schedule: "30 3 * * *"}, "Europe/Berlin", noon)
	if err != nil || at.Before(noon.Add(14*time.Hour+30*time.Minute)) || at.After(noon.Add(14*time.Hour+40*time.Minute)) {
		t.Errorf("it runs at %s: %v", at.UTC(), err)
	}
	one, _ := next(store.Monitor{ID: "m", Schedule: "1d"}, "UTC", noon)
	two, _ := next(store.Monitor{ID: "n", Schedule: "1d"}, "UTC", noon)
	if one.Equal(two) {
		t.Error("two monitors run at the same second")
	}
}

func TestRefusedDrafts(t *testing.T) {
	h := newHouse(t)
	for want, d := range map[string]Draft{
		"want one of api":  {Kind: "code", Schedule: "6h", Settings: json.RawMessage(`{}`)},
		"url: which?":      {Kind: "api", Schedule: "6h", Settings: json.RawMessage(`{}`)},
		"want an interval": {Kind: "api", Schedule: "soon", Settings: json.RawMessage(`{"url":"x"}`)},
	} {
		if _, err := h.Add(t.Context(), h.site, d, "ada"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

func TestDrift(t *testing.T) {
	was := &scan.Run{Facts: []scan.Fact{{Name: "operations", Value: "50"}, {Name: "seed", Value: "1"}, {Name: "gone", Value: "x"}}}
	is := &scan.Run{Facts: []scan.Fact{{Name: "operations", Value: "53"}, {Name: "seed", Value: "1"}, {Name: "new", Value: "y"}}}
	if got := fmt.Sprint(Drift(was, is)); got != "[{operations 50 53}]" {
		t.Error(got)
	}
}

func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"6h", "30 3 * * *", "*/7 1-5 * 2 mon", "0 0 31 2 *"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSchedule(text)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if at := s.Next(noon); !at.IsZero() && !at.After(noon) {
			t.Errorf("%q comes at %s, which is past", text, at)
		}
	})
}
