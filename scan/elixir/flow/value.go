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
	safe   Guard    // for what an unknown value was made harmless
	among  []string // modules that it may be, as far as they are known
	partly bool     // besides what its taints tell there is something in it that was not followed

	keys   []string
	fields []*Value
	elem   *Value // of a list, or behind the unknown keys of a mapping
	taints []Taint
	param  *param
	fn     *closure
	from   *syntax.Node // of a parsed URL: the expression that was parsed
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
		if v.Kind == Mapping && key != "" && key[0] != '%' {
			return v.doubt(f)
		}
		return f
	}
	if v.param != nil {
		return join(v.param.at(key, v.taints), v.elem)
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
	if out == nil && v.Kind == Bounded {
		return v
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

// doubt is a part of a value of which something was not followed: what is known of the part may not be all.
func (v *Value) doubt(part *Value) *Value {
	if !v.partly || part == nil || part.partly || part.Kind == Conn || part.Kind == Socket || part.fn != nil {
		return part
	}
	out := *part
	if part.IsConst() || part.Kind == Bounded {
		out = Value{}
	}
	out.partly, out.Config = true, false
	if out.Why = v.Why; out.Why == "" {
		out.Why = part.Why
	}
	return &out
}

// Elem is any element of a list, or value of a mapping.
func (v *Value) Elem() *Value {
	if v == nil {
		return nil
	}
	var out *Value
	switch {
	case v.param != nil:
		return join(v.param.at("*", v.taints), v.elem)
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
	switch {
	case out != nil:
		return v.doubt(out)
	case v.Kind == Bounded:
		return v
	}
	return &Value{Why: v.Why, Config: v.Config, Name: v.Name, partly: v.partly}
}

// Item is the nth of a tuple or list.
func (v *Value) Item(n int) *Value {
	switch {
	case v == nil:
		return nil
	case n < len(v.Items):
		return v.doubt(v.Items[n])
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
