// Package bintoterm looks for Erlang's external term format read from strangers, which can hold functions and new atoms.
package bintoterm

import (
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/bintoterm", Title: "Terms read from input", Severity: scan.High, CWE: []int{502}, Doc: doc,
		Standards: []string{"OWASP A08:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does: "A term is read from %s",
		Harm: "it may hold a function that is called when the term is enumerated, and atoms that are never freed",
		Fix:  "Read it with Plug.Crypto.non_executable_binary_to_term/2 and the option :safe, or use JSON.",
		Edit: safe,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: ":erlang.binary_to_term", Guard: flow.Term},
		{Call: "Plug.Crypto.safe_binary_to_term", Guard: flow.Term},
	}
}

// safe calls the function of Plug that refuses functions. The option :safe alone lets them through.
func safe(_ *elixir.Pass, h *flow.Hit) []scan.Edit {
	n := h.Node
	if len(h.Nodes) == 0 || len(n.Args) != len(h.Nodes) {
		return nil // behind a pipe
	}
	return []scan.Edit{{
		File: h.File.Path, Start: int(n.Start), End: int(n.End),
		New: fmt.Sprintf("Plug.Crypto.non_executable_binary_to_term(%s, [:safe])", h.File.Text(h.Nodes[0])),
	}}
}
