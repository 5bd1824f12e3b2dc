// Package logfilter looks at which parameters Phoenix keeps out of its logs.
package logfilter

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/logfilter.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/logfilter", Title: "Parameters with secrets are logged", Severity: scan.Medium, CWE: []int{532},
		Standards: []string{"OWASP A09:2021", "PCI DSS 4.0 3.3.1"}, Tags: []string{"config", "logging"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	var last *project.Entry
	for _, e := range p.Project.Config.Entries {
		if e.App == "phoenix" && e.Production() && e.Dotted() == "filter_parameters" {
			last = e
		}
	}
	if last != nil {
		own(p, last)
		return
	}
	missing(p)
}

// own looks at a list that takes the place of Phoenix's own, which is ["password"].
func own(p *elixir.Pass, e *project.Entry) {
	v := e.Value
	if v.Kind != syntax.List || slices.ContainsFunc(v.Args, func(a *syntax.Node) bool { return a.Kind != syntax.String }) {
		return // {:keep, …} shows what it names alone; what is computed cannot be read
	}
	for _, a := range v.Args {
		// A parameter is kept out when its name contains the word.
		if strings.HasPrefix("password", a.Name) && len(a.Name) > 3 {
			return
		}
	}
	f := p.At(e.File, v)
	f.Key = "filter_parameters"
	f.Message = "The list takes the place of Phoenix's own and leaves password out: passwords are written into the log."
	f.Fix = &scan.Fix{Text: `Begin it with "password".`}
	if text := e.File.Text(v); strings.HasPrefix(text, "[") && len(v.Args) > 0 {
		f.Fix.Edits = []scan.Edit{{File: e.File.Path, Start: int(v.Start) + 1, End: int(v.Start) + 1, New: `"password", `}}
	}
	p.Report(f)
}

// words are in the names of parameters that Phoenix's own list does not keep out.
var words = []string{"token", "secret", "otp", "api_key", "card_number", "cvv", "cvc", "iban", "ssn", "pin"}

// missing looks for parameters with secrets where nothing but Phoenix's own list holds and the level of production lets the
// line with parameters through: it is logged as debug.
func missing(p *elixir.Pass) {
	if !debug(p.Project.Config) {
		return
	}
	for _, r := range p.Project.Routers {
		for _, route := range r.Routes {
			m := p.Project.Modules[route.Handler]
			if m == nil || route.Action == "" || route.Dev || r.Module.File.Test() {
				continue
			}
			fn := m.Func(route.Action, 2)
			if fn == nil {
				continue
			}
			for _, c := range fn.Clauses {
				if key := named(c.Params[len(c.Params)-1]); key != nil {
					f := p.At(m.File, key)
					f.Key = key.Name
					f.Message = fmt.Sprintf("The parameter %s is written into the log: production logs debug lines, and Phoenix keeps only password out by itself.", key.Name)
					f.Fix = &scan.Fix{Text: `Say in config/config.exs: config :phoenix, :filter_parameters, ["password", "token", "secret"]`}
					p.Report(f)
					return // one tells it
				}
			}
		}
	}
}

func named(params *syntax.Node) (found *syntax.Node) {
	syntax.Walk(params, func(n *syntax.Node) bool {
		if found == nil && n.Kind == syntax.Pair && n.Args[0].Kind == syntax.String {
			for _, w := range words {
				if name := n.Args[0].Name; name == w || strings.HasSuffix(name, "_"+w) {
					found = n.Args[0]
				}
			}
		}
		return found == nil
	})
	return found
}

// debug says whether production logs debug lines.
func debug(c *project.Config) bool {
	level := ""
	for _, e := range c.Entries {
		if e.App == "logger" && e.Production() && e.Dotted() == "level" {
			level = e.Value.Name
		}
	}
	return level == "debug"
}
