package project

import (
	"strconv"
	"strings"

	"palisade.dev/scan/elixir/syntax"
)

// link gives all modules their names and resolves what stands at their tops: first the aliases of every module, then what
// each takes from others by use.
func (p *Project) link() {
	for _, f := range p.Files {
		for _, m := range f.Modules {
			p.order = append(p.order, m)
			if old := p.Modules[m.Name]; old == nil || old.File.Test() && !m.File.Test() {
				p.Modules[m.Name] = m
			}
		}
	}
	for _, m := range p.order {
		if m.Outer != nil {
			for short, whole := range m.Outer.aliases {
				m.aliases[short] = whole
			}
			m.Imports = append(m.Imports, m.Outer.Imports...)
			// A nested module is known by its own name inside the outer one.
			if rest, ok := strings.CutPrefix(m.Name, m.Outer.Name+"."); ok {
				first, _, _ := strings.Cut(rest, ".")
				m.Outer.aliases[first] = m.Outer.Name + "." + first
			}
		}
		for _, l := range m.lexical {
			m.take(l)
		}
		for _, fn := range m.Functions {
			for _, c := range fn.Clauses {
				m.inner(c.Body)
			}
		}
		for i, b := range m.Behaviours {
			m.Behaviours[i] = m.Resolve(b)
		}
	}
	for _, m := range p.order {
		own := m.Uses
		m.Uses = nil
		for _, u := range own {
			p.use(m, u, 0)
		}
		m.lexical = nil
	}
}

// inner takes the aliases inside of functions for the whole module where they say nothing else than it does. They hold in
// their function only, but that two functions mean different modules by one short name is rare.
func (m *Module) inner(body *syntax.Node) {
	syntax.Walk(body, func(n *syntax.Node) bool {
		if syntax.Is(n, "quote") {
			return false
		}
		if syntax.Is(n, "alias") {
			for short, whole := range m.aliased(n) {
				if _, taken := m.aliases[short]; !taken {
					m.aliases[short] = whole
				}
			}
		} else if syntax.Is(n, "import") {
			m.take(lexical{n, m.File})
		}
		return true
	})
}

func (m *Module) take(l lexical) {
	args := syntax.Args(l.node)
	if len(args) == 0 {
		return
	}
	switch l.node.Name {
	case "alias":
		for short, whole := range m.aliased(l.node) {
			m.aliases[short] = whole
		}
	case "import":
		m.Imports = append(m.Imports, m.names(args[0])...)
	case "require":
		m.Requires = append(m.Requires, m.names(args[0])...)
		if as := syntax.Keyword(l.node, "as"); as != nil && as.Kind == syntax.Alias {
			for short, whole := range m.aliased(l.node) {
				m.aliases[short] = whole
			}
		}
	case "use":
		for _, name := range m.names(args[0]) {
			m.Uses = append(m.Uses, Use{Module: name, Args: l.node.Args[1:], Node: l.node, File: l.file})
		}
	}
}

// aliased is what an alias makes known.
func (m *Module) aliased(n *syntax.Node) map[string]string {
	args := syntax.Args(n)
	if len(args) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, whole := range m.names(args[0]) {
		out[whole[strings.LastIndexByte(whole, '.')+1:]] = whole
		if as := syntax.Keyword(n, "as"); as != nil && as.Kind == syntax.Alias {
			return map[string]string{as.Name: whole}
		}
	}
	return out
}

// names are the modules that Foo.Bar or Foo.{Bar, Baz} names.
func (m *Module) names(n *syntax.Node) (names []string) {
	if n.Kind == syntax.Remote && n.Name == "{}" && n.Fun != nil {
		base := m.Named(n.Fun)
		for _, a := range n.Args {
			if a.Kind == syntax.Alias && base != "" {
				names = append(names, base+"."+a.Name)
			}
		}
		return names
	}
	if name := m.Named(n); name != "" {
		return []string{name}
	}
	return nil
}

