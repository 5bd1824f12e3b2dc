package console_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/watch"
	"palisade.dev/scan"
	"palisade.dev/store"
)

// TestMonitorOverTime plays three nights of an API: a fault goes and comes back, another cannot be told, the certificate is
// another one. The pages say so, and say a stranger's words as words.
func TestMonitorOverTime(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	const target, evil = "https://api.example.com/", `<img src=x onerror=alert(1)>`
	m := store.Monitor{ID: "watch-1", Site: h.shop.ID, Kind: "api", Target: target, Settings: "{}", Schedule: "1d", Author: "owner", Created: 1, Next: 1}
	if err := h.DB.AddMonitor(context.Background(), m, 10); err != nil {
		t.Fatal(err)
	}
	back := scan.Finding{Check: "api/a", Title: "It comes back", Severity: scan.High, Place: scan.Place{Method: "GET", URL: "/x"}}
	untold := scan.Finding{Check: "api/b", Title: "It cannot be told", Severity: scan.Medium, Place: scan.Place{Method: "GET", URL: "/y"}}
	gone := scan.Finding{Check: "api/a", Title: "It is mended", Severity: scan.Low, Place: scan.Place{Method: "GET", URL: "/y"}}
	fresh := scan.Finding{Check: "api/a", Title: "It is " + evil, Severity: scan.Low, Place: scan.Place{Method: "GET", URL: "/z"}}
	last := ""
	for i, night := range []struct {
		points      int
		certificate string
		findings    []scan.Finding
		outcomes    []scan.Outcome
	}{
		{64, "api.example.com, number 1", []scan.Finding{back}, []scan.Outcome{{Check: "api/a", Where: "GET /x", Verdict: scan.Found}}},
		{81, "api.example.com, number 1", []scan.Finding{untold, gone}, []scan.Outcome{{Check: "api/a", Where: "GET /x", Verdict: scan.Clear}}},
		{72, "api.example.com, " + evil, []scan.Finding{back, fresh}, []scan.Outcome{{Check: "api/b", Where: "GET /y", Verdict: scan.CouldNotTell, Why: "throttled"}, {Check: "api/a", Where: "GET /z", Verdict: scan.Found}}},
	} {
		ended := h.now.Add(time.Duration(i-3) * 24 * time.Hour)
		run := scan.Run{
			Kind: "api", Target: target, Tool: "test", Started: ended.Add(-time.Minute), Ended: ended, Checks: []scan.Check{{ID: "api/a", Title: "A"}, {ID: "api/b", Title: "B"}}, Findings: scan.Stamp(night.findings),
			Outcomes: night.outcomes, Gaps: []scan.Gap{}, Score: &scan.Score{Points: night.points, Grade: "C"}, Facts: []scan.Fact{{Name: "certificate", Value: night.certificate}, {Name: "requests", Value: strings.Repeat("9", i+1)}},
		}
		report, err := run.JSON()
		if err != nil {
			t.Fatal(err)
		}
		b, err := h.Findings.Bring(context.Background(), h.shop, report, watch.Author(m.ID))
		if err != nil {
			t.Fatal(err)
		}
		last = b.Scan.ID
		h.pass(time.Second) // scans are kept in the order in which they came
	}
	holds := func(path string, wants ...string) string {
		t.Helper()
		p := owner.get(path)
		if p.status != http.StatusOK {
			t.Fatalf("%s: %d %s", path, p.status, p.text)
		}
		for _, want := range wants {
			if !strings.Contains(p.text, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
		if strings.Contains(p.text, "<img src=x") {
			t.Errorf("%s shows a stranger's markup as it is", path)
		}
		return p.text
	}
	text := holds("/s/shop/monitors/watch-1", "<svg", "was 64", "was 81", "certificate", "number 1", "/s/shop/scans/"+last)
	if strings.Contains(text, ">requests<") {
		t.Error("what differs every time is told as a change")
	}
	holds("/s/shop/monitors", "/s/shop/monitors/watch-1")
	text = holds("/s/shop/scans/"+last, "Come back", "It comes back", "Resolved", "It is mended", "Not looked at this time", "It cannot be told", "New operations", "GET /z", "certificate")
	at := func(s string) int { return strings.LastIndex(text, s) }
	if !(at("<h3>New") < at("<h3>Come back") && at("<h3>Come back") < at("<h3>Resolved") && at("<h3>Resolved") < at("<h3>Not looked at")) {
		t.Error("what is new stands first, what was not looked at last")
	}
	if p := owner.get("/s/other/monitors/watch-1"); p.status != http.StatusNotFound {
		t.Errorf("the monitor under another site: %d", p.status)
	}
}
