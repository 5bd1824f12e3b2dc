package flow

import (
	"slices"
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/elixir/template"
)

// env is what names mean in one block; inner blocks hide it and leave it as it was. Names are those of variables, and for
// what a test found out also the text of expressions: params["sort"].
type env struct {
	outer *env
	names []string
	vals  []*Value
	facts bool
}

func (e *env) get(name string) (*Value, bool) {
	for ; e != nil; e = e.outer {
		for i := len(e.names) - 1; i >= 0; i-- {
			if e.names[i] == name {
				return e.vals[i], true
			}
		}
	}
	return nil, false
}

func (e *env) set(name string, v *Value) {
	e.names, e.vals = append(e.names, name), append(e.vals, v)
}

func (e *env) inner() *env { return &env{outer: e, facts: e != nil && e.facts} }

// frame is the reading of one function.
type frame struct {
	e     *Engine
	fn    *project.Function
	m     *project.Module
	f     *project.File
	s     *summary
	depth int
	holes map[*syntax.Node]*template.Hole
	given map[*template.Hole]*Value
}

// Bounds of one function: expressions read, and levels of closures within closures.
const (
	mostSteps   = 60_000
	mostClosure = 8
)

func (fr *frame) eval(n *syntax.Node, env *env) *Value {
	if n == nil {
		return atom("nil")
	}
	if fr.s.steps++; fr.s.steps > mostSteps {
		return unknown("in a function too long to follow")
	}
	v := fr.expression(n, env)
	if v == nil {
		v = unknown("")
	}
	if h := fr.holes[n]; h != nil {
		fr.given[h] = v
		fr.emit(&Call{Args: []*Value{v}, Nodes: []*syntax.Node{n}, Node: n, Hole: h}, Hole)
	}
	return v
}

func (fr *frame) evals(ns []*syntax.Node, env *env) []*Value {
	out := make([]*Value, len(ns))
	for i, n := range ns {
		out[i] = fr.eval(n, env)
	}
	return out
}

func (fr *frame) expression(n *syntax.Node, env *env) *Value {
	switch n.Kind {
	case syntax.Integer, syntax.Float, syntax.String, syntax.Charlist:
		return constant(n.Name)
	case syntax.Atom:
		return atom(n.Name)
	case syntax.StringParts, syntax.CharlistParts:
		return fr.parts(n, env)
	case syntax.AtomParts:
		v := fr.parts(n, env)
		fr.emit(&Call{Args: []*Value{v}, Nodes: []*syntax.Node{n}, Node: n}, AtomOf)
		return v.flat("an atom").cleared(Atom, "it is an atom")
	case syntax.Hole:
		return fr.eval(n.Args[0], env)
	case syntax.Sigil:
		return fr.sigil(n, env)
	case syntax.Var:
		return fr.variable(n, env)
	case syntax.Alias:
		if name := fr.m.Named(n); name != "" {
			return &Value{Kind: Module, Text: name, Atom: true}
		}
		return unknown("")
	case syntax.List:
		return fr.list(n, env)
	case syntax.Pair:
		items := fr.evals(n.Args, env)
		fr.returned(items, n)
		fr.started(items, n)
		return &Value{Kind: Tuple, Items: items}
	case syntax.Tuple:
		items := fr.evals(n.Args, env)
		fr.returned(items, n)
		fr.started(items, n)
		if len(items) == 2 && items[0].Is("safe") {
			fr.emit(&Call{Args: items[1:], Nodes: n.Args[1:], Node: n}, Safe)
		}
		return &Value{Kind: Tuple, Items: items}
	case syntax.Map:
		return fr.mapping(n, env)
	case syntax.Struct:
		v := fr.mapping(n, env)
		if n.Fun != nil {
			if name := fr.m.Named(n.Fun); name != "" && v.Kind == Mapping {
				named := *v
				named.Name = name
				v = &named
			}
		}
		return v
	case syntax.Bitstring:
		return fr.bits(n, env)
	case syntax.Block:
		return fr.block(n.Args, env)
	case syntax.Fn:
		return &Value{Kind: Function, fn: &closure{node: n, env: env}}
	case syntax.Access:
		return fr.access(n, env)
	case syntax.Invoke:
		args := fr.evals(n.Args, env)
		f := fr.eval(n.Fun, env)
		if f.fn != nil {
			return fr.invoke(f.fn, args)
		}
		fr.closures(args)
		return unknown("the result of a function")
	case syntax.Call:
		return fr.special(n, env)
	case syntax.Remote:
		return fr.remote(n, nil, nil, env)
	}
	for _, a := range n.Args {
		fr.eval(a, env)
	}
	return unknown("")
}

func (fr *frame) parts(n *syntax.Node, env *env) *Value {
	vals := make([]*Value, len(n.Args))
	for i, a := range n.Args {
		if a.Kind == syntax.Hole {
			vals[i] = text(fr.eval(a.Args[0], env).stepped(fr.f, a, "put into a text"))
			continue
		}
		vals[i] = constant(a.Name)
	}
	if len(vals) == 0 {
		return constant("")
	}
	return concat(vals...)
}

// text is a value turned into a string.
func text(v *Value) *Value {
	if v == nil {
		return unknown("")
	}
	switch v.Kind {
	case Constant:
		return constant(v.Text)
	case Module:
		return constant(v.Text)
	case List, Mapping, Tuple:
		return v.flat(v.Why)
	}
	return v
}

