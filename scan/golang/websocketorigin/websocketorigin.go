// Package websocketorigin finds sockets that any site may open.
package websocketorigin

import (
	_ "embed"
	"go/ast"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/websocketorigin", Title: "Any site may open a socket in a visitor's name", Severity: scan.Medium, CWE: []int{1385},
		Standards: []string{"OWASP A01:2021"}, Tags: []string{"websocket"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	report := func(f *project.File, n ast.Node) {
		finding := p.At(f, n, "Pages of any site may open this socket with the cookies of a visitor.")
		finding.Fix = &scan.Fix{Text: "Leave the check as it is made by the library, or compare the origin with a list."}
		p.Report(finding)
	}
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, _ ast.Node) {
		fields := project.Fields(lit)
		switch name {
		case "github.com/gorilla/websocket.Upgrader":
			if v := fields["CheckOrigin"]; v != nil && yes(f.Package, v.Value) {
				report(f, v)
			}
		case "github.com/coder/websocket.AcceptOptions", "nhooyr.io/websocket.AcceptOptions":
			if v := fields["InsecureSkipVerify"]; v != nil && f.Package.True(v.Value) {
				report(f, v)
			}
			if v := fields["OriginPatterns"]; v != nil {
				if list, ok := v.Value.(*ast.CompositeLit); ok {
					for _, e := range list.Elts {
						if text, _ := f.Package.Constant(e); text == "*" {
							report(f, v)
						}
					}
				}
			}
		}
	})
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
				if s, ok := a.Lhs[0].(*ast.SelectorExpr); ok && s.Sel.Name == "CheckOrigin" && yes(f.Package, a.Rhs[0]) {
					report(f, a)
				}
			}
			return true
		})
	})
}

// yes says whether a function says yes to everybody.
func yes(pkg *project.Package, x ast.Expr) bool {
	lit, ok := ast.Unparen(x).(*ast.FuncLit)
	if !ok || len(lit.Body.List) != 1 {
		return false
	}
	ret, ok := lit.Body.List[0].(*ast.ReturnStmt)
	return ok && len(ret.Results) == 1 && pkg.True(ret.Results[0])
}
