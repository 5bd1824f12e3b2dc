// Package liveauth looks for records that are fetched by an identifier of the client and removed or changed, without anything
// that says they are theirs.
package liveauth

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
		ID: "elixir/liveauth", Title: "Record of the client's choice removed", Severity: scan.Info, CWE: []int{639, 862}, Doc: doc,
		Standards: []string{"OWASP API1:2023", "OWASP A01:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "A record is removed that was fetched by %s",
		Harm:     "nothing between says that it belongs to whoever asks",
		Fix:      "Fetch it through its owner: Repo.get_by!(Item, id: id, user_id: user.id), or ask a policy first.",
		Quiet:    true,
		Severity: asked,
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	for _, call := range []string{"Repo.delete", "Repo.delete!", "Repo.update", "Repo.update!"} {
		all = append(all, flow.Sink{Call: call, Of: func(c *flow.Call) *flow.Value { return c.Arg(0).By() }, Guard: flow.Owner})
	}
	return all
}

// asked leaves what a client asked for.
func asked(h *flow.Hit, s scan.Severity) scan.Severity {
	if h.Class != flow.Tainted || h.Source.Kind < flow.Event {
		return scan.None
	}
	return scan.Info
}
