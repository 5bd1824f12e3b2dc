// Package dynamicfield looks for queries whose columns a stranger names.
package dynamicfield

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
		ID: "elixir/dynamicfield", Title: "Column of a query named by input", Severity: scan.Low, CWE: []int{89, 639}, Doc: doc,
		Standards: []string{"OWASP A01:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "A column of a query is named by %s",
		Harm:  "columns that no page shows can be sorted and searched by, and so be read",
		Fix:   "Check the name against a list of columns.",
		Quiet: true,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: "Ecto.Query.API.field", Arg: 1},
		{Call: "Ecto.Query.API.identifier", Arg: 0},
		{Call: "Ecto.Query.API.literal", Arg: 0},
	}
}
