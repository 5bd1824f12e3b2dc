// Package hsts looks for endpoints that speak https and do not tell browsers to keep to it.
package hsts

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

// Check is elixir/hsts.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/hsts", Title: "HTTPS without HSTS", Severity: scan.Low, CWE: []int{319, 523},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 4.2.1"}, Tags: []string{"config", "transport"}, Doc: doc,
	},
	Run: run,
}

// shortest is how long browsers should keep to https at least: thirty days. Phoenix says a year.
const shortest = 30 * 24 * 60 * 60

func run(p *elixir.Pass) {
	for _, t := range phoenix.Transports(p.Project) {
		if t.Force != nil {
			forced(p, t)
			continue
		}
		if t.HTTPS == nil {
			continue // elixir/https tells of it
		}
		f := p.At(t.HTTPS.File, t.HTTPS.Node)
		if t.Plug != "" {
			p.Clear(f.Place, "the header is set by "+t.Plug)
			continue
		}
		f.Key = t.Endpoint.Name
		f.Message = fmt.Sprintf("%s speaks https and lets browsers come back by http: the first request of each visit can be caught and answered by somebody else.", t.Endpoint.Name)
		f.Fix = &scan.Fix{Text: "Set force_ssl in config/prod.exs: it sends requests on to https and sets strict-transport-security.", Edits: phoenix.Forcing(t.Config)}
		p.Report(f)
	}
	for _, m := range phoenix.Endpoints(p.Project) {
		for _, plug := range m.Plugs() {
			if plug.Of == "Plug.SSL" && len(plug.Args) > 0 {
				if v := off(m.Value(plug.Args[0])); v != nil {
					report(p, plug.File, v, m.Name)
				}
			}
		}
	}
}

// forced looks at what force_ssl says of HSTS.
func forced(p *elixir.Pass, t phoenix.Transport) {
	for _, e := range p.Project.Config.Entries {
		if e.Key != t.Endpoint.Name || !e.Production() || len(e.Path) != 1 || e.Path[0] != "force_ssl" {
			continue
		}
		if v := off(e.Value); v != nil {
			report(p, e.File, v, t.Endpoint.Name)
		}
	}
}

// off is the value that turns HSTS off or lets it end soon.
func off(opts *syntax.Node) *syntax.Node {
	if v := syntax.Keyword(opts, "hsts"); v != nil && v.Kind == syntax.Atom && v.Name == "false" {
		return v
	}
	v := syntax.Keyword(opts, "expires")
	if n, ok := v.Int(); ok && n < shortest {
		return v
	}
	return nil
}

func report(p *elixir.Pass, file *project.File, v *syntax.Node, endpoint string) {
	f := p.At(file, v)
	f.Key = endpoint
	fix := &scan.Fix{Text: "Leave the option out: a year is what Phoenix says by itself."}
	if v.Kind == syntax.Atom {
		f.Message = fmt.Sprintf("%s insists on https and tells browsers not to remember it.", endpoint)
		fix.Edits = []scan.Edit{phoenix.Replace(file, v, "true")}
	} else {
		f.Message = fmt.Sprintf("%s tells browsers to keep to https for less than thirty days.", endpoint)
		fix.Edits = []scan.Edit{phoenix.Replace(file, v, "31_536_000")}
	}
	f.Fix = fix
	p.Report(f)
}
