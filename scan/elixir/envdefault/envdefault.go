// Package envdefault looks for secrets that are read from the environment and have a default in the source: where the
// variable is forgotten, the application starts with a secret that everybody knows, and nobody notices.
package envdefault

import (
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/secret"
)

//go:embed doc.md
var doc string

// Check is elixir/envdefault.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/envdefault", Title: "A secret of the environment has a default in the source", Severity: scan.Medium, CWE: []int{1188, 798},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 2.2.2"}, Tags: []string{"secret", "config"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, file := range p.Project.Files {
		if file.Template() || file.Test() || !phoenix.Holds(file, "get_env") || secret.PlaceOf(file.Path) == secret.Sample {
			continue
		}
		env := func(n *syntax.Node) string { return p.Project.Config.EnvAt(file, n) }
		syntax.Walk(file.Syntax.Tree, func(n *syntax.Node) bool {
			name, fallback := read(n)
			if fallback == nil || !secret.Telling(name) {
				return true
			}
			in := env(n)
			if in == "dev" || in == "test" {
				return true
			}
			f := p.At(file, n)
			f.Key = name
			if f.Place.Symbol == "" {
				f.Place.Symbol = name
			}
			f.Message = fmt.Sprintf("Where %s is not set, the application starts with a value that stands in the source, and nothing tells that it does.", name)
			f.Excerpt = secret.Excerpt(file.Src, int(fallback.Start)+1, max(int(fallback.End)-1, int(fallback.Start)+1))
			f.Fix = &scan.Fix{Text: fmt.Sprintf("Read it by System.fetch_env!(%q) where it is for production, and give developers their value in config/dev.exs.", name)}
			if in == "prod" || !isConfig(file) {
				f.Fix.Edits = []scan.Edit{phoenix.Replace(file, n, fmt.Sprintf("System.fetch_env!(%q)", name))}
			}
			p.Report(f)
			return false
		})
	}
}

func isConfig(f *project.File) bool { return f.Modules == nil }

// read knows System.get_env("NAME", "…") and System.get_env("NAME") || "…", and gives the name and the default.
func read(n *syntax.Node) (string, *syntax.Node) {
	switch {
	case get(n) && len(n.Args) == 2:
		name, _ := syntax.Text(n.Args[0])
		return name, literal(n.Args[1])
	case syntax.Is(n, "||") && len(n.Args) == 2 && get(n.Args[0]) && len(n.Args[0].Args) == 1:
		name, _ := syntax.Text(n.Args[0].Args[0])
		return name, literal(n.Args[1])
	}
	return "", nil
}

func get(n *syntax.Node) bool { return syntax.Callee(n) == "System.get_env" }

// literal is a text that is not empty.
func literal(n *syntax.Node) *syntax.Node {
	if n.Kind == syntax.String && n.Name != "" && n.Name != "true" && n.Name != "false" {
		return n
	}
	return nil
}
