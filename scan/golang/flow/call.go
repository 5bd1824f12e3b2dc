package flow

import (
	"go/ast"
	"go/types"
	"slices"

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
