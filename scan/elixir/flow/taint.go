package flow

import (
	"slices"
)

// Taint says that a value can be chosen by whoever controls a source.
type Taint struct {
	Source *Source
	clear  Guard  // for what it was made harmless
	how    string // and by what
	via    *trail
}

// Guard is a set of uses for which a value was made harmless.
type Guard uint32

// The guards. Shape is what a pattern, a number or a list of what is allowed leaves: harmless everywhere.
const (
	Shape  Guard = 1 << iota
	HTML         // escaped or sanitised
	Path         // neither .. nor a root
	Local        // a path or host of our own
	Scheme       // http or https
	Host         // of a URL, constant or looked up
	SQL          // quoted or bound
	Term         // signed by ourselves, or read as plain data
	Shell        // quoted
	Line         // without line breaks
	Regex        // escaped
	Owner        // looked up for whom it belongs to
	Atom         // an atom that exists: harmless as a text, not as the name of a module or function
	Found        // the identifier of a record that was looked up by it
)

// anyText are the guards of a value that holds nothing a stranger could write.
const anyText = HTML | Path | Local | Scheme | Host | SQL | Term | Shell | Line | Regex

// Taints are all taints of a value and what is in it.
func (v *Value) Taints() []Taint {
	var all []Taint
	v.gather(&all, 0)
	return all
}

func (v *Value) gather(all *[]Taint, depth int) {
	if v == nil || depth > deepest+2 {
		return
	}
	for _, t := range v.taints {
		*all = add(*all, t)
	}
	for _, p := range v.Parts {
		p.gather(all, depth+1)
	}
	for _, p := range v.Items {
		p.gather(all, depth+1)
	}
	for i, p := range v.fields {
		if v.keys[i] == "" || v.keys[i][0] != '%' { // what a value says about itself
			p.gather(all, depth+1)
		}
	}
	v.elem.gather(all, depth+1)
}

// add puts a taint to others. Of two ways from one source the one on which less was made harmless stays.
func add(all []Taint, t Taint) []Taint {
	for i, o := range all {
		if o.Source.same(t.Source) {
			if o.clear != t.clear {
				all = slices.Clone(all)
				if o.clear&t.clear == t.clear {
					all[i] = t
				} else {
					all[i].clear &= t.clear
				}
			}
			return all
		}
	}
	if len(all) >= manyTaints {
		return all
	}
	return append(all[:len(all):len(all)], t)
}

// cleared is a value made harmless for some uses. One that is harmless for all has no taint any more.
func (v *Value) cleared(g Guard, how string) *Value { return v.clearBelow(g, how, 0) }

func (v *Value) clearBelow(g Guard, how string, depth int) *Value {
	if v == nil || depth > deepest {
		return v
	}
	if g&Shape != 0 {
		if v.Kind == Constant {
			return v
		}
		return bounded(how)
	}
	out := *v
	out.taints = slices.Clone(v.taints)
	for i := range out.taints {
		out.taints[i].clear |= g
		out.taints[i].how = how
	}
	if v.Kind == Unknown {
		out.safe |= g
	}
	if len(out.taints) == 0 && v.Why == "" {
		out.Why = how
	}
	out.param = nil // what it is replaced by would not be harmless
	each := func(vs []*Value) []*Value {
		vs = slices.Clone(vs)
		for i := range vs {
			vs[i] = vs[i].clearBelow(g, how, depth+1)
		}
		return vs
	}
	out.Parts, out.Items, out.fields = each(v.Parts), each(v.Items), each(v.fields)
	out.elem = v.elem.clearBelow(g, how, depth+1)
	return &out
}

// Chosen says whether the value itself is something that a stranger chooses, for no use harmless.
func (v *Value) Chosen() bool {
	for _, t := range v.Taints() {
		if t.clear == 0 {
			return true
		}
	}
	return false
}
