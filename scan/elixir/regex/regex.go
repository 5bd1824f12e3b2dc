// Package regex looks for regular expressions that strangers write.
package regex

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
		ID: "elixir/regex", Title: "Regular expression from input", Severity: scan.Low, CWE: []int{1333, 185}, Doc: doc,
		Standards: []string{"OWASP A04:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "A regular expression is made from %s",
		Harm:  "one that backtracks holds a processor for as long as it likes",
		Fix:   "Escape it with Regex.escape/1, or search with String.contains?/2.",
		Quiet: true,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: "Regex.compile", Guard: flow.Regex},
		{Call: "Regex.compile!", Guard: flow.Regex},
		{Call: ":re.compile", Guard: flow.Regex},
		{Call: ":re.run", Arg: 1, Guard: flow.Regex},
		{Call: flow.Pattern, Guard: flow.Regex},
	}
}
