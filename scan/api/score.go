package api

import (
	"math"

	"palisade.dev/scan"
)

// The published numbers; docs/api-score.md explains them. How much of a category's points one finding takes:
var takes = map[scan.Severity]float64{scan.Critical: .6, scan.High: .35, scan.Medium: .15, scan.Low: .05}

// and how much of that, by how sure we are:
var weighs = map[scan.Confidence]float64{scan.Confirmed: 1, scan.Firm: .7, scan.Tentative: .3}

const (
	counted     = 3  // findings of one check; a fourth of the same kind is the same mistake
	capCritical = 49 // a confirmed critical one leaves no more
	capHigh     = 74
	capCoverage = 89 // no A where less than 60 % could be told
	leastForA   = 60
)

// ScoreOf grades a run: the same findings and outcomes give the same points. A category counts only where something was
// told in it; nil means that nothing was.
func ScoreOf(run *scan.Run) *scan.Score {
	left := map[string]float64{}
	seen := map[string]int{}
	told, all := map[string]int{}, map[string]int{}
	for _, o := range run.Outcomes {
		all[o.Check]++
		if o.Verdict != scan.CouldNotTell {
			told[o.Check]++
			left[categoryOf(o.Check)] = 1
		}
	}
	if len(left) == 0 {
		return nil
	}
	most := 100.0
	for _, f := range run.Findings {
		if f.Suppressed != nil {
			continue
		}
		category := categoryOf(f.Check)
		if f.Confidence == scan.Confirmed {
			switch f.Severity {
			case scan.Critical:
				most = math.Min(most, capCritical)
			case scan.High:
				most = math.Min(most, capHigh)
			}
		}
		if seen[f.Check]++; seen[f.Check] <= counted {
			left[category] *= 1 - takes[f.Severity]*weighs[f.Confidence]
		}
	}
	s := &scan.Score{Categories: map[string]int{}}
	var sum, weights float64
	for _, c := range Categories {
		share, tested := left[c.Name]
		if !tested {
			continue
		}
		s.Categories[c.Name] = int(math.Round(100 * share))
		sum += 100 * share * c.Weight
		weights += c.Weight
	}
	// Coverage is by check: one that looks at fifty operations weighs no more than one that looks at the whole.
	var covered float64
	for check, n := range all {
		covered += float64(told[check]) / float64(n)
	}
	s.Coverage = int(math.Round(100 * covered / float64(len(all))))
	if weights > 0 {
		most = math.Min(most, sum/weights)
	}
	if s.Coverage < leastForA {
		most = math.Min(most, capCoverage)
	}
	s.Points = int(math.Round(most))
	s.Grade = Grade(s.Points)
	return s
}

// Grade is the letter for points.
func Grade(points int) string {
	for _, g := range []struct {
		least int
		grade string
	}{{90, "A"}, {80, "B"}, {70, "C"}, {60, "D"}} {
		if points >= g.least {
			return g.grade
		}
	}
	return "F"
}

func categoryOf(check string) string { return Probe{Check: scan.Check{ID: check}}.Category() }
