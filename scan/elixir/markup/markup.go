// Package markup looks for places in a page where escaping is not enough: addresses of links, which may begin with javascript:,
// the insides of scripts, and handlers of events.
package markup

import (
	_ "embed"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/template"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/markup", Title: "Input where escaping does not help", Severity: scan.High, CWE: []int{79, 83}, Doc: doc,
		Standards: []string{"OWASP A03:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:     "An address or a script in a page is made from %s",
		Harm:     "javascript: in a link or a quote in a script runs for whoever looks at the page",
		Fix:      "Hold an address to http and https before it is used; give data to a script in a data- attribute.",
		Quiet:    true,
		Severity: level,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: flow.Hole, Of: address, Judge: scheme, Guard: flow.Scheme | flow.Local, Name: "address"},
		{Call: flow.Hole, Of: script, Guard: flow.Line, Name: "script"},
		{Call: "Phoenix.HTML.Link.link", Option: "to", Judge: scheme, Guard: flow.Scheme | flow.Local, Name: "address"},
	}
}

// addresses are the attributes that a browser follows, or runs when they begin with javascript:.
var addresses = []string{"href", "action", "formaction", "xlink:href", "data", "srcdoc"}

// address is a hole that is the whole of an address, or its beginning.
func address(c *flow.Call) *flow.Value {
	h := c.Hole
	if h == nil || h.Context != template.Attribute && h.Context != template.Tag {
		return nil
	}
	name := h.Name
	if name == "" || !slices.Contains(addresses, name) || h.Element == nil || strings.HasPrefix(h.Element.Name, ".") || h.Element.Name == "link" {
		return nil
	}
	if a := h.Element.Attribute(name); a != nil && a.Expr == nil && !strings.HasPrefix(strings.TrimSpace(a.Value), "<%") {
		return nil // something constant stands before it
	}
	return c.Arg(0)
}

// script is a hole in a script or in a handler, where HTML escaping is undone or means nothing.
func script(c *flow.Call) *flow.Value {
	h := c.Hole
	if h == nil || h.Mark == template.Statement || h.Context != template.Script && (h.Context != template.Attribute || !strings.HasPrefix(h.Name, "on") || strings.HasPrefix(h.Name, "on-")) {
		return nil
	}
	return c.Arg(0)
}

// scheme leaves only addresses whose beginning can be chosen.
func scheme(v *flow.Value) (*flow.Value, string) {
	if text, whole := v.Prefix(); text != "" && !whole {
		return nil, "its beginning is constant"
	}
	if first := v.Lead(); first != nil && first != v && len(first.Taints()) == 0 {
		return nil, "its beginning is no part of what is chosen"
	}
	return v, ""
}

// level lowers what one can do only to oneself, and what was stored by nobody knows whom.
func level(h *flow.Hit, s scan.Severity) scan.Severity {
	switch {
	case h.Class != flow.Tainted:
	case h.Source.Kind == flow.Record && h.Source.Cast:
		return scan.Medium
	case h.Source.Kind == flow.Event:
		return scan.Low
	}
	return s
}
