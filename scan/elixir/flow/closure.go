package flow

import (
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

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
