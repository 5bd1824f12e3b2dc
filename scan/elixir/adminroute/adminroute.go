// Package adminroute looks for routes of administration that nothing turns strangers away from: no plug that halts, no
// on_mount, no controller or action that refuses. Where a plug of an unknown library is on the way, it keeps silent.
package adminroute

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

// Check is elixir/adminroute.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/adminroute", Title: "A route of administration is open", Severity: scan.High, CWE: []int{306, 862},
		Standards: []string{"OWASP API5:2023", "PCI DSS 4.0 7.2.1", "SOC 2 CC6.3"}, Tags: []string{"router", "authorization"}, Doc: doc,
	},
	Run: run,
}

// rooms are the segments of a path that mean administration.
var rooms = []string{"admin", "admins", "administration", "administrator", "backoffice", "superuser", "superadmin", "staff", "backend"}

// doors are the words of paths and actions that have to be open: one signs in there.
var doors = []string{"login", "log", "signin", "sign", "session", "sessions", "auth", "password", "passwords", "oauth", "callback", "reset", "unlock", "sso", "saml", "magic", "confirm", "setup"}

func run(p *elixir.Pass) {
	seen := map[*syntax.Node]bool{}
	for _, r := range phoenix.Routers(p.Project) {
		for _, route := range r.Routes {
			path := phoenix.Path(p.Project, route)
			if route.Dev || !slices.ContainsFunc(strings.Split(strings.ToLower(path), "/"), func(s string) bool { return slices.Contains(rooms, s) }) {
				continue
			}
			words := phoenix.Words(path + " " + route.Action + " " + route.Handler[strings.LastIndexByte(route.Handler, '.')+1:])
			if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(doors, w) }) {
				continue
			}
			if route.Kind == "forward" && routes(p.Project, route.Handler) || tool(route) {
				continue // told by the router that it leads to, or by elixir/dashboard
			}
			look(p, route, path, seen)
		}
	}
}

func routes(p *project.Project, name string) bool {
	return slices.ContainsFunc(p.Routers, func(r *project.Router) bool { return r.Module.Name == name })
}

// tool says whether a route is a macro of a library.
func tool(r *project.Route) bool { return r.Handler == "" }

func look(p *elixir.Pass, route *project.Route, path string, seen map[*syntax.Node]bool) {
	f := p.At(route.Router.Module.File, route.Node)
	g := phoenix.Guarded(p.Project, route)
	switch {
	case g.Plug != "":
		p.Clear(f.Place, "strangers are turned away by "+g.Plug)
		return
	case g.Open:
		p.Clear(f.Place, "plugs of libraries that are not known here may turn strangers away")
		return
	case p.Project.Modules[route.Handler] == nil:
		return // what it leads to is not here
	}
	// One finding for a row of resources, not eight.
	if seen[route.Node] {
		return
	}
	seen[route.Node] = true
	f.Key = route.Kind + " " + path
	f.Message = fmt.Sprintf("%s %s is open to everybody: no plug, on_mount or action on the way turns anybody away.", strings.TrimSpace(route.Verb()), path)
	f.Fix = &scan.Fix{Text: "Let the scope pipe through a plug that halts unless an administrator is signed in; for LiveViews, put it into a live_session with on_mount as well."}
	p.Report(f)
}
