package schema

import (
	"strings"
	"testing"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/apitest"
)

func TestProbe(t *testing.T) { apitest.Run(t, Probe, Samples) }

// TestShrinks: a fault of length is told by how little of it is enough, within a hundredth of what was sent.
func TestShrinks(t *testing.T) {
	tried := 0
	for _, s := range Samples {
		if s.Name != "more letters than a column holds" {
			continue
		}
		tried++
		run := apitest.Hold(t, s, []api.Probe{Probe}, Probe.ID)
		for _, f := range run.Findings {
			if f.Place.URL == "/find" && !strings.Contains(f.Message, "6000 letters (281 are enough)") {
				t.Errorf("256 letters are enough, and it says %s", f.Message)
			}
		}
	}
	if tried != 1 {
		t.Errorf("%d samples were tried", tried)
	}
}
