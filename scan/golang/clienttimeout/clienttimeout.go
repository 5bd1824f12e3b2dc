// Package clienttimeout finds requests to other servers that may never end.
package clienttimeout

import (
	_ "embed"
	"go/ast"

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
		ID: "golang/clienttimeout", Title: "A request to another server has no time limit", Severity: scan.Low, CWE: []int{400, 1088},
		Standards: []string{"OWASP API10:2023"}, Tags: []string{"availability"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, fn ast.Node) {
		if name != "net/http.Client" || project.Fields(lit)["Timeout"] != nil || golang.Assigns(fn, "Timeout") {
			return
		}
		finding := p.At(f, lit, "The client has no Timeout and waits for ever when the other server does not answer.")
		if project.Fields(lit)["Transport"] != nil {
			finding.Confidence = scan.Tentative // which may have its own
		}
		pkg, edits := golang.Import(f, "time")
		finding.Fix = &scan.Fix{Text: "Set a Timeout, or give each request a context that ends.", Edits: append(edits, golang.Element(f, lit, "Timeout: 30 * "+pkg+".Second"))}
		p.Report(finding)
	})
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm":
			finding := p.At(c.File, c.CallExpr, "The default client waits for ever when the other server does not answer.")
			finding.Fix = &scan.Fix{Text: "Use a client with a Timeout, or a request whose context ends."}
			p.Report(finding)
		}
	})
}
