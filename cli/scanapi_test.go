package cli

import (
	"encoding/json"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"palisade.dev/scan"
	"palisade.dev/scan/api/fixture"
)

// TestScanAPIScripts plays the scanner's command line against a sound shop and one with a fault.
func TestScanAPIScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scanapi",
		Setup: func(e *testscript.Env) error {
			sound, faulty := fixture.New(), fixture.New()
			faulty.Gate = func(c *fixture.Call, r *fixture.Route) bool {
				if r.Pattern == "GET /orders" && c.User == nil {
					c.User = faulty.User("alice")
					r.Do(c)
					return true
				}
				return false
			}
			// The shops' clocks stand still, so a limit would never end.
			for _, s := range []*fixture.Shop{sound, faulty} {
				s.Limit = func(*fixture.Call, *fixture.Route) (string, int) { return "", 0 }
				e.Defer(s.Start())
			}
			e.Setenv("SOUND", sound.URL)
			e.Setenv("FAULTY", faulty.URL)
			e.Setenv("ALICE", sound.Token("alice"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fingerprint": fingerprintCmd},
	})
}

// fingerprintCmd puts the fingerprint of a report's finding into a variable: fingerprint FILE CHECK VARIABLE.
func fingerprintCmd(ts *testscript.TestScript, _ bool, args []string) {
	var run scan.Run
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &run); err != nil {
		ts.Fatalf("%v", err)
	}
	for _, f := range run.Findings {
		if f.Check == args[1] {
			ts.Setenv(args[2], f.Fingerprint)
			return
		}
	}
	ts.Fatalf("%s has no finding of %s", args[0], args[1])
}
