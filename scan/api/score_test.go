package api

import (
	"testing"

	"palisade.dev/scan"
)

// TestScoreIsAsPublished follows the example of docs/api-score.md.
func TestScoreIsAsPublished(t *testing.T) {
	run := &scan.Run{}
	for _, c := range []string{"api/authentication/a", "api/object/a", "api/rate/a", "api/exposure/a"} {
		run.Outcomes = append(run.Outcomes, scan.Outcome{Check: c, Verdict: scan.Clear})
	}
	if s := ScoreOf(run); s.Points != 100 || s.Grade != "A" || s.Coverage != 100 {
		t.Errorf("without findings: %+v", s)
	}
	run.Findings = []scan.Finding{
		{Check: "api/object/a", Severity: scan.High, Confidence: scan.Confirmed}, {Check: "api/rate/a", Severity: scan.Low, Confidence: scan.Confirmed},
	}
	if s := ScoreOf(run); s.Points != 74 || s.Grade != "C" || s.Categories["object"] != 65 || s.Categories["rate"] != 95 {
		t.Errorf("the example: %+v", s)
	}
	run.Findings[0].Confidence = scan.Firm
	if s := ScoreOf(run); s.Points != 92 {
		t.Errorf("firm and not confirmed: %+v", s)
	}
	for range 9 {
		run.Findings = append(run.Findings, scan.Finding{Check: "api/rate/a", Severity: scan.Medium, Confidence: scan.Confirmed})
	}
	if s := ScoreOf(run); s.Categories["rate"] != 69 {
		t.Errorf("three of ten count: %+v", s)
	}
	run.Findings = nil
	for _, c := range []string{"api/llm/a", "api/ssrf/a", "api/ssrf/b"} {
		run.Outcomes = append(run.Outcomes, scan.Outcome{Check: c, Verdict: scan.CouldNotTell})
	}
	if s := ScoreOf(run); s.Coverage != 57 || s.Points != 89 || s.Grade != "B" {
		t.Errorf("little covered: %+v", s)
	}
	if _, scored := ScoreOf(run).Categories["llm"]; scored {
		t.Error("a category in which nothing was told has points")
	}
	if ScoreOf(&scan.Run{}) != nil {
		t.Error("nothing told gives a score")
	}
}
