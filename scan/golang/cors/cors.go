// Package cors finds answers that any site may read.
package cors

import (
	_ "embed"
	"go/ast"
	"net/http"

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
		ID: "golang/cors", Title: "Any site may read answers in a visitor's name", Severity: scan.High, CWE: []int{942},
		Standards: []string{"OWASP A05:2021", "OWASP API8:2023"}, Tags: []string{"cors"}, Doc: doc,
	},
	Flow: &flow.Spec{
		Sinks: []flow.Sink{
			{Func: "(net/http.Header).Set", Args: []int{1}, When: reflects, Note: "is the origin that is allowed"},
			{Func: "(*github.com/gin-gonic/gin.Context).Header", Args: []int{1}, When: reflects, Note: "is the origin that is allowed"},
		},
	},
	Run: run,
}

func reflects(c *flow.Call) bool {
	name, _ := c.Package.Constant(c.Args[0])
	return http.CanonicalHeaderKey(name) == "Access-Control-Allow-Origin" && credentials(c)
}

// credentials says whether the function around a call allows credentials too.
func credentials(c *flow.Call) bool {
	found := false
	if c.Func == nil {
		return false
	}
	ast.Inspect(c.Func, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 2 {
			name, _ := c.Package.Constant(call.Args[0])
			value, _ := c.Package.Constant(call.Args[1])
			found = found || http.CanonicalHeaderKey(name) == "Access-Control-Allow-Credentials" && value == "true"
		}
		return true
	})
	return found
}

func run(p *golang.Pass) {
	words := &scan.Fix{Text: "Compare the origin with a list of those that are yours."}
	for _, h := range p.Hits {
		f := p.Of(h, "Whatever origin asks is allowed, with credentials: any site reads answers in a visitor's name.")
		f.Fix = words
		p.Report(f)
	}
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, fn ast.Node) {
		fields := project.Fields(lit)
		switch name {
		case "github.com/rs/cors.Options", "github.com/go-chi/cors.Options", "github.com/gin-contrib/cors.Config", "github.com/labstack/echo/middleware.CORSConfig":
		default:
			return
		}
		if v := fields["AllowCredentials"]; v == nil || !f.Package.True(v.Value) {
			return
		}
		for _, field := range []string{"AllowOriginFunc", "AllowOriginRequestFunc"} {
			if v := fields[field]; v != nil && yes(f.Package, v.Value) {
				finding := p.At(f, v, "Every origin is allowed, with credentials: any site reads answers in a visitor's name.")
				finding.Fix = words
				p.Report(finding)
			}
		}
		if v := fields["UnsafeWildcardOriginWithAllowCredentials"]; v != nil && f.Package.True(v.Value) {
			finding := p.At(f, v, "Every origin is allowed, with credentials: any site reads answers in a visitor's name.")
			finding.Fix = words
			p.Report(finding)
		}
		for _, field := range []string{"AllowedOrigins", "AllowOrigins"} {
			v := fields[field]
			if v == nil {
				continue
			}
			if list, ok := v.Value.(*ast.CompositeLit); ok {
				for _, e := range list.Elts {
					if text, ok := f.Package.Constant(e); ok && (text == "*" || text == "https://*" || text == "http://*") {
						finding := p.At(f, v, "Every origin is allowed, and credentials too.")
						finding.Fix = words
						if text == "*" {
							finding.Severity = scan.Medium // browsers refuse the pair, as long as the library sends it as it is
						}
						p.Report(finding)
					}
				}
			}
		}
		if v := fields["AllowAllOrigins"]; v != nil && f.Package.True(v.Value) {
			finding := p.At(f, v, "Every origin is allowed, and credentials too.")
			finding.Severity, finding.Fix = scan.Medium, words
			p.Report(finding)
		}
	})
}

// yes says whether a function says yes to everybody.
func yes(pkg *project.Package, x ast.Expr) bool {
	lit, ok := ast.Unparen(x).(*ast.FuncLit)
	if !ok || len(lit.Body.List) != 1 {
		return false
	}
	ret, ok := lit.Body.List[0].(*ast.ReturnStmt)
	return ok && len(ret.Results) > 0 && pkg.True(ret.Results[0])
}
