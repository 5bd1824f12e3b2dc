package flow

import (
	"strings"

	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

type summary struct {
	ret   *Value
	reply *Value // of a callback that answers
	pend  []pending
	seen  map[siteKey]int
	busy  bool
	steps int
}

// summarise reads a function. While it is being read, as in a recursion, its summary is empty.
func (e *Engine) summarise(fn *project.Function) *summary {
	if s := e.summaries[fn]; s != nil {
		return s
	}
	s := &summary{busy: true, seen: map[siteKey]int{}}
	e.summaries[fn] = s
	fr := &frame{e: e, fn: fn, m: fn.Module, f: fn.File, s: s}
	args := e.arguments(fn)
	if t := e.templates[fn]; t != nil {
		s.ret = fr.template(t, args[0], nil)
	}
	for _, c := range fn.Clauses {
		v := fr.clause(c, args)
		s.ret = join(s.ret, v)
	}
	if s.ret == nil {
		s.ret = unknown("")
	}
	if e.entries[fn] != nil {
		e.keepAssigns(fn, s.ret)
	}
	s.busy = false
	return s
}

// arguments are what a function is read with: what a framework calls it with, or parameters that may be anything.
func (e *Engine) arguments(fn *project.Function) []*Value {
	given := e.entries[fn]
	if given == nil {
		given = e.given[fn]
	}
	args := make([]*Value, max(fn.Arity, 1))
	for i := range args {
		switch {
		case i < len(given) && given[i] != nil:
			args[i] = given[i]
			continue
		case fn.Macro:
			args[i] = bounded(sourceCode)
			continue
		}
		args[i] = &Value{param: &param{n: i}, taints: []Taint{{Source: &Source{Kind: Param, n: i, What: "a parameter"}}}}
	}
	return args
}

// clause reads one clause of a function with given arguments.
func (fr *frame) clause(c *project.Clause, args []*Value) *Value {
	env := &env{}
	for i, p := range c.Params {
		var arg *Value
		if i < len(args) {
			arg = args[i]
		}
		arg = shaped(fr, p, arg)
		fr.bind(p, arg, env, false)
	}
	if c.Guard != nil {
		fr.assume(c.Guard, true, env)
	}
	if len(c.Node.Args) > 0 {
		fr.compiled(c.Node.Args[0], true)
	}
	if c.Body == nil {
		return fr.delegate(c, args)
	}
	v := fr.eval(c.Body, env)
	for _, key := range []string{"rescue", "catch", "else", "after"} {
		if b := syntax.Keyword(c.Node, key); b != nil {
			v = join(v, fr.clauses(b, unknown(""), nil, env))
		}
	}
	return v
}

// sourceCode is what macros are given and give back.
const sourceCode = "it is code that is being compiled"

// unquoted reads what a macro works out while it writes code.
func (fr *frame) unquoted(n *syntax.Node, env *env) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		if syntax.Is(n, "unquote", "unquote_splicing") {
			fr.evals(n.Args, env)
			return false
		}
		return true
	})
}

// compiled looks at code that runs when other code is compiled: the names of functions made in a loop, and what a macro
// writes. Atoms in it are the program's own; what else it writes is not followed.
func (fr *frame) compiled(n *syntax.Node, then bool) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		switch {
		case !then && syntax.Is(n, "unquote", "unquote_splicing"):
			for _, a := range n.Args {
				fr.compiled(a, true)
			}
			return false
		case n.Kind == syntax.AtomParts:
			fr.emit(&Call{Args: []*Value{bounded("it is made when the code is compiled")}, Nodes: []*syntax.Node{n}, Node: n}, AtomOf)
		case n.Kind == syntax.Remote && (len(n.Args) > 0 || n.Flags&syntax.CallParen != 0):
			if of := fr.m.Named(n.Fun); of != "" {
				if name := fr.e.modelled(of) + "." + n.Name; len(fr.e.sinks[name]) > 0 {
					args := make([]*Value, max(len(n.Args), 1)) // behind a pipe there may be none
					for i := range args {
						if args[i] = unknown("in code that a macro writes"); then {
							args[i] = bounded("it is made when the code is compiled")
						}
					}
					fr.emit(&Call{Args: args, Nodes: n.Args, Node: n}, name)
				}
			}
		}
		return true
	})
}

// delegate follows a defdelegate.
func (fr *frame) delegate(c *project.Clause, args []*Value) *Value {
	to := syntax.Keyword(c.Node, "to")
	if c.Node.Name != "defdelegate" || to == nil {
		return nil
	}
	name := fr.fn.Name
	if as := syntax.Keyword(c.Node, "as"); as != nil && as.Kind == syntax.Atom {
		name = as.Name
	}
	args = args[:min(len(args), len(c.Params))]
	return fr.apply(&Call{Name: fr.m.Named(to) + "." + name, Args: args, Node: c.Node, Nodes: c.Params}, fr.m.Named(to), name)
}

// shaped gives an argument the shape that a parameter's name or pattern tells: a connection or a socket.
func shaped(fr *frame, p *syntax.Node, v *Value) *Value {
	if v == nil || v.Kind == Conn || v.Kind == Socket {
		return v
	}
	kind := Unknown
	syntaxNames(p, func(n *syntax.Node) {
		switch {
		case n.Kind == syntax.Var && n.Name == "conn":
			kind = Conn
		case n.Kind == syntax.Var && n.Name == "socket":
			kind = Socket
		case n.Kind == syntax.Struct && n.Fun != nil && fr.m.Named(n.Fun) == "Plug.Conn":
			kind = Conn
		case n.Kind == syntax.Struct && n.Fun != nil && strings.HasSuffix(fr.m.Named(n.Fun), "Socket"):
			kind = Socket
		}
	})
	if kind == Unknown || v.param == nil {
		return v
	}
	out := *v
	out.Kind = kind
	out.taints = nil // nobody chooses a connection, only what is in it
	return &out
}

// syntaxNames visits what a pattern as a whole may be called: the variable itself, or both sides of =.
func syntaxNames(p *syntax.Node, visit func(*syntax.Node)) {
	if syntax.Is(p, "=") {
		for _, a := range p.Args {
			syntaxNames(a, visit)
		}
		return
	}
	visit(p)
}
