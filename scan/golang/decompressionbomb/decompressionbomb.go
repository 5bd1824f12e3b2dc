// Package decompressionbomb finds what is unpacked without a bound.
package decompressionbomb

import (
	_ "embed"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/decompressionbomb", Title: "What is unpacked has no bound", Severity: scan.Medium, CWE: []int{409},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"availability", "archive"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks: []flow.Sink{
			{Func: "io.ReadAll", Args: []int{0}, When: unpacks(0), Note: "is read to its end"},
			{Func: "io/ioutil.ReadAll", Args: []int{0}, When: unpacks(0), Note: "is read to its end"},
			{Func: "io.Copy", Args: []int{1}, When: unpacks(1), Note: "is read to its end"},
			{Func: "encoding/json.NewDecoder", Args: []int{0}, When: unpacks(0), Note: "is read as far as it goes"},
		},
	},
	Run: run,
}

// unpacks says whether what an argument reads from is a reader that unpacks.
func unpacks(n int) func(*flow.Call) bool {
	return func(c *flow.Call) bool {
		switch project.TypeName(c.Package.Info.TypeOf(c.Args[n])) {
		case "compress/gzip.Reader", "compress/bzip2.reader", "archive/tar.Reader":
			return true
		}
		return false
	}
}

func run(p *golang.Pass) {
	for _, h := range p.Hits {
		f := p.Of(h, "What a client sends is unpacked without a bound on what comes out.")
		f.Fix = &scan.Fix{Text: "Read through io.LimitReader."}
		if h.Sink.Func != "io.Copy" {
			io, edits := golang.Import(h.File, "io")
			f.Fix.Edits = append(edits, golang.Replace(h.File, h.Arg, io+".LimitReader("+h.File.Text(h.Arg)+", 10<<20)"))
		}
		p.Report(f)
	}
}