// deepest is how many modules may use each other in a row: MyAppWeb, a library of the house, Phoenix.
const deepest = 6

// use records a use and what the used module's __using__ would write into the user.
func (p *Project) use(m *Module, u Use, depth int) {
	m.Uses = append(m.Uses, u)
	used := p.Modules[u.Module]
	if used == nil || used == m || depth > deepest {
		return
	}
	which := ""
	if len(u.Args) > 0 && u.Args[0].Kind == syntax.Atom {
		which = u.Args[0].Name
	}
	for _, body := range used.using {
		if which != "" && dispatches(body) {
			if fn := used.Func(which, 0); fn != nil {
				for _, c := range fn.Clauses {
					p.paste(m, used, c.Body, depth)
				}
			}
			continue
		}
		p.paste(m, used, body, depth)
	}
}

// dispatches says whether a __using__ hands on to the function that its caller names: apply(__MODULE__, which, []).
func dispatches(body *syntax.Node) (found bool) {
	syntax.Walk(body, func(n *syntax.Node) bool {
		found = found || syntax.Is(n, "apply")
		return !found
	})
	return found
}

// paste writes the quotes in a body into a module: directives in the words of the module that wrote them, functions as they are.
func (p *Project) paste(m, from *Module, body *syntax.Node, depth int) {
	syntax.Walk(body, func(n *syntax.Node) bool {
		if !syntax.Is(n, "quote") {
			return true
		}
		for _, b := range syntax.Body(syntax.Do(n)) {
			p.pasteOne(m, from, b, depth)
		}
		return false
	})
}

func (p *Project) pasteOne(m, from *Module, n *syntax.Node, depth int) {
	args := syntax.Args(n)
	switch {
	case syntax.Is(n, "unquote") && len(args) == 1 && depth < deepest:
		if c := args[0]; (c.Kind == syntax.Call || c.Kind == syntax.Var) && from.Func(c.Name, len(c.Args)) != nil {
			for _, clause := range from.Func(c.Name, len(c.Args)).Clauses {
				p.paste(m, from, clause.Body, depth+1)
			}
		}
	case syntax.Is(n, "alias"):
		for short, whole := range from.aliased(n) {
			if _, taken := m.aliases[short]; !taken {
				m.aliases[short] = whole
			}
		}
	case syntax.Is(n, "import") && len(args) > 0:
		m.Imports = append(m.Imports, from.names(args[0])...)
	case syntax.Is(n, "use") && len(args) > 0:
		for _, name := range from.names(args[0]) {
			p.use(m, Use{Module: name, Args: n.Args[1:], Node: n, File: from.File}, depth+1)
		}
	case syntax.Is(n, "@") && len(n.Args) == 1 && n.Args[0].Kind == syntax.Call && len(n.Args[0].Args) == 1:
		if name := n.Args[0].Name; name == "behaviour" {
			m.Behaviours = append(m.Behaviours, from.names(n.Args[0].Args[0])...)
		} else if len(m.Attributes[name]) == 0 {
			m.attribute(name, n.Args[0].Args[0])
		}
	case syntax.Is(n, "def", "defp"):
		// A module's own clauses win over those it is given, which is what defoverridable does.
		if len(n.Args) == 0 {
			return
		}
		head := n.Args[0]
		if syntax.Is(head, "when") && len(head.Args) == 2 {
			head = head.Args[0]
		}
		if own := m.funcs[head.Name+"/"+strconv.Itoa(len(head.Args))]; own == nil || own.File == from.File && own.File != m.File {
			m.define(from.File, n)
		}
	case syntax.Is(n, "if", "unless"):
		for _, b := range blocks(n) {
			for _, inner := range syntax.Body(b) {
				p.pasteOne(m, from, inner, depth)
			}
		}
	case n.Kind == syntax.Call:
		m.Calls = append(m.Calls, Statement{n, from.File})
	}
}
