package flow

import (
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// bind gives the variables of a pattern their values.
func (fr *frame) bind(p *syntax.Node, v *Value, env *env, step bool) {
	if p == nil {
		return
	}
	if v == nil {
		v = unknown("")
	}
	switch p.Kind {
	case syntax.Var:
		if strings.HasPrefix(p.Name, "_") && p.Name != "__MODULE__" {
			return
		}
		if step {
			v = v.stepped(fr.f, p, "bound to "+p.Name)
		}
		env.set(p.Name, v)
	case syntax.Tuple, syntax.Pair:
		for i, a := range p.Args {
			fr.bind(a, v.Item(i), env, step)
		}
	case syntax.List:
		if keywordList(p) {
			fr.bindFields(p.Args, v, env, step)
			return
		}
		for i, a := range p.Args {
			if syntax.Is(a, "|") && len(a.Args) == 2 {
				fr.bind(a.Args[0], v.Elem(), env, step)
				fr.bind(a.Args[1], v, env, step)
				continue
			}
			fr.bind(a, v.Item(i), env, step)
		}
	case syntax.Map:
		fr.bindFields(p.Args, v, env, step)
	case syntax.Struct:
		switch name := fr.m.Named(p.Fun); {
		case name == "Plug.Upload":
			v = fr.upload(v, p)
		case name != "" && v.Name == "" && len(v.taints) > 0 && v.taints[0].Source.Kind == Record:
			named := *v
			named.Name = name
			v = &named
		case name == "Plug.Conn" && v.Kind != Conn:
			v = &Value{Kind: Conn, param: v.param}
		}
		fr.bindFields(p.Args, v, env, step)
	case syntax.Bitstring:
		for _, a := range p.Args {
			if syntax.Is(a, "::") && len(a.Args) == 2 {
				if kind := a.Args[1]; kind.Name == "integer" || kind.Name == "size" || kind.Name == "utf8" {
					fr.bind(a.Args[0], bounded("a number"), env, step)
					continue
				}
				a = a.Args[0]
			}
			fr.bind(a, v.flat(""), env, step)
		}
	case syntax.Call:
		switch {
		case p.Name == "=" && len(p.Args) == 2:
			fr.bind(p.Args[0], v, env, step)
			fr.bind(p.Args[1], v, env, step)
		case p.Name == "<>" && len(p.Args) == 2:
			// "prefix" <> rest: the rest is as free as the whole, but for what it comes after.
			rest := v.flat("")
			if v.param != nil {
				rest = v
			}
			fr.bind(p.Args[1], rest, env, step)
		case p.Name == `\\` && len(p.Args) == 2:
			fr.bind(p.Args[0], v, env, step)
		case p.Name == "when" && len(p.Args) == 2:
			fr.bind(p.Args[0], v, env, step)
		case p.Name == "|" && len(p.Args) == 2:
			fr.bind(p.Args[0], v.Elem(), env, step)
			fr.bind(p.Args[1], v, env, step)
		case p.Name == "in" && len(p.Args) == 2: // rescue e in Error
			fr.bind(p.Args[0], unknown("an error"), env, step)
		}
	}
}

func keywordList(p *syntax.Node) bool {
	return len(p.Args) > 0 && p.Args[0].Kind == syntax.Pair && p.Args[0].Args[0].Kind == syntax.Atom
}

func (fr *frame) bindFields(pairs []*syntax.Node, v *Value, env *env, step bool) {
	for _, p := range pairs {
		if p.Kind != syntax.Pair {
			continue
		}
		key, target := p.Args[0], p.Args[1]
		var f *Value
		if key.Kind == syntax.Atom || key.Kind == syntax.String || key.Kind == syntax.Integer {
			name := key.Name
			if name == "path" && key.Kind == syntax.Atom {
				name = dotPath
			}
			f = fr.field(v, name, p)
		} else {
			f = v.Elem()
		}
		fr.bind(target, shaped(fr, target, f), env, step)
	}
}

// upload is what of a Plug.Upload its sender chooses: the name and the type, and not where it was put.
func (fr *frame) upload(v *Value, n *syntax.Node) *Value {
	out := &Value{Kind: Mapping, Name: "Plug.Upload", Why: "an upload", taints: v.taints}
	if v.param != nil {
		out.param = v.param
	}
	return out.with("path", fr.uploaded("Plug", Request, &Call{Node: n}))
}

// learn notes that an expression has a constant value from here on.
func (fr *frame) learn(n *syntax.Node, v *Value, env *env) {
	switch n.Kind {
	case syntax.Var:
		if old, ok := env.get(n.Name); !ok || old.Kind != Conn && old.Kind != Socket {
			env.set(n.Name, v)
		}
	case syntax.Access, syntax.Remote:
		env.facts = true
		env.set(fr.f.Text(n), v)
	}
}

// clear notes that a test made what an expression says harmless.
func (fr *frame) clear(n *syntax.Node, g Guard, how string, env *env) {
	switch n.Kind {
	case syntax.Var, syntax.Access, syntax.Remote:
		if (n.Kind == syntax.Remote) && len(n.Args) == 1 && (n.Name == "parse" || n.Name == "new!" || n.Name == "to_string") {
			fr.clear(n.Args[0], g, how, env)
			return
		}
		v := fr.eval(n, env)
		if v.from != nil && v.from != n {
			fr.clear(v.from, g, how, env)
		}
		if v.Kind == Conn || v.Kind == Socket || v.Kind == Bounded {
			return
		}
		fr.learn(n, v.cleared(g, how), env)
		// A test of URI.parse(url).host speaks for the url as well.
		if n.Kind == syntax.Remote && n.Fun != nil && len(n.Args) == 0 && (n.Name == "host" || n.Name == "scheme") {
			if n.Name == "host" {
				g |= Host | Local
			}
			fr.clear(n.Fun, g&^Shape, how, env)
		}
	case syntax.Call:
		if n.Name == "|>" && len(n.Args) == 2 {
			fr.clear(n.Args[0], g, how, env)
		} else if n.Name == "to_string" && len(n.Args) == 1 {
			fr.clear(n.Args[0], g, how, env)
		}
	}
}

// assume learns what is so where a condition came out true, or false.
func (fr *frame) assume(n *syntax.Node, truth bool, env *env) {
	if n == nil {
		return
	}
	switch {
	case syntax.Is(n, "not", "!") && len(n.Args) == 1:
		fr.assume(n.Args[0], !truth, env)
	case syntax.Is(n, "and", "&&") && len(n.Args) == 2:
		if truth {
			fr.assume(n.Args[0], true, env)
			fr.assume(n.Args[1], true, env)
		}
	case syntax.Is(n, "or", "||") && len(n.Args) == 2:
		if !truth {
			fr.assume(n.Args[0], false, env)
			fr.assume(n.Args[1], false, env)
		}
	case syntax.Is(n, "in") && len(n.Args) == 2:
		if truth {
			fr.member(n.Args[0], n.Args[1], env)
		}
	case syntax.Is(n, "not in") && len(n.Args) == 2:
		if !truth {
			fr.member(n.Args[0], n.Args[1], env)
		}
	case syntax.Is(n, "==", "===") && len(n.Args) == 2 || syntax.Is(n, "!=", "!==") && len(n.Args) == 2:
		if truth == syntax.Is(n, "==", "===") {
			fr.equal(n.Args[0], n.Args[1], env)
		}
	case syntax.Is(n, "=~") && len(n.Args) == 2:
		if truth && wholePattern(fr.m.Value(n.Args[1])) {
			fr.clear(n.Args[0], Shape, "it is held against a pattern", env)
		}
	case n.Kind == syntax.Call && len(n.Args) == 1 && truth:
		switch n.Name {
		case "is_integer", "is_number", "is_float", "is_boolean", "is_nil":
			fr.clear(n.Args[0], Shape, "it is a number or nothing", env)
		case "is_atom":
			fr.clear(n.Args[0], Shape, "it is an atom already", env)
		}
		fr.predicate(n, nil, env)
	case syntax.Is(n, "|>") && len(n.Args) == 2 && truth:
		fr.predicate(n.Args[1], n.Args[0], env)
	case n.Kind == syntax.Remote || n.Kind == syntax.Call && truth:
		if truth {
			fr.predicate(n, nil, env)
		}
	}
}

// member learns from x in list: a list of what is written in the code, or of what the operator or the database allows.
func (fr *frame) member(x, list *syntax.Node, env *env) {
	v := fr.eval(list, env)
	for _, t := range v.Taints() {
		if t.Source.Kind >= Event {
			return
		}
	}
	fr.clear(x, Shape, "it is checked against a list", env)
}

// equal learns from a == b: the other side of what is known, and the host or the scheme of a URL.
func (fr *frame) equal(a, b *syntax.Node, env *env) {
	for range 2 {
		v := fr.eval(b, env)
		switch {
		case v.IsConst():
			fr.learn(a, v, env)
			if a.Kind == syntax.Remote && a.Fun != nil && len(a.Args) == 0 && a.Name == "host" {
				fr.clear(a.Fun, Host|Local|Scheme, "its host is compared", env)
			}
		case a.Kind == syntax.Remote && len(a.Args) == 0 && a.Name == "host" && a.Fun.Name != "conn":
			fr.clear(a.Fun, Host|Local, "its host is compared", env)
		}
		a, b = b, a
	}
}

// predicate learns from a question that was answered with yes.
func (fr *frame) predicate(n, first *syntax.Node, env *env) {
	if n.Kind != syntax.Remote && n.Kind != syntax.Call {
		return
	}
	args := n.Args
	if first != nil {
		args = append([]*syntax.Node{first}, args...)
	}
	name := n.Name
	if n.Kind == syntax.Remote {
		name = fr.m.Named(n.Fun) + "." + n.Name
	}
	switch name {
	case "Enum.member?", "MapSet.member?", "Map.has_key?", "Keyword.has_key?", "is_map_key", ":lists.member", ":maps.is_key":
		if len(args) == 2 {
			list, x := args[0], args[1]
			if name[0] == ':' {
				list, x = x, list
			}
			if name == "is_map_key" || !fr.mine(list, env) {
				return
			}
			fr.clear(x, Shape, "it is checked against a list", env)
		}
	case "String.match?", "Regex.match?":
		if len(args) == 2 {
			re, x := args[1], args[0]
			if name == "Regex.match?" {
				re, x = x, re
			}
			if wholePattern(fr.m.Value(re)) {
				fr.clear(x, Shape, "it is held against a pattern", env)
			}
		}
	case "String.starts_with?":
		if len(args) == 2 {
			fr.starts(args[0], fr.eval(args[1], env), env)
		}
	case "String.ends_with?":
		if len(args) == 2 && args[0].Kind == syntax.Remote && args[0].Name == "host" {
			fr.clear(args[0].Fun, Host|Local, "the end of its host is compared", env)
		}
	case "String.valid?", "is_binary", "is_list", "is_map":
	default:
		fr.answers(n, args, env)
	}
}

// mine says whether a list or map is of the code's own: nobody puts something in from outside.
func (fr *frame) mine(n *syntax.Node, env *env) bool {
	for _, t := range fr.eval(n, env).Taints() {
		if t.Source.Kind >= Event || t.Source.Kind == Param {
			return false
		}
	}
	return true
}

// starts learns from a beginning that is compared. For a path or a URL that says something only with the slash behind it.
func (fr *frame) starts(x *syntax.Node, with *Value, env *env) {
	text, _ := with.Prefix()
	if with.Kind == List && len(with.Items) > 0 {
		text, _ = with.Items[0].Prefix()
	}
	switch {
	case strings.Count(text, "/") >= 3 && strings.Contains(text, "://"):
		fr.clear(x, Host|Local|Scheme, "its beginning is compared", env)
	case strings.HasPrefix(text, "http"):
		fr.clear(x, Scheme, "its scheme is compared", env)
	case !with.IsConst() && len(with.Taints()) == 0:
		fr.clear(x, Path|Local|Host, "its beginning is compared", env)
	}
}

// answers learns from a function of the project whose name and use say that it checks its argument: valid?, safe_url?.
func (fr *frame) answers(n *syntax.Node, args []*syntax.Node, env *env) {
	if !strings.HasSuffix(n.Name, "?") && !strings.HasPrefix(n.Name, "valid") && !strings.HasPrefix(n.Name, "is_") {
		return
	}
	for _, word := range []string{"valid", "safe", "allow", "local", "trusted", "permit", "whitelist", "known", "legal"} {
		if !strings.Contains(n.Name, word) || strings.Contains(n.Name, "invalid") {
			continue
		}
		for _, a := range args {
			fr.clear(a, Path|Local|Scheme|Host|HTML|Regex, "it is checked by "+n.Name, env)
		}
		return
	}
}

// wholePattern says whether a regular expression holds all of a text to a set of characters: ~r/\A[a-z_]+\z/.
func wholePattern(n *syntax.Node) bool {
	if n == nil || n.Kind != syntax.Sigil || n.Name != "r" && n.Name != "R" || len(n.Args) != 1 {
		return false
	}
	re := n.Args[0].Name
	begins := strings.HasPrefix(re, "^") || strings.HasPrefix(re, `\A`)
	ends := strings.HasSuffix(re, "$") || strings.HasSuffix(re, `\z`) || strings.HasSuffix(re, `\Z`)
	return begins && ends && !strings.Contains(re, ".*") && !strings.Contains(re, ".+") && !strings.Contains(re, "[^")
}
