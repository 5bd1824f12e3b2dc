// Package keylimit finds limits that count by what clients say of themselves.
package keylimit

import (
	_ "embed"
	"go/ast"
	"go/types"
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
		ID: "golang/keylimit", Title: "A limit counts by a header that nobody checked", Severity: scan.Medium, CWE: []int{799, 307},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"limits"}, Doc: doc,
	},
	Run: run,
}

// Headers that a client fills as it likes. Addresses are the matter of golang/forwardedtrust.
var headers = []string{
	"Authorization", "X-Api-Key", "Api-Key", "Apikey", "X-Api-Token", "X-Auth-Token", "X-Access-Token", "X-Token", "X-Client-Id", "X-User-Id", "X-User", "X-Tenant-Id", "X-Device-Id",
	"X-Session-Id", "X-Request-Id", "User-Agent",
}

// Names of what counts, and of what looks a key up before.
var (
	counters = []string{"limit", "limiter", "limiters", "limits", "ratelimit", "ratelimiter", "throttle", "throttled", "visitor", "visitors", "bucket", "buckets", "quota", "quotas"}
	checkers = []string{"verify", "verified", "verifies", "valid", "validate", "authenticate", "authenticated", "authorize", "lookup", "known", "claims", "account", "accounts", "jwt", "parse"}
)

// byName are functions of limiters that are told a header by its name.
var byName = map[string]bool{
	"github.com/sethvargo/go-limiter/httplimit.HeaderKeyFunc": true, "github.com/go-chi/httprate.KeyByHeader": true,
}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		switch {
		case len(c.Args) == 0:
		case byName[name], name == "?.SetHeader" && c.File.Imports("github.com/didip/tollbooth", "github.com/didip/tollbooth/limiter"):
			if header, ok := c.Package.Constant(c.Args[0]); ok && slices.Contains(headers, http.CanonicalHeaderKey(header)) {
				report(p, c.File, c.CallExpr, header)
			}
		case name == "(net/http.Header).Get", name == "(*github.com/gin-gonic/gin.Context).GetHeader", name == "(*github.com/gofiber/fiber.Ctx).Get":
			header, _ := c.Package.Constant(c.Args[0])
			if slices.Contains(headers, http.CanonicalHeaderKey(header)) && c.Func != nil && counts(p, c) && !golang.Mentions(c.Func, checkers...) {
				report(p, c.File, c.CallExpr, header)
			}
		}
	})
}

func report(p *golang.Pass, f *project.File, n ast.Node, header string) {
	finding := p.At(f, n, "The limit counts by the header "+header+" as it came: who writes another value each time has no limit.")
	finding.Fix = &scan.Fix{Text: "Count by the account that the key belongs to once it was looked up; until then, and for keys that nobody knows, by the address of the connection."}
	p.Report(finding)
}

// counts says whether a header's value becomes what a limit counts by: it is the key of a table of limiters, an argument
// of one, or what a function for keys gives back.
func counts(p *golang.Pass, c *flow.Call) bool {
	is := holds(c)
	found := false
	ast.Inspect(c.Func, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IndexExpr:
			found = found || is(n.Index) && golang.Mentions(n.X, counters...)
		case *ast.CallExpr:
			found = found || n != c.CallExpr && slices.ContainsFunc(n.Args, is) && golang.Mentions(n.Fun, counters...)
		case *ast.ReturnStmt:
			found = found || len(n.Results) > 0 && is(n.Results[0]) && keys(p, c)
		}
		return !found
	})
	return found
}

// holds tells the expressions that are the value: the call, or a variable that it was put into.
func holds(c *flow.Call) func(ast.Expr) bool {
	var o types.Object
	ast.Inspect(c.Func, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 && ast.Unparen(a.Rhs[0]) == c.CallExpr {
			if id, ok := a.Lhs[0].(*ast.Ident); ok {
				o = c.Package.Info.ObjectOf(id)
			}
		}
		return true
	})
	return func(x ast.Expr) bool {
		if b, ok := ast.Unparen(x).(*ast.BinaryExpr); ok { // "key:" + value
			x = b.Y
		}
		id, ok := ast.Unparen(x).(*ast.Ident)
		return ast.Unparen(x) == c.CallExpr || ok && o != nil && c.Package.Info.ObjectOf(id) == o
	}
}

// keys says whether the function around a call tells a limiter what to count by: it is called so, or is given to one.
func keys(p *golang.Pass, c *flow.Call) bool {
	if d, ok := c.Func.(*ast.FuncDecl); ok {
		return golang.Mentions(d.Name, append([]string{"key"}, counters...)...) && golang.Mentions(c.File.AST, counters...)
	}
	given := false
	ast.Inspect(c.File.AST, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if slices.ContainsFunc(n.Args, func(a ast.Expr) bool { return a == c.Func }) {
				given = given || golang.Mentions(n.Fun, append([]string{"httprate", "httplimit", "tollbooth"}, counters...)...)
			}
		case *ast.KeyValueExpr:
			given = given || n.Value == c.Func && golang.Mentions(n.Key, "key", "identifier")
		}
		return !given
	})
	return given
}
