// Package apply looks for calls of which a stranger chooses the module or the function.
package apply

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
		ID: "elixir/apply", Title: "Function called by name from input", Severity: scan.High, CWE: []int{470, 94}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "The module or function that is called comes from %s",
		Harm:  "any function of the system can be called, System.halt/1 among them",
		Fix:   "Choose from a map of what may be called.",
		Quiet: true,
	}),
}

func sinks() []flow.Sink {
	called := func(c *flow.Call) *flow.Value {
		if len(c.Args) != 3 {
			return nil // apply(fun, args) calls what it was given
		}
		return flow.Either(c.Arg(0), c.Arg(1))
	}
	return []flow.Sink{
		{Call: "Kernel.apply", Of: called, Needs: flow.Atom, Name: "apply"},
		{Call: ":erlang.apply", Of: called, Needs: flow.Atom, Name: "apply"},
		{Call: flow.Dynamic, Needs: flow.Atom, Name: "dynamic"},
	}
}
