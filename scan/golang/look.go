package golang

import (
	"go/ast"
	"go/types"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
)

// Loopback says whether an address to listen on is only for the machine itself.
func Loopback(addr string) bool {
	host := strings.TrimSuffix(addr, addr[strings.LastIndexByte(addr, ':')+1:])
	host = strings.Trim(strings.TrimSuffix(host, ":"), "[]")
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Assigns says whether a field of some name is set anywhere within a node.
func Assigns(n ast.Node, fields ...string) (found bool) {
	if n == nil {
		return false
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok {
			for _, l := range a.Lhs {
				if s, ok := l.(*ast.SelectorExpr); ok && slices.Contains(fields, s.Sel.Name) {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

// Mentions says whether a name within a node has one of some words in it.
func Mentions(n ast.Node, words ...string) (found bool) {
	if n == nil {
		return false
	}
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && !found {
			found = slices.ContainsFunc(project.Words(id.Name), func(w string) bool { return slices.Contains(words, w) })
		}
		return !found
	})
	return found
}

// Names are the names within an expression.
func Names(n ast.Node) (names []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			names = append(names, id.Name)
		}
		return true
	})
	return names
}

func params(fn ast.Node) *ast.FieldList {
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		return fn.Type.Params
	case *ast.FuncLit:
		return fn.Type.Params
	}
	return nil
}

// Incoming says whether an expression is the request that the function around a call was given.
func Incoming(c *flow.Call, x ast.Expr) bool {
	if s, ok := ast.Unparen(x).(*ast.SelectorExpr); ok { // c.Request of gin
		return s.Sel.Name == "Request" && strings.HasSuffix(project.TypeName(c.Package.Info.TypeOf(s.X)), "gin.Context")
	}
	id, ok := ast.Unparen(x).(*ast.Ident)
	if !ok || project.TypeName(c.Package.Info.TypeOf(x)) != "net/http.Request" {
		return false
	}
	list := params(c.Func)
	if list == nil {
		return false
	}
	o := c.Package.Info.ObjectOf(id)
	for _, f := range list.List {
		for _, n := range f.Names {
			if c.Package.Info.Defs[n] == o {
				return !answers(c)
			}
		}
	}
	return false
}

// answers says whether the function gives back a response: then it sends requests, and does not serve them.
func answers(c *flow.Call) bool {
	var results *ast.FieldList
	switch fn := c.Func.(type) {
	case *ast.FuncDecl:
		results = fn.Type.Results
	case *ast.FuncLit:
		results = fn.Type.Results
	}
	if results == nil {
		return false
	}
	return slices.ContainsFunc(results.List, func(f *ast.Field) bool {
		return project.TypeName(c.Package.Info.TypeOf(f.Type)) == "net/http.Response"
	})
}

// Writer is what the function around a call calls its http.ResponseWriter, if it was given one.
func Writer(c *flow.Call) string {
	list := params(c.Func)
	if list == nil {
		return ""
	}
	for _, f := range list.List {
		if project.TypeName(c.Package.Info.TypeOf(f.Type)) == "net/http.ResponseWriter" && len(f.Names) > 0 && f.Names[0].Name != "_" {
			return f.Names[0].Name
		}
	}
	return ""
}

// Middleware says whether a call stands in a function that gives a handler, or in a literal within one.
func Middleware(c *flow.Call) bool {
	for _, d := range c.File.AST.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || c.Pos() < fn.Pos() || c.Pos() >= fn.End() {
			continue
		}
		o, ok := c.Package.Info.Defs[fn.Name].(*types.Func)
		if !ok {
			return false
		}
		results := o.Signature().Results()
		for i := range results.Len() {
			name := project.TypeName(results.At(i).Type())
			if name == "net/http.Handler" || name == "net/http.HandlerFunc" || strings.HasSuffix(name, ".HandlerFunc") || strings.HasSuffix(name, ".MiddlewareFunc") {
				return true
			}
			if _, ok := results.At(i).Type().Underlying().(*types.Signature); ok {
				return true
			}
		}
	}
	return false
}
