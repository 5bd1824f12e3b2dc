package flow

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan/golang/project"
)

// call follows values through a call: into sinks, through functions of the project, or through what is known of others.
func (w *walker) call(call *ast.CallExpr) []value {
	if w.steps++; w.steps > mostSteps {
		return nil
	}
	name := w.p.Callee(w.pkg, call)
	if w.pkg.Conversion(call) {
		var v value
		for _, a := range call.Args {
			v = join(v, w.eval(a))
		}
		w.sink(name, call, nil, []value{v})
		if !carries(w.pkg.Info.TypeOf(call)) {
			return nil
		}
		return []value{v.cleared(w.clears[name])}
	}
	var recv value
	var recvExpr ast.Expr
	if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		if id, ok := sel.X.(*ast.Ident); !ok || !packageName(w.pkg, id) {
			recvExpr = sel.X
			if src := w.method(name, sel, call); src != nil {
				for _, a := range call.Args {
					w.eval(a)
				}
				return []value{{{source: src}}}
			}
			recv = w.eval(sel.X)
		}
	} else if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		return w.direct(lit, call)
	}
	if w.pkgSource(name, call) {
		for _, a := range call.Args {
			w.eval(a)
		}
		return []value{{{source: &Source{name, "comes from the client", w.file, call}}}}
	}
	args := make([]value, len(call.Args))
	for i, a := range call.Args {
		args[i] = w.eval(a)
	}
	if len(call.Args) == 1 && len(args) == 1 { // f(g()), where g gives several
		if inner, ok := ast.Unparen(call.Args[0]).(*ast.CallExpr); ok {
			if t, ok := w.pkg.Info.TypeOf(inner).(*types.Tuple); ok && t.Len() > 1 {
				args = w.call(inner)
			}
		}
	}
	w.sink(name, call, recv, args)
	results := w.outcome(name, call, recvExpr, recv, args)
	if slices.ContainsFunc(results, func(v value) bool { return len(v) > 0 }) {
		kinds := w.cleans(name, call)
		for i := range results {
			results[i] = results[i].cleared(kinds)
		}
		if kinds != 0 {
			w.partsOf = nil
		}
	}
	return results
}

func packageName(pkg *project.Package, id *ast.Ident) bool {
	_, ok := pkg.Info.Uses[id].(*types.PkgName)
	return ok
}

// direct calls a literal on the spot.
func (w *walker) direct(lit *ast.FuncLit, call *ast.CallExpr) []value {
	i := 0
	for _, f := range lit.Type.Params.List {
		for _, n := range f.Names {
			if i < len(call.Args) {
				if o := w.pkg.Info.Defs[n]; o != nil && carries(o.Type()) {
					w.env.set(place{o, ""}, w.eval(call.Args[i]))
				}
			}
			i++
		}
	}
	w.literal(lit)
	return nil
}

// sink tells what of a call's arguments arrives where it does harm.
func (w *walker) sink(name string, call *ast.CallExpr, recv value, args []value) {
	for _, kind := range w.sinks[name] {
		for _, s := range w.specs[kind].Sinks {
			if s.Func != name {
				continue
			}
			told := false
			for i, v := range args {
				if told || len(v) == 0 || !(slices.Contains(s.Args, i) || s.Rest && len(s.Args) > 0 && i > s.Args[len(s.Args)-1]) {
					continue
				}
				if s.When != nil && !s.When(&Call{w.p, w.pkg, w.file, w.fn, call}) {
					continue
				}
				arg := ast.Expr(call)
				if i < len(call.Args) {
					arg = call.Args[i]
				}
				w.reach(v, reached{kind: kind, sink: s, call: call, arg: arg, file: w.file, fn: w.fn})
			}
			if slices.Contains(s.Args, -1) && len(recv) > 0 && (s.When == nil || s.When(&Call{w.p, w.pkg, w.file, w.fn, call})) {
				w.reach(recv, reached{kind: kind, sink: s, call: call, arg: call, file: w.file, fn: w.fn})
			}
		}
	}
}

