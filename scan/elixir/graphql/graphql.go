// Package graphql looks for GraphQL endpoints that answer questions of any cost.
package graphql

import (
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/graphql.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/graphql", Title: "GraphQL answers questions of any cost", Severity: scan.Medium, CWE: []int{770, 400},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"limits", "graphql"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, r := range phoenix.Routers(p.Project) {
		for _, route := range r.Routes {
			if route.Dev || route.Kind != "forward" && route.Kind != "post" || route.Handler != "Absinthe.Plug" && route.Handler != "Absinthe.Plug.GraphiQL" {
				continue
			}
			look(p, r.Module, r.Module.File, route.Node, phoenix.Path(p.Project, route))
		}
	}
	for _, m := range p.Project.All() {
		if m.File.Test() {
			continue
		}
		for _, plug := range m.Plugs() {
			if plug.Of == "Absinthe.Plug" {
				look(p, m, plug.File, plug.Node, m.Name)
			}
		}
	}
}

// look wants complexity to be reckoned and bounded, or the tokens of a question.
func look(p *elixir.Pass, m *project.Module, file *project.File, n *syntax.Node, where string) {
	option := func(key string) *syntax.Node {
		if v := syntax.Keyword(n, key); v != nil {
			return v
		}
		for _, a := range n.Args {
			if v := syntax.Keyword(m.Value(a), key); v != nil {
				return v
			}
		}
		return nil
	}
	if v := option("analyze_complexity"); v != nil && v.Name != "false" || option("max_complexity") != nil || option("pipeline") != nil || option("document_providers") != nil {
		return
	}
	f := p.At(file, n)
	f.Key = where
	f.Message = fmt.Sprintf("GraphQL at %s answers questions of any depth: friends of friends of friends, in one request.", where)
	f.Fix = &scan.Fix{Text: "Say analyze_complexity: true, max_complexity: 300, token_limit: 2_000, and give lists a complexity of their length."}
	p.Report(f)
}
