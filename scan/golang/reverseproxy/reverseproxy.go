// Package reverseproxy finds proxies whose headers a client can take away.
package reverseproxy

import (
	_ "embed"
	"go/ast"
	"net/http"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/reverseproxy", Title: "A proxy lets clients take away headers", Severity: scan.Medium, CWE: []int{348, 444},
		Standards: []string{"OWASP A04:2021"}, Tags: []string{"proxy"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	look := func(f *project.File, n ast.Node, fn ast.Expr) {
		lit, ok := ast.Unparen(fn).(*ast.FuncLit)
		if !ok {
			return
		}
		header := ""
		ast.Inspect(lit, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && p.Project.Callee(f.Package, call) == "(net/http.Header).Set" {
				if name, _ := f.Package.Constant(call.Args[0]); header == "" && !standard[http.CanonicalHeaderKey(name)] {
					header = name
				}
			}
			return true
		})
		if header != "" {
			finding := p.At(f, n, "The Director sets the header "+header+", and a client that names it in Connection takes it away again.")
			finding.Fix = &scan.Fix{Text: "Use Rewrite in the place of Director; it runs after the headers of the connection are removed."}
			p.Report(finding)
		}
	}
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, _ ast.Node) {
		if director := project.Fields(lit)["Director"]; name == "net/http/httputil.ReverseProxy" && director != nil {
			look(f, director, director.Value)
		}
	})
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
				if s, ok := a.Lhs[0].(*ast.SelectorExpr); ok && s.Sel.Name == "Director" && project.TypeName(f.Package.Info.TypeOf(s.X)) == "net/http/httputil.ReverseProxy" {
					look(f, a, a.Rhs[0])
				}
			}
			return true
		})
	})
}

// standard are headers whose absence does no harm.
var standard = map[string]bool{"User-Agent": true, "Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Content-Type": true, "Host": true, "Cache-Control": true, "": true}