// outcome says what comes out of a call, and does what the call does to what it is given.
func (w *walker) outcome(name string, call *ast.CallExpr, recvExpr ast.Expr, recv value, args []value) []value {
	if i, ok := binders[name]; ok && i < len(call.Args) {
		w.taint(call.Args[i], "", value{{source: &Source{name, "the client's words are read into " + short(w.file.Text(call.Args[i])), w.file, call}}}, call)
		return nil
	}
	if o := w.pkg.Called(call); o != nil {
		if w.p.Func(o) != nil {
			return w.apply(w.summary(o), call, recvExpr, recv, args)
		}
		if impls := w.implementations(o); len(impls) > 0 {
			var all []value
			for _, impl := range impls {
				for i, v := range w.apply(w.summary(impl), call, recvExpr, recv, args) {
					for len(all) <= i {
						all = append(all, nil)
					}
					all[i] = join(all[i], v)
				}
			}
			w.partsOf = nil // several may have answered
			return all
		}
	}
	w.effects(name, call, recvExpr, recv, args)
	v := w.through(name, call, recv, args)
	if len(v) == 0 {
		return nil
	}
	t := w.pkg.Info.TypeOf(call)
	tuple, ok := t.(*types.Tuple)
	if !ok {
		if !carries(t) {
			return nil
		}
		return []value{v}
	}
	out := make([]value, tuple.Len())
	for i := range out {
		if carries(tuple.At(i).Type()) {
			out[i] = v
		}
	}
	return out
}

// apply uses what is known of a function of the project.
func (w *walker) apply(s *summary, call *ast.CallExpr, recvExpr ast.Expr, recv value, args []value) []value {
	// Of a variadic function all last arguments are one.
	if o := w.pkg.Called(call); o != nil && o.Signature().Variadic() {
		if last := o.Signature().Params().Len() - 1; len(args) > last+1 {
			joined := value(nil)
			for _, v := range args[last:] {
				joined = join(joined, v)
			}
			args = append(slices.Clone(args[:last]), joined)
		}
	}
	expr := func(n int) ast.Expr {
		if n == 0 {
			return recvExpr
		}
		if n-1 < len(call.Args) {
			return call.Args[n-1]
		}
		return nil
	}
	given := func(at slot) value {
		if at.path != "" {
			if x := expr(at.param); x != nil {
				if p, ok := w.place(x); ok && w.env.knows(p) {
					return w.env.whole(p.in(at.path))
				}
			}
		}
		if at.param == 0 {
			return recv
		}
		if at.param-1 < len(args) {
			return args[at.param-1]
		}
		return nil
	}
	name := short(w.file.Text(call.Fun))
	for _, r := range s.sinks {
		if v := given(r.slot); len(v) > 0 {
			w.reach(v.through(w.file, call, "goes into "+name), r)
		}
	}
	fill := func(v value) value {
		var out value
		for _, m := range v {
			if m.source != nil {
				out = join(out, value{m})
				continue
			}
			in := slices.Clone(given(m.slot))
			for i := range in {
				in[i].safe |= m.safe
				in[i].trail = onto(in[i].trail, m.trail)
				in[i].loose = in[i].loose || m.loose
			}
			out = join(out, in.through(w.file, call, "goes through "+name))
		}
		return out
	}
	for _, at := range sorted(s.writes) {
		target := expr(at.param)
		if got := fill(s.writes[at]); len(got) > 0 && target != nil {
			w.taint(target, at.path, got, call)
		}
	}
	out := make([]value, len(s.results))
	for i, v := range s.results {
		out[i] = fill(v)
	}
	w.parts, w.partsOf = map[slot]value{}, call
	for _, at := range sorted(s.parts) {
		if v := fill(s.parts[at]); len(v) > 0 {
			w.parts[at] = v
		}
	}
	w.keep(s, call, recvExpr)
	return out
}