func (fr *frame) sigil(n *syntax.Node, env *env) *Value {
	switch n.Name {
	case "H", "E", "L", "LVN":
		if fr.f.Syntax == nil {
			return unknown("")
		}
		t, seen := fr.e.sigils[n]
		if !seen {
			t, _ = template.Sigil(fr.f.Syntax, n, template.Option{})
			fr.e.sigils[n] = t
		}
		if t == nil {
			return unknown("")
		}
		assigns, _ := env.get("assigns")
		in := *fr
		in.template(t, assigns, env)
		return bounded("a template")
	case "r":
		v := fr.parts(n, env)
		if slices.ContainsFunc(n.Args, func(a *syntax.Node) bool { return a.Kind == syntax.Hole }) {
			fr.emit(&Call{Args: []*Value{v}, Nodes: []*syntax.Node{n}, Node: n}, Pattern)
		}
		return v
	case "p":
		return fr.parts(n, env).cleared(HTML|Path|Local|Scheme|Host|Line|Shell, "the route encodes it")
	case "w", "W":
		if len(n.Args) == 1 && n.Args[0].Kind == syntax.String {
			out := &Value{Kind: List}
			for _, word := range strings.Fields(n.Args[0].Name) {
				out.Items = append(out.Items, &Value{Kind: Constant, Text: word, Atom: n.Fun != nil && n.Fun.Name == "a"})
			}
			return out
		}
		v := fr.parts(n, env)
		return &Value{Kind: List, elem: v}
	}
	return fr.parts(n, env)
}

func (fr *frame) variable(n *syntax.Node, env *env) *Value {
	if v, ok := env.get(n.Name); ok {
		return v
	}
	switch n.Name {
	case "__MODULE__":
		return &Value{Kind: Module, Text: fr.m.Name, Atom: true}
	case "__DIR__", "__ENV__", "__CALLER__", "__STACKTRACE__":
		return bounded("known when the code is compiled")
	case "conn":
		return &Value{Kind: Conn}
	}
	// A call without parentheses: of a function, as in older code.
	if fr.m.Func(n.Name, 0) != nil {
		return fr.local(n, nil, nil, env)
	}
	return unknown("")
}

func (fr *frame) list(n *syntax.Node, env *env) *Value {
	keywords := len(n.Args) > 0
	for _, a := range n.Args {
		keywords = keywords && a.Kind == syntax.Pair && a.Args[0].Kind == syntax.Atom
	}
	if keywords {
		out := &Value{Kind: Mapping}
		for _, a := range n.Args {
			out = out.with(a.Args[0].Name, fr.eval(a.Args[1], env))
		}
		return out
	}
	out := &Value{Kind: List}
	for _, a := range n.Args {
		if syntax.Is(a, "|") && len(a.Args) == 2 {
			head, tail := fr.eval(a.Args[0], env), fr.eval(a.Args[1], env)
			out.elem = join(join(out.elem, head), tail.Elem())
			continue
		}
		v := fr.eval(a, env)
		if len(out.Items) < manyFields {
			out.Items = append(out.Items, v)
		} else {
			out.elem = join(out.elem, v)
		}
	}
	return out
}

func (fr *frame) mapping(n *syntax.Node, env *env) *Value {
	out := &Value{Kind: Mapping}
	pairs := n.Args
	if len(pairs) == 1 && syntax.Is(pairs[0], "|") && len(pairs[0].Args) == 2 {
		base := fr.eval(pairs[0].Args[0], env)
		if base.Kind == Mapping || base.Kind == Conn || base.Kind == Socket || base.param != nil || len(base.taints) > 0 {
			out = base
		} else {
			out = &Value{Kind: Mapping, Why: base.Why, Config: base.Config, Name: base.Name}
		}
		pairs = pairs[0].Args[1].Args
	}
	for _, p := range pairs {
		if p.Kind != syntax.Pair {
			fr.eval(p, env)
			continue
		}
		v := fr.eval(p.Args[1], env)
		switch key := p.Args[0]; key.Kind {
		case syntax.Atom, syntax.String, syntax.Integer:
			out = out.with(key.Name, v)
		default:
			k := fr.eval(key, env)
			if k.Kind == Constant {
				out = out.with(k.Text, v)
				continue
			}
			grown := *out
			grown.elem = join(out.elem, v)
			out = &grown
		}
	}
	return out
}

func (fr *frame) bits(n *syntax.Node, env *env) *Value {
	vals := make([]*Value, 0, len(n.Args))
	for _, a := range n.Args {
		if syntax.Is(a, "::") && len(a.Args) == 2 {
			v := fr.eval(a.Args[0], env)
			if kind := syntax.Body(a.Args[1]); len(kind) == 1 && (kind[0].Name == "integer" || kind[0].Name == "float" || kind[0].Name == "size") {
				v = bounded("a number")
			}
			vals = append(vals, v)
			continue
		}
		vals = append(vals, fr.eval(a, env))
	}
	return concat(vals...)
}

func (fr *frame) block(ns []*syntax.Node, env *env) *Value {
	last := atom("nil")
	for _, n := range ns {
		last = fr.eval(n, env)
		fr.guardClause(n, env)
	}
	return last
}
