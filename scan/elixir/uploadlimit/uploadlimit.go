// Package uploadlimit looks for uploads of LiveView that take anything, or very much.
package uploadlimit

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

// Check is elixir/uploadlimit.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/uploadlimit", Title: "An upload takes files of any kind or size", Severity: scan.Low, CWE: []int{434, 770},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"liveview", "limits"}, Doc: doc,
	},
	Run: run,
}

// most is what an upload may have before it is told. LiveView's own bound is 8 MB.
const most = 500_000_000

func run(p *elixir.Pass) {
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		if n.Name != "allow_upload" || n.Kind != syntax.Call && n.Kind != syntax.Remote {
			return true
		}
		name := "An upload"
		for _, a := range n.Args {
			if a.Kind == syntax.Atom {
				name = "Upload :" + a.Name
			}
		}
		if v := m.Value(syntax.Keyword(n, "accept")); v != nil && v.Kind == syntax.Atom && v.Name == "any" {
			report(p, m, v, fmt.Sprintf("%s takes files of any kind: pages and programs too, which somebody may open from this site.", name), "List the endings that are meant: accept: ~w(.jpg .png .pdf).")
		}
		if v := syntax.Keyword(n, "max_file_size"); v != nil {
			if size, ok := size(m.Value(v)); ok && size > most {
				report(p, m, v, fmt.Sprintf("%s takes files of %d MB, each onto the disk of the node.", name, size/1_000_000), "Let large files go to a store directly, by external:, and keep the bound low here.")
			}
		}
		return true
	}, "allow_upload")
}

func size(n *syntax.Node) (int64, bool) {
	if v, ok := n.Int(); ok {
		return v, true
	}
	if syntax.Is(n, "*") && len(n.Args) == 2 {
		a, ok := size(n.Args[0])
		b, also := size(n.Args[1])
		if ok && also && a >= 0 && a < 1<<31 && b >= 0 && b < 1<<31 {
			return a * b, true
		}
	}
	return 0, false
}

func report(p *elixir.Pass, m *project.Module, v *syntax.Node, message, fix string) {
	f := p.At(m.File, v)
	f.Message = message
	f.Fix = &scan.Fix{Text: fix}
	p.Report(f)
}
