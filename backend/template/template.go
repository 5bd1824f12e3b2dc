// Package template is what a site gets without being configured, and what the console offers to begin a rule with.
package template

import (
	_ "embed"

	"palisade.dev/config"
	"palisade.dev/guard/wire"
)

//go:embed default.yml
var text []byte

// Set is the part of a policy that templates speak of.
type Set struct {
	Identity wire.Identity `yaml:"identity"`
	Routes   []wire.Route  `yaml:"routes"`
	Rules    []wire.Rule   `yaml:"rules"`
	Blocks   []wire.Block  `yaml:"blocks"`
	Traps    []wire.Trap   `yaml:"traps"`
}

// Default is what a new site gets.
func Default() (Set, error) {
	var s Set
	if err := config.Decode("default.yml", text, &s); err != nil {
		return Set{}, err
	}
	for i := range s.Rules {
		s.Rules[i].Source = "default"
	}
	return s, nil
}

// Onto puts the set under what a policy says itself: the policy's own rule, trap, block or route of a name stands in
// place of the default's, and its own outcomes are looked at first.
func (s Set) Onto(p *wire.Policy) {
	p.Routes = append(p.Routes, missing(s.Routes, p.Routes, func(r wire.Route) string { return r.Name })...)
	p.Rules = append(p.Rules, missing(s.Rules, p.Rules, func(r wire.Rule) string { return r.Name })...)
	p.Traps = append(p.Traps, missing(s.Traps, p.Traps, func(t wire.Trap) string { return t.Name })...)
	p.Blocks = append(p.Blocks, missing(s.Blocks, p.Blocks, func(b wire.Block) string { return b.Name })...)
	p.Identity.Outcomes = append(p.Identity.Outcomes, s.Identity.Outcomes...)
}

func missing[T any](from, have []T, name func(T) string) []T {
	taken := map[string]bool{}
	for _, h := range have {
		taken[name(h)] = true
	}
	var out []T
	for _, f := range from {
		if !taken[name(f)] {
			out = append(out, f)
		}
	}
	return out
}
