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
		return &Value{Kind: Tuple, Items: fr.evals(n.Args, env)}
	case syntax.Tuple:
		items := fr.evals(n.Args, env)
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

// guardClause learns from `unless x in @allowed, do: raise …`: what comes after it is only reached otherwise.
func (fr *frame) guardClause(n *syntax.Node, env *env) {
	if !syntax.Is(n, "if", "unless") || len(n.Args) == 0 {
		return
	}
	if then, otherwise := syntax.Do(n), syntax.Keyword(n, "else"); then != nil && otherwise == nil && leaves(then) {
		fr.assume(n.Args[0], n.Name == "unless", env)
	}
}

// leaves says whether a block never comes to its end.
func leaves(n *syntax.Node) bool {
	body := syntax.Body(n)
	return len(body) > 0 && syntax.Is(body[len(body)-1], "raise", "throw", "exit", "reraise")
}

func (fr *frame) access(n *syntax.Node, env *env) *Value {
	if v, ok := fr.known(n, env); ok {
		return v
	}
	of, key := fr.eval(n.Args[0], env), fr.eval(n.Args[1], env)
	if key.Kind == Constant {
		return fr.field(of, key.Text, n)
	}
	if of.param != nil {
		return of.param.at("*", of.taints)
	}
	return of.Elem()
}

// known is what a test found out about an expression that is no variable.
func (fr *frame) known(n *syntax.Node, env *env) (*Value, bool) {
	if !env.facts {
		return nil, false
	}
	return env.get(fr.f.Text(n))
}

// requested are the fields of a connection that the client fills.
var requested = map[string]string{
	"params": "parameters of the request", "query_params": "parameters of the request", "body_params": "parameters of the request",
	"path_params": "parameters of the request", "req_headers": "headers of the request", "cookies": "cookies of the request",
	"req_cookies": "cookies of the request", "query_string": "the query of the request", "request_path": "the path of the request",
	"path_info": "the path of the request", "host": "the host header of the request",
}

// dotPath is value.path, as against value["path"].
const dotPath = ".path"

// field is what stands behind a key of a value, connections and sockets included.
func (fr *frame) field(v *Value, key string, n *syntax.Node) *Value {
	if v == nil {
		return unknown("")
	}
	if key == dotPath {
		// A request's own data has texts for keys: what has a field path is an upload, which Plug put there.
		switch own := v.own("path"); {
		case own != nil:
			return own
		case v.param != nil:
			return v.param.at(dotPath, v.taints)
		case slices.ContainsFunc(v.taints, func(t Taint) bool { return t.Source.Kind == Request }):
			return bounded("where Plug put the upload")
		}
		key = "path"
	}
	if by := v.own(lookedUp); by != nil && key == "id" && by.Chosen() {
		return by.flat("").cleared(anyText|Found, "it is the identifier of a record")
	}
	if v.own(key) == nil {
		if key == lookedUp && v.param == nil {
			return bounded("no identifier")
		}
		if v.Name == live {
			if a := fr.e.assigns[fr.m.Name]; a != nil && a.own(key) != nil {
				return a.own(key)
			}
			return &Value{Why: v.Why}
		}
		switch v.Kind {
		case Conn:
			if what := requested[key]; what != "" {
				return fr.source(Request, what, n)
			}
		case Socket:
			if key == "assigns" && v.param == nil {
				if a := fr.e.assigns[fr.m.Name]; a != nil {
					return a
				}
			}
		}
	}
	out := v.Field(key)
	if out == nil {
		why := v.Why
		switch v.Kind {
		case Conn, Socket:
			why = "in the assigns or the state of the " + map[Kind]string{Conn: "connection", Socket: "socket"}[v.Kind]
		}
		return &Value{Why: why, Config: v.Config}
	}
	if v.Name != "" && len(out.taints) > 0 && out.Name == "" && v.own(key) == nil {
		out = fr.e.recordField(v, key, out)
	}
	return out
}

func (fr *frame) source(level Level, what string, n *syntax.Node) *Value {
	s := &Source{Kind: level, What: what, Place: fr.f.Place(n), Text: oneLine(fr.f.Text(n))}
	return tainted(s, (*trail)(nil).then(fr.f, n, "source: "+what))
}

