// Package phoenix knows what Phoenix applications are made of, for checks that look at structure: endpoints, which plugs
// turn strangers away, which ones count requests, and where in a source a line can be added.
package phoenix

import (
	"bytes"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// Walk visits the nodes of all modules that run in production, each with the innermost module it is in. With some words
// only files that hold one of them are walked: to look for a word in a text costs a hundredth of walking its tree.
func Walk(p *project.Project, visit func(*project.Module, *syntax.Node) bool, words ...string) {
	var last *project.File
	skip := false
	for _, m := range p.All() {
		if m.File != last {
			last, skip = m.File, m.File.Test() || MixTask(m.File) || len(words) > 0 && !Holds(m.File, words...)
		}
		if skip {
			continue
		}
		syntax.Walk(m.Node, func(n *syntax.Node) bool {
			if n != m.Node && syntax.Is(n, "defmodule", "defimpl", "defprotocol") {
				return false
			}
			return visit(m, n)
		})
	}
}

// Holds says whether one of some words stands in a file.
func Holds(f *project.File, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(f.Src, []byte(w)) })
}

// MixTask says whether a file is the project's own description or a script, which no server runs.
func MixTask(f *project.File) bool {
	return strings.HasSuffix(f.Path, ".exs") || strings.Contains(f.Path, "installer/templates/")
}

// Routers are those that run in production.
func Routers(p *project.Project) (found []*project.Router) {
	for _, r := range p.Routers {
		if !r.Module.File.Test() && !MixTask(r.Module.File) {
			found = append(found, r)
		}
	}
	return found
}

// Endpoints are the modules that use Phoenix.Endpoint.
func Endpoints(p *project.Project) (found []*project.Module) {
	for _, m := range p.All() {
		if m.Using("Phoenix.Endpoint") && !m.File.Test() && m.Node.Name == "defmodule" && own(m) {
			found = append(found, m)
		}
	}
	return found
}

// own says whether a module itself uses Phoenix.Endpoint, rather than a quote in it.
func own(m *project.Module) bool {
	for _, u := range m.Uses {
		if u.Module == "Phoenix.Endpoint" && u.File == m.File {
			return m.Node.Start <= u.Node.Start && u.Node.End <= m.Node.End
		}
	}
	return false
}

// Functions gives the clauses that run for a function plug named in a module: its own, or one it imports.
func Functions(p *project.Project, m *project.Module, name string, arity int) *project.Function {
	if fn := m.Func(name, arity); fn != nil {
		return fn
	}
	for _, i := range m.Imports {
		if fn := p.Func(i, name, arity); fn != nil {
			return fn
		}
	}
	return nil
}

// Bodies are the bodies of what a plug runs: a function plug's clauses, or call/2 of a module plug. They are empty where the
// plug is a library's.
func Bodies(p *project.Project, m *project.Module, plug project.Plug) (bodies []*syntax.Node, in *project.Module) {
	fn := plugFunction(p, m, plug)
	if fn == nil {
		return nil, nil
	}
	for _, c := range fn.Clauses {
		if c.Body != nil {
			bodies = append(bodies, c.Body)
		}
	}
	return bodies, fn.Module
}

func plugFunction(p *project.Project, m *project.Module, plug project.Plug) *project.Function {
	if plug.Name != "" {
		return Functions(p, m, plug.Name, 2)
	}
	return p.Func(plug.Of, "call", 2)
}

// deepest is how many functions behind a plug or an action are looked into.
const deepest = 4

// Reaches says whether a body calls, itself or through functions of the project, what a predicate knows.
func Reaches(p *project.Project, m *project.Module, body *syntax.Node, knows func(*project.Module, *syntax.Node) bool) bool {
	return reaches(p, m, body, knows, map[*project.Function]bool{}, 0)
}