// keep gives the first result of a call a place, where its fields are told apart: that of the receiver or argument that the
// function gives back, or one of its own.
func (w *walker) keep(s *summary, call *ast.CallExpr, recvExpr ast.Expr) {
	delete(w.temps, call)
	if w.temps == nil {
		w.temps = map[*ast.CallExpr]place{}
	}
	if self := s.parts[slot{0, ""}]; len(self) == 1 && self[0].source == nil && !self[0].loose && self[0].path == "" {
		x := recvExpr
		if n := self[0].param; n > 0 {
			if n > len(call.Args) {
				return
			}
			x = call.Args[n-1]
		}
		if p, ok := w.place(x); ok {
			w.temps[call] = p
		}
		return
	}
	t := w.pkg.Info.TypeOf(call)
	if tuple, ok := t.(*types.Tuple); ok && tuple.Len() > 0 {
		t = tuple.At(0).Type()
	}
	if !structure(t) {
		return
	}
	p := place{types.NewVar(call.Pos(), w.pkg.Types, "", t), ""}
	for _, at := range sorted(w.parts) {
		if at.param == 0 {
			w.env.set(p.in(at.path), w.parts[at])
		}
	}
	w.temps[call] = p
}

func structure(t types.Type) bool {
	if t == nil {
		return false
	}
	if ptr, ok := t.Underlying().(*types.Pointer); ok {
		t = ptr.Elem()
	}
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

func sorted(m map[slot]value) []slot {
	return slices.SortedFunc(maps.Keys(m), func(a, b slot) int { return cmp.Or(cmp.Compare(a.param, b.param), cmp.Compare(a.path, b.path)) })
}

// Of an interface with many implementations each call would be a call of all: what that finds is seldom so.
const mostImplementations = 4

// implementations are the project's methods that a call of an interface's method may call.
func (w *walker) implementations(o *types.Func) []*types.Func {
	recv := o.Signature().Recv()
	if recv == nil || o.Pkg() == nil {
		return nil
	}
	iface, ok := recv.Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	if list, ok := w.impls[o]; ok {
		return list
	}
	var list []*types.Func
	if w.ours(o.Pkg()) {
		for _, m := range w.methods[o.Name()] {
			if t := m.Signature().Recv().Type(); types.Implements(t, iface) || types.Implements(types.NewPointer(t), iface) {
				list = append(list, m)
			}
		}
	}
	if len(list) > mostImplementations {
		list = nil
	}
	w.impls[o] = list
	return list
}

func (w *walker) ours(pkg *types.Package) bool {
	return slices.ContainsFunc(w.p.Packages, func(p *project.Package) bool { return p.Types == pkg })
}

// taint adds to what an expression points to.
func (w *walker) taint(x ast.Expr, path string, v value, n ast.Node) {
	if len(v) == 0 {
		return
	}
	if p, ok := w.place(x); ok {
		if t := w.pkg.Info.TypeOf(x); t != nil && !carries(t) {
			return
		}
		if path != "" {
			if p = p.in(path); strings.Count(p.path, ".") >= deepestPath {
				p.path = parent(p.path)
			}
		}
		w.env.set(p, join(w.env.whole(p), v.through(w.file, n, "fills "+short(w.file.Text(x)))))
	}
}

// effects are what functions of others do to what they are given.
func (w *walker) effects(name string, call *ast.CallExpr, recvExpr ast.Expr, recv value, args []value) {
	joined := func(from int) (v value) {
		for _, a := range args[min(from, len(args)):] {
			v = join(v, a)
		}
		return v
	}
	if flow, ok := writers[name]; ok {
		var v value
		if flow.from < 0 {
			v = recv
		} else {
			v = joined(flow.from)
			if flow.one {
				v = at(args, flow.from)
			}
		}
		if flow.to < 0 {
			if recvExpr != nil {
				w.taint(recvExpr, "", v, call)
			}
		} else if flow.to < len(call.Args) {
			w.taint(call.Args[flow.to], "", v, call)
		}
	}
}

// through is what comes out of functions of others: those that handle texts give on what they are given.
func (w *walker) through(name string, call *ast.CallExpr, recv value, args []value) value {
	if name == "" || strings.HasPrefix(name, "?.") {
		return nil
	}
	if format, ok := formats[name]; ok {
		return w.format(call, format, args)
	}
	if name == "strings.Join" || name == "path.Join" || name == "path/filepath.Join" || name == "net/url.JoinPath" {
		return w.join(name, call, args)
	}
	pkg := strings.TrimLeft(name, "(*")
	if i := strings.LastIndexByte(pkg, '/'); i >= 0 {
		if j := strings.IndexByte(pkg[i:], '.'); j >= 0 {
			pkg = pkg[:i+j]
		}
	} else if j := strings.IndexByte(pkg, '.'); j >= 0 {
		pkg = pkg[:j]
	}
	if stops[name] {
		return nil
	}
	if name == "(*net/url.URL).JoinPath" { // the host is the receiver's
		for _, a := range args {
			recv = join(recv, a.cleared(w.host))
		}
		return recv
	}
	if textual[pkg] {
		v := recv
		for _, a := range args {
			v = join(v, a)
		}
		return v.made().through(w.file, call, "goes through "+short(w.file.Text(call.Fun)))
	}
	return nil
}

// format follows a Sprintf: its text up to a verb says what stands before the argument.
func (w *walker) format(call *ast.CallExpr, first int, args []value) value {
	if first >= len(call.Args) {
		return nil
	}
	text, ok := w.pkg.Constant(call.Args[first])
	if !ok {
		v := at(args, first)
		for _, a := range args[min(first+1, len(args)):] {
			v = join(v, a)
		}
		return v
	}
	var all value
	var before strings.Builder
	next := first + 1
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			before.WriteByte(text[i])
			continue
		}
		j := i + 1
		for j < len(text) && strings.IndexByte("+-# 0123456789.[]*", text[j]) >= 0 {
			j++
		}
		if j >= len(text) || text[j] == '%' {
			before.WriteByte('%')
			i = j
			continue
		}
		v := at(args, next)
		if text[j] == 'd' || text[j] == 'x' || text[j] == 'X' || text[j] == 't' || text[j] == 'T' || text[j] == 'p' {
			v = nil
		}
		if next < len(call.Args) {
			all = join(all, v.cleared(w.behind(before.String())))
			before.WriteString(w.written(call.Args[next], v))
		}
		next++
		i = j
	}
	return all.through(w.file, call, "becomes a part of the text")
}

