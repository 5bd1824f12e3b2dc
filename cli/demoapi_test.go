package cli

import (
	"net/http/httptest"
	"testing"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/probes"
)

// TestDemoAPI holds the demo to its word: the scanner finds each fault of the broken one, and nothing in the other.
func TestDemoAPI(t *testing.T) {
	for _, broken := range []bool{true, false} {
		shop := demoAPI(t.Context(), time.Now, broken)
		server := httptest.NewServer(shop)
		var chosen []api.Probe
		wanted := map[string]bool{}
		for _, f := range demoFaults {
			wanted[f.check] = true
		}
		for _, p := range probes.All() {
			if wanted[p.ID] {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) != len(demoFaults) {
			t.Errorf("%d of %d checks exist", len(chosen), len(demoFaults))
		}
		o := api.Options{URL: server.URL, Probes: chosen, Mode: api.Active, Seed: 1}
		for _, n := range []string{"alice", "bob", "root"} {
			o.Identities = append(o.Identities, shop.Identity(n))
		}
		run, err := api.Scan(t.Context(), o)
		server.Close()
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, f := range run.Findings {
			found[f.Check] = true
			if !broken && f.Severity >= scan.Medium {
				t.Errorf("the sound one: %s: %s", f.Check, f.Message)
			}
		}
		for _, f := range demoFaults {
			if broken && !found[f.check] {
				t.Errorf("%s is not found in the broken one", f.check)
			}
		}
	}
}
