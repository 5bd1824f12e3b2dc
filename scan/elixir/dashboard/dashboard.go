// Package dashboard looks for tools that libraries bring along, dashboards, previews of mail, consoles of GraphQL, that are
// there in production and open to everybody.
package dashboard

import (
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/dashboard.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/dashboard", Title: "A dashboard is open", Severity: scan.High, CWE: []int{306, 489},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 7.2.1", "SOC 2 CC6.1"}, Tags: []string{"router", "authorization"}, Doc: doc,
	},
	Run: run,
}

// tools are macros of routers and modules that are forwarded to: what they show, and how bad it is if everybody sees it.
var tools = []struct {
	name, shows string
	severity    scan.Severity
}{
	{"live_dashboard", "processes, ETS tables, environment and settings of the node", scan.High},
	{"oban_dashboard", "jobs with their arguments, and buttons to run and delete them", scan.High},
	{"error_tracker_dashboard", "errors with parameters and stack traces", scan.High},
	{"error_tracker", "errors with parameters and stack traces", scan.High},
	{"live_admin", "all records, to read and to change", scan.High},
	{"ash_admin", "all records, to read and to change", scan.High},
	{"orion_live", "traces of running functions", scan.High},
	{"live_storybook", "the components of the application", scan.Low},
	{"Plug.Swoosh.MailboxPreview", "mails that were sent, with their links to sign in", scan.High},
	{"Bamboo.SentEmailViewerPlug", "mails that were sent, with their links to sign in", scan.High},
	{"Bamboo.EmailPreviewPlug", "mails", scan.Low},
	{"FunWithFlags.UI.Router", "switches of features, to turn", scan.High},
	{"Kaffy.Routes", "all records, to read and to change", scan.High},
	{"ErrorTracker.Web.Router", "errors with parameters and stack traces", scan.High},
	{"Absinthe.Plug.GraphiQL", "a console in which the whole schema can be read and asked", scan.Low},
}

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		for _, route := range r.Routes {
			for _, t := range tools {
				if route.Kind == t.name || route.Kind == "forward" && route.Handler == t.name {
					look(p, route, t.name, t.shows, t.severity)
				}
			}
		}
	}
}

func look(p *elixir.Pass, route *project.Route, name, shows string, severity scan.Severity) {
	f := p.At(route.Router.Module.File, route.Node)
	g := phoenix.Guarded(p.Project, route)
	switch {
	case route.Dev:
		p.Clear(f.Place, "it is there for developers only")
		return
	case g.Plug != "":
		p.Clear(f.Place, "strangers are turned away by "+g.Plug)
		return
	case resolver(route):
		p.Clear(f.Place, "a resolver decides who may see it")
		return
	case g.Open:
		f.Confidence = scan.Tentative
	}
	f.Key, f.Severity = route.Kind+" "+name, severity
	f.Message = fmt.Sprintf("%s at %s is open to everybody and shows %s.", name[strings.LastIndexByte(name, '.')+1:], phoenix.Path(p.Project, route), shows)
	if g.Open {
		f.Message = fmt.Sprintf("%s at %s shows %s, and no plug that is known here turns strangers away from it.", name, phoenix.Path(p.Project, route), shows)
	}
	f.Fix = &scan.Fix{Text: "Let its scope pipe through a plug that halts unless an administrator is signed in, or put it into: if Application.compile_env(:app, :dev_routes) do … end"}
	p.Report(f)
}

// resolver says whether a tool asks a module of the application who may see it, as Oban Web and Beacon do.
func resolver(r *project.Route) bool { return syntax.Keyword(r.Node, "resolver") != nil }
