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
		Does:     "The module or function that is called comes from %s",
		Harm:     "any function of the system can be called, System.halt/1 among them",
		Fix:      "Choose from a map of what may be called.",
		Quiet:    true,
		Severity: known,
	}),
}

func sinks() []flow.Sink {
	called := func(arg int) func(*flow.Call) *flow.Value {
		return func(c *flow.Call) *flow.Value {
			if len(c.Args) != 3 {
				return nil // apply(fun, args) calls what it was given
			}
			return c.Arg(arg)
		}
	}
	return []flow.Sink{
		{Call: "Kernel.apply", Of: called(0), Needs: flow.Atom, Name: "module"},
		{Call: "Kernel.apply", Of: called(1), Needs: flow.Atom, Name: "function"},
		{Call: ":erlang.apply", Of: called(0), Needs: flow.Atom, Name: "module"},
		{Call: ":erlang.apply", Of: called(1), Needs: flow.Atom, Name: "function"},
		{Call: flow.Dynamic, Needs: flow.Atom, Name: "dynamic"},
	}
}

// known lowers calls of one module: what can be called is what that one has.
func known(h *flow.Hit, s scan.Severity) scan.Severity {
	if h.Sink.Name == "function" && s > scan.Medium {
		return scan.Medium
	}
	return s
}
