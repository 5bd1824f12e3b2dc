// Package secret looks for secrets that stand in Elixir source under a telling name: in the configuration of production, in
// attributes, keywords and maps, and as what a function gives. What its form alone gives away, as the token of a service,
// is found in all files by palisade.dev/scan/secret, whose judgement of values this check shares.
package secret

import (
	_ "embed"
	"fmt"
	"path"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/secret"
)

//go:embed doc.md
var doc string

// Check is elixir/secret.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/secret", Title: "A secret stands in Elixir source", Severity: scan.High, CWE: []int{798, 547},
		Standards: []string{"OWASP A07:2021", "PCI DSS 4.0 8.6.2", "SOC 2 CC6.1"}, Tags: []string{"secret", "config"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	inConfig(p)
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		if n == m.Node && secret.PlaceOf(m.File.Path) == secret.Sample {
			return false
		}
		name, value := named(n)
		if value != nil && value.Kind == syntax.String && len(value.Name) >= 8 && !strings.Contains(value.Name, " ") {
			look(p, m.File, name, value)
		}
		return true
	})
}

// named is the name that a node gives to a value: @key "…", key: "…", "key" => "…", key = "…", def key, do: "…".
func named(n *syntax.Node) (string, *syntax.Node) {
	switch {
	case n.Kind == syntax.Pair && (n.Args[0].Kind == syntax.Atom || n.Args[0].Kind == syntax.String):
		return n.Args[0].Name, n.Args[1]
	case syntax.Is(n, "@") && len(n.Args) == 1 && n.Args[0].Kind == syntax.Call && len(n.Args[0].Args) == 1:
		return n.Args[0].Name, n.Args[0].Args[0]
	case syntax.Is(n, "=") && len(n.Args) == 2 && n.Args[0].Kind == syntax.Var:
		return n.Args[0].Name, n.Args[1]
	case syntax.Is(n, "def", "defp") && len(n.Args) > 0 && len(n.Args[0].Args) == 0:
		return n.Args[0].Name, syntax.Do(n)
	}
	return "", nil
}

func look(p *elixir.Pass, file *project.File, name string, value *syntax.Node) {
	m, ok := secret.Value(name, value.Name)
	if !ok {
		return
	}
	report(p, file, name, value, m, "")
}

func report(p *elixir.Pass, file *project.File, name string, value *syntax.Node, m secret.Match, note string) {
	f := p.At(file, value)
	f.Key = secret.Key(name, value.Name)
	f.Severity, f.Confidence = m.Severity, m.Confidence
	f.Message = fmt.Sprintf("%s holds %s in the source (%s)%s; whoever has the repository, or an old copy of it, has it.", name, m.What, secret.Shown(value.Name), note)
	f.Excerpt = secret.Excerpt(file.Src, min(int(value.Start)+1, int(value.End)), max(int(value.End)-1, int(value.Start)))
	variable := strings.ToUpper(strings.Join(phoenix.Words(name), "_"))
	f.Fix = &scan.Fix{Text: fmt.Sprintf("Put a new secret in place of this one, and read it in config/runtime.exs: System.fetch_env!(%q).", variable)}
	p.Report(f)
}

// inConfig looks at what holds in production. A value that production sets again is a default for developers.
func inConfig(p *elixir.Pass) {
	last := map[string]*project.Entry{}
	for _, e := range p.Project.Config.Entries {
		if e.Production() {
			last[e.App+" "+e.Dotted()] = e
		}
	}
	for _, e := range p.Project.Config.Entries {
		if e.Value.Kind != syntax.String || len(e.Path) == 0 && e.Key == "" || sample(e.File) {
			continue
		}
		name := e.Key
		if len(e.Path) > 0 {
			name = e.Path[len(e.Path)-1]
		}
		m, ok := secret.Value(name, e.Value.Name)
		switch over := last[e.App+" "+e.Dotted()]; {
		case e.Env == "dev" || e.Env == "test":
			if ok || guessed(name) {
				p.Clear(e.File.Place(e.Value), "it holds in the environment "+e.Env+" alone")
			}
		case !ok:
			known(p, e, over, name)
		case !e.Production():
			// What a team calls so may be served to others as well.
			m.Severity = min(m.Severity, scan.Low)
			report(p, e.File, e.Dotted(), e.Value, m, " for the environment "+e.Env)
		case over != e:
			p.Clear(e.File.Place(e.Value), "production sets it again at "+over.File.Place(over.Value).Where())
		default:
			report(p, e.File, e.Dotted(), e.Value, m, "")
		}
	}
}

// guessed says whether a name is that of a password or the like.
func guessed(name string) bool {
	low := strings.ToLower(name)
	return strings.Contains(low, "password") || strings.Contains(low, "secret")
}

// sample says whether a file lies in a folder of examples or test data; what is for developers by its name is told as such.
func sample(f *project.File) bool {
	return secret.PlaceOf(path.Dir(f.Path)+"/any.exs") == secret.Sample
}

// known tells of passwords that everybody tries first, in the configuration of production and, much lower, in what holds for
// every environment that does not set it again. It clears what is no secret.
func known(p *elixir.Pass, e, over *project.Entry, name string) {
	if !guessed(name) {
		return
	}
	word := strings.HasSuffix(strings.ToLower(name), "password") && e.Value.Name != "" && !strings.ContainsAny(e.Value.Name, "<>${} ")
	switch {
	case !word:
		p.Clear(e.File.Place(e.Value), "the value is to be replaced, or names where the secret is")
		return
	case e.Production() && over != nil && over != e:
		p.Clear(e.File.Place(e.Value), "production sets it again at "+over.File.Place(over.Value).Where())
		return
	}
	f := p.At(e.File, e.Value)
	f.Key, f.Severity, f.Confidence = e.Dotted(), scan.Medium, scan.Tentative
	where := "in production"
	switch {
	case e.Env == "":
		f.Severity, where = scan.Low, "in every environment that does not set it again"
	case e.Env != "prod":
		f.Severity, where = scan.Low, "in the environment "+e.Env
	}
	f.Message = fmt.Sprintf("%s %s is a word of %d characters in the source.", e.Dotted(), where, len(e.Value.Name))
	f.Excerpt = secret.Excerpt(e.File.Src, min(int(e.Value.Start)+1, int(e.Value.End)), max(int(e.Value.End)-1, int(e.Value.Start)))
	f.Fix = &scan.Fix{Text: "Choose a password by chance and read it in config/runtime.exs by System.fetch_env!."}
	p.Report(f)
}
