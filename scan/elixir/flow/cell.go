package flow

import (
	"strconv"
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// cell is a place that outlives a call: the state of a process, a key of the process dictionary. What is read from it is a
// parameter of nobody's until all has been read; then it is what was put there, whoever did.
type cell struct {
	what  string // in words
	value *Value
	open  bool // something was put there that was not followed
	sink  *Sink
	m     *project.Module
	f     *project.File
}

// cellAt gives the cell of a name, made when it is first asked for.
func (e *Engine) cellAt(name, what string, m *project.Module, f *project.File) int {
	id, ok := e.cellOf[name]
	if !ok {
		id = -1 - len(e.cells)
		e.cellOf[name] = id
		c := &cell{what: what, m: m, f: f}
		c.sink = &Sink{Call: "%cell", Name: name, cell: id}
		e.cells = append(e.cells, c)
	}
	return id
}

// held is what is read from a cell.
func held(id int, what string) *Value {
	return &Value{param: &param{n: id}, taints: []Taint{{Source: &Source{Kind: Param, n: id, What: what}}}}
}

// keep puts a value into a cell, now or where the callers say what it is.
func (fr *frame) keep(id int, v *Value, n *syntax.Node) {
	c := fr.e.cells[-1-id]
	v = v.stepped(fr.f, n, "kept in "+c.what)
	fr.decide(pending{c.sink, &Call{Node: n, File: fr.f, Func: fr.fn, Name: c.sink.Call}, v})
}

// put joins a value to what is in a cell. A state that is made out of itself adds what was changed in it.
func (e *Engine) put(id int, v *Value) {
	c := e.cells[-1-id]
	own := func(n int) bool { return n == id }
	in := *v
	if v.param != nil && own(v.param.n) {
		if len(v.param.path) > 0 {
			return // a part of it, put back
		}
		in.param = nil
		if len(in.keys) == 0 && in.elem == nil {
			return
		}
		in.Kind = Mapping
	}
	in.taints = nil
	for _, t := range v.taints {
		if t.Source.Kind != Param || !own(t.Source.n) {
			in.taints = append(in.taints, t)
		}
	}
	if in.Kind == Unknown && (v.lost() || v.holds(own, 0)) {
		// Made of itself in a way that was not followed: nothing can be said of its parts.
		c.open = true
		return
	}
	if in.Kind == Mapping {
		in.Why = c.what
	}
	c.value = join(c.value, &in)
}

// read is what a path names in a cell.
func (e *Engine) read(id int, path []string) *Value {
	key := strconv.Itoa(id) + " " + strings.Join(path, " ")
	v, ok := e.reads[key]
	if !ok {
		v = e.cells[-1-id].at(e, path)
		e.reads[key] = v
	}
	return v
}

func (c *cell) at(e *Engine, path []string) *Value {
	if c.value == nil {
		return unknown(c.what)
	}
	fr := &frame{e: e, fn: &project.Function{Module: c.m, File: c.f}, m: c.m, f: c.f, s: &summary{seen: map[siteKey]int{}}}
	v := c.value.follow(path, func(v *Value, key string) *Value { return fr.field(v, key, c.m.Node) })
	if v == nil {
		return unknown(c.what)
	}
	if c.open {
		out := *v
		if out.Kind == Constant || out.Kind == Bounded || out.Kind == Module {
			out.Kind = Unknown
		}
		out.partly, out.Config = true, false
		if out.Why == "" {
			out.Why = c.what
		}
		return &out
	}
	return v
}

// rounds is how often what is in a cell may come out of another one.
const rounds = 4

// settle puts what is in the cells in the place of what was read from them, and asks the sinks that waited for it.
func (e *Engine) settle() {
	f := &filling{cells: true, memo: map[*Value]*Value{}} // for all: what is in the cells does not change any more
	e.reads = map[string]*Value{}
	for _, w := range e.stateful {
		v := w.p.value
		f.fr = w.fr
		for range rounds {
			if v = f.fill(v, 0); !v.holds(ofCell, 0) {
				break
			}
		}
		if v.holds(ofCell, 0) {
			v = v.withoutCells()
		}
		w.fr.decide(pending{w.p.sink, w.p.call, v})
	}
}

// holds says whether there is a parameter of some kind in a value.
func (v *Value) holds(kind func(n int) bool, depth int) bool {
	if v == nil || depth > deepest+2 {
		return false
	}
	if v.param != nil && kind(v.param.n) {
		return true
	}
	for _, t := range v.taints {
		if t.Source.Kind == Param && kind(t.Source.n) {
			return true
		}
	}
	for _, list := range [][]*Value{v.Parts, v.Items, v.fields, {v.elem}} {
		for _, p := range list {
			if p.holds(kind, depth+1) {
				return true
			}
		}
	}
	return false
}

// ofCell and ofCaller tell the two kinds of parameters apart.
func ofCell(n int) bool   { return n < 0 }
func ofCaller(n int) bool { return n >= 0 }

// withoutCells is a value with the taints that are known, and for the rest not followed.
func (v *Value) withoutCells() *Value {
	out := unknown("a state that is made of itself")
	out.partly = true
	for _, t := range v.Taints() {
		if t.Source.Kind != Param {
			out.taints = add(out.taints, t)
		}
	}
	return out
}
