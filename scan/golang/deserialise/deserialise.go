// Package deserialise finds gob that clients send.
package deserialise

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
		ID: "golang/deserialise", Title: "Gob is read from a client", Severity: scan.Medium, CWE: []int{502, 770},
		Standards: []string{"OWASP A08:2021"}, Tags: []string{"deserialisation"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks: []flow.Sink{{Func: "encoding/gob.NewDecoder", Args: []int{0}, Note: "is read as gob"}},
	},
	Run: run,
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "A client's bytes are read as gob, which is not made for hostile input.")
		f.Fix = &scan.Fix{Text: "Read JSON with a bound on its length, or check a signature over the bytes first."}
		p.Report(f)
	}
}
