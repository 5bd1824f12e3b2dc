package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"palisade.dev/scan/golang/project"
)

func at(values []value, i int) value {
	if i < len(values) {
		return values[i]
	}
	return nil
}

// values evaluates the right side of something with n left sides.
func (w *walker) values(list []ast.Expr, n int) []value {
	if len(list) == 1 && n > 1 {
		if call, ok := ast.Unparen(list[0]).(*ast.CallExpr); ok {
			return w.call(call)
		}
		return []value{w.eval(list[0])} // the second says whether it worked
	}
	out := make([]value, len(list))
	for i, x := range list {
		out[i] = w.eval(x)
	}
	return out
}

func (w *walker) assign(s *ast.AssignStmt) {
	w.parts = nil
	values := w.values(s.Rhs, len(s.Lhs))
	var parts map[slot]value // of a function of the project
	if len(s.Rhs) == 1 {
		if call, ok := ast.Unparen(s.Rhs[0]).(*ast.CallExpr); ok && w.partsOf == call {
			parts = w.parts
			if p, ok := w.temps[call]; ok {
				parts = w.inside(p, parts)
			}
		}
	}
	for i, x := range s.Lhs {
		v := at(values, i)
		switch s.Tok {
		case token.ASSIGN, token.DEFINE:
			if len(s.Rhs) == len(s.Lhs) && w.composite(x, s.Rhs[i]) {
				continue
			}
			if len(parts) > 0 {
				v = parts[slot{i, ""}]
			}
			w.store(x, v, s)
			w.storeParts(x, i, parts, s)
		case token.ADD_ASSIGN:
			if p, ok := w.place(x); ok {
				v = w.behindHost(x, v)
				if len(w.env.get(p)) == 0 && len(v) > 0 {
					v = v.cleared(w.behind("\x00"))
				}
				w.env.set(p, join(w.env.get(p), v.through(w.file, s, "is added")))
			}
		}
	}
	w.learn(s)
}

// inside gives the parts of a first result that is kept in a place, and those of the other results.
func (w *walker) inside(p place, others map[slot]value) map[slot]value {
	parts := map[slot]value{{0, ""}: w.env.get(p)}
	for at, v := range others {
		if at.param > 0 {
			parts[at] = v
		}
	}
	for q, v := range w.env {
		if q.root == p.root && q.path != p.path && (p.path == "" || strings.HasPrefix(q.path, p.path+".")) {
			parts[slot{0, strings.TrimPrefix(strings.TrimPrefix(q.path, p.path), ".")}] = v
		}
	}
	return parts
}

// storeParts stores the fields of a result that are known one by one.
func (w *walker) storeParts(x ast.Expr, i int, parts map[slot]value, n ast.Node) {
	p, ok := w.place(x)
	if !ok || !carries(w.pkg.Info.TypeOf(x)) {
		return
	}
	for at, v := range parts {
		if at.param == i && at.path != "" && strings.Count(p.path+"."+at.path, ".") <= deepestPath {
			w.env.set(p.in(at.path), join(w.env.get(p.in(at.path)), v.through(w.file, n, "becomes "+short(w.file.Text(x)))))
		}
	}
}

// composite stores the elements of a literal of a struct one by one, so that its fields are told apart.
func (w *walker) composite(left, right ast.Expr) bool {
	fields, ok := w.literalFields(right)
	if !ok {
		return false
	}
	p, ok := w.place(left)
	if !ok {
		return false
	}
	w.env.set(p, nil)
	for _, kv := range fields {
		key := kv.Key.(*ast.Ident)
		if v := w.eval(kv.Value); len(v) > 0 {
			w.env.set(p.in(key.Name), v.through(w.file, kv, "is kept in "+key.Name))
		}
	}
	return true
}

// store puts a value where an expression points to.
func (w *walker) store(x ast.Expr, v value, n ast.Node) {
	x = ast.Unparen(x)
	if id, ok := x.(*ast.Ident); ok && id.Name == "_" {
		return
	}
	if t := w.pkg.Info.TypeOf(x); !carries(t) {
		v = nil
	}
	p, ok := w.place(x)
	if !ok {
		return
	}
	if sel, ok := x.(*ast.SelectorExpr); ok && len(v) == 0 && sel.Sel.Name == "Host" && project.TypeName(w.pkg.Info.TypeOf(sel.X)) == "net/url.URL" {
		w.accept(fact{sel.X, w.host})
	}
	v = w.behindHost(x, v)
	v = v.through(w.file, n, "becomes "+short(w.file.Text(x)))
	switch x.(type) {
	case *ast.IndexExpr, *ast.StarExpr: // others may be in it
		if len(v) > 0 {
			w.env.set(p, join(w.env.whole(p), v))
		}
	default:
		if p.path == "" && p.root != nil && p.root.Parent() == w.pkg.Types.Scope() {
			return // a package variable: not followed
		}
		w.env.set(p, v)
	}
}

// behindHost: what stands behind the host of a URL does not say which server is asked.
func (w *walker) behindHost(x ast.Expr, v value) value {
	sel, ok := x.(*ast.SelectorExpr)
	if !ok || len(v) == 0 || !slices.Contains([]string{"Path", "RawPath", "RawQuery", "Fragment"}, sel.Sel.Name) || project.TypeName(w.pkg.Info.TypeOf(sel.X)) != "net/url.URL" {
		return v
	}
	return v.cleared(w.host)
}

func short(text string) string {
	if len(text) > 40 {
		return "a part"
	}
	return text
}

// place is what an expression names, if it is a variable or a part of one.
func (w *walker) place(x ast.Expr) (place, bool) {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		o := w.pkg.Info.ObjectOf(x)
		if v, ok := o.(*types.Var); ok {
			return place{v, ""}, true
		}
	case *ast.SelectorExpr:
		if p, ok := w.place(x.X); ok {
			return p.in(x.Sel.Name), true
		}
	case *ast.StarExpr:
		return w.place(x.X)
	case *ast.UnaryExpr:
		if x.Op == token.AND {
			return w.place(x.X)
		}
	case *ast.IndexExpr:
		return w.place(x.X)
	case *ast.SliceExpr:
		return w.place(x.X)
	case *ast.TypeAssertExpr:
		return w.place(x.X)
	case *ast.CallExpr:
		p, ok := w.temps[x]
		return p, ok
	}
	return place{}, false
}
