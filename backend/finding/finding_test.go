package finding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"palisade.dev/scan"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

type house struct {
	*Findings
	site store.Site
	told []store.Brought
	now  time.Time
	ids  int
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	h := &house{now: noon, site: store.Site{ID: "s1", Name: "shop", Environment: "prod", Zone: "UTC", Settings: "{}", Secret: []byte{1}}}
	if err := db.CreateSite(t.Context(), h.site); err != nil {
		t.Fatal(err)
	}
	h.Findings = &Findings{
		DB: db, Now: func() time.Time { return h.now }, ID: func() string { h.ids++; return fmt.Sprintf("id%06d", h.ids) },
		Told: func(_ context.Context, _ store.Scan, b store.Brought) error { h.told = append(h.told, b); return nil },
	}
	return h
}

func run(at time.Time, findings ...scan.Finding) scan.Run {
	return scan.Run{
		Kind: "code", Target: "shop", Tool: "palisade test", Started: at.Add(-time.Second), Ended: at,
		Checks: []scan.Check{{ID: "elixir/sqlquery"}, {ID: "elixir/csrf"}}, Findings: scan.Stamp(findings), Gaps: []scan.Gap{},
	}
}

func fault(check, file string, severity scan.Severity) scan.Finding {
	return scan.Finding{Check: check, Title: check, Message: "x", Severity: severity, Place: scan.Place{File: file, Start: scan.Position{Line: 3, Column: 1}}, Key: "x"}
}

func (h *house) bring(t *testing.T, r scan.Run) Brought {
	t.Helper()
	report, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Bring(t.Context(), h.site, report, "ci")
	if err != nil {
		t.Fatal(err)
	}
	kept, back, err := h.Report(t.Context(), h.site, b.Scan.ID)
	if err != nil || string(back) != string(report) || kept.Target != "shop" {
		t.Errorf("the report comes back as %q, %v", back, err)
	}
	return b
}

func TestNothingIsCalledMendedThatWasNotLookedAt(t *testing.T) {
	h := newHouse(t)
	sql, csrf := fault("elixir/sqlquery", "lib/a.ex", scan.High), fault("elixir/csrf", "lib/router.ex", scan.Medium)
	if b := h.bring(t, run(noon, sql, csrf)); len(b.New) != 2 || b.Scan.High != 1 || b.Scan.Medium != 1 {
		t.Fatalf("the first: %+v", b)
	}
	for name, change := range map[string]func(*scan.Run){
		"the file was not read":    func(r *scan.Run) { r.Gaps = []scan.Gap{{Where: "lib/a.ex", Why: "it could not be parsed"}} },
		"its folder was not read":  func(r *scan.Run) { r.Gaps = []scan.Gap{{Where: "lib/", Why: "no permission"}} },
		"the check was not run":    func(r *scan.Run) { r.Checks = r.Checks[1:] },
		"nothing was read":         func(r *scan.Run) { r.Gaps = []scan.Gap{{Why: "no files"}} },
		"the check could not tell": func(r *scan.Run) { r.Outcomes = []scan.Outcome{{Check: "elixir/sqlquery", Verdict: scan.CouldNotTell}} },
	} {
		r := run(noon.Add(time.Minute), csrf)
		change(&r)
		if b := h.bring(t, r); b.Resolved != 0 {
			t.Errorf("%s, and yet the finding counts as mended: %+v", name, b)
		}
	}
	if b := h.bring(t, run(noon.Add(2*time.Minute), csrf)); b.Resolved != 1 || b.Still != 1 {
		t.Errorf("looked at and gone: %+v", b)
	}
	h.now = noon.Add(time.Hour)
	if b := h.bring(t, run(noon.Add(time.Hour), csrf, sql)); len(b.Regressed) != 1 || len(b.New) != 0 {
		t.Errorf("it is back: %+v", b)
	}
	if len(h.told) != 2 {
		t.Errorf("people were told %d times: of the first, and of what came back", len(h.told))
	}
}

func TestAcceptances(t *testing.T) {
	h := newHouse(t)
	quiet := fault("elixir/csrf", "lib/router.ex", scan.Medium)
	quiet.Suppressed = &scan.Suppressed{By: "ada", Reason: "a webhook with a signature", Source: "comment lib/router.ex:4"}
	b := h.bring(t, run(noon, fault("elixir/sqlquery", "lib/a.ex", scan.High), quiet))
	if b.Scan.Medium != 0 || b.Scan.High != 1 {
		t.Errorf("what the source accepts is counted: %+v", b.Scan)
	}
	i := slices.IndexFunc(b.New, func(f store.Finding) bool { return f.Check == "elixir/csrf" })
	if got := b.New[i]; got.State(noon.UnixMilli()) != "accepted" || got.Accepter != "ada" {
		t.Errorf("what the source accepts: %+v", got)
	}
	id := b.New[1-i].ID
	for reason, want := range map[string]string{"": "say why", "  x ": "say why", strings.Repeat("x", 500): "more than 400 bytes"} {
		if err := h.Accept(t.Context(), h.site, id, reason, 0, "bob"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("reason %.10q: %v", reason, err)
		}
	}
	if err := h.Accept(t.Context(), h.site, id, "only staff can reach it", 24*time.Hour, "bob"); err != nil {
		t.Fatal(err)
	}
	f, said, err := h.Detail(t.Context(), h.site, id)
	if err != nil || f.State(noon.UnixMilli()) != "accepted" || f.State(noon.Add(25*time.Hour).UnixMilli()) != "open" || said.Check != "elixir/sqlquery" {
		t.Errorf("%+v %+v %v", f, said, err)
	}
	if err := h.Reopen(t.Context(), h.site, id, "bob"); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedReports(t *testing.T) {
	good, err := json.Marshal(run(noon, fault("elixir/csrf", "a", scan.Low)))
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	for name, c := range map[string]struct{ report, want string }{
		"nothing":        {``, "not what `palisade scan"},
		"something else": {`{"version":"2.1.0","runs":[]}`, "does not say its kind"},
		"two":            {string(good) + string(good), "something behind the report"},
		"no times":       {`{"kind":"code","tool":"x"}`, "when it began"},
		"from tomorrow":  {strings.ReplaceAll(string(good), "2026-11-24", "2026-11-25"), "has not come yet"},
		"no severity":    {strings.Replace(string(good), `"severity":"low"`, `"severity":"none"`, 1), "finding 1 has no severity"},
		"no fingerprint": {strings.Replace(string(good), `"fingerprint":"`, `"other":"`, 1), "no check or fingerprint"},
		"a wrong word":   {strings.Replace(string(good), `"severity":"low"`, `"severity":"bad"`, 1), `"bad" is no severity`},
	} {
		if _, err := h.Bring(t.Context(), h.site, []byte(c.report), "ci"); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	r := run(noon, fault("elixir/csrf", "a", scan.Low))
	seed, err := r.JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"kind":"code","tool":"x","findings":[{}]}`))
	f.Fuzz(func(t *testing.T, report []byte) {
		r, err := Read(report)
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("not told as a fault of the report: %v", err)
			}
			return
		}
		if again, err := r.JSON(); err != nil {
			t.Error(err)
		} else if _, err := Read(again); err != nil && !strings.Contains(err.Error(), "more than") {
			t.Errorf("written back it is refused: %v", err)
		}
	})
}
