package flow

import (
	"go/ast"
	"go/types"
	"slices"

	"palisade.dev/scan/golang/project"
)

// summary is what callers have to know of a function.
type summary struct {
	results []value
	parts   map[slot]value // of results, by field where that is known
	sinks   []reached
	writes  map[slot]value // what is written through a parameter
}

// reached says that a parameter goes into a sink.
type reached struct {
	slot
	kind  int
	sink  Sink
	call  *ast.CallExpr
	arg   ast.Expr
	file  *project.File
	fn    ast.Node
	safe  uint64
	trail *trail
}

const mostReached = 64

// summary gives that of a function, walking it first if need be. One that calls itself is taken as harmless within.
func (e *engine) summary(o *types.Func) *summary {
	o = o.Origin()
	if s := e.summaries[o]; s != nil {
		return s
	}
	out := &summary{writes: map[slot]value{}, parts: map[slot]value{}}
	f := e.p.Func(o)
	if f == nil || e.depth > 400 {
		return out
	}
	e.summaries[o] = out
	e.depth++
	defer func() { e.depth-- }()
	w := &walker{engine: e, file: f.File, pkg: f.File.Package, env: env{}, out: out, fn: f.Decl, params: map[types.Object]int{}}
	sig := o.Signature()
	n := 0
	bind := func(fields *ast.FieldList) {
		if fields == nil {
			return
		}
		for _, field := range fields.List {
			if len(field.Names) == 0 {
				n++
			}
			for _, name := range field.Names {
				if p := w.pkg.Info.Defs[name]; p != nil {
					w.params[p] = n
					w.entry(p, n, name)
				}
				n++
			}
		}
	}
	if bind(f.Decl.Recv); f.Decl.Recv == nil {
		n = 1 // 0 is the receiver's place
	}
	bind(f.Decl.Type.Params)
	out.results = make([]value, sig.Results().Len())
	w.signature = sig
	w.named(f.Decl.Type.Results)
	w.block(f.Decl.Body.List)
	w.leave()
	return out
}

// reach takes a value that arrives at a sink: a source is a hit, a parameter is the callers' to know.
func (w *walker) reach(v value, r reached) {
	for _, m := range v {
		safe := m.safe | r.safe
		if safe&(1<<r.kind) != 0 {
			continue
		}
		if m.source == nil {
			if len(w.out.sinks) < mostReached && w.params != nil && !slices.ContainsFunc(w.out.sinks, func(o reached) bool {
				return o.slot == m.slot && o.kind == r.kind && o.call == r.call
			}) {
				r := r
				r.slot, r.safe, r.trail = m.slot, safe, onto(m.trail, r.trail)
				w.out.sinks = append(w.out.sinks, r)
			}
			continue
		}
		if slices.Contains(w.specs[r.kind].Ignore, m.source.Name) || !w.counts(m.source.Name, r.kind) {
			continue
		}
		key := hitKey{r.call, r.kind}
		steps := onto(m.trail, r.trail)
		if old := w.hits[key]; old != nil && len(old.Steps) <= steps.len()+2 {
			continue
		}
		w.hits[key] = &Hit{Kind: r.kind, Sink: r.sink, Call: r.call, Arg: r.arg, File: r.file, Func: r.fn, Source: *m.source, Steps: m.source.steps(steps, r)}
	}
}

// counts says whether a source is one of those that a kind of harm comes from.
func (e *engine) counts(source string, kind int) bool {
	if own := e.own[source]; own != 0 {
		return own&(1<<kind) != 0
	}
	return len(e.specs[kind].Only) == 0
}

// cleans are the kinds for which the result of a call is harmless.
func (w *walker) cleans(name string, call *ast.CallExpr) uint64 {
	kinds := w.clears[name]
	for kind, s := range w.specs {
		if s.Cleans != nil && s.Cleans(name, &Call{w.p, w.pkg, w.file, w.fn, call}) {
			kinds |= 1 << kind
		}
	}
	return kinds
}
