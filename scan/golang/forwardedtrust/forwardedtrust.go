// Package forwardedtrust finds addresses that clients say of themselves.
package forwardedtrust

import (
	_ "embed"
	"go/ast"
	"net/http"
	"slices"

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
		ID: "golang/forwardedtrust", Title: "A client says which address it has", Severity: scan.Medium, CWE: []int{348, 290},
		Standards: []string{"OWASP API4:2023", "OWASP A04:2021"}, Tags: []string{"identity", "limits"}, Doc: doc,
	},
	Run: run,
}

var headers = []string{"X-Forwarded-For", "X-Real-Ip", "True-Client-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "Cf-Connecting-Ip"}

// What a function is called that tells who asks, or counts by it.
var names = []string{"ip", "addr", "address", "remote", "client", "key", "limit", "limiter", "ban", "visitor", "who"}

func run(p *golang.Pass) {
	var gin, echo *flow.Call
	told := map[string]bool{}
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "(net/http.Header).Get", "(net/http.Header).Values", "(*github.com/gin-gonic/gin.Context).GetHeader", "(*github.com/gofiber/fiber.Ctx).Get":
			if len(c.Args) == 0 {
				return
			}
			header, _ := c.Package.Constant(c.Args[0])
			if !slices.Contains(headers, http.CanonicalHeaderKey(header)) || !about(c) || golang.Mentions(c.Func, "trusted", "trust", "trusts", "untrusted", "proxies") || !incoming(c) {
				return
			}
			f := p.At(c.File, c.CallExpr, "The client's address is read from "+header+", which the client itself can send.")
			f.Fix = &scan.Fix{Text: "Believe the header only where the connection comes from a proxy of yours, and take the last address that no proxy of yours has."}
			p.Report(f)
		case "github.com/go-chi/chi/middleware.RealIP", "github.com/go-chi/httprate.LimitByRealIP", "github.com/go-chi/httprate.KeyByRealIP":
			f := p.At(c.File, c.CallExpr, "This believes what clients say of their addresses, whoever connects.")
			f.Fix = &scan.Fix{Text: "Find the address with a list of the proxies that are yours."}
			p.Report(f)
		case "(*github.com/gin-gonic/gin.Engine).SetTrustedProxies":
			told["gin"] = true
		case "(*github.com/gin-gonic/gin.Context).ClientIP":
			if gin == nil {
				gin = c
			}
		case "(github.com/labstack/echo.Context).RealIP":
			if echo == nil {
				echo = c
			}
		}
	})
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				told["echo"] = told["echo"] || s.Sel.Name == "IPExtractor"
				told["gin"] = told["gin"] || s.Sel.Name == "TrustedPlatform" || s.Sel.Name == "ForwardedByClientIP"
				if p.Project.Name(f.Package, s) == "github.com/go-chi/chi/middleware.RealIP" {
					finding := p.At(f, s, "RealIP believes what clients say of their addresses, whoever connects.")
					finding.Fix = &scan.Fix{Text: "Find the address with a list of the proxies that are yours."}
					p.Report(finding)
				}
			}
			return true
		})
	})
	if gin != nil && !told["gin"] {
		f := p.At(gin.File, gin.CallExpr, "ClientIP believes X-Forwarded-For from everybody until SetTrustedProxies is called, and it never is.")
		f.Fix = &scan.Fix{Text: "Call SetTrustedProxies with the addresses of your proxies, or with nil where there are none."}
		p.Report(f)
	}
	if echo != nil && !told["echo"] {
		f := p.At(echo.File, echo.CallExpr, "RealIP believes X-Forwarded-For from everybody until IPExtractor is set, and it never is.")
		f.Fix = &scan.Fix{Text: "Set IPExtractor, to echo.ExtractIPDirect() where there is no proxy."}
		p.Report(f)
	}
}

func about(c *flow.Call) bool {
	fn, ok := c.Func.(*ast.FuncDecl)
	if !ok {
		return golang.Mentions(c.Func, "limiter", "limiters", "visitor", "visitors", "ban", "banned")
	}
	return slices.ContainsFunc(project.Words(fn.Name.Name), func(w string) bool { return slices.Contains(names, w) }) || golang.Mentions(fn, "limiter", "limiters", "visitors")
}

// incoming says whether the headers are those of a request, and not of an answer.
func incoming(c *flow.Call) bool {
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	h, ok := s.X.(*ast.SelectorExpr)
	return !ok || project.TypeName(c.Package.Info.TypeOf(h.X)) == "net/http.Request"
}
