// Package csrf finds sessions in cookies without a protection from forms of others.
package csrf

import (
	_ "embed"
	"go/ast"
	"strings"

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
		ID: "golang/csrf", Title: "Forms of other sites act in a visitor's name", Severity: scan.Medium, CWE: []int{352},
		Standards: []string{"OWASP A01:2021"}, Tags: []string{"csrf", "session"}, Doc: doc,
	},
	Run: run,
}

// What protects, by package.
var protections = []string{"github.com/gorilla/csrf", "github.com/justinas/nosurf", "github.com/utrack/gin-csrf", "github.com/gofiber/fiber/middleware/csrf", "filippo.io/csrf", "filippo.io/csrf/gorilla", "palisade.dev/guard"}

func run(p *golang.Pass) {
	if p.Project.Imports(protections...) {
		return
	}
	var session ast.Node
	var at *project.File
	protected, changes, strict := false, false, false
	note := func(f *project.File, n ast.Node) {
		if session == nil {
			session, at = n, f
		}
	}
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "github.com/gorilla/sessions.NewCookieStore", "github.com/gorilla/sessions.NewFilesystemStore", "github.com/alexedwards/scs.New":
			note(c.File, c.CallExpr)
			strict = strict || name == "github.com/alexedwards/scs.New" // Lax unless told otherwise
		case "github.com/labstack/echo/middleware.CSRF", "github.com/labstack/echo/middleware.CSRFWithConfig", "net/http.NewCrossOriginProtection":
			protected = true
		}
		if s, ok := c.Fun.(*ast.SelectorExpr); ok && len(c.Args) > 1 {
			switch s.Sel.Name {
			case "Post", "POST", "Put", "PUT", "Delete", "DELETE", "Patch", "PATCH":
				route, ok := c.Package.Constant(c.Args[0])
				changes = changes || ok && strings.HasPrefix(route, "/")
			case "HandleFunc", "Handle":
				route, _ := c.Package.Constant(c.Args[0])
				changes = changes || strings.HasPrefix(route, "POST ")
			}
		}
	})
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, _ ast.Node) {
		fields := project.Fields(lit)
		switch name {
		case "net/http.Cookie":
			if v := fields["Name"]; v != nil && strings.Contains(strings.ToLower(f.Text(v.Value)), "session") {
				note(f, lit)
			}
		case "net/http.CrossOriginProtection":
			protected = true
		}
		if v := fields["SameSite"]; v != nil {
			site := p.Project.Name(f.Package, v.Value)
			strict = strict || site == "net/http.SameSiteLaxMode" || site == "net/http.SameSiteStrictMode"
		}
	})
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				name := strings.ToLower(n.Name)
				protected = protected || strings.Contains(name, "csrf") || strings.Contains(name, "xsrf") || name == "crossoriginprotection"
			case *ast.SelectorExpr:
				strict = strict || n.Sel.Name == "SameSiteLaxMode" || n.Sel.Name == "SameSiteStrictMode"
			case *ast.BasicLit:
				protected = protected || strings.EqualFold(n.Value, `"Sec-Fetch-Site"`)
			}
			return true
		})
	})
	if session == nil || protected || !changes || strict {
		return
	}
	f := p.At(at, session, "The session is a cookie, routes change things, and nothing tells the forms of this site from those of others.")
	f.Confidence = scan.Tentative
	f.Fix = &scan.Fix{Text: "Put http.CrossOriginProtection before all routes, and set SameSite on the session's cookie."}
	p.Report(f)
}
