// Package eextemplate looks for EEx templates whose source is a value: a template is code.
package eextemplate

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
		ID: "elixir/eextemplate", Title: "Template made from input", Severity: scan.Critical, CWE: []int{94, 1336}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "An EEx template is made from %s",
		Harm: "<%% %%> in it is Elixir and runs on the server",
		Fix:  "Keep the template in the code and give it values as assigns; for templates of users take a language without code, such as Solid.",
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	for _, name := range []string{"eval_string", "eval_file", "compile_string", "compile_file", "function_from_string"} {
		all = append(all, flow.Sink{Call: "EEx." + name})
	}
	return all
}
