// Package eval looks for source code made of values, however it is compiled or evaluated.
package eval

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
		ID: "elixir/eval", Title: "Code evaluated from input", Severity: scan.Critical, CWE: []int{94, 95}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "Code is evaluated from %s",
		Harm: "whoever sends it runs what they like on the server",
		Fix:  "Do not evaluate it: match on the values that are allowed and call the function for each.",
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	for _, name := range []string{"eval_string", "eval_quoted", "eval_file", "compile_string", "compile_quoted", "compile_file", "require_file", "load_file"} {
		all = append(all, flow.Sink{Call: "Code." + name})
	}
	return append(all, flow.Sink{Call: "Module.create", Arg: 1}, flow.Sink{Call: ":erl_eval.exprs"}, flow.Sink{Call: ":erl_scan.string"})
}
