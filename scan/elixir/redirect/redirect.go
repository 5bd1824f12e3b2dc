// Package redirect looks for answers that send a browser where a stranger says.
package redirect

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/flow"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/redirect", Title: "Redirect to where input says", Severity: scan.Medium, CWE: []int{601}, Doc: doc,
		Standards: []string{"OWASP A01:2021"},
	},
	Sinks: sinks(),
	Run: elixir.Follow(elixir.Words{
		Does:  "A browser is sent to an address from %s",
		Harm:  "a link to this site leads to another, with its good name",
		Fix:   "Redirect with to:, which takes only paths of this site, or compare the host.",
		Quiet: true,
		Edit:  to,
	}),
}

func sinks() []flow.Sink {
	return []flow.Sink{
		{Call: "Phoenix.Controller.redirect", Option: "external", Guard: flow.Local, Judge: site},
		{Call: "Phoenix.LiveView.redirect", Option: "external", Guard: flow.Local, Judge: site},
		{Call: "Plug.Conn.put_resp_header", Of: location, Guard: flow.Local, Judge: site},
	}
}

func location(c *flow.Call) *flow.Value {
	if name := c.Arg(1); name.Is("location") || name.Is("Location") {
		return c.Arg(2)
	}
	return nil
}

var fixed = late.Pattern(`^[a-z]+://[^/?#]+[/?#]|^/[^/\\]`)

func site(v *flow.Value) (*flow.Value, string) {
	text, whole := v.Prefix()
	if !whole && fixed.MatchString(text) {
		return nil, "its host is constant"
	}
	if first := v.Lead(); first != nil && first != v && len(first.Taints()) == 0 && text == "" {
		return nil, "its host is no part of what is chosen"
	}
	return v, ""
}

// to makes redirect(conn, external: v) into redirect(conn, to: v), which raises for what is no path of this site.
func to(_ *elixir.Pass, h *flow.Hit) []scan.Edit {
	if h.Sink.Option != "external" || h.Class != flow.Tainted {
		return nil
	}
	for _, list := range h.Node.Args {
		for _, p := range list.Args {
			if p.Kind == syntax.Pair && p.Args[0].Name == "external" && p.Flags&syntax.Colon != 0 {
				return []scan.Edit{{File: h.File.Path, Start: int(p.Args[0].Start), End: int(p.Args[1].Start), New: "to: "}}
			}
		}
	}
	return nil
}
