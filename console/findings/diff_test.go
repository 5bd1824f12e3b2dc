package findings

import (
	"slices"
	"testing"
	"time"

	"palisade.dev/scan"
)

func titles(all []scan.Finding) (out []string) {
	for _, f := range all {
		out = append(out, f.Title)
	}
	return out
}

// TestCompare tells apart what came, came back, went, and was not looked at.
func TestCompare(t *testing.T) {
	find := func(check, title, path string) scan.Finding {
		return scan.Finding{Check: check, Title: title, Place: scan.Place{Method: "GET", URL: path}, Fingerprint: title}
	}
	told := func(check, where string, v scan.Verdict) scan.Outcome {
		return scan.Outcome{Check: check, Where: where, Verdict: v}
	}
	ended := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	was := &scan.Run{Kind: "api", Ended: ended, Findings: []scan.Finding{find("a", "stays", "/x"), find("a", "mended", "/y"), find("a", "throttled", "/z"), find("b", "not run", "/x")}, Outcomes: []scan.Outcome{
		told("a", "GET /x", scan.Found), told("a", "GET /gone", scan.Clear), told("b", "/", scan.Clear),
	}}
	is := &scan.Run{Kind: "api", Ended: ended.Add(24 * time.Hour), Checks: []scan.Check{{ID: "a"}}, Findings: []scan.Finding{find("a", "stays", "/x"), find("a", "back", "/x"), find("a", "fresh", "/new")}, Outcomes: []scan.Outcome{
		told("a", "GET /x", scan.Found), told("a", "GET /y", scan.Clear), told("a", "GET /z", scan.CouldNotTell), told("a", "GET /new", scan.Found),
	}}
	first := map[string]int64{"stays": 1, "back": ended.Add(-90 * 24 * time.Hour).UnixMilli(), "fresh": is.Ended.UnixMilli()}
	d := compare(was, is, func(f string) int64 { return first[f] })
	for name, c := range map[string]struct{ got, want []string }{
		"new": {titles(d.New), []string{"fresh"}}, "regressed": {titles(d.Regressed), []string{"back"}}, "resolved": {titles(d.Resolved), []string{"mended"}},
		"untested": {titles(d.Untested), []string{"throttled", "not run"}}, "still": {titles(d.Still), []string{"stays"}},
		"came": {d.Came, []string{"GET /new", "GET /y", "GET /z"}}, "went": {d.Went, []string{"GET /gone"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %q, not %q", name, c.got, c.want)
		}
	}
	if !d.Any() || compare(is, is, func(string) int64 { return 0 }).Any() {
		t.Error("a run differs from itself, or two do not")
	}
}
