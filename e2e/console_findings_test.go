package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"palisade.dev/scan"
)

// testFindings brings the report of a scan and reads it as whoever has to mend it would.
func testFindings(t *testing.T, b *browser) {
	p := run(t, "", "PALISADE_SCAN_PRIVATE=1")
	me := b.person(t, "198.51.100.50")
	me.look(390, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))
	me.open(console + "/s/demo-shop/findings")
	if got := text(me); !strings.Contains(got, "The code was never scanned") || !strings.Contains(got, "palisade scan code . --upload") {
		t.Errorf("without a scan: %s", got)
	}
	now := time.Now()
	report := scan.Run{
		Kind: "code", Target: "demo-shop", Tool: "palisade test", Started: now.Add(-time.Second), Ended: now, Read: 12, Checks: []scan.Check{{ID: "elixir/sqlquery", Title: "SQL from a request"}},
		Findings: scan.Stamp([]scan.Finding{
			{
				Check: "elixir/sqlquery", Title: "SQL from a request", Message: "The request's q becomes part of the SQL text.", Severity: scan.High, Confidence: scan.Confirmed, CWE: []int{89}, Key: "q",
				Place:   scan.Place{File: "lib/shop/search.ex", Start: scan.Position{Line: 12, Column: 5}, Symbol: "Shop.Search.find/1"},
				Excerpt: "Repo.query(\"SELECT * FROM products WHERE name = '#{q}'\")",
				Flow: []scan.Step{
					{Place: scan.Place{File: "lib/shop_web/search_controller.ex", Start: scan.Position{Line: 4, Column: 20}}, Text: "%{\"q\" => q}", Note: "comes with the request"},
					{Place: scan.Place{File: "lib/shop/search.ex", Start: scan.Position{Line: 12, Column: 5}}, Text: "Repo.query(…)", Note: "is run as SQL"},
				},
				Fix: &scan.Fix{Text: "Bind the value: Repo.query(\"… name = $1\", [q])."},
			},
			{Check: "elixir/cookies", Title: "A cookie without Secure", Message: "It travels over plain HTTP too.", Severity: scan.Low, Place: scan.Place{File: "lib/shop_web/endpoint.ex", Start: scan.Position{Line: 8, Column: 3}}, Key: "secure"},
		}), Gaps: []scan.Gap{{Where: "lib/shop/odd.ex", Why: "line 3: want an end"}},
	}
	body, err := report.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var came struct {
		New  []struct{ ID string }
		Scan struct{ ID string }
	}
	if err := json.Unmarshal(p.post(t, "/sites/demo-shop/scans", body), &came); err != nil || len(came.New) != 2 {
		t.Fatalf("%+v %v", came, err)
	}
	for _, at := range []string{"/", "/s/demo-shop/findings", "/s/demo-shop/findings/" + came.New[0].ID, "/s/demo-shop/scans", "/s/demo-shop/scans/" + came.Scan.ID} {
		me.look(390, "light")
		if status := me.open(console + at); status != 200 {
			t.Errorf("%s: status %d", at, status)
		}
		if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %d px wide on a phone of 390", at, wide)
		}
		me.accessible(t, at)
		me.snap(t, "findings-phone-"+strings.ReplaceAll(at[1:], "/", "-"))
	}
	me.look(1280, "dark")
	me.open(console + "/s/demo-shop/findings?severity=high")
	me.snap(t, "findings-desk")
	me.status(click(`tbody a`))
	me.snap(t, "finding-desk")
	me.do(fill("#reason", "only staff can reach it"))
	me.status(click(`form[action$="/accept"] button`))
	if got := text(me); !strings.Contains(got, "accepted by operator") {
		t.Errorf("after accepting: %s", got)
	}
	if out := p.must(t, "finding", "list", "--state", "accepted"); !strings.Contains(out, "lib/shop/search.ex:12:5") {
		t.Errorf("on the command line: %s", out)
	}

	// A monitor of the shop itself, by form: what is wrong stays typed; what is right runs at once and leaves a graded scan.
	me.look(390, "dark")
	me.open(console + "/s/demo-shop/monitors")
	me.accessible(t, "monitors")
	me.do(fill("#target", "the shop"))
	if status := me.status(click(`form[action$="/monitors"] button`)); status != 422 || eval[string](me, `document.querySelector("#target").value`) != "the shop" {
		t.Errorf("a target that is none: %d %s", status, text(me))
	}
	me.do(fill("#target", p.url), fill("#schedule", "6h"))
	me.status(click(`form[action$="/monitors"] button.main`))
	eventually(t, func() error {
		me.open(console + "/s/demo-shop/monitors")
		if got := text(me); !strings.Contains(got, "what it found") {
			return fmt.Errorf("%s", got)
		}
		return nil
	})
	me.snap(t, "monitors-phone")
	me.status(click(`tbody th a[href*="/monitors/"]`))
	if got := text(me); !strings.Contains(got, p.url) || !strings.Contains(got, "Points over time") {
		t.Errorf("the monitor's page: %s", got)
	}
	if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the monitor's page is %d px wide on a phone of 390", wide)
	}
	me.accessible(t, "a monitor")
	me.snap(t, "monitor-phone")
	me.open(console + "/s/demo-shop/monitors")
	me.status(click(`tbody a[href*="/scans/"]`))
	if got := text(me); !strings.Contains(got, "api scan of "+p.url) || !strings.Contains(got, "Grade") {
		t.Errorf("the monitor's scan: %s", got)
	}
	me.accessible(t, "an API's scan")
	me.snap(t, "api-scan-phone")
}
