package flow

import (
	"slices"
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// pipe reads the right side of |> with the left as its first argument.
func (fr *frame) pipe(n *syntax.Node, first *Value, left *syntax.Node, env *env) *Value {
	switch n.Kind {
	case syntax.Call:
		switch n.Name {
		case "case":
			return fr.clauses(syntax.Do(n), first, left, env)
		case "|>":
			return fr.pipe(n.Args[1], fr.pipe(n.Args[0], first, left, env), n.Args[0], env)
		}
		return fr.local(n, first, left, env)
	case syntax.Var:
		return fr.local(n, first, left, env)
	case syntax.Remote:
		return fr.remote(n, first, left, env)
	case syntax.Invoke:
		f := fr.eval(n.Fun, env)
		args := append([]*Value{first}, fr.evals(n.Args, env)...)
		if f.fn != nil {
			return fr.invoke(f.fn, args)
		}
		return unknown("the result of a function")
	}
	fr.eval(n, env)
	return first.flat("")
}

// read reads the arguments of a call; a pipe's left side comes first, keywords without brackets are one mapping.
func (fr *frame) read(n *syntax.Node, first *Value, left *syntax.Node, env *env) *Call {
	c := &Call{Node: n}
	if first != nil {
		c.Args, c.Nodes = append(c.Args, first), append(c.Nodes, left)
	}
	for _, a := range n.Args {
		if a.Kind == syntax.List && a.Flags&syntax.DoBlock != 0 {
			fr.blocks(a, env)
			continue
		}
		c.Args, c.Nodes = append(c.Args, fr.eval(a, env)), append(c.Nodes, a)
	}
	return c
}

// blocks reads the do block of a call that is no syntax of ours: a macro, a test, a transaction.
func (fr *frame) blocks(list *syntax.Node, env *env) {
	for _, p := range list.Args {
		if p.Kind != syntax.Pair {
			continue
		}
		if b := p.Args[1]; b.Kind == syntax.List && b.Flags&syntax.Bare != 0 {
			fr.clauses(b, unknown(""), nil, env)
		} else {
			fr.eval(b, env.inner())
		}
	}
}

// local reads a call without a module: a function of this one, or an imported one.
func (fr *frame) local(n *syntax.Node, first *Value, left *syntax.Node, env *env) *Value {
	c := fr.read(n, first, left, env)
	if fn := fr.m.Func(n.Name, len(c.Args)); fn != nil && !fn.Macro {
		fr.emit(c, fr.m.Name+"."+n.Name)
		return fr.call(fn, c.Args, n)
	}
	of := fr.imported(n.Name, len(c.Args))
	if of == "" && fr.e.modelled(fr.m.Name) != fr.m.Name && fr.e.knows(fr.e.modelled(fr.m.Name)+"."+n.Name) {
		of = fr.m.Name // a repository that calls what its use gave it
	}
	if of == "" {
		fr.closures(c.Args)
		return unknown("the result of " + n.Name)
	}
	return fr.apply(c, of, n.Name)
}

// imported finds the module that a name without one comes from.
func (fr *frame) imported(name string, arity int) string {
	for _, of := range fr.m.Imports {
		if fn := fr.e.p.Func(of, name, arity); fn != nil && !fn.Private {
			return of
		}
	}
	if of := homes[name]; of != "" {
		return of
	}
	for _, of := range fr.m.Imports {
		if fr.e.knows(of + "." + name) {
			return of
		}
	}
	for _, u := range fr.m.Uses {
		if fr.e.knows(u.Module + "." + name) {
			return u.Module
		}
	}
	return ""
}

// knows says whether a function is a sink or has a model.
func (e *Engine) knows(name string) bool {
	if len(e.sinks[name]) > 0 {
		return true
	}
	_, ok := models[name]
	return ok
}

// remote reads Mod.name(args) and value.field.
func (fr *frame) remote(n *syntax.Node, first *Value, left *syntax.Node, env *env) *Value {
	of := fr.m.Named(n.Fun)
	if of == "" || n.Fun.Kind == syntax.Var && n.Fun.Name != "__MODULE__" {
		if first == nil && len(n.Args) == 0 && n.Flags&syntax.CallParen == 0 {
			if v, ok := fr.known(n, env); ok {
				return v
			}
			key := n.Name
			if key == "path" {
				key = dotPath
			}
			return fr.field(fr.eval(n.Fun, env), key, n)
		}
		m := fr.eval(n.Fun, env)
		switch {
		case m.Kind == Module || m.Kind == Constant && m.Atom:
			of = m.Text
		default:
			c := fr.read(n, first, left, env)
			if m.Kind != Unknown || len(m.taints) > 0 || m.param != nil {
				d := *c
				d.Args = append([]*Value{m, atom(n.Name)}, c.Args...)
				d.Nodes = append([]*syntax.Node{n.Fun, n}, c.Nodes...)
				fr.emit(&d, Dynamic)
			}
			return fr.dispatched(c, "", m, n.Name)
		}
	}
	c := fr.read(n, first, left, env)
	return fr.apply(c, of, n.Name)
}

// apply calls a function of a module: sinks first, then what it gives back.
func (fr *frame) apply(c *Call, of, name string) *Value {
	if m := fr.e.p.Modules[of]; m != nil && m.Node.Name == "defprotocol" && len(fr.e.dispatch.protocols[of]) > 0 {
		return fr.dispatched(c, of, nil, name)
	}
	if fn := fr.e.p.Func(of, name, len(c.Args)); fn != nil && !fn.Macro {
		fr.emit(c, of+"."+name)
		if special := fr.e.modelled(of); special != "" && special != of {
			fr.emit(c, special+"."+name)
		}
		return fr.call(fn, c.Args, c.Node)
	}
	known := fr.e.modelled(of)
	full := known + "." + name
	fr.emit(c, full)
	if full == "Kernel.apply" || full == ":erlang.apply" {
		return fr.applied(c)
	}
	c.Name = full
	if v := fr.process(c, full); v != nil {
		return v
	}
	return fr.result(c, known, name)
}

// applied follows apply(Mod, :name, args) where both are known.
func (fr *frame) applied(c *Call) *Value {
	if len(c.Args) == 2 && c.Args[0].fn != nil {
		return fr.invoke(c.Args[0].fn, c.Args[1].Items)
	}
	if len(c.Args) == 3 && c.Args[0].Kind == Module && c.Args[1].Kind == Constant && c.Args[2].Kind == List && c.Args[2].elem == nil {
		return fr.apply(&Call{Args: c.Args[2].Items, Nodes: make([]*syntax.Node, len(c.Args[2].Items)), Node: c.Node}, c.Args[0].Text, c.Args[1].Text)
	}
	if len(c.Args) == 3 && c.Args[1].Kind == Constant && c.Args[2].Kind == List && c.Args[2].elem == nil {
		return fr.dispatched(&Call{Args: c.Args[2].Items, Nodes: make([]*syntax.Node, len(c.Args[2].Items)), Node: c.Node}, "", c.Args[0], c.Args[1].Text)
	}
	return unknown("the result of apply")
}

// modelled is the module under which the tables know another: Repo for all repositories, Tesla for whoever uses Tesla.
func (e *Engine) modelled(of string) string {
	if name, ok := e.canonical[of]; ok {
		return name
	}
	name := of
	m := e.p.Modules[of]
	switch {
	case of == "Repo" || strings.HasSuffix(of, ".Repo") || m != nil && m.Using("Ecto.Repo"):
		name = "Repo"
	case m == nil && strings.HasSuffix(of, "Repo") && len(of) > 4:
		name = "Repo"
	case m != nil:
		for _, u := range m.Uses {
			switch u.Module {
			case "Tesla", "HTTPoison.Base", "HTTPoison":
				name = strings.TrimSuffix(u.Module, ".Base")
			}
		}
	}
	e.canonical[of] = name
	return name
}

// result is what a function that is not of this project gives back.
func (fr *frame) result(c *Call, of, name string) *Value {
	switch {
	case reflected[name] && fr.e.p.Modules[of] != nil:
		return bounded("what the compiler knows of " + of)
	case strings.HasSuffix(of, "Router.Helpers"):
		out := unknown("")
		for _, a := range c.Args {
			if a.Kind != Conn && a.Kind != Socket {
				out = merge(out, a)
			}
		}
		return out.cleared(HTML|Path|Scheme|Host|Line|Shell, "the router's helpers encode it")
	}
	if native := natives[of+"."+name]; native != nil {
		if v := native(fr, c); v != nil {
			return v
		}
	}
	if eachModules[of] && hasClosure(c.Args) {
		return fr.each(c, of, name)
	}
	full := of + "." + name
	m, ok := models[full]
	if !ok {
		m, ok = models[of+".*"]
	}
	if !ok && strings.HasSuffix(name, "?") {
		m, ok = model{what: "bounded"}, true
	}
	fr.closures(c.Args)
	if !ok {
		if a := c.Arg(0); a != nil && a.Kind == Conn {
			return a // what is done to a connection leaves it one
		} else if a != nil && a.Kind == Socket {
			return a
		}
		return unknown("the result of " + full)
	}
	return m.of(fr, c, full)
}

func hasClosure(args []*Value) bool {
	return slices.ContainsFunc(args, func(v *Value) bool { return v != nil && v.fn != nil })
}

// eachModules call functions with elements of their first argument.
var eachModules = map[string]bool{"Enum": true, "Stream": true, "Map": true, "Keyword": true, "Task": true, "Task.Supervisor": true, "Kernel": true, "List": true, "MapSet": true, "Flow": true, "Access": true, "Function": true, "Agent": true}

// each models functions that call a function with the elements of something.
func (fr *frame) each(c *Call, of, name string) *Value {
	first := c.Args[0]
	if of == "Kernel" { // then, tap
		v := unknown("")
		for _, a := range c.Args[1:] {
			if a.fn != nil {
				v = fr.invoke(a.fn, []*Value{first})
			}
		}
		if name == "tap" {
			return first
		}
		return v
	}
	elem := first.Elem()
	var acc *Value
	for _, a := range c.Args[1:] {
		if a.fn == nil {
			acc = join(acc, a)
		}
	}
	if first.fn != nil && (strings.HasPrefix(of, "Task") || of == "Agent") {
		return fr.invoke(first.fn, nil)
	}
	item := elem
	if first.Kind == Mapping && of != "Map" && of != "Keyword" {
		item = &Value{Kind: Tuple, Items: []*Value{keyOf(first), elem}}
	}
	var out *Value
	for _, a := range c.Args {
		if a.fn == nil {
			continue
		}
		args := []*Value{item, join(acc, unknown(""))}
		switch {
		case strings.Contains(name, "reduce") || strings.Contains(name, "scan") || name == "transform":
			args = []*Value{item, acc}
		case of == "Map" || of == "Keyword":
			switch name {
			case "new":
				args = []*Value{item}
			case "update", "update!", "get_and_update", "replace_lazy":
				args = []*Value{elem}
			default:
				args = []*Value{{Kind: Tuple, Items: []*Value{keyOf(first), elem}}, elem}
			}
		}
		got := fr.invoke(a.fn, args)
		if strings.Contains(name, "reduce") {
			// Once more with what the first round left: a text that grows.
			got = join(acc, got)
		}
		out = join(out, got)
	}
	switch strings.TrimSuffix(name, "!") {
	case "map", "flat_map", "map_every", "async_stream", "unfold", "with_index", "zip_with", "chunk_while", "transform", "scan", "resource", "iterate", "repeatedly":
		if out == nil {
			out = unknown("")
		}
		if name == "flat_map" {
			out = out.Elem()
		}
		return &Value{Kind: List, elem: out}
	case "filter", "reject", "sort_by", "uniq_by", "take_while", "drop_while", "dedup_by", "split_with", "sort", "tap":
		return first
	case "find", "max_by", "min_by":
		return item
	case "find_value", "reduce", "map_reduce", "reduce_while":
		return out
	case "map_join":
		return concat(out, join(acc, out))
	case "any?", "all?", "count", "each", "sum_by", "run", "find_index":
		return bounded("a number or a yes or no")
	case "new", "into", "group_by", "frequencies_by":
		if out != nil && out.Kind == Tuple && len(out.Items) == 2 {
			return &Value{Kind: Mapping, elem: out.Items[1]}
		}
		return &Value{Kind: Mapping, elem: join(out, elem)}
	}
	return join(out, first.flat(""))
}
