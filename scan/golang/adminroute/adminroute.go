// Package adminroute finds routes for operators that nothing protects.
package adminroute

import (
	_ "embed"
	"go/ast"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/adminroute", Title: "A route for operators is open to everybody", Severity: scan.Medium, CWE: []int{306, 862},
		Standards: []string{"OWASP A01:2021", "OWASP API5:2023"}, Tags: []string{"authorisation"}, Doc: doc,
	},
	Run: run,
}

var registers = []string{"HandleFunc", "Handle", "Get", "GET", "Post", "POST", "Put", "PUT", "Delete", "DELETE", "Patch", "PATCH", "Any", "All", "Mount", "Group", "Route", "PathPrefix"}

var paths = late.Pattern(`(?i)^/(?:api/)?(?:v\d+/)?(admin|debug|internal|_internal|actuator|management|backoffice|superuser|_debug)(?:[/{:*]|$)`)

// Names of what tells who asks. Where one stands near a route, somebody has thought of it.
var guards = []string{
	"auth", "authn", "authz", "authenticate", "authenticated", "authentication", "authorize", "authorized", "authorization", "authorizer", "protect", "protected", "require", "requires", "required", "guard", "guarded",
	"session", "sessions", "login", "jwt", "token", "tokens", "role", "roles", "permission", "permissions", "acl", "policy", "localhost", "loopback", "private", "secured", "secure", "oauth", "signed", "only", "user",
	"operator", "principal", "identity",
}

func run(p *golang.Pass) {
	wrapped := wraps(p)
	p.Calls(func(c *flow.Call, _ string) {
		s, ok := c.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains(registers, s.Sel.Name) || len(c.Args) == 0 {
			return
		}
		route, ok := c.Package.Constant(c.Args[0])
		method, path, spaced := strings.Cut(route, " ")
		if !spaced {
			method, path = "", route
		}
		m := paths.FindStringSubmatch(path)
		if !ok || m == nil || wrapped[c.Package] || golang.Mentions(around(c), guards...) || answersItself(p, c) || strings.EqualFold(method, "OPTIONS") {
			return
		}
		if len(c.Args) == 1 && s.Sel.Name != "Group" && s.Sel.Name != "PathPrefix" {
			return // a request of a client: api.Get("/admin")
		}
		f := p.At(c.File, c.CallExpr, path+" is for operators, and nothing here asks who calls it.")
		f.Confidence, f.Key = scan.Tentative, route // a proxy before it may
		f.Fix = &scan.Fix{Text: "Put what tells who asks before this route, or serve it on an address that only operators reach."}
		p.Report(f)
	})
}

// around is the declaration in which a call stands: middleware is used there, before or behind it.
func around(c *flow.Call) ast.Node {
	for _, d := range c.File.AST.Decls {
		if c.Pos() >= d.Pos() && c.Pos() < d.End() {
			return d
		}
	}
	return c.CallExpr
}

// answersItself says whether the handler looks at who asks.
func answersItself(p *golang.Pass, c *flow.Call) bool {
	for _, a := range c.Args[1:] {
		name := ast.Unparen(a)
		if conv, ok := name.(*ast.CallExpr); ok && len(conv.Args) == 1 {
			name = ast.Unparen(conv.Args[0])
		}
		var id *ast.Ident
		switch x := name.(type) {
		case *ast.Ident:
			id = x
		case *ast.SelectorExpr:
			id = x.Sel
		default:
			continue
		}
		for _, pkg := range p.Project.Packages {
			for _, f := range pkg.Files {
				for _, d := range f.AST.Decls {
					if fn, ok := d.(*ast.FuncDecl); ok && pkg.Info.Defs[fn.Name] != nil && pkg.Info.Defs[fn.Name] == c.Package.Info.Uses[id] && golang.Mentions(fn, guards...) {
						return true
					}
				}
			}
		}
	}
	return false
}

// wraps are the packages that put something that tells who asks before a whole router: srv.Handler = authenticate(mux).
func wraps(p *golang.Pass) map[*project.Package]bool {
	found := map[*project.Package]bool{}
	p.Calls(func(c *flow.Call, _ string) {
		if !golang.Mentions(c.Fun, guards...) {
			if s, ok := c.Fun.(*ast.SelectorExpr); !ok || s.Sel.Name != "Use" || !slices.ContainsFunc(c.Args, func(a ast.Expr) bool { return golang.Mentions(a, guards...) }) {
				return
			}
			found[c.Package] = true
			return
		}
		for _, a := range c.Args {
			switch project.TypeName(c.Package.Info.TypeOf(a)) {
			case "net/http.ServeMux", "net/http.Handler", "github.com/go-chi/chi.Mux", "github.com/go-chi/chi.Router", "github.com/gorilla/mux.Router", "github.com/julienschmidt/httprouter.Router":
				found[c.Package] = true
			}
		}
	})
	return found
}
