// Package templateinjection finds templates that a client writes a part of.
package templateinjection

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/templateinjection", Title: "A client writes a template", Severity: scan.Critical, CWE: []int{1336, 94},
		Standards: []string{"OWASP A03:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"injection", "template"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks: []flow.Sink{
			{Func: "(*html/template.Template).Parse", Args: []int{0}, Note: "is read as a template"},
			{Func: "(*text/template.Template).Parse", Args: []int{0}, Note: "is read as a template"},
		},
	},
	Run: run,
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "What the client sends is read as a template.")
		f.Fix = &scan.Fix{Text: "Keep the template constant and give what the client sends as a value."}
		p.Report(f)
	}
}
