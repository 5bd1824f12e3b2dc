package phoenix

import (
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

// Step is a station on the way of a request: a node, by its first line.
func Step(f *project.File, n *syntax.Node, note string) scan.Step {
	text, _, more := strings.Cut(f.Text(n), "\n")
	end := min(int(n.Start)+len(text), int(n.End))
	if text = strings.TrimSpace(text); more {
		text += " …"
	}
	place := f.Span(int(n.Start), end)
	place.Symbol = f.Symbol(n)
	return scan.Step{Place: place, Text: text, Note: note}
}

// Way is the way of a request from its route, past some stations, to the action that answers it.
func Way(p *project.Project, r *project.Route, first string, between []scan.Step, last string) []scan.Step {
	steps := append([]scan.Step{Step(r.Router.Module.File, r.Node, first)}, between...)
	m := p.Modules[r.Handler]
	if m == nil {
		return steps
	}
	name, arity := r.Action, 2
	if r.Kind == "live" {
		name, arity = "handle_event", 3
	}
	if fn := m.Func(name, arity); fn != nil && len(fn.Clauses) > 0 {
		steps = append(steps, Step(fn.File, fn.Clauses[0].Node, last))
	}
	return steps
}

// Writes says whether a body changes what is stored, itself or by functions of the project.
func Writes(p *project.Project, m *project.Module, body *syntax.Node) bool {
	return Reaches(p, m, body, func(m *project.Module, n *syntax.Node) bool {
		if n.Kind != syntax.Remote || n.Fun == nil {
			return false
		}
		switch strings.TrimSuffix(n.Name, "!") {
		case "insert", "update", "delete", "insert_or_update", "insert_all", "update_all", "delete_all", "transaction":
			name := m.Named(n.Fun)
			return name == "Repo" || strings.HasSuffix(name, "Repo") || strings.HasSuffix(name, "Multi")
		}
		return false
	})
}