// invoke calls a closure.
func (fr *frame) invoke(c *closure, args []*Value) *Value {
	if c.of != nil {
		return fr.call(c.of, args, c.node)
	}
	if c.call != "" {
		at := strings.LastIndexByte(c.call, '.')
		return fr.apply(&Call{Args: args, Node: c.node, Nodes: make([]*syntax.Node, len(args))}, c.call[:at], c.call[at+1:])
	}
	if fr.depth > mostClosure {
		return unknown("in closures too deep to follow")
	}
	fr.depth++
	defer func() { fr.depth-- }()
	if c.node.Kind != syntax.Fn { // &(… &1 …)
		in := c.env.inner()
		for i, a := range args {
			in.set("&"+string(rune('1'+i)), a)
		}
		return fr.eval(c.node.Args[0], in)
	}
	var out *Value
	for _, clause := range c.node.Args {
		in := c.env.inner()
		head := clause.Args[0].Args
		if len(head) == 1 && syntax.Is(head[0], "when") {
			guard := head[0].Args[len(head[0].Args)-1]
			fr.bindAll(head[0].Args[:len(head[0].Args)-1], args, in)
			fr.assume(guard, true, in)
		} else {
			fr.bindAll(head, args, in)
		}
		out = join(out, fr.eval(clause.Args[1], in))
	}
	return out
}

func (fr *frame) bindAll(patterns []*syntax.Node, args []*Value, env *env) {
	for i, p := range patterns {
		var a *Value
		if i < len(args) {
			a = args[i]
		}
		if a == nil {
			a = unknown("")
		}
		fr.bind(p, shaped(fr, p, a), env, true)
	}
}

// closures reads the functions among some arguments, which somebody is going to call with something.
func (fr *frame) closures(args []*Value) {
	for _, a := range args {
		if a == nil {
			continue
		}
		if a.fn != nil && a.fn.node != nil && a.fn.of == nil && a.fn.call == "" {
			fr.invoke(a.fn, nil)
		}
		if a.Kind == Mapping {
			for _, f := range a.fields {
				if f != nil && f.fn != nil && f.fn.of == nil && f.fn.call == "" {
					fr.invoke(f.fn, nil)
				}
			}
		}
	}
}

