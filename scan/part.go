package scan

import (
	"cmp"
	"slices"
)

// Part is what one scanner, or one file, adds to a run.
type Part struct {
	Findings []Finding
	Outcomes []Outcome
	Gaps     []Gap
	Facts    []Fact
	Read     int // files or packages looked at: a run whose parts read nothing has scanned nothing
}

// Add puts another part behind this one.
func (p *Part) Add(q Part) {
	p.Findings = append(p.Findings, q.Findings...)
	p.Outcomes = append(p.Outcomes, q.Outcomes...)
	p.Gaps = append(p.Gaps, q.Gaps...)
	p.Facts = append(p.Facts, q.Facts...)
	p.Read += q.Read
}

// Sort brings what does not depend on places into an order of its own and drops what is said twice, so that a run is the
// same whoever finished first. Facts stay as they came: they are told in the order of the scanners.
func (p *Part) Sort() {
	slices.SortFunc(p.Outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Check, b.Check), cmp.Compare(a.Where, b.Where), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Why, b.Why))
	})
	p.Outcomes = slices.Compact(p.Outcomes)
	slices.SortFunc(p.Gaps, func(a, b Gap) int { return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Why, b.Why)) })
	p.Gaps = slices.Compact(p.Gaps)
}
