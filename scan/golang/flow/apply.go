package flow

import (
	"cmp"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan/golang/project"
)

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
