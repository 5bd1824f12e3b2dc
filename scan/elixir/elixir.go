// Package elixir scans Elixir and Phoenix source. A check is a value in a folder of its own beside this file: what it is
// called, how bad it is, and a function that looks at the project. Package checks is the list of them, made from the folders;
// package elixirtest holds each to its samples.
package elixir

import (
	"context"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/tree"
)

// Check is one thing to look for.
type Check struct {
	scan.Check
	Run   func(*Pass)
	Sinks []flow.Sink // what values are followed to for it; see [Follow]
}

// Pass is one run of one check over one project. Checks run side by side: they read the project and report to their pass.
type Pass struct {
	Project *project.Project
	Check   *Check

	hits []*flow.Hit
	part scan.Part
}

// Hits are the places where the check's sinks are called, and how each was decided.
func (p *Pass) Hits() []*flow.Hit { return p.hits }

// Report adds a finding. Check, title, severity, CWE and standards are the check's where the finding leaves them empty.
func (p *Pass) Report(f scan.Finding) {
	c := p.Check
	f.Check = c.ID
	if f.Title == "" {
		f.Title = c.Title
	}
	if f.Severity == scan.None {
		f.Severity = c.Severity
	}
	if f.CWE == nil {
		f.CWE = c.CWE
	}
	if f.Standards == nil {
		f.Standards = c.Standards
	}
	if f.Key == "" {
		f.Key = f.Message
	}
	p.part.Findings = append(p.part.Findings, f)
}

// At is the finding at a node: its place, the function or module around it, and the node's text as the key.
func (p *Pass) At(f *project.File, n *syntax.Node) scan.Finding {
	place := f.Place(n)
	place.Symbol = f.Symbol(n)
	return scan.Finding{Place: place, Key: f.Text(n), Confidence: scan.Firm}
}

// Clear says that a check looked at a place and why it is in order, for those who ask why a finding of another scanner is none.
func (p *Pass) Clear(place scan.Place, why string) {
	p.part.Outcomes = append(p.part.Outcomes, scan.Outcome{Check: p.Check.ID, Where: place.Where(), Verdict: scan.Clear, Why: why})
}

// Scanner runs checks over a tree.
type Scanner struct{ checks []Check }

// New gives a scanner of some checks.
func New(checks []Check) *Scanner { return &Scanner{checks} }

// Name is what the scanner is called.
func (s *Scanner) Name() string { return "Elixir source" }

// Checks are what it looks for.
func (s *Scanner) Checks() []scan.Check {
	out := make([]scan.Check, len(s.checks))
	for i, c := range s.checks {
		out[i] = c.Check
	}
	return out
}

// Scan reads the project once and gives it to each wanted check.
func (s *Scanner) Scan(ctx context.Context, t *tree.Tree, wanted func(string) bool) (scan.Part, error) {
	p, part, err := project.Read(ctx, t)
	if err != nil {
		return part, err
	}
	if len(p.Files) == 0 {
		return scan.Part{}, nil
	}
	part.Facts = append(part.Facts, facts(p)...)
	var checks []Check
	for _, c := range s.checks {
		if wanted(c.ID) {
			checks = append(checks, c)
		}
	}
	var sinks []*flow.Sink
	whose := map[*flow.Sink]string{}
	for _, c := range checks {
		for i := range c.Sinks {
			sinks = append(sinks, &c.Sinks[i])
			whose[&c.Sinks[i]] = c.ID
		}
	}
	hits := map[string][]*flow.Hit{}
	if len(sinks) > 0 {
		all, gaps, err := flow.Analyse(ctx, p, sinks)
		if err != nil {
			return part, err
		}
		part.Gaps = append(part.Gaps, gaps...)
		for _, h := range all {
			id := whose[h.Sink]
			hits[id] = append(hits[id], h)
		}
	}
	found, err := tree.Each(ctx, checks, func(c Check) string { return c.ID }, func(_ context.Context, c Check) scan.Part {
		pass := &Pass{Project: p, Check: &c, hits: hits[c.ID]}
		c.Run(pass)
		return pass.part
	})
	part.Add(found)
	return part, err
}

func facts(p *project.Project) []scan.Fact {
	routes := 0
	for _, r := range p.Routers {
		routes += len(r.Routes)
	}
	names := make([]string, 0, len(p.Apps))
	for _, a := range p.Apps {
		if a.Name != "" {
			names = append(names, a.Name)
		}
	}
	return []scan.Fact{
		{Name: "Elixir applications", Value: strings.Join(names, ", ")},
		{Name: "Elixir files", Value: fmt.Sprint(len(p.Files))},
		{Name: "routes", Value: fmt.Sprint(routes)},
	}
}
