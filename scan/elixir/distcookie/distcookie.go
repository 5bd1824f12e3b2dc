// Package distcookie looks for the cookie of Erlang's distribution in the source: it is the password to run anything on every
// node of the cluster.
package distcookie

import (
	_ "embed"
	"path"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is elixir/distcookie.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/distcookie", Title: "The cookie of the cluster stands in the source", Severity: scan.High, CWE: []int{798},
		Standards: []string{"OWASP A07:2021", "PCI DSS 4.0 8.6.2"}, Tags: []string{"secret", "distribution"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, file := range p.Project.Files {
		switch {
		case file.Template():
			release(p, file)
		case !file.Test() && phoenix.Holds(file, "cookie"):
			source(p, file)
		}
	}
}

func source(p *elixir.Pass, file *project.File) {
	mix := path.Base(file.Path) == "mix.exs"
	syntax.Walk(file.Syntax.Tree, func(n *syntax.Node) bool {
		switch {
		case n.Kind == syntax.Remote && (syntax.Callee(n) == "Node.set_cookie" || syntax.Callee(n) == ":erlang.set_cookie") && len(n.Args) > 0:
			if last := n.Args[len(n.Args)-1]; last.Kind == syntax.Atom && last.Name != "nocookie" {
				report(p, file, int(last.Start), int(last.End), file.Symbol(n))
			}
		case mix && syntax.Is(n, "def", "defp") && n.Args[0].Name == "releases":
			releases(p, file, n)
			return false
		case mix && n.Kind == syntax.Pair && n.Args[0].Name == "releases":
			releases(p, file, n)
			return false
		}
		return true
	})
}

// releases looks for cookie: "…" among the options of releases.
func releases(p *elixir.Pass, file *project.File, n *syntax.Node) {
	syntax.Walk(n, func(n *syntax.Node) bool {
		if n.Kind == syntax.Pair && n.Args[0].Name == "cookie" && n.Args[1].Kind == syntax.String && n.Args[1].Name != "" {
			report(p, file, int(n.Args[1].Start), int(n.Args[1].End), file.Symbol(n))
		}
		return true
	})
}

// setting knows the cookie in rel/env.sh.eex and rel/vm.args.eex.
var setting = late.Pattern(`(?m)^\s*(?:export\s+RELEASE_COOKIE=|-setcookie\s+)["']?([A-Za-z0-9_+/=!.-]{4,})`)

func release(p *elixir.Pass, file *project.File) {
	switch path.Base(file.Path) {
	case "env.sh.eex", "vm.args.eex", "remote.vm.args.eex", "env.bat.eex":
		for _, m := range setting.FindAllSubmatchIndex(file.Src, -1) {
			if !strings.HasPrefix(string(file.Src[m[2]:]), "$") {
				report(p, file, m[2], m[3], "")
			}
		}
	}
}

func report(p *elixir.Pass, file *project.File, start, end int, symbol string) {
	f := scan.Finding{Place: file.Span(start, end), Confidence: scan.Firm, Key: "cookie"}
	f.Place.Symbol = symbol
	f.Message = "Whoever knows this cookie and reaches the port of the distribution runs what he likes on every node; it stands in the source."
	f.Fix = &scan.Fix{Text: "Leave it out: mix release makes one by chance, and RELEASE_COOKIE in the environment sets it for a cluster. Keep the ports of epmd and the distribution inside of your network."}
	p.Report(f)
}
