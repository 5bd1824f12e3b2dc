package flow

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan/golang/project"
)

// walker goes through one function.
type walker struct {
	*engine
	file      *project.File
	pkg       *project.Package
	env       env
	out       *summary
	fn        ast.Node
	params    map[types.Object]int
	results   []types.Object
	signature *types.Signature
	inner     int // depth of function literals
	loops     int
	proofs    map[types.Object][]fact // what is proven when a variable says so: ok, err
	steps     int
	parts     map[slot]value // of the results of the call that was last followed
	partsOf   *ast.CallExpr
	temps     map[*ast.CallExpr]place // where what a call gave is kept: b.Where(x).Limit(n) works on one b
}

// A function may be as long as it likes, and is left when it costs more than this: a megabyte of code made by a machine
// has fewer expressions, but branches within loops within literals are walked again.
const mostSteps = 2_000_000

// entry says what a parameter is at the start: a message from a client, or what callers give.
func (w *walker) entry(p types.Object, n int, name *ast.Ident) {
	t := p.Type()
	switch {
	case isRequest(t) || !carries(t):
	case n > 0 && message(t) && w.served():
		w.env[place{p, ""}] = value{{source: &Source{"grpc", "a message from a client", w.file, name}}}
	default:
		w.env[place{p, ""}] = value{{slot: slot{n, ""}}}
	}
}

// served says whether the function looks like one that gRPC calls: a method that answers a message with a message.
func (w *walker) served() bool {
	d, ok := w.fn.(*ast.FuncDecl)
	return ok && d.Recv != nil && d.Name.IsExported() && d.Type.Results != nil && d.Type.Results.NumFields() <= 2 && w.pkg.Imports("google.golang.org/grpc", "connectrpc.com/connect", "google.golang.org/grpc/codes", "google.golang.org/grpc/status")
}

func (w *walker) named(results *ast.FieldList) {
	if results == nil {
		return
	}
	for _, f := range results.List {
		for _, n := range f.Names {
			w.results = append(w.results, w.pkg.Info.Defs[n])
		}
	}
}

// leave notes what a function has written through its parameters.
func (w *walker) leave() {
	for p, v := range w.env {
		n, ok := w.params[p.root]
		if !ok || !shared(p.root.Type()) {
			continue
		}
		at := slot{n, p.path}
		for _, m := range v {
			if m.source != nil || m.slot != at {
				w.out.writes[at] = join(w.out.writes[at], value{m})
			}
		}
	}
}

func shared(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Interface:
		return true
	}
	return false
}

// block walks statements and says whether the way ends within them.
func (w *walker) block(list []ast.Stmt) bool {
	for _, s := range list {
		if w.stmt(s) {
			return true
		}
	}
	return false
}

