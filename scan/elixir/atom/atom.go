// Package atom looks for atoms made of what strangers send: atoms are never freed, and at about a million the machine stops.
package atom

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/atom", Title: "Atoms made of input", Severity: scan.Medium, CWE: []int{770, 400}, Doc: doc,
		Standards: []string{"OWASP API4:2023"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "Atoms are made from %s",
		Harm: "they are never freed, and at about a million the whole system stops",
		Fix:  "Use String.to_existing_atom/1, keep the text, or take the atom from a map of what is allowed.",
		Edit: existing,
	}),
}

func sinks() []flow.Sink {
	all := []flow.Sink{{Call: flow.AtomOf}, {Call: "Module.concat", Of: func(c *flow.Call) *flow.Value { return flow.Either(c.Args...) }}}
	for _, call := range []string{"String.to_atom", "List.to_atom", ":erlang.binary_to_atom", ":erlang.list_to_atom"} {
		all = append(all, flow.Sink{Call: call})
	}
	for _, call := range []string{"Jason.decode", "Jason.decode!", "Poison.decode", "Poison.decode!", "Jaxon.decode", "Jaxon.decode!"} {
		all = append(all, flow.Sink{Call: call, Of: keyed, Name: "keys"})
	}
	return all
}

// keyed is a text whose keys become atoms.
func keyed(c *flow.Call) *flow.Value {
	if v := c.Option("keys"); v.Is("atoms") {
		return c.Arg(0)
	}
	return nil
}

// existing changes the call to the one that makes no atoms.
func existing(_ *elixir.Pass, h *flow.Hit) []scan.Edit {
	n := h.Node
	if h.Sink.Name == "keys" {
		keys := syntax.Keyword(n, "keys")
		if keys == nil || keys.Kind != syntax.Atom {
			return nil
		}
		return []scan.Edit{{File: h.File.Path, Start: int(keys.Start), End: int(keys.End), New: ":strings"}}
	}
	if n.Kind != syntax.Remote || n.Name != "to_atom" || n.Fun == nil {
		return nil
	}
	start := int(n.Fun.End)
	return []scan.Edit{{File: h.File.Path, Start: start, End: start + len(".to_atom"), New: ".to_existing_atom"}}
}
