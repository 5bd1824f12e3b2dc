// Package debugerrors looks for what helps developers and tells strangers too much, where it is on in production.
package debugerrors

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

// Check is elixir/debugerrors.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/debugerrors", Title: "Help for developers is on in production", Severity: scan.Medium, CWE: []int{489, 209},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"config"}, Doc: doc,
	},
	Run: run,
}

// settings are what must not be true, and what happens then.
var settings = []struct {
	key, message string
	severity     scan.Severity
}{
	{"debug_errors", "Errors show source, parameters, session and headers to whoever causes one", scan.Medium},
	{"code_reloader", "Each request looks for changed source and compiles it", scan.Medium},
	{"show_sensitive_data_on_connection_error", "A failed connection to the database logs how it was to be made, password included", scan.Low},
}

func run(p *elixir.Pass) {
	for _, s := range settings {
		last := map[string]*project.Entry{}
		var order []*project.Entry
		for _, e := range p.Project.Config.Find("prod", s.key) {
			if old := last[e.App+e.Dotted()]; old == nil {
				order = append(order, e)
			}
			last[e.App+e.Dotted()] = e
		}
		for _, e := range order {
			e = last[e.App+e.Dotted()]
			if e.Value.Kind != syntax.Atom || e.Value.Name != "true" || strings.Contains(e.Key, "Test") { // a library's own
				continue
			}
			f := p.At(e.File, e.Value)
			f.Key, f.Severity = e.Dotted(), s.severity
			f.Message = fmt.Sprintf("%s: %s is on in production.", s.message, e.Dotted())
			f.Fix = &scan.Fix{Text: "Set it in config/dev.exs alone.", Edits: []scan.Edit{phoenix.Replace(e.File, e.Value, "false")}}
			p.Report(f)
		}
	}
	for _, m := range phoenix.Endpoints(p.Project) {
		// Inside `if code_reloading? do` a plug is not one of the module's own row.
		for _, n := range syntax.Body(syntax.Do(m.Node)) {
			if !syntax.Is(n, "plug") || len(n.Args) == 0 {
				continue
			}
			if name := m.Named(n.Args[0]); name == "Plug.Debugger" || name == "Phoenix.LiveReloader" || name == "Phoenix.CodeReloader" || name == "Tidewave" {
				f := p.At(m.File, n)
				f.Key = name
				f.Message = fmt.Sprintf("%s is plugged for everybody, in production too.", name)
				f.Fix = &scan.Fix{Text: "Put it into: if code_reloading? do … end", Edits: []scan.Edit{phoenix.Replace(m.File, n, "if code_reloading? do\n    "+m.File.Text(n)+"\n  end")}}
				p.Report(f)
			}
		}
	}
}