func (w *walker) stmt(s ast.Stmt) (ends bool) {
	if w.steps++; w.steps > mostSteps || w.steps&1023 == 0 && w.ctx.Err() != nil {
		return true
	}
	switch s := s.(type) {
	case *ast.ExprStmt:
		w.eval(s.X)
		if call, ok := s.X.(*ast.CallExpr); ok {
			return w.never(call)
		}
	case *ast.AssignStmt:
		w.assign(s)
	case *ast.DeclStmt:
		if g, ok := s.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				values := w.values(v.Values, len(v.Names))
				for i, n := range v.Names {
					if o := w.pkg.Info.Defs[n]; o != nil {
						w.env.set(place{o, ""}, at(values, i))
					}
				}
			}
		}
	case *ast.ReturnStmt:
		w.ret(s)
		return true
	case *ast.BranchStmt:
		return s.Tok != token.FALLTHROUGH
	case *ast.BlockStmt:
		return w.block(s.List)
	case *ast.IfStmt:
		return w.ifs(s)
	case *ast.ForStmt:
		if s.Init != nil {
			w.stmt(s.Init)
		}
		w.loop(func() {
			if s.Cond != nil {
				w.eval(s.Cond)
				w.prove(s.Cond, true)
			}
			w.block(s.Body.List)
			if s.Post != nil {
				w.stmt(s.Post)
			}
		})
	case *ast.RangeStmt:
		v := w.eval(s.X)
		w.loop(func() {
			for i, x := range []ast.Expr{s.Key, s.Value} {
				if x == nil {
					continue
				}
				if i == 0 && !mapped(w.pkg.Info.TypeOf(s.X)) {
					continue // the index
				}
				w.store(x, v, s)
			}
			w.block(s.Body.List)
		})
	case *ast.SwitchStmt:
		if s.Init != nil {
			w.stmt(s.Init)
		}
		var tag value
		if s.Tag != nil {
			tag = w.eval(s.Tag)
		}
		return w.cases(s.Body.List, func(c *ast.CaseClause) {
			for _, x := range c.List {
				w.eval(x)
			}
			if len(c.List) == 0 {
				return
			}
			if s.Tag == nil {
				if len(c.List) == 1 {
					w.prove(c.List[0], true)
				}
				return
			}
			if len(tag) > 0 && !slices.ContainsFunc(c.List, func(x ast.Expr) bool { return len(w.eval(x)) > 0 }) {
				w.accept(fact{s.Tag, all})
			}
		})
	case *ast.TypeSwitchStmt:
		if s.Init != nil {
			w.stmt(s.Init)
		}
		var v value
		ast.Inspect(s.Assign, func(n ast.Node) bool {
			if x, ok := n.(*ast.TypeAssertExpr); ok {
				v = w.eval(x.X)
				return false
			}
			return true
		})
		return w.cases(s.Body.List, func(c *ast.CaseClause) {
			if o := w.pkg.Info.Implicits[c]; o != nil && carries(o.Type()) {
				w.env.set(place{o, ""}, v)
			}
		})
	case *ast.SelectStmt:
		before := maps.Clone(w.env)
		for _, c := range s.Body.List {
			if c, ok := c.(*ast.CommClause); ok {
				after, ended := w.branch(before, func() bool {
					if c.Comm != nil {
						w.stmt(c.Comm)
					}
					return w.block(c.Body)
				})
				if !ended {
					w.env.meet(after)
				}
			}
		}
	case *ast.GoStmt:
		w.eval(s.Call)
	case *ast.DeferStmt:
		w.eval(s.Call)
	case *ast.SendStmt:
		w.eval(s.Chan)
		w.eval(s.Value)
	case *ast.IncDecStmt:
	case *ast.LabeledStmt:
		return w.stmt(s.Stmt)
	}
	return false
}

func (w *walker) ret(s *ast.ReturnStmt) {
	if w.inner > 0 || w.signature == nil {
		for _, x := range s.Results {
			w.eval(x)
		}
		return
	}
	n := len(w.out.results)
	var values []value
	if len(s.Results) == 0 {
		for _, o := range w.results {
			values = append(values, w.env.whole(place{o, ""}))
		}
	} else {
		values = w.values(s.Results, n)
	}
	for i := range n {
		if !carries(w.signature.Results().At(i).Type()) {
			continue
		}
		if i < len(s.Results) && len(s.Results) == n {
			w.part(i, s.Results[i], at(values, i))
		} else if v := at(values, i); len(v) > 0 {
			w.out.parts[slot{i, ""}] = join(w.out.parts[slot{i, ""}], v)
		}
		if v := at(values, i); len(v) > 0 && carries(w.signature.Results().At(i).Type()) {
			w.out.results[i] = join(w.out.results[i], v)
		}
	}
	w.leave()
}

// part notes of a result what is known of its fields.
func (w *walker) part(i int, x ast.Expr, v value) {
	add := func(path string, v value) {
		if len(v) > 0 {
			w.out.parts[slot{i, path}] = join(w.out.parts[slot{i, path}], v)
		}
	}
	if fields, ok := w.literalFields(x); ok {
		for _, f := range fields {
			add(f.Key.(*ast.Ident).Name, w.eval(f.Value))
		}
		return
	}
	p, ok := w.place(x)
	if !ok || !w.env.knows(p) {
		add("", v)
		return
	}
	add("", w.env.get(p))
	for q, v := range w.env {
		if q.root == p.root && q.path != p.path && (p.path == "" || strings.HasPrefix(q.path, p.path+".")) {
			add(strings.TrimPrefix(strings.TrimPrefix(q.path, p.path), "."), v)
		}
	}
}
