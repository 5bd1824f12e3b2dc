// Package limitafterauth finds limits that stand behind the sign-in, where wrong passwords never come.
package limitafterauth

import (
	_ "embed"
	"go/ast"
	"go/types"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/limitafterauth", Title: "A limit stands behind the sign-in", Severity: scan.Low, CWE: []int{307, 696},
		Standards: []string{"OWASP API4:2023", "OWASP API2:2023"}, Tags: []string{"limits", "authentication"}, Doc: doc,
	},
	Run: run,
}

var (
	entry = []string{"auth", "authn", "authenticate", "authenticated", "authenticator", "authentication", "authorize", "jwt", "jwtauth", "basicauth"}
	limit = []string{"limiter", "ratelimit", "ratelimiter", "httprate", "throttle", "throttled", "tollbooth", "httplimit"}
)

func run(p *golang.Pass) {
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // auth(limit(h))
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Use" {
					ordered(p, f, middleware(f, n.Args))
					return true
				}
				for _, a := range n.Args {
					if inner, ok := ast.Unparen(a).(*ast.CallExpr); ok && named(n.Fun, entry) && limits(inner.Fun) && handler(f, n) {
						report(p, f, inner)
					}
				}
			case *ast.BlockStmt: // r.Use(auth), then r.Use(limit)
				routers := map[string][]ast.Expr{}
				for _, s := range n.List {
					if x, ok := s.(*ast.ExprStmt); ok {
						if call, ok := x.X.(*ast.CallExpr); ok {
							if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Use" && len(call.Args) == 1 {
								name := f.Text(s.X)
								routers[name] = append(routers[name], call.Args[0])
							}
						}
					}
				}
				for _, uses := range routers {
					ordered(p, f, uses)
				}
			}
			return true
		})
	})
}

// ordered looks at middleware in the order in which it runs.
func ordered(p *golang.Pass, f *project.File, uses []ast.Expr) {
	first := slices.IndexFunc(uses, func(x ast.Expr) bool { return named(x, entry) && !limits(x) })
	if first < 0 || slices.ContainsFunc(uses[:first], limits) {
		return
	}
	if at := slices.IndexFunc(uses[first:], limits); at >= 0 {
		report(p, f, uses[first+at])
	}
}

// middleware leaves out the handler that some helpers are given first: Use(h, limit, auth).
func middleware(f *project.File, args []ast.Expr) []ast.Expr {
	if len(args) > 0 {
		if s, ok := f.Package.Info.TypeOf(args[0]).(*types.Signature); ok && s.Results().Len() == 0 {
			return nil // which of the others runs first is up to that helper
		}
	}
	return args
}

func report(p *golang.Pass, f *project.File, n ast.Node) {
	finding := p.At(f, n, "This limit runs once somebody is signed in, so wrong passwords and keys are never counted by it.")
	finding.Confidence = scan.Tentative // another may stand before
	finding.Fix = &scan.Fix{Text: "Put a limit by address before the sign-in, and keep this one for what accounts may do."}
	p.Report(finding)
}

// named says whether what is called, or used as it is, has one of some words in its name.
func named(x ast.Expr, words []string) bool {
	if call, ok := ast.Unparen(x).(*ast.CallExpr); ok {
		x = call.Fun
	}
	return golang.Mentions(x, words...)
}

func limits(x ast.Expr) bool {
	if named(x, limit) {
		return true
	}
	// limit alone is also a limit of bytes: bodyLimit.
	return named(x, []string{"limit"}) && (named(x, []string{"rate", "requests", "by"}) || bare(x))
}

func bare(x ast.Expr) bool {
	if call, ok := ast.Unparen(x).(*ast.CallExpr); ok {
		x = call.Fun
	}
	id, ok := ast.Unparen(x).(*ast.Ident)
	return ok && (id.Name == "limit" || id.Name == "Limit")
}

// handler says whether a call gives something that answers requests.
func handler(f *project.File, call *ast.CallExpr) bool {
	name := project.TypeName(f.Package.Info.TypeOf(call))
	return name == "net/http.Handler" || name == "net/http.HandlerFunc"
}
