// Package csrfroute looks for changes that a GET can make: no token is asked for with a GET, so that a link or a picture on
// any page is enough to make one.
package csrfroute

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

// Check is elixir/csrfroute.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/csrfroute", Title: "A GET reaches what changes something", Severity: scan.Medium, CWE: []int{352},
		Standards: []string{"OWASP A01:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"router"}, Doc: doc,
	},
	Run: run,
}

// changing are actions that change something by their names.
var changing = []string{"create", "update", "delete", "destroy", "remove", "approve", "revoke", "disable", "enable", "transfer", "purchase", "cancel"}

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		for i, route := range r.Routes {
			if route.Dev || route.Handler == "" || route.Action == "" {
				continue
			}
			if route.Kind == "get" {
				look(p, r, i)
			} else if route.Kind == "match" && session(route) {
				report(p, route, fmt.Sprintf("%s takes every method, a GET among them, for which no token is asked.", phoenix.Path(p.Project, route)), scan.Medium)
			}
		}
	}
}

func look(p *elixir.Pass, r *project.Router, i int) {
	get := r.Routes[i]
	for _, other := range r.Routes {
		if !phoenix.Changes(other) || other.Handler != get.Handler || other.Action != get.Action || other.Dev {
			continue
		}
		if !session(get) {
			p.Clear(r.Module.File.Place(get.Node), "no session is read on the way, so that a forged request is nobody's")
			return
		}
		if !slices.ContainsFunc(phoenix.Plugs(p.Project, other), func(plug project.Plug) bool { return plug.Is("protect_from_forgery", "Plug.CSRFProtection") }) {
			p.Clear(r.Module.File.Place(get.Node), "the other method asks for no token either, of which elixir/csrf tells")
			return
		}
		severity := scan.Medium
		if bodies, in := phoenix.ActionBodies(p.Project, get); slices.ContainsFunc(bodies, func(b *syntax.Node) bool { return phoenix.Writes(p.Project, in, b) }) {
			severity = scan.High
		}
		report(p, get, fmt.Sprintf("The action :%s of %s %s is reached by GET %s too, without a token.", get.Action, other.Verb(), phoenix.Path(p.Project, other), phoenix.Path(p.Project, get)), severity)
		return
	}
	if slices.Contains(changing, get.Action) && session(get) {
		report(p, get, fmt.Sprintf("GET %s leads to :%s: a link on any page is enough to let a user's browser do that.", phoenix.Path(p.Project, get), get.Action), scan.Low)
	}
}

// session says whether a session is read on the way to a route.
func session(r *project.Route) bool {
	return slices.ContainsFunc(r.Plugs(), func(plug project.Plug) bool { return plug.Is("fetch_session", "protect_from_forgery") })
}

func report(p *elixir.Pass, r *project.Route, message string, severity scan.Severity) {
	f := p.At(r.Router.Module.File, r.Node)
	f.Key = r.Kind + " " + r.Path
	f.Message, f.Severity = message, severity
	f.Flow = phoenix.Way(p.Project, r, "a link or a picture on another site makes the user's browser ask for this", nil, "this runs with the user's rights, without a token")
	f.Fix = &scan.Fix{Text: "Let changes be made by POST, PUT, PATCH or DELETE only, and give a GET that shows a form an action of its own."}
	p.Report(f)
}