func reaches(p *project.Project, m *project.Module, body *syntax.Node, knows func(*project.Module, *syntax.Node) bool, seen map[*project.Function]bool, depth int) (found bool) {
	syntax.Walk(body, func(n *syntax.Node) bool {
		if found || syntax.Is(n, "quote") {
			return false
		}
		if knows(m, n) {
			found = true
			return false
		}
		if depth < deepest {
			if fn := Called(p, m, n); fn != nil && !seen[fn] {
				seen[fn] = true
				for _, c := range fn.Clauses {
					found = found || c.Body != nil && reaches(p, fn.Module, c.Body, knows, seen, depth+1)
				}
			}
		}
		return !found
	})
	return found
}

// Called is the function of the project that a node calls, whether it is piped into or not.
func Called(p *project.Project, m *project.Module, n *syntax.Node) *project.Function {
	switch n.Kind {
	case syntax.Call:
		for _, more := range []int{0, 1} {
			if fn := Functions(p, m, n.Name, len(n.Args)+more); fn != nil {
				return fn
			}
		}
	case syntax.Remote:
		if n.Fun == nil {
			return nil
		}
		if name := m.Named(n.Fun); name != "" {
			for _, more := range []int{0, 1} {
				if fn := p.Func(name, n.Name, len(n.Args)+more); fn != nil {
					return fn
				}
			}
		}
	}
	return nil
}

// CallsTo says whether a node calls a function of a module by its whole name, as in "Plug.Conn.halt"; where the module is
// imported or used, the bare name will do.
func CallsTo(m *project.Module, n *syntax.Node, module string, names ...string) bool {
	for _, name := range names {
		if n.Name != name {
			continue
		}
		if n.Kind == syntax.Call && (m.Imported(module) || m.Using(module)) {
			return true
		}
		if n.Kind == syntax.Remote && n.Fun != nil && m.Named(n.Fun) == module {
			return true
		}
	}
	return false
}

// Header says whether a body sets a header of an answer, itself or by a function of the project.
func Header(p *project.Project, m *project.Module, body *syntax.Node, header string) bool {
	return Reaches(p, m, body, func(_ *project.Module, n *syntax.Node) bool {
		return n.Kind == syntax.String && strings.EqualFold(n.Name, header)
	})
}

// ActionBodies are the bodies of a controller's action, or of a LiveView's events.
func ActionBodies(p *project.Project, r *project.Route) (bodies []*syntax.Node, in *project.Module) {
	m := p.Modules[r.Handler]
	if m == nil {
		return nil, nil
	}
	add := func(fn *project.Function) {
		if fn != nil {
			for _, c := range fn.Clauses {
				if c.Body != nil {
					bodies = append(bodies, c.Body)
				}
			}
		}
	}
	if r.Kind == "live" {
		add(m.Func("mount", 3))
		add(m.Func("handle_event", 3))
		add(m.Func("handle_params", 3))
		return bodies, m
	}
	add(m.Func(r.Action, 2))
	add(m.Func("action", 2))
	return bodies, m
}

// Below is an edit that adds a line behind the line on which a node ends, as far indented as the node's own.
func Below(f *project.File, n *syntax.Node, text string) scan.Edit {
	end := int(n.End)
	for end < len(f.Src) && f.Src[end] != '\n' {
		end++
	}
	line := f.Line(n)
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	return scan.Edit{File: f.Path, Start: end, End: end, New: "\n" + indent + text}
}

// Replace is an edit that puts a text in place of a node.
func Replace(f *project.File, n *syntax.Node, text string) scan.Edit {
	return scan.Edit{File: f.Path, Start: int(n.Start), End: int(n.End), New: text}
}

// Behind is an edit that adds a text directly behind a node.
func Behind(f *project.File, n *syntax.Node, text string) scan.Edit {
	return scan.Edit{File: f.Path, Start: int(n.End), End: int(n.End), New: text}
}

// Words are the parts of a name in snake or camel case, or of a path, in lower case: "reset_password", "/users/log-in".
func Words(name string) []string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			if i > 0 && 'a' <= name[i-1] && name[i-1] <= 'z' {
				b.WriteByte(' ')
			}
			c |= 0x20
		}
		if c < 128 && !('a' <= c && c <= 'z' || '0' <= c && c <= '9') {
			c = ' '
		}
		b.WriteByte(c)
	}
	return strings.Fields(b.String())
}