// join follows those that put parts behind one another.
func (w *walker) join(name string, call *ast.CallExpr, args []value) value {
	if name == "strings.Join" {
		return at(args, 0)
	}
	var all value
	before := ""
	for i, v := range args {
		if len(v) > 0 {
			kinds := uint64(0)
			if name == "net/url.JoinPath" && i > 0 {
				kinds = w.behind("\x00/")
			}
			all = join(all, v.cleared(kinds))
			continue
		}
		before += "\x00/"
	}
	return all.through(w.file, call, "becomes a part of the path")
}

// fact says that an expression is harmless for some kinds.
type fact struct {
	x     ast.Expr
	kinds uint64
}

const all = ^uint64(0)

// prove takes from a condition what is known behind it.
func (w *walker) prove(cond ast.Expr, holds bool) {
	for _, f := range w.facts(cond, holds, 0) {
		w.accept(f)
	}
}

func (w *walker) accept(f fact) {
	// u.Host and u.Hostname() that are ours make u harmless where only its host matters.
	host := ast.Unparen(f.x)
	if call, ok := host.(*ast.CallExpr); ok {
		host = call.Fun
	}
	if sel, ok := host.(*ast.SelectorExpr); ok && w.host&f.kinds != 0 && (sel.Sel.Name == "Host" || sel.Sel.Name == "Hostname") && project.TypeName(w.pkg.Info.TypeOf(sel.X)) == "net/url.URL" {
		w.accept(fact{sel.X, w.host & f.kinds})
	}
	p, ok := w.place(f.x)
	if !ok {
		// strings.ToLower(x) == "a" says it of x.
		if call, isCall := ast.Unparen(f.x).(*ast.CallExpr); isCall {
			for _, a := range call.Args {
				w.accept(fact{a, f.kinds})
			}
		}
		return
	}
	v := w.eval(f.x)
	if len(v) > 0 {
		w.env.set(p, v.cleared(f.kinds))
	}
}

