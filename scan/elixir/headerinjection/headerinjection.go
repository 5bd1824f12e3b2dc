// Package headerinjection looks for headers of an answer whose name a stranger chooses, or whose value reaches an adapter unchecked.
package headerinjection

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
		ID: "elixir/headerinjection", Title: "Header of an answer named by input", Severity: scan.Low, CWE: []int{113}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "The name of a header comes from %s",
		Harm:  "headers that guard a page can be replaced, cookies set",
		Fix:   "Take the name from a list.",
		Quiet: true,
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	// Plug refuses line breaks in values since 1.3.5, so that only names are worth a finding.
	for _, call := range []string{"put_resp_header", "prepend_resp_headers", "update_resp_header", "put_resp_cookie"} {
		all = append(all, flow.Sink{Call: "Plug.Conn." + call, Arg: 1, Guard: flow.Line})
	}
	return append(all, flow.Sink{Call: ":cowboy_req.set_resp_header", Arg: 1, Guard: flow.Line, Name: "value"})
}