// special reads a call without a module: syntax first, functions after it.
func (fr *frame) special(n *syntax.Node, env *env) *Value {
	args := n.Args
	two := len(args) == 2
	switch n.Name {
	case "=":
		if two {
			v := fr.eval(args[1], env)
			fr.bind(args[0], v, env, true)
			return v
		}
	case "|>":
		if two {
			return fr.pipe(args[1], fr.eval(args[0], env), args[0], env)
		}
	case "<>":
		if two {
			return concat(text(fr.eval(args[0], env)), text(fr.eval(args[1], env)).stepped(fr.f, args[1], "put into a text"))
		}
	case "++", "--":
		if two {
			a, b := fr.eval(args[0], env), fr.eval(args[1], env)
			if a.Kind == List && b.Kind == List && a.elem == nil && b.elem == nil {
				return &Value{Kind: List, Items: slices.Concat(a.Items, b.Items), Why: a.Why + b.Why}
			}
			if a.Kind == Mapping && b.Kind == Mapping {
				return join(a, b)
			}
			return &Value{Kind: List, elem: join(a.Elem(), b.Elem())}
		}
	case "+", "-", "*", "/", "..", "div", "rem", "==", "!=", "===", "!==", "<", ">", "<=", ">=", "=~", "not", "!", "in", "not in", "abs", "round", "trunc":
		vals := fr.evals(args, env)
		if (n.Name == "==" || n.Name == "===" || n.Name == "!=") && two {
			fr.emit(&Call{Args: vals, Nodes: args, Node: n}, Equality)
		}
		return bounded("a number or a yes or no")
	case "&&", "and":
		if two {
			a := fr.eval(args[0], env)
			in := env.inner()
			fr.assume(args[0], true, in)
			if b := fr.eval(args[1], in); b.Kind != Bounded {
				return join(atom("nil"), b)
			}
			return a.flat("a yes or no")
		}
	case "||", "or":
		if two {
			return join(fr.eval(args[0], env), fr.eval(args[1], env))
		}
	case "^", "unquote", "unquote_splicing":
		if len(args) == 1 {
			return fr.eval(args[0], env)
		}
	case "&":
		if len(args) == 1 {
			return fr.capture(n, args[0], env)
		}
	case "@":
		return fr.attribute(n, env)
	case "if", "unless":
		return fr.ifElse(n, env)
	case "case":
		if len(args) > 0 {
			return fr.clauses(syntax.Do(n), fr.eval(args[0], env), args[0], env)
		}
	case "cond":
		return fr.cond(n, env)
	case "with":
		return fr.with(n, env)
	case "for":
		return fr.comprehension(n, env)
	case "try":
		out := fr.eval(syntax.Do(n), env.inner())
		for _, key := range []string{"rescue", "catch", "else"} {
			if b := syntax.Keyword(n, key); b != nil {
				out = join(out, fr.clauses(b, unknown(""), nil, env))
			}
		}
		fr.eval(syntax.Keyword(n, "after"), env.inner())
		return out
	case "receive":
		return fr.clauses(syntax.Do(n), unknown("a message to the process"), nil, env)
	case "from", "dynamic":
		return fr.query(n, env)
	case "quote":
		fr.compiled(syntax.Do(n), false)
		return unknown("")
	case "alias", "import", "require", "use", "def", "defp":
		return unknown("")
	case "<-":
		if two { // :for={x <- list}, :let
			v := fr.eval(args[1], env)
			fr.bind(args[0], v.Elem(), env, true)
			return v.Elem()
		}
	case "__block__":
		return fr.block(args, env)
	case "raise", "throw", "exit", "reraise":
		fr.evals(args, env)
		return nil
	}
	return fr.local(n, nil, nil, env)
}

// query reads Ecto's from: what it interpolates is bound, the schema it names is the shape of what comes out.
func (fr *frame) query(n *syntax.Node, env *env) *Value {
	out := &Value{Why: "a query"}
	for i, a := range n.Args {
		if i == 0 && syntax.Is(a, "in") && len(a.Args) == 2 {
			out.Name = fr.m.Named(a.Args[1])
			if out.Name == "" {
				out.Name = fr.eval(a.Args[1], env).Name
			}
			continue
		}
		if i == 0 && a.Kind == syntax.Alias {
			out.Name = fr.m.Named(a)
			continue
		}
		fr.pinned(a, env)
	}
	return out
}

// pinned reads what stands behind ^ in a query: sinks in it are sinks, and so are a query's own constructs.
func (fr *frame) pinned(n *syntax.Node, env *env) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		switch {
		case syntax.Is(n, "^") && len(n.Args) == 1:
			fr.eval(n.Args[0], env)
			return false
		case syntax.Is(n, "unsafe_fragment", "field", "fragment", "literal", "identifier") && len(n.Args) > 0:
			vals := make([]*Value, len(n.Args))
			for i, a := range n.Args {
				vals[i] = bounded("part of the query")
				if inner := a; syntax.Is(inner, "^") && len(inner.Args) == 1 {
					vals[i] = fr.eval(inner.Args[0], env)
				} else if a.Kind == syntax.String {
					vals[i] = constant(a.Name)
				}
			}
			fr.emit(&Call{Args: vals, Nodes: n.Args, Node: n}, "Ecto.Query.API."+n.Name)
			return true
		}
		return true
	})
}

