// Package html looks for pages that a controller puts together as text.
package html

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/html", Title: "Page made of input", Severity: scan.High, CWE: []int{79}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "A page is made from %s",
		Harm: "a script in it runs for whoever follows a link here",
		Fix:  "Render a template, which escapes, or escape the value with Phoenix.HTML.html_escape/1.",
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{{Call: "Phoenix.Controller.html", Arg: 1, Guard: flow.HTML}}
}
