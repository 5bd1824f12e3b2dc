package flow

import (
	"slices"
)

// flat is a value of no shape with the taints of another.
func (v *Value) flat(why string) *Value {
	if v == nil {
		return unknown(why)
	}
	if v.IsConst() {
		return bounded(why)
	}
	out := carrying(v.Taints(), why)
	if v.Kind == Conn || v.Kind == Socket {
		if len(out.taints) == 0 {
			out.Kind = Bounded
		}
		return out
	}
	switch class, what := openParts(v, 0, 0); {
	case class == Open:
		out.partly, out.safe = true, v.safe
		if out.Why == "" {
			out.Why = whatOf(what)
		}
	case class == Operated:
		out.Config = true
	case len(out.taints) == 0:
		out.Kind = Bounded
	}
	if out.Why == "" {
		out.Why = v.Why
	}
	return out
}

// modules are those that a value may be.
func (v *Value) modules() []string {
	if v.Kind == Module {
		return []string{v.Text}
	}
	return v.among
}

// lost says whether a value was not followed, with no taint that would speak for it.
func (v *Value) lost() bool {
	return v.partly || v.Kind == Unknown && len(v.taints) == 0 && v.param == nil && !v.Config && v.safe == 0 && v.fn == nil
}

// join is what two branches leave.
func join(a, b *Value) *Value {
	switch {
	case a == b || b == nil:
		return a
	case a == nil:
		return b
	case a.Kind == Constant && b.Kind == Constant && a.Text == b.Text && a.Atom == b.Atom:
		return a
	}
	// nil, false and :error beside something else say nothing about what is used afterwards.
	if empty(a) {
		return b
	}
	if empty(b) {
		return a
	}
	set := func(v *Value) bool { return v.Config || v.Kind == Bounded || v.IsConst() }
	out := &Value{Why: a.Why, Config: (a.Config || b.Config) && set(a) && set(b), safe: a.safe & b.safe, partly: a.lost() || b.lost()}
	if a.Config != b.Config && !out.Config { // the one that is not the operator's is what has to be told of
		out.Why = a.Why
		if a.Config {
			out.Why = b.Why
		}
	}
	if out.Why == "" {
		out.Why = b.Why
	}
	if out.among = a.modules(); len(out.among) < mostAnswers {
		out.among = slices.Concat(out.among, b.modules())
	}
	for _, t := range a.taints {
		out.taints = add(out.taints, t)
	}
	for _, t := range b.taints {
		out.taints = add(out.taints, t)
	}
	switch {
	case a.Kind == b.Kind && (a.Kind == Mapping || a.Kind == Conn || a.Kind == Socket || a.Kind == List):
		out.Kind, out.Name = a.Kind, a.Name
		for i, k := range a.keys {
			out.keys, out.fields = append(out.keys, k), append(out.fields, join(a.fields[i], b.own(k)))
		}
		for i, k := range b.keys {
			if !slices.Contains(a.keys, k) {
				out.keys, out.fields = append(out.keys, k), append(out.fields, b.fields[i])
			}
		}
		out.elem = join(a.elem, b.elem)
		out.param = a.param
	case a.Kind == Tuple && b.Kind == Tuple && len(a.Items) == len(b.Items):
		out.Kind = Tuple
		for i := range a.Items {
			out.Items = append(out.Items, join(a.Items[i], b.Items[i]))
		}
	case a.Kind == Tuple || b.Kind == Tuple:
		// {:ok, v} or {:error, e}: the longer, or the first, is the one that is used.
		if a.Kind == Tuple {
			out.Kind, out.Items = Tuple, a.Items
		} else {
			out.Kind, out.Items = Tuple, b.Items
		}
	case a.IsConst() && b.IsConst():
		out.Kind, out.Why = Bounded, "one of several constants"
	case (a.Kind == Bounded || a.IsConst()) && (b.Kind == Bounded || b.IsConst()):
		out.Kind = Bounded
	case a.Kind == Joined || b.Kind == Joined:
		// Where the pieces differ, the one that begins with something that can be chosen says more.
		j, o := a, b
		if b.Kind == Joined && (a.Kind != Joined || len(b.Taints()) > len(a.Taints())) {
			j, o = b, a
		}
		out.Kind, out.Parts = Joined, j.Parts
		for _, t := range o.Taints() {
			out.taints = add(out.taints, t)
		}
	case a.param != nil && (b.IsConst() || b.Kind == Bounded):
		out.param = a.param
	case b.param != nil && (a.IsConst() || a.Kind == Bounded):
		out.param = b.param
	case a.Kind == Mapping || a.Kind == List || a.Kind == Conn || a.Kind == Socket:
		out.Kind, out.keys, out.fields, out.elem = a.Kind, a.keys, a.fields, a.elem
		for _, t := range b.Taints() {
			out.taints = add(out.taints, t)
		}
	case b.Kind == Mapping || b.Kind == List || b.Kind == Conn || b.Kind == Socket:
		out.Kind, out.keys, out.fields, out.elem = b.Kind, b.keys, b.fields, b.elem
		for _, t := range a.Taints() {
			out.taints = add(out.taints, t)
		}
	case a.fn != nil:
		out.fn, out.Kind = a.fn, Function
	}
	return out
}

func empty(v *Value) bool {
	return v.Kind == Constant && v.Atom && (v.Text == "nil" || v.Text == "error" || v.Text == "false")
}

// concat joins texts.
func concat(parts ...*Value) *Value {
	out := &Value{Kind: Joined}
	for _, p := range parts {
		switch {
		case p == nil:
			p = unknown("")
		case p.Kind == Joined && len(p.taints) == 0 && !p.partly:
			out.Parts = append(out.Parts, p.Parts...)
			continue
		}
		if n := len(out.Parts); n > 0 && p.Kind == Constant && out.Parts[n-1].Kind == Constant {
			out.Parts[n-1] = constant(out.Parts[n-1].Text + p.Text)
			continue
		}
		out.Parts = append(out.Parts, p)
	}
	if len(out.Parts) > 200 { // a text built in a very long row
		return out.flat("a long text")
	}
	if len(out.Parts) == 1 && (out.Parts[0].Kind == Constant) {
		return constant(out.Parts[0].Text)
	}
	return out
}

// Either is a value that is one or the other.
func Either(vs ...*Value) *Value {
	var out *Value
	for _, v := range vs {
		if v == nil {
			continue
		}
		if out == nil || out.IsConst() || out.Kind == Bounded {
			out = v
			continue
		}
		out = merge(out.flat(out.Why), v)
	}
	return out
}
