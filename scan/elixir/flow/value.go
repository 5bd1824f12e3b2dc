package flow

import (
	"slices"
	"strconv"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// Kind is what is known of a value's shape.
type Kind uint8

// The kinds. A Conn and a Socket are what Plug and LiveView hand to every function of theirs.
const (
	Unknown  Kind = iota
	Constant      // known when the code is written: Text holds it
	Bounded       // a number, boolean, date, hash: whatever comes in, what comes out cannot be chosen freely
	Joined        // a text of Parts
	List          // of Elem
	Mapping       // a map, struct or keyword list
	Tuple
	Function
	Conn
	Socket
	Module // an atom or alias known to be a module, in Text
)

// Value is what is known of a value in a program that is not run. Values are never changed once made; nil knows nothing.
type Value struct {
	Kind   Kind
	Text   string   // of a constant
	Atom   bool     // the constant is an atom
	Parts  []*Value // of a joined text
	Items  []*Value // of a tuple
	Name   string   // of a struct or schema
	Why    string   // how an unknown, bounded or cleared value came about, in words
	Config bool     // the operator's: configuration or environment

	keys   []string
	fields []*Value
	elem   *Value // of a list, or behind the unknown keys of a mapping
	taints []Taint
	param  *param
	fn     *closure
	from   *syntax.Node // of a parsed URL: the expression that was parsed
}

// Taint says that a value can be chosen by whoever controls a source.
type Taint struct {
	Source *Source
	clear  Guard  // for what it was made harmless
	how    string // and by what
	via    *trail
}

// param is a value that is a parameter of the function being read, or a field of one, and nothing else.
type param struct {
	n    int
	path []string
}

type closure struct {
	node *syntax.Node // fn or &
	env  *env
	of   *project.Function // for &name/arity
	call string            // for &Module.name/arity of a module that is not here
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

// deepest is how far fields of fields are followed, and manyFields how many of one mapping.
const (
	deepest    = 4
	manyFields = 60
	manyTaints = 6
)

func constant(text string) *Value { return &Value{Kind: Constant, Text: text} }

func atom(name string) *Value { return &Value{Kind: Constant, Text: name, Atom: true} }

func bounded(why string) *Value { return &Value{Kind: Bounded, Why: why} }

func unknown(why string) *Value { return &Value{Why: why} }

func tainted(s *Source, t *trail) *Value { return &Value{taints: []Taint{{Source: s, via: t}}} }

// carrying is a value of which only the taints are known.
func carrying(taints []Taint, why string) *Value { return &Value{taints: taints, Why: why} }

// IsConst says whether a value is known when the code is written.
func (v *Value) IsConst() bool { return v.constantBelow(0) }

func (v *Value) constantBelow(depth int) bool {
	if v == nil || depth > deepest || len(v.taints) > 0 || v.param != nil {
		return false
	}
	all := func(vs []*Value) bool {
		return !slices.ContainsFunc(vs, func(v *Value) bool { return !v.constantBelow(depth + 1) })
	}
	switch v.Kind {
	case Constant, Module:
		return true
	case Joined:
		return all(v.Parts)
	case Tuple:
		return all(v.Items)
	case List, Mapping:
		return v.Why == "" && all(v.Items) && all(v.fields) && (v.elem == nil || v.elem.constantBelow(depth+1))
	}
	return false
}

// Is says whether a value is a constant of this text.
func (v *Value) Is(text string) bool { return v != nil && v.Kind == Constant && v.Text == text }

// Prefix is the constant text a value begins with, and whether that is all of it.
func (v *Value) Prefix() (text string, whole bool) {
	switch {
	case v == nil:
		return "", false
	case v.Kind == Constant:
		return v.Text, true
	case v.Kind == Joined:
		for _, p := range v.Parts {
			more, whole := p.Prefix()
			text += more
			if !whole {
				return text, false
			}
		}
		return text, true
	}
	return "", false
}

// Behind is what follows a joined text's constant beginning.
func (v *Value) Behind() *Value {
	if v == nil || v.Kind != Joined {
		return v
	}
	for i, p := range v.Parts {
		if _, whole := p.Prefix(); !whole {
			return &Value{Kind: Joined, Parts: v.Parts[i:]}
		}
	}
	return nil
}

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

// flat is a value of no shape with the taints of another.
func (v *Value) flat(why string) *Value {
	if v == nil {
		return unknown(why)
	}
	if v.IsConst() {
		return bounded(why)
	}
	out := carrying(v.Taints(), why)
	out.Config = v.Config
	if len(out.taints) == 0 && (v.Kind == Bounded || v.Kind == Conn || v.Kind == Socket) {
		out.Kind = Bounded
	}
	if out.Why == "" {
		out.Why = v.Why
	}
	return out
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
	out := &Value{Why: a.Why, Config: a.Config && b.Config}
	if out.Why == "" {
		out.Why = b.Why
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

// own is a field of a mapping, if it is known.
func (v *Value) own(key string) *Value {
	if v == nil {
		return nil
	}
	if i := slices.Index(v.keys, key); i >= 0 {
		return v.fields[i]
	}
	return nil
}

// Field is what stands behind a key.
func (v *Value) Field(key string) *Value {
	if v == nil {
		return nil
	}
	if f := v.own(key); f != nil {
		return f
	}
	if v.param != nil {
		return v.param.at(key, v.taints)
	}
	if v.Kind == Conn || v.Kind == Socket {
		return nil
	}
	var out *Value
	if v.elem != nil && v.Kind == Mapping {
		out = v.elem
	}
	if len(v.taints) > 0 {
		f := carrying(v.taints, "")
		f.Name = ""
		out = join(out, f)
	}
	if out == nil && v.Kind == Mapping && v.Why == "" {
		return atom("nil")
	}
	if out == nil && (v.Why != "" || v.Config) {
		return &Value{Why: v.Why, Config: v.Config}
	}
	return out
}

// with is a mapping with one field more or another. One that is a parameter stays it, with this field over it.
func (v *Value) with(key string, f *Value) *Value {
	out := &Value{Kind: Mapping}
	if v != nil {
		*out = *v
		if out.Kind != Conn && out.Kind != Socket {
			out.Kind = Mapping
		}
	}
	out.keys, out.fields = slices.Clone(out.keys), slices.Clone(out.fields)
	if f == nil {
		f = unknown("")
	}
	if i := slices.Index(out.keys, key); i >= 0 {
		out.fields[i] = f
	} else if len(out.keys) < manyFields {
		out.keys, out.fields = append(out.keys, key), append(out.fields, f)
	}
	return out
}

// Elem is any element of a list, or value of a mapping.
func (v *Value) Elem() *Value {
	if v == nil {
		return nil
	}
	var out *Value
	switch {
	case v.param != nil:
		return v.param.at("*", v.taints)
	case v.Kind == List || v.Kind == Mapping:
		out = v.elem
		for i, f := range v.fields {
			if v.keys[i] == "" || v.keys[i][0] != '%' {
				out = join(out, f)
			}
		}
		for _, f := range v.Items {
			out = join(out, f)
		}
	}
	if len(v.taints) > 0 {
		e := carrying(v.taints, "")
		e.Name = v.Name
		out = join(out, e)
	}
	if out == nil {
		return &Value{Why: v.Why, Config: v.Config, Name: v.Name}
	}
	return out
}

// Item is the nth of a tuple or list.
func (v *Value) Item(n int) *Value {
	switch {
	case v == nil:
		return nil
	case n < len(v.Items):
		return v.Items[n]
	case v.param != nil:
		return v.param.at("#"+strconv.Itoa(n), v.taints)
	case v.Kind == List:
		return v.Elem()
	}
	return v.flat("")
}

func (p *param) at(key string, taints []Taint) *Value {
	if len(p.path) >= deepest {
		return carrying(taints, "")
	}
	path := append(p.path[:len(p.path):len(p.path)], key)
	out := &Value{param: &param{p.n, path}}
	for _, t := range taints {
		if t.Source.Kind == Param && t.Source.n == p.n {
			s := *t.Source
			s.path = path
			t.Source = &s
		}
		out.taints = append(out.taints, t)
	}
	if len(taints) == 0 { // of a connection, which nobody chooses, but perhaps what is in it
		out.taints = []Taint{{Source: &Source{Kind: Param, n: p.n, path: path, What: "a parameter"}}}
	}
	return out
}

// follow is the part of an argument that a parameter's path names.
func (v *Value) follow(path []string, look func(*Value, string) *Value) *Value {
	for _, key := range path {
		switch {
		case v == nil:
			return nil
		case key == "*" || key == "":
			v = v.Elem()
		case key[0] == '#':
			n, err := strconv.Atoi(key[1:])
			if err != nil {
				v = look(v, key)
				continue
			}
			v = v.Item(n)
		default:
			v = look(v, key)
		}
	}
	return v
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

// concat joins texts.
func concat(parts ...*Value) *Value {
	out := &Value{Kind: Joined}
	for _, p := range parts {
		switch {
		case p == nil:
			p = unknown("")
		case p.Kind == Joined && len(p.taints) == 0:
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

// By is what a record was looked up by, for those that came out of the database by an identifier.
func (v *Value) By() *Value {
	switch {
	case v == nil:
		return nil
	case v.own(lookedUp) != nil:
		return v.own(lookedUp)
	case v.param != nil:
		return v.param.at(lookedUp, v.taints)
	}
	return nil
}

// lookedUp is a field that no record has: the identifier it was found by.
const lookedUp = "%by"

// Elements are the known items of a list or tuple.
func (v *Value) Elements() []*Value {
	if v == nil {
		return nil
	}
	return v.Items
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

// InOrder is the value of a sink that does no harm, and why.
func InOrder(why string) *Value { return bounded(why) }

// Lead is the first piece of a joined text, or the value itself.
func (v *Value) Lead() *Value {
	if v != nil && v.Kind == Joined && len(v.Parts) > 0 {
		return v.Parts[0]
	}
	return v
}

// Whole is a field of a mapping; of one that is a parameter, what callers will say it is.
func Whole(v *Value, key string) *Value {
	if v == nil {
		return nil
	}
	if f := v.Field(key); f != nil {
		return f
	}
	return unknown("a field that was not followed")
}
