// Package secureheaders looks for pipelines that send pages without the headers by which browsers guard them.
package secureheaders

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/secureheaders.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/secureheaders", Title: "Pages without secure browser headers", Severity: scan.Medium, CWE: []int{693, 1021},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"headers", "router"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		for _, l := range r.Pipelines {
			if i := slices.IndexFunc(l.Plugs, html); i >= 0 && !slices.ContainsFunc(l.Plugs, func(plug project.Plug) bool { return sets(p.Project, r.Module, plug) }) {
				look(p, r, l)
			}
		}
	}
}

// html says whether a plug accepts pages.
func html(plug project.Plug) bool {
	if !plug.Is("accepts") || len(plug.Args) == 0 {
		return false
	}
	found := false
	syntax.Walk(plug.Args[0], func(n *syntax.Node) bool {
		found = found || n.Kind == syntax.String && slices.Contains(strings.Fields(n.Name), "html")
		return true
	})
	return found
}

func sets(p *project.Project, m *project.Module, plug project.Plug) bool {
	if plug.Is("put_secure_browser_headers") {
		return true
	}
	bodies, in := phoenix.Bodies(p, m, plug)
	return slices.ContainsFunc(bodies, func(b *syntax.Node) bool {
		return phoenix.Reaches(p, in, b, func(_ *project.Module, n *syntax.Node) bool {
			return (n.Kind == syntax.Call || n.Kind == syntax.Remote) && n.Name == "put_secure_browser_headers" ||
				n.Kind == syntax.String && (strings.EqualFold(n.Name, "x-frame-options") || strings.EqualFold(n.Name, "x-content-type-options"))
		})
	})
}

func look(p *elixir.Pass, r *project.Router, l *project.Pipeline) {
	f := p.At(r.Module.File, l.Node)
	used, open := false, false
	for _, route := range r.Routes {
		if slices.Contains(route.Through, l.Name) && !route.Dev {
			used = true
			open = open || !slices.ContainsFunc(phoenix.Plugs(p.Project, route), func(plug project.Plug) bool { return sets(p.Project, r.Module, plug) })
		}
	}
	if used && !open {
		p.Clear(f.Place, "another pipeline of every route through it sets the headers")
		return
	}
	f.Place = r.Module.File.Span(int(l.Node.Start), int(l.Node.Start)+len("pipeline :")+len(l.Name))
	f.Place.Symbol, f.Key = r.Module.Name+" pipeline "+l.Name, "pipeline "+l.Name
	f.Message = fmt.Sprintf("Pages of pipeline :%s may be framed by any site and have their type guessed: put_secure_browser_headers is not plugged.", l.Name)
	if !used {
		f.Severity = scan.Low
	}
	last := l.Plugs[len(l.Plugs)-1]
	for _, plug := range l.Plugs {
		if plug.Is("accepts", "fetch_session", "fetch_flash", "fetch_live_flash", "put_root_layout", "protect_from_forgery") {
			last = plug
		}
	}
	f.Fix = &scan.Fix{
		Text:  "Plug :put_secure_browser_headers.",
		Edits: []scan.Edit{phoenix.Below(last.File, last.Node, `plug :put_secure_browser_headers, %{"content-security-policy" => "default-src 'self'"}`)},
	}
	p.Report(f)
}
