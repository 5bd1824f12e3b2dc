// Package massassign finds what a client sends being stored whole, with what the client must not decide.
package massassign

import (
	_ "embed"
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"slices"
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
		ID: "golang/massassign", Title: "A client decides what it must not", Severity: scan.High, CWE: []int{915},
		Standards: []string{"OWASP API3:2023", "OWASP A08:2021"}, Tags: []string{"authorisation"}, Doc: doc,
	},
	Run: run,
}

// binders read a request into an argument, by which it is.
var binders = map[string]int{
	"(*encoding/json.Decoder).Decode": 0, "(*encoding/xml.Decoder).Decode": 0, "encoding/json.Unmarshal": 1, "(*github.com/gorilla/schema.Decoder).Decode": 0,
	"(github.com/labstack/echo.Context).Bind": 0, "(*github.com/gofiber/fiber.Ctx).BodyParser": 0,
	"(*github.com/gin-gonic/gin.Context).Bind": 0, "(*github.com/gin-gonic/gin.Context).BindJSON": 0, "(*github.com/gin-gonic/gin.Context).ShouldBind": 0,
	"(*github.com/gin-gonic/gin.Context).ShouldBindJSON": 0,
}

// Fields that give rights, money or trust.
var privileged = []string{
	"role", "roles", "isadmin", "admin", "superuser", "issuperuser", "isstaff", "isowner", "permissions", "scopes", "verified", "isverified", "emailverified", "approved", "balance", "credits", "plan",
	"tenantid", "ownerid", "passwordhash",
}

// stores are what puts a value away, by its last name.
var stores = []string{
	"Create", "Save", "Insert", "InsertOne", "InsertUser", "Updates", "Update", "UpdateOne", "ReplaceOne", "Upsert", "FirstOrCreate", "NamedExec", "NamedExecContext", "Put", "Store", "CreateUser", "UpdateUser",
	"SaveUser", "AddUser",
}

func run(p *golang.Pass) {
	p.Calls(func(c *flow.Call, name string) {
		at, ok := binders[name]
		if !ok || at >= len(c.Args) || c.Func == nil || !fromRequest(p, c, name) || allowed(c) {
			return
		}
		o := variable(c.Package, c.Args[at])
		if o == nil {
			return
		}
		left := fields(o.Type())
		if len(left) == 0 {
			return
		}
		to, field := stored(p, c, o, left)
		if to == nil {
			return
		}
		f := p.At(c.File, c.CallExpr, "The body fills "+o.Name()+" whole, "+field+" included, and it is stored as it came ("+short(c.File.Text(to.Fun))+").")
		f.Key = project.TypeName(o.Type()) + "." + field
		f.Flow = []scan.Step{
			{Place: c.File.Place(c.CallExpr), Text: c.File.Text(c.CallExpr), Note: "is filled by the client"},
			{Place: c.File.Place(to), Text: c.File.Text(to), Note: "is stored"},
		}
		f.Fix = &scan.Fix{Text: "Read the body into a type with the fields that a client may set, and copy those; or set " + field + " afterwards."}
		p.Report(f)
	})
}

// allowed says whether the function asks, before it reads, whether somebody may decide such things: a page for those who do.
func allowed(c *flow.Call) (found bool) {
	ast.Inspect(c.Func, func(n ast.Node) bool {
		if s, ok := n.(*ast.IfStmt); ok && s.Pos() < c.Pos() {
			ast.Inspect(s.Cond, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					found = found || golang.Mentions(call.Fun, "admin", "superuser", "authorized", "authorize", "permission", "permitted", "role", "owner")
				}
				return !found
			})
		}
		return !found
	})
	return found
}

func short(text string) string { return strings.Join(strings.Fields(text), "") }

// fromRequest says of readers that read anything whether it is a request that they read here.
func fromRequest(p *golang.Pass, c *flow.Call, name string) bool {
	if !strings.HasPrefix(name, "(*encoding/") && !strings.HasPrefix(name, "encoding/") {
		return true
	}
	from := c.Func
	if s, ok := c.Fun.(*ast.SelectorExpr); ok {
		if call, ok := ast.Unparen(s.X).(*ast.CallExpr); ok {
			from = call
		}
	}
	found := false
	ast.Inspect(from, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Body" && golang.Incoming(c, s.X) {
			found = true
		}
		return !found
	})
	return found
}

// variable is that which an argument, as a rule &x, is.
func variable(pkg *project.Package, x ast.Expr) *types.Var {
	if u, ok := ast.Unparen(x).(*ast.UnaryExpr); ok && u.Op == token.AND {
		x = u.X
	}
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok {
		return nil
	}
	v, _ := pkg.Info.ObjectOf(id).(*types.Var)
	return v
}

// fields are those of a struct that a body can fill and a client must not.
func fields(t types.Type) map[string]bool {
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	found := map[string]bool{}
	for i := range s.NumFields() {
		f := s.Field(i)
		tag := reflect.StructTag(s.Tag(i)).Get("json")
		if f.Exported() && tag != "-" && slices.Contains(privileged, strings.ToLower(strings.ReplaceAll(f.Name(), "_", ""))) {
			found[f.Name()] = true
		}
	}
	return found
}

// stored finds where a variable is put away as it came, with one of its fields that nobody set before.
func stored(p *golang.Pass, c *flow.Call, o *types.Var, left map[string]bool) (to *ast.CallExpr, field string) {
	ast.Inspect(c.Func, func(n ast.Node) bool {
		if n == nil || to != nil || n.End() <= c.End() {
			return to == nil
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, l := range n.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && variable(c.Package, s.X) == o {
					delete(left, s.Sel.Name)
				}
			}
		case *ast.CallExpr:
			name := ""
			switch fun := n.Fun.(type) {
			case *ast.SelectorExpr:
				name = fun.Sel.Name
			case *ast.Ident:
				name = fun.Name
			}
			if n.Pos() > c.Pos() && slices.Contains(stores, name) && len(left) > 0 && slices.ContainsFunc(n.Args, func(a ast.Expr) bool { return variable(c.Package, a) == o }) {
				to = n
			}
		}
		return to == nil
	})
	if to == nil {
		return nil, ""
	}
	names := make([]string, 0, len(left))
	for name := range left {
		names = append(names, name)
	}
	return to, slices.Min(names)
}
