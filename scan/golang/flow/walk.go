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

// branch walks something in an environment of its own and gives that back, with whether the way ends there.
func (w *walker) branch(start env, walk func() bool) (env, bool) {
	before := w.env
	w.env = maps.Clone(start)
	ended := walk()
	after := w.env
	w.env = before
	return after, ended
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

// loop walks a body twice: what it left behind the first time meets its beginning. Loops within loops within loops are
// walked once, which finds everything but what goes round twice.
func (w *walker) loop(body func()) {
	w.loops++
	times := 2
	if w.loops > 2 {
		times = 1
	}
	for range times {
		after, _ := w.branch(w.env, func() bool { body(); return false })
		w.env.meet(after)
	}
	w.loops--
}

func (w *walker) cases(list []ast.Stmt, enter func(*ast.CaseClause)) bool {
	before := maps.Clone(w.env)
	var joined env
	open, fallback := false, false
	for _, c := range list {
		c, ok := c.(*ast.CaseClause)
		if !ok {
			continue
		}
		fallback = fallback || c.List == nil
		after, ended := w.branch(before, func() bool { enter(c); return w.block(c.Body) && !breaks(c.Body) })
		if ended {
			continue
		}
		if open = true; joined == nil {
			joined = after
		} else {
			joined.meet(after)
		}
	}
	if !fallback {
		if joined == nil {
			joined = before
		} else {
			joined.meet(before)
		}
		open = true
	}
	if joined != nil {
		w.env = joined
	}
	return !open
}

// breaks says whether a case ends with a break, which ends the switch and not the way.
func breaks(body []ast.Stmt) bool {
	found := false
	for _, s := range body {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt:
				return false
			case *ast.BranchStmt:
				found = found || n.Tok == token.BREAK || n.Tok == token.FALLTHROUGH
			}
			return true
		})
	}
	return found
}

func (w *walker) ifs(s *ast.IfStmt) bool {
	if s.Init != nil {
		w.stmt(s.Init)
	}
	w.eval(s.Cond)
	yes, yesEnds := w.branch(w.env, func() bool { w.prove(s.Cond, true); return w.block(s.Body.List) })
	no, noEnds := w.branch(w.env, func() bool {
		w.prove(s.Cond, false)
		if s.Else != nil {
			return w.stmt(s.Else)
		}
		return false
	})
	switch {
	case yesEnds && noEnds:
		return true
	case yesEnds:
		w.env = no
	case noEnds:
		w.env = yes
	default:
		w.env = yes
		w.env.meet(no)
	}
	return false
}

// never says whether a call does not come back.
func (w *walker) never(call *ast.CallExpr) bool {
	switch name := w.p.Callee(w.pkg, call); name {
	case "builtin.panic", "os.Exit", "runtime.Goexit":
		return true
	default:
		return strings.HasPrefix(name, "log.Fatal") || strings.HasPrefix(name, "log.Panic") || strings.HasPrefix(name, "(*log.Logger).Fatal") || strings.HasPrefix(name, "github.com/sirupsen/logrus.Fatal")
	}
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
