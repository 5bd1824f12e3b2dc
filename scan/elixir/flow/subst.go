package flow

import (
	"slices"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// filling puts arguments in the place of parameters.
type filling struct {
	fr   *frame
	args []*Value
	to   *project.Function
	node *syntax.Node // the call
	memo map[*Value]*Value

	cells bool // fills in what is in the cells, and not arguments
}

// fills says whether a parameter is one of those that are filled in.
func (f *filling) fills(n int) bool { return (n < 0) == f.cells }

// call fills a function's summary in.
func (fr *frame) call(fn *project.Function, args []*Value, node *syntax.Node) *Value {
	e := fr.e
	if hasClosure(args) { // whatever it gives them: sinks in them are sinks
		fr.closures(args)
	}
	if fn.Arity > len(args) {
		args = fr.defaults(fn, args)
	}
	if picked := e.picked(fn, args); picked != nil {
		e.called[fn] = true
		var out *Value
		for _, one := range picked {
			out = join(out, fr.call(one, args, node))
		}
		return out
	}
	s := e.summarise(fn)
	if !s.busy {
		e.called[fn] = true
	} else {
		if hasClosure(args) {
			return unknown("the result of a recursion")
		}
		out := s.ret // what the clauses before this one give back, which is where most recursions end
		if out != nil {
			return (&filling{fr: fr, args: args, to: fn, node: node, memo: map[*Value]*Value{}}).fill(out, 0)
		}
		for _, a := range args {
			if a != nil && a.param != nil && len(a.param.path) == 0 && len(a.keys) == 0 {
				continue // handed on as it came: what ends the recursion says what becomes of it
			}
			if a != nil && a.Kind != Conn && a.Kind != Socket {
				out = join(out, a.flat("the result of a recursion"))
			}
		}
		if out == nil {
			return unknown("the result of a recursion")
		}
		return out
	}
	f := &filling{fr: fr, args: args, to: fn, node: node, memo: map[*Value]*Value{}}
	for _, p := range s.pend {
		fr.decide(pending{p.sink, p.call, f.fill(p.value, 0)})
	}
	if len(s.pend) > 0 || s.ret.depends(0) {
		return f.fill(s.ret, 0)
	}
	return s.ret
}

// defaults are the arguments with those left out, which stand for the first parameters that have a default.
func (fr *frame) defaults(fn *project.Function, args []*Value) []*Value {
	missing := fn.Arity - len(args)
	for _, c := range fn.Clauses {
		have := 0
		for _, d := range c.Defaults {
			if d != nil {
				have++
			}
		}
		if have < missing {
			continue
		}
		fill := missing
		// Elixir fills from the left: of n defaults the last `missing` stay when arguments are given for the first ones.
		give := have - missing
		var out []*Value
		next := 0
		for _, d := range c.Defaults {
			switch {
			case d == nil && next < len(args):
				out = append(out, args[next])
				next++
			case d != nil && give > 0 && next < len(args):
				out = append(out, args[next])
				next++
				give--
			case d != nil && fill > 0:
				in := &frame{e: fr.e, fn: fn, m: fn.Module, f: fn.File, s: &summary{seen: map[siteKey]int{}}, depth: fr.depth + 1}
				out = append(out, in.eval(d, &env{}))
				fill--
			default:
				out = append(out, unknown(""))
			}
		}
		return out
	}
	return args
}

// depends says whether a value holds parameters.
func (v *Value) depends(depth int) bool {
	if v == nil || depth > deepest+2 {
		return false
	}
	if v.param != nil {
		return true
	}
	for i := range v.taints {
		if v.taints[i].Source.Kind == Param {
			return true
		}
	}
	for _, p := range v.Parts {
		if p.depends(depth + 1) {
			return true
		}
	}
	for _, p := range v.Items {
		if p.depends(depth + 1) {
			return true
		}
	}
	for _, p := range v.fields {
		if p.depends(depth + 1) {
			return true
		}
	}
	return v.elem.depends(depth + 1)
}

func (f *filling) fill(v *Value, depth int) *Value {
	if v == nil || depth > deepest+3 || !v.depends(0) {
		return v
	}
	if done, ok := f.memo[v]; ok {
		return done
	}
	out := f.filled(v, depth)
	f.memo[v] = out
	return out
}

func (f *filling) filled(v *Value, depth int) *Value {
	each := func(vs []*Value) []*Value {
		if len(vs) == 0 {
			return nil
		}
		out := make([]*Value, len(vs))
		for i, p := range vs {
			if out[i] = f.fill(p, depth+1); out[i] == nil {
				out[i] = unknown("")
			}
		}
		return out
	}
	if v.param != nil && f.fills(v.param.n) {
		got := f.argument(v.param.n, v.param.path)
		if got == nil {
			got = unknown("an argument that was not followed")
		}
		via := viaOf(v)
		if len(v.keys) == 0 && v.elem == nil && (v.Kind != Conn && v.Kind != Socket || got.Kind == v.Kind) {
			return f.carried(got, via)
		}
		out := *f.carried(got, via)
		if out.Kind == Unknown || out.Kind == Constant || out.Kind == Bounded {
			out.Kind = v.Kind
		}
		out.keys, out.fields = slices.Clone(out.keys), slices.Clone(out.fields)
		merged := &out
		for i, k := range v.keys {
			merged = merged.with(k, f.fill(v.fields[i], depth+1))
		}
		if v.elem != nil {
			grown := *merged
			grown.elem = join(grown.elem, f.fill(v.elem, depth+1))
			merged = &grown
		}
		return merged
	}
	out := *v
	out.taints = nil
	gone, operated := false, false
	for _, t := range v.taints {
		if t.Source.Kind != Param || !f.fills(t.Source.n) {
			out.taints = add(out.taints, t)
			continue
		}
		got := f.argument(t.Source.n, t.Source.path)
		incoming := got.Taints()
		if len(incoming) == 0 {
			switch class, why := openParts(got, t.clear, 0); class {
			case Open:
				out.partly = true
				if out.Why == "" {
					out.Why = whatOf(why)
				}
			case Operated:
				operated = true
			default:
				gone = true
			}
		}
		for _, a := range incoming {
			a.clear |= t.clear
			if t.how != "" {
				a.how = t.how
			}
			a.via = f.passed(a.via, t.Source.n).append(t.via)
			out.taints = add(out.taints, a)
		}
	}
	out.Parts, out.Items, out.fields = each(v.Parts), each(v.Items), each(v.fields)
	out.elem = f.fill(v.elem, depth+1)
	switch {
	case len(out.taints) > 0 || out.Kind != Unknown || out.partly:
	case operated:
		out.Config = true
	case gone && !out.Config:
		out.Kind = Bounded
		if out.Why == "" {
			out.Why = "made of constants"
		}
	}
	if out.Kind == Joined && len(out.taints) == 0 && !out.partly {
		return concat(out.Parts...)
	}
	return &out
}

// viaOf is the way from a parameter to where its value is used.
func viaOf(v *Value) *trail {
	for _, t := range v.taints {
		if t.Source.Kind == Param {
			return t.via
		}
	}
	return nil
}

// passed adds the call to the way.
func (f *filling) passed(t *trail, n int) *trail {
	if f.node == nil {
		return t
	}
	return t.then(f.fr.f, f.node, "passed to "+f.to.String())
}

// carried is an argument with the way behind it that it goes in the function.
func (f *filling) carried(v *Value, via *trail) *Value {
	return mapTaints(v, 0, func(t Taint) Taint {
		t.via = f.passed(t.via, 0).append(via)
		return t
	})
}

func mapTaints(v *Value, depth int, do func(Taint) Taint) *Value {
	if v == nil || depth > 3 || v.Kind == Constant || v.Kind == Bounded {
		return v
	}
	out := *v
	out.taints = nil
	for _, t := range v.taints {
		out.taints = append(out.taints, do(t))
	}
	each := func(vs []*Value) []*Value {
		if len(vs) == 0 {
			return nil
		}
		out := make([]*Value, len(vs))
		for i := range vs {
			out[i] = mapTaints(vs[i], depth+1, do)
		}
		return out
	}
	if v.Kind != Conn && v.Kind != Socket {
		out.Parts, out.Items, out.fields = each(v.Parts), each(v.Items), each(v.fields)
		out.elem = mapTaints(v.elem, depth+1, do)
	}
	return &out
}

func (f *filling) argument(n int, path []string) *Value {
	if n < 0 {
		return f.fr.e.read(n, path)
	}
	if n >= len(f.args) {
		return nil
	}
	return f.args[n].follow(path, func(v *Value, key string) *Value { return f.fr.field(v, key, f.node) })
}
