package probes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/apitest"
	"palisade.dev/scan/api/fixture"
)

// TestEveryFolderIsListed notices a probe that go generate has not seen, and what a probe must not be without.
func TestEveryFolderIsListed(t *testing.T) {
	folders, err := filepath.Glob("../*/*/probe.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]api.Probe{}
	for _, e := range Entries {
		listed[e.ID] = e.Probe
	}
	categories := map[string]bool{}
	for _, c := range api.Categories {
		categories[c.Name] = true
	}
	for _, f := range folders {
		id := "api/" + strings.TrimPrefix(filepath.ToSlash(filepath.Dir(f)), "../")
		p, ok := listed[id]
		if !ok {
			t.Errorf("%s is in no list. Run: go generate ./scan/api/probes", id)
			continue
		}
		if !categories[p.Category()] {
			t.Errorf("%s is in no category", id)
		}
		if p.Title == "" || p.Fix == "" || p.Severity == scan.None || len(p.CWE) == 0 || !hasOWASP(p) {
			t.Errorf("%s lacks title, fix, severity, CWE or its place in the OWASP list", id)
		}
		page, err := os.ReadFile(filepath.Join(filepath.Dir(f), "doc.md"))
		if err != nil || string(page) != p.Doc || !strings.HasPrefix(p.Doc, "# ") || len(p.Doc) < 300 {
			t.Errorf("%s has no page, or carries another: %v", id, err)
		}
	}
	if len(folders) != len(Entries) || len(folders) == 0 {
		t.Errorf("%d folders, %d entries", len(folders), len(Entries))
	}
}

func hasOWASP(p api.Probe) bool {
	for _, s := range p.Standards {
		if strings.HasPrefix(s, "OWASP API") || strings.HasPrefix(s, "OWASP LLM") {
			return true
		}
	}
	return false
}

// TestAllOnEverySample runs the whole scanner over every sample: what is vulnerable is found whoever else is looking, and
// no probe is alarmed by what is fixed or noisy, its own or another's.
func TestAllOnEverySample(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute of scans")
	}
	counts := map[fixture.Kind]int{}
	for _, e := range Entries {
		for i, s := range apitest.Whole(e.Samples) {
			counts[s.Kind]++
			t.Run(fmt.Sprintf("%s/%d %s/%s", e.ID, i, s.Kind, s.Name), func(t *testing.T) {
				t.Parallel()
				apitest.Hold(t, s, All(), e.ID)
			})
		}
	}
	for _, k := range []fixture.Kind{fixture.Vulnerable, fixture.Fixed, fixture.Noisy} {
		if counts[k] < len(Entries) {
			t.Errorf("%d %s samples for %d probes", counts[k], k, len(Entries))
		}
	}
	t.Logf("%d probes; %d vulnerable, %d fixed, %d noisy samples", len(Entries), counts[fixture.Vulnerable], counts[fixture.Fixed], counts[fixture.Noisy])
}

// TestSameScanSameBytes holds the promise that the order in which probes happen to run leaves no trace.
func TestSameScanSameBytes(t *testing.T) {
	var before string
	for range 2 {
		r, err := fixture.Scan(t.Context(), Entries[0].Samples[0], All())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, f := range r.Run.Findings {
			text += f.Fingerprint + " " + f.Check + " " + f.Place.Where() + " " + f.Severity.String() + "\n"
		}
		for _, o := range r.Run.Outcomes {
			text += o.Check + " " + o.Where + " " + string(o.Verdict) + "\n"
		}
		text += fmt.Sprint(*r.Run.Score)
		if before != "" && text != before {
			t.Errorf("the second scan says\n%s\nand the first said\n%s", text, before)
		}
		before = text
	}
}
