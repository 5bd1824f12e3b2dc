// Package livesession looks for LiveViews that trust a plug: plugs run for the first page, not when a browser goes on from one
// LiveView to another over the socket.
package livesession

import (
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/livesession.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/livesession", Title: "A LiveView is guarded by a plug alone", Severity: scan.Medium, CWE: []int{862, 288},
		Standards: []string{"OWASP API5:2023", "PCI DSS 4.0 7.2.1"}, Tags: []string{"router", "liveview", "authorization"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		// Between LiveViews of one session a browser goes without a new request; the routes outside of any are one session.
		sessions := map[*syntax.Node][]*project.Route{}
		var order []*syntax.Node
		for _, route := range r.Routes {
			if route.Kind != "live" || route.Dev {
				continue
			}
			var at *syntax.Node
			if route.Session != nil {
				at = route.Session.Node
			}
			if sessions[at] == nil {
				order = append(order, at)
			}
			sessions[at] = append(sessions[at], route)
		}
		for _, at := range order {
			look(p, sessions[at])
		}
	}
}

// look tells of LiveViews behind a plug that share their session with one that is open: there anybody gets a socket.
func look(p *elixir.Pass, routes []*project.Route) {
	var open *project.Route
	type guarded struct {
		route *project.Route
		by    string
	}
	var behind []guarded
	for _, r := range routes {
		switch g := phoenix.Guarded(p.Project, r); {
		case g.At >= 0 && !itself(p.Project, r):
			behind = append(behind, guarded{r, g.Plug})
		case g.Plug == "" && !g.Open:
			open = r
		}
	}
	if open == nil {
		return
	}
	for _, b := range behind {
		f := p.At(b.route.Router.Module.File, b.route.Node)
		f.Key = b.route.Path
		f.Message = fmt.Sprintf("%s turns strangers away with a plug only (%s), and shares its live_session with %s, which is open: from there a browser goes on to it over the socket, where no plug runs.", b.route.Path, b.by, open.Path)
		f.Fix = &scan.Fix{Text: "Put both into live_sessions of their own, and give the guarded one an on_mount that halts like the plug."}
		p.Report(f)
	}
}

// itself says whether a LiveView looks for itself who mounts it.
func itself(p *project.Project, r *project.Route) bool {
	inner := *r
	bare := *r.Router
	bare.Pipelines = nil
	inner.Router, inner.Through, inner.Inline = &bare, nil, nil
	return phoenix.Guarded(p, &inner).Plug != ""
}