func (fr *frame) attribute(n *syntax.Node, env *env) *Value {
	if len(n.Args) != 1 || n.Args[0].Kind != syntax.Var {
		return unknown("")
	}
	name := n.Args[0].Name
	if assigns, ok := env.get("assigns"); ok && (fr.holes != nil || fr.m.Attributes[name] == nil) {
		return fr.field(assigns, name, n)
	}
	values := []*syntax.Node(nil)
	for m := fr.m; m != nil && len(values) == 0; m = m.Outer {
		values = m.Attributes[name]
	}
	if len(values) == 0 {
		return bounded("an attribute of the module")
	}
	v, done := fr.e.constants[values[0]]
	if !done {
		fr.e.constants[values[0]] = bounded("an attribute of the module")
		in := &frame{e: fr.e, fn: fr.fn, m: fr.m, f: fr.f, s: &summary{seen: map[siteKey]int{}}, depth: fr.depth}
		for _, value := range values {
			v = join(v, in.eval(value, &envEmpty))
		}
		// Whatever it is made of, it was known when the code was compiled.
		if !v.IsConst() {
			v = bounded("an attribute of the module")
		}
		fr.e.constants[values[0]] = v
	}
	return v
}

var envEmpty env

func (fr *frame) capture(n, body *syntax.Node, env *env) *Value {
	if body.Kind == syntax.Integer {
		v, ok := env.get("&" + body.Name)
		if !ok {
			return unknown("")
		}
		return v
	}
	if syntax.Is(body, "/") && len(body.Args) == 2 {
		if arity, ok := body.Args[1].Int(); ok {
			switch f := body.Args[0]; f.Kind {
			case syntax.Var, syntax.Call:
				if fn := fr.m.Func(f.Name, int(arity)); fn != nil {
					return &Value{Kind: Function, fn: &closure{node: n, of: fn}}
				}
				if of := fr.imported(f.Name, int(arity)); of != "" {
					return &Value{Kind: Function, fn: &closure{node: n, call: of + "." + f.Name, of: fr.e.p.Func(of, f.Name, int(arity))}}
				}
			case syntax.Remote:
				if of := fr.m.Named(f.Fun); of != "" {
					return &Value{Kind: Function, fn: &closure{node: n, call: of + "." + f.Name, of: fr.e.p.Func(of, f.Name, int(arity))}}
				}
			}
		}
		return unknown("")
	}
	return &Value{Kind: Function, fn: &closure{node: n, env: env}}
}

func (fr *frame) ifElse(n *syntax.Node, env *env) *Value {
	if len(n.Args) == 0 {
		return unknown("")
	}
	fr.eval(n.Args[0], env)
	then, otherwise := env.inner(), env.inner()
	fr.assume(n.Args[0], n.Name == "if", then)
	fr.assume(n.Args[0], n.Name != "if", otherwise)
	out := fr.eval(syntax.Do(n), then)
	if leaves(syntax.Do(n)) {
		out = nil
	}
	if b := syntax.Keyword(n, "else"); b != nil {
		if v := fr.eval(b, otherwise); !leaves(b) {
			out = join(out, v)
		}
	}
	return out
}

// clauses reads the clauses of a case or the like. The subject is what they look at, if it is an expression.
func (fr *frame) clauses(body *syntax.Node, v *Value, subject *syntax.Node, env *env) *Value {
	if body == nil {
		return unknown("")
	}
	var out *Value
	for _, c := range syntax.Body(body) {
		if c.Kind == syntax.List {
			for _, c := range c.Args {
				out = join(out, fr.oneClause(c, v, subject, env))
			}
			continue
		}
		out = join(out, fr.oneClause(c, v, subject, env))
	}
	return out
}

func (fr *frame) oneClause(c *syntax.Node, v *Value, subject *syntax.Node, env *env) *Value {
	if c.Kind != syntax.Clause {
		return fr.eval(c, env)
	}
	in := env.inner()
	for _, head := range c.Args[0].Args {
		var guard *syntax.Node
		if syntax.Is(head, "when") && len(head.Args) == 2 {
			head, guard = head.Args[0], head.Args[1]
		}
		switch {
		case subject != nil && head.Kind == syntax.Atom && (head.Name == "true" || head.Name == "false"):
			fr.assume(subject, head.Name == "true", in)
		case subject != nil && literal(head):
			fr.learn(subject, fr.eval(head, env), in)
		}
		fr.bind(head, v, in, true)
		if guard != nil {
			fr.assume(guard, true, in)
			if head.Kind == syntax.Var && subject != nil && subject.Kind == syntax.Var {
				if w, ok := in.get(head.Name); ok && w != v {
					in.set(subject.Name, w)
				}
			}
		}
	}
	out := fr.eval(c.Args[1], in)
	if leaves(c.Args[1]) {
		return nil
	}
	return out
}

