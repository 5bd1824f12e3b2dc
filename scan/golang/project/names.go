package project

import (
	"go/ast"
	"go/constant"
	"go/types"
	"strings"

	"palisade.dev/scan/golang/world"
)

// Callee is the full name of what a call calls, without major versions: "os.Open", "(*net/http.Client).Do", "builtin.append".
// Of a package that is not known the name is still told, of a method on a value without a type it is "?.Name". A function
// held in a variable has no name.
func (p *Project) Callee(pkg *Package, call *ast.CallExpr) string {
	return p.Name(pkg, call.Fun)
}

// Name is the full name of what an expression refers to, if it is something declared in a package.
func (p *Project) Name(pkg *Package, e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return p.object(pkg.Info.Uses[e])
	case *ast.IndexExpr:
		return p.Name(pkg, e.X)
	case *ast.IndexListExpr:
		return p.Name(pkg, e.X)
	case *ast.SelectorExpr:
		if o := pkg.Info.Uses[e.Sel]; o != nil {
			if v, ok := o.(*types.Var); ok && v.IsField() {
				return p.field(pkg, e)
			}
			return p.object(o)
		}
		if id, ok := e.X.(*ast.Ident); ok {
			if n, ok := pkg.Info.Uses[id].(*types.PkgName); ok {
				return world.Plain(n.Imported().Path()) + "." + e.Sel.Name
			}
		}
		return "?." + e.Sel.Name
	}
	return ""
}

// field names a field by the type that the expression before it has: "net/http.Request.Body".
func (p *Project) field(pkg *Package, e *ast.SelectorExpr) string {
	return TypeName(pkg.Info.TypeOf(e.X)) + "." + e.Sel.Name
}

func (p *Project) object(o types.Object) string {
	switch o := o.(type) {
	case *types.Func:
		if name, ok := p.names.Load(o); ok {
			return name.(string)
		}
		name := world.Plain(o.Origin().FullName())
		p.names.Store(o, name)
		return name
	case *types.Builtin:
		return "builtin." + o.Name()
	case *types.Var, *types.Const, *types.TypeName:
		if o.Pkg() != nil && o.Parent() == o.Pkg().Scope() {
			return world.Plain(o.Pkg().Path()) + "." + o.Name()
		}
	}
	return ""
}

// Called is the function that a call calls, where it is one that is declared.
func (pkg *Package) Called(call *ast.CallExpr) *types.Func {
	e := ast.Unparen(call.Fun)
	switch x := e.(type) {
	case *ast.IndexExpr:
		e = x.X
	case *ast.IndexListExpr:
		e = x.X
	}
	switch e := e.(type) {
	case *ast.Ident:
		f, _ := pkg.Info.Uses[e].(*types.Func)
		return f
	case *ast.SelectorExpr:
		f, _ := pkg.Info.Uses[e.Sel].(*types.Func)
		return f
	}
	return nil
}

// Conversion says whether a call is a conversion to a type.
func (pkg *Package) Conversion(call *ast.CallExpr) bool {
	tv, ok := pkg.Info.Types[ast.Unparen(call.Fun)]
	return ok && tv.IsType()
}

// TypeName is the name of a type, behind its pointer and without major versions: "net/http.Request". A type without a
// name has none.
func TypeName(t types.Type) string {
	if t == nil {
		return ""
	}
	t = types.Unalias(t)
	if ptr, ok := t.(*types.Pointer); ok {
		t = types.Unalias(ptr.Elem())
	}
	n, ok := t.(*types.Named)
	if !ok {
		return ""
	}
	if n.Obj().Pkg() == nil {
		return n.Obj().Name()
	}
	return world.Plain(n.Obj().Pkg().Path()) + "." + n.Obj().Name()
}

// Constant is the text of an expression that is a constant text.
func (pkg *Package) Constant(e ast.Expr) (string, bool) {
	tv, ok := pkg.Info.Types[e]
	if !ok || tv.Value == nil {
		return "", false
	}
	if tv.Value.Kind() != constant.String {
		return tv.Value.ExactString(), true
	}
	return constant.StringVal(tv.Value), true
}

// True says whether an expression is the constant true.
func (pkg *Package) True(e ast.Expr) bool {
	text, ok := pkg.Constant(e)
	return ok && text == "true"
}

// Fields are the named elements of a composite literal.
func Fields(lit *ast.CompositeLit) map[string]*ast.KeyValueExpr {
	m := map[string]*ast.KeyValueExpr{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok {
				m[id.Name] = kv
			}
		}
	}
	return m
}

// Words are the parts of a name in lower case: "csrfTokenOld" has csrf, token and old.
func Words(name string) []string {
	var words []string
	start := 0
	cut := func(end int) {
		if w := strings.Trim(name[start:end], "_-. "); w != "" {
			words = append(words, strings.ToLower(w))
		}
		start = end
	}
	upper := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	for i := 1; i < len(name); i++ {
		switch {
		case name[i] == '_' || name[i] == '-' || name[i] == '.' || name[i] == ' ':
			cut(i)
		case upper(name[i]) && !upper(name[i-1]):
			cut(i)
		case upper(name[i]) && i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z':
			cut(i)
		}
	}
	cut(len(name))
	return words
}
