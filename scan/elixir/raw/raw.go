// Package raw looks for text that goes into a page without being escaped: raw, {:safe, text}, <%== %> and the like, in templates
// and functions alike, with assigns followed to where they were assigned.
package raw

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/template"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/raw", Title: "Unescaped text in a page", Severity: scan.High, CWE: []int{79}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "Text goes into a page unescaped from %s",
		Harm:     "a script in it runs for whoever looks at the page",
		Fix:      "Leave the escaping on; where markup of users is wanted, let HtmlSanitizeEx go over it first.",
		Severity: stored,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: "Phoenix.HTML.raw", Guard: flow.HTML},
		{Call: flow.Safe, Guard: flow.HTML, Name: "safe"},
		{Call: flow.Hole, Of: unescaped, Guard: flow.HTML, Name: "hole"},
	}
}

// unescaped is a hole written <%== %>.
func unescaped(c *flow.Call) *flow.Value {
	if c.Hole == nil || c.Hole.Mark != template.Raw {
		return nil
	}
	return c.Arg(0)
}

// stored keeps text that a changeset took from parameters at high: the script that one leaves waits for all the others.
// What an event of a LiveView brings is shown to the one who sent it.
func stored(h *flow.Hit, s scan.Severity) scan.Severity {
	switch {
	case h.Class != flow.Tainted:
	case h.Source.Kind == flow.Record && h.Source.Cast:
		return scan.High
	case h.Source.Kind == flow.Event:
		return scan.Medium
	}
	return s
}
