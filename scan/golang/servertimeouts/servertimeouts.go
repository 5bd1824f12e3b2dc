// Package servertimeouts finds servers that slow clients can hold.
package servertimeouts

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
		ID: "golang/servertimeouts", Title: "A server waits for slow clients for ever", Severity: scan.Medium, CWE: []int{400, 770},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"availability"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	later := map[*project.Package]bool{} // packages that set a time-out after the literal
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok {
				for _, l := range a.Lhs {
					if s, ok := l.(*ast.SelectorExpr); ok && (s.Sel.Name == "ReadHeaderTimeout" || s.Sel.Name == "ReadTimeout") {
						later[f.Package] = true
					}
				}
			}
			return true
		})
	})
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, _ ast.Node) {
		fields := project.Fields(lit)
		if name != "net/http.Server" || fields["ReadHeaderTimeout"] != nil || fields["ReadTimeout"] != nil || later[f.Package] {
			return
		}
		finding := p.At(f, lit, "The server has no ReadHeaderTimeout and waits for slow clients for ever.")
		pkg, edits := golang.Import(f, "time")
		finding.Fix = &scan.Fix{
			Text:  "Set ReadHeaderTimeout; where bodies are small, ReadTimeout and WriteTimeout too.",
			Edits: append(edits, golang.Element(f, lit, "ReadHeaderTimeout: 10 * "+pkg+".Second")),
		}
		p.Report(finding)
	})
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "net/http.ListenAndServe", "net/http.ListenAndServeTLS", "net/http.Serve", "net/http.ServeTLS":
		case "(*github.com/gin-gonic/gin.Engine).Run", "(*github.com/gin-gonic/gin.Engine).RunTLS":
		default:
			return
		}
		if len(c.Args) > 0 {
			if addr, ok := c.Package.Constant(c.Args[0]); ok && golang.Loopback(addr) {
				return
			}
		}
		finding := p.At(c.File, c.CallExpr, "The server is started without time-outs and waits for slow clients for ever.")
		finding.Fix = &scan.Fix{Text: "Make an http.Server with a ReadHeaderTimeout and start that."}
		p.Report(finding)
	})
}