func literal(n *syntax.Node) bool {
	return n.Kind == syntax.String || n.Kind == syntax.Atom || n.Kind == syntax.Integer || n.Kind == syntax.Charlist
}

func (fr *frame) cond(n *syntax.Node, env *env) *Value {
	var out *Value
	failed := env.inner()
	for _, b := range syntax.Body(syntax.Do(n)) {
		list := []*syntax.Node{b}
		if b.Kind == syntax.List {
			list = b.Args
		}
		for _, c := range list {
			if c.Kind != syntax.Clause || len(c.Args[0].Args) == 0 {
				continue
			}
			test := c.Args[0].Args[0]
			fr.eval(test, failed)
			in := failed.inner()
			fr.assume(test, true, in)
			if v := fr.eval(c.Args[1], in); !leaves(c.Args[1]) {
				out = join(out, v)
			}
			fr.assume(test, false, failed)
		}
	}
	return out
}

func (fr *frame) with(n *syntax.Node, env *env) *Value {
	in := env.inner()
	for _, a := range syntax.Args(n) {
		if syntax.Is(a, "<-") && len(a.Args) == 2 {
			v := fr.eval(a.Args[1], in)
			p := a.Args[0]
			var guard *syntax.Node
			if syntax.Is(p, "when") && len(p.Args) == 2 {
				p, guard = p.Args[0], p.Args[1]
			}
			if p.Kind == syntax.Atom && (p.Name == "true" || p.Name == "false") {
				fr.assume(a.Args[1], p.Name == "true", in)
			} else if literal(p) {
				fr.learn(a.Args[1], fr.eval(p, in), in)
			}
			fr.bind(p, v, in, true)
			if guard != nil {
				fr.assume(guard, true, in)
			}
			continue
		}
		fr.eval(a, in)
	}
	out := fr.eval(syntax.Do(n), in)
	if b := syntax.Keyword(n, "else"); b != nil {
		out = join(out, fr.clauses(b, unknown("what a with refused"), nil, env))
	}
	return out
}

func (fr *frame) comprehension(n *syntax.Node, env *env) *Value {
	in := env.inner()
	for _, a := range syntax.Args(n) {
		switch {
		case syntax.Is(a, "<-") && len(a.Args) == 2:
			v := fr.eval(a.Args[1], in)
			p := a.Args[0]
			var guard *syntax.Node
			if syntax.Is(p, "when") && len(p.Args) == 2 {
				p, guard = p.Args[0], p.Args[1]
			}
			if v.Kind == Mapping && v.param == nil && p.Kind == syntax.Tuple && len(p.Args) == 2 {
				fr.bind(p.Args[0], keyOf(v), in, true)
				fr.bind(p.Args[1], v.Elem(), in, true)
			} else {
				fr.bind(p, v.Elem(), in, true)
			}
			if guard != nil {
				fr.assume(guard, true, in)
			}
		case a.Kind == syntax.Bitstring:
			for _, b := range a.Args {
				if syntax.Is(b, "<-") && len(b.Args) == 2 {
					fr.bind(b.Args[0], fr.eval(b.Args[1], in).flat(""), in, true)
				}
			}
		default:
			fr.eval(a, in)
			fr.assume(a, true, in)
		}
	}
	if r := syntax.Keyword(n, "reduce"); r != nil {
		acc := fr.eval(r, in)
		return join(acc, fr.clauses(syntax.Do(n), acc, nil, in))
	}
	body := fr.eval(syntax.Do(n), in)
	if body.Kind == Tuple && len(body.Items) == 2 && syntax.Keyword(n, "into") != nil {
		return &Value{Kind: Mapping, elem: body.Items[1]}
	}
	return &Value{Kind: List, elem: body}
}

// keyOf is any key of a mapping: those written in the code are constants.
func keyOf(v *Value) *Value {
	if len(v.taints) > 0 || v.param != nil {
		return v.flat("")
	}
	if v.elem != nil || v.Why != "" {
		return unknown(v.Why)
	}
	return bounded("a key written in the code")
}
