// Package csrf looks for pipelines that read the session and do not ask for the token that only our own pages know, as far
// as routes that change something pass through them.
package csrf

import (
	_ "embed"
	"fmt"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/csrf.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/csrf", Title: "Session without protection against forged requests", Severity: scan.High, CWE: []int{352},
		Standards: []string{"OWASP A01:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"router", "session"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		for _, l := range r.Pipelines {
			for i, plug := range l.Plugs {
				if plug.Is("fetch_session") && !slices.ContainsFunc(l.Plugs, protects) {
					look(p, r, l, l.Plugs[i])
				}
			}
		}
	}
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		if n.Kind == syntax.Atom && n.Name == "plug_skip_csrf_protection" {
			f := p.At(m.File, n)
			f.Severity, f.Confidence = scan.Low, scan.Tentative
			f.Message = "The token against forged requests is not asked for here; that is right only where the request is proven in another way, by a signature or a token of its own."
			p.Report(f)
		}
		return true
	}, "plug_skip_csrf_protection")
}

func onlyJSON(plug project.Plug) bool {
	if !plug.Is("accepts") || len(plug.Args) == 0 {
		return false
	}
	list := plug.Args[0]
	if list.Kind == syntax.Sigil && len(list.Args) == 1 {
		return list.Args[0].Name == "json"
	}
	return list.Kind == syntax.List && len(list.Args) == 1 && list.Args[0].Name == "json"
}

func protects(plug project.Plug) bool { return plug.Is("protect_from_forgery", "Plug.CSRFProtection") }

func look(p *elixir.Pass, r *project.Router, l *project.Pipeline, session project.Plug) {
	f := p.At(session.File, l.Node)
	f.Place.Symbol = r.Module.Name + " pipeline " + l.Name
	f.Key = "pipeline " + l.Name
	used := false
	var open []*project.Route
	for _, route := range r.Routes {
		if !slices.Contains(route.Through, l.Name) || route.Dev {
			continue
		}
		used = true
		if changes(p.Project, route) && !slices.ContainsFunc(phoenix.Plugs(p.Project, route), protects) && !slices.ContainsFunc(controller(p.Project, route), protects) {
			open = append(open, route)
		}
	}
	switch {
	case used && len(open) == 0:
		p.Clear(f.Place, "no route that changes anything passes through it without protection")
		return
	case used:
		f.Flow = phoenix.Way(p.Project, open[0], "another site lets the user's browser send this", []scan.Step{
			phoenix.Step(session.File, session.Node, "the session says who the user is, and nothing asks for a token"),
		}, "this runs with the user's rights")
		f.Message = fmt.Sprintf("Pipeline :%s reads the session and asks for no token: another site can let a signed-in user's browser send %s %s%s.", l.Name, open[0].Verb(), phoenix.Path(p.Project, open[0]), more(len(open)))
	default:
		f.Severity = scan.Low
		f.Message = fmt.Sprintf("Pipeline :%s reads the session and asks for no token; no route passes through it yet.", l.Name)
	}
	f.Place = session.File.Span(int(l.Node.Start), int(l.Node.Start)+len("pipeline :")+len(l.Name))
	f.Place.Symbol = r.Module.Name + " pipeline " + l.Name
	if used && slices.ContainsFunc(l.Plugs, onlyJSON) {
		// A form of another site cannot send JSON, but most parsers take what it can send as well.
		f.Severity, f.Confidence = scan.Medium, scan.Tentative
	}
	after := session
	for _, plug := range l.Plugs {
		if plug.Is("fetch_flash", "fetch_live_flash") {
			after = plug
		}
	}
	f.Fix = &scan.Fix{
		Text:  "Let the pipeline plug :protect_from_forgery behind fetch_session.",
		Edits: []scan.Edit{phoenix.Below(after.File, after.Node, "plug :protect_from_forgery")},
	}
	p.Report(f)
}

// changes says whether a route changes something for whoever the session says it is. Where no session is read by the
// controller's own module, a hook of another service may be meant; that is for people to tell.
func changes(p *project.Project, r *project.Route) bool {
	return phoenix.Changes(r) || r.Kind == "forward" && r.Handler == "Absinthe.Plug"
}

func controller(p *project.Project, r *project.Route) []project.Plug {
	if m := p.Modules[r.Handler]; m != nil {
		return m.Plugs()
	}
	return nil
}

func more(n int) string {
	switch n {
	case 1:
		return ""
	case 2:
		return " and one more"
	}
	return fmt.Sprintf(" and %d more", n-1)
}
