package flow

import (
	"palisade.dev/scan/elixir/syntax"
)

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
