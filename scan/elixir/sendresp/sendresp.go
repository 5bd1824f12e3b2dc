// Package sendresp looks for bodies of answers that are made of values and sent as HTML.
package sendresp

import (
	_ "embed"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/sendresp", Title: "Answer made of input", Severity: scan.High, CWE: []int{79}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "The body of an answer is made from %s",
		Harm:     "a browser that takes it for a page runs the scripts in it",
		Fix:      "Set a content type that is no page before it is sent, or escape the value.",
		Severity: typed,
	}),
}

func sinks() []flow.Sink {
	var all []flow.Sink
	for _, call := range []string{"Plug.Conn.send_resp", "Plug.Conn.resp"} {
		all = append(all,
			flow.Sink{Call: call, Of: page, Guard: flow.HTML, Name: "page"},
			flow.Sink{Call: call, Of: untyped, Guard: flow.HTML, Name: "untyped"})
	}
	return all
}

// page is the body of an answer that says it is HTML, or SVG, or what the client wants.
func page(c *flow.Call) *flow.Value {
	kind := c.ContentType()
	if kind == nil {
		return nil
	}
	if text, whole := kind.Prefix(); whole && !strings.Contains(text, "html") && !strings.Contains(text, "svg") {
		return flow.InOrder("it is sent as " + text)
	}
	return c.Arg(2)
}

// untyped is the body of an answer that says nothing.
func untyped(c *flow.Call) *flow.Value {
	if c.ContentType() != nil {
		return nil
	}
	return c.Arg(2)
}

// typed lowers answers without a type: what a browser makes of them depends on what is asked for.
func typed(h *flow.Hit, s scan.Severity) scan.Severity {
	if h.Sink.Name == "untyped" && h.Class == flow.Tainted && s > scan.Medium {
		return scan.Medium
	}
	return s
}
