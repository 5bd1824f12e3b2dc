// Package https looks for endpoints that nothing in production makes speak https: no certificate, no redirect, no proxy.
package https

import (
	_ "embed"
	"fmt"
	"path"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
)

//go:embed doc.md
var doc string

// Check is elixir/https.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/https", Title: "Nothing insists on HTTPS in production", Severity: scan.Medium, CWE: []int{319},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 4.2.1"}, Tags: []string{"config", "transport"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, t := range phoenix.Transports(p.Project) {
		f := p.At(t.Config.File, t.Config.Node)
		switch {
		case t.Force != nil:
			p.Clear(f.Place, "force_ssl is set at "+t.Force.File.Place(t.Force.Value).Where())
			elsewhere(p, t)
			continue
		case t.HTTPS != nil:
			p.Clear(f.Place, "it has a certificate of its own at "+t.HTTPS.File.Place(t.HTTPS.Value).Where())
			elsewhere(p, t)
			continue
		case t.Plug != "":
			p.Clear(f.Place, "requests are sent on to https by "+t.Plug)
			continue
		}
		elsewhere(p, t)
		f.Key = t.Endpoint.Name
		f.Message = fmt.Sprintf("%s listens without https in production and sends nobody on to it: passwords and sessions can be read on the way.", t.Endpoint.Name)
		if t.Proxy {
			// Its addresses begin with https, so a proxy speaks it; whether that also refuses http is not to be seen here.
			f.Severity, f.Confidence = scan.Low, scan.Tentative
			f.Message = fmt.Sprintf("%s leaves https to a proxy and does not insist on it itself: a request that comes by http is answered.", t.Endpoint.Name)
		}
		if inner(t.Endpoint.Name) {
			f.Severity, f.Confidence = scan.Info, scan.Tentative
		}
		f.Fix = &scan.Fix{Text: "Set force_ssl in config/prod.exs, with rewrite_on for the header that the proxy sets and nobody else can.", Edits: phoenix.Forcing(t.Config)}
		p.Report(f)
	}
}

// elsewhere tells, for who looks at prod.exs, that an endpoint is not configured there.
func elsewhere(p *elixir.Pass, t phoenix.Transport) {
	for _, file := range p.Project.Files {
		if path.Base(file.Path) == "prod.exs" && path.Dir(file.Path) == path.Dir(t.Config.File.Path) && file != t.Config.File {
			p.Clear(scan.Place{File: file.Path}, t.Endpoint.Name+" is configured for production at "+t.Config.File.Place(t.Config.Node).Where())
		}
	}
}

// inner says whether an endpoint is for machines of the same house: probes of health, metrics.
func inner(name string) bool {
	return slices.ContainsFunc(phoenix.Words(name), func(w string) bool { return w == "health" || w == "metrics" || w == "probe" || w == "ops" })
}