func (w *walker) facts(cond ast.Expr, holds bool, level int) []fact {
	if level > 50 {
		return nil
	}
	switch x := ast.Unparen(cond).(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			return w.facts(x.X, !holds, level+1)
		}
	case *ast.BinaryExpr:
		switch {
		case x.Op == token.LAND && holds, x.Op == token.LOR && !holds:
			return append(w.facts(x.X, holds, level+1), w.facts(x.Y, holds, level+1)...)
		case x.Op == token.LAND, x.Op == token.LOR: // one of both holds: what both prove
			var both []fact
			right := w.facts(x.Y, holds, level+1)
			for _, l := range w.facts(x.X, holds, level+1) {
				for _, r := range right {
					p, ok := w.place(l.x)
					if q, same := w.place(r.x); ok && same && p == q && l.kinds&r.kinds != 0 {
						both = append(both, fact{l.x, l.kinds & r.kinds})
					}
				}
			}
			return both
		case x.Op == token.EQL && holds, x.Op == token.NEQ && !holds:
			return w.equal(x)
		}
	case *ast.Ident:
		if o := w.pkg.Info.ObjectOf(x); o != nil && holds {
			return w.proofs[o]
		}
	case *ast.IndexExpr:
		if holds { // allowed[x]
			return []fact{{x.Index, all}}
		}
	case *ast.CallExpr:
		return w.asked(x, holds)
	}
	return nil
}

// equal: what is the same as something harmless is harmless. An error that is nil speaks for what was asked.
func (w *walker) equal(x *ast.BinaryExpr) []fact {
	for _, pair := range [][2]ast.Expr{{x.X, x.Y}, {x.Y, x.X}} {
		if id, ok := pair[1].(*ast.Ident); ok && id.Name == "nil" {
			if call, ok := ast.Unparen(pair[0]).(*ast.CallExpr); ok {
				return w.asked(call, true)
			}
			if id, ok := ast.Unparen(pair[0]).(*ast.Ident); ok {
				return w.proofs[w.pkg.Info.ObjectOf(id)]
			}
			return nil
		}
		if len(w.eval(pair[1])) == 0 && len(w.eval(pair[0])) > 0 {
			return []fact{{pair[0], all}}
		}
	}
	return nil
}

// asked takes the answer of a function that was asked about something.
func (w *walker) asked(call *ast.CallExpr, yes bool) []fact {
	name := w.p.Callee(w.pkg, call)
	kinds := w.guards[name]
	if !yes {
		kinds = w.denies[name]
	} else if kinds == 0 && (speaks(name) || provers[name]) {
		kinds = all
	}
	for kind, s := range w.specs {
		if s.Proves != nil && s.Proves(name, &Call{w.p, w.pkg, w.file, w.fn, call}, yes) {
			kinds |= 1 << kind
		}
	}
	if kinds == 0 {
		return nil
	}
	var facts []fact
	for _, a := range call.Args {
		if len(w.eval(a)) > 0 {
			facts = append(facts, fact{a, kinds})
		}
	}
	return facts
}

var provers = map[string]bool{
	"slices.Contains": true, "(*regexp.Regexp).MatchString": true, "(*regexp.Regexp).Match": true, "regexp.MatchString": true,
}

// speaks says whether a function's name promises that its yes makes what it was asked about harmless.
func speaks(name string) bool {
	if strings.Contains(name, "github.com/go-playground/validator") || strings.HasPrefix(name, "encoding/json") || strings.HasPrefix(name, "unicode/utf8") {
		return false // of a form, not of what it means
	}
	for _, word := range project.Words(name[strings.LastIndexByte(name, '.')+1:]) {
		switch word {
		case "valid", "validate", "validated", "allowed", "allow", "safe", "permitted", "trusted", "whitelisted", "allowlisted", "allowlist", "ensure", "verify", "known", "supported", "check":
			return true
		}
	}
	return false
}

// learn notes what a variable will prove: _, ok := allowed[x]; err := validate(x).
func (w *walker) learn(s *ast.AssignStmt) {
	if len(s.Rhs) != 1 {
		return
	}
	id, ok := s.Lhs[len(s.Lhs)-1].(*ast.Ident)
	if !ok {
		return
	}
	o := w.pkg.Info.ObjectOf(id)
	if o == nil {
		return
	}
	var facts []fact
	switch x := ast.Unparen(s.Rhs[0]).(type) {
	case *ast.IndexExpr:
		if len(s.Lhs) == 2 {
			facts = []fact{{x.Index, all}}
		}
	case *ast.CallExpr:
		facts = w.asked(x, true)
	case *ast.BinaryExpr, *ast.UnaryExpr:
		facts = w.facts(x, true, 0)
	}
	if w.proofs == nil {
		w.proofs = map[types.Object][]fact{}
	}
	w.proofs[o] = facts
}
