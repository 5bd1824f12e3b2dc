package flow

import (
	"slices"

	"palisade.dev/scan/elixir/syntax"
)

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
		if fr.fn.Macro {
			fr.unquoted(syntax.Do(n), env)
			return bounded(sourceCode)
		}
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
