// Package parsers looks for bodies of requests that are read without a bound, or with one that lets a single request take
// much of the machine.
package parsers

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

// Check is elixir/parsers.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/parsers", Title: "Bodies of requests without a sensible bound", Severity: scan.Medium, CWE: []int{770, 400},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 6.2.4"}, Tags: []string{"limits"}, Doc: doc,
	},
	Run: run,
}

// Plug's own bound is 8 MB. Many applications take pictures and documents; beyond 50 MB a few requests fill the memory,
// since what is no multipart is held as a whole.
const most = 50_000_000

func run(p *elixir.Pass) {
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		switch {
		case syntax.Is(n, "plug") && len(n.Args) > 0 && m.Named(n.Args[0]) == "Plug.Parsers":
			look(p, m, n, "A body", 0)
			for _, a := range n.Args[1:] {
				for _, parser := range list(m.Value(syntax.Keyword(a, "parsers"))) {
					// What multipart brings is written to disk as it comes, so it may be more.
					if parser.Kind == syntax.Tuple && len(parser.Args) == 2 && parser.Args[0].Name == "multipart" {
						look(p, m, parser.Args[1], "A multipart body", 10*most)
					} else if parser.Kind == syntax.Pair && parser.Args[0].Name == "multipart" {
						look(p, m, parser.Args[1], "A multipart body", 10*most)
					}
				}
			}
		case (n.Kind == syntax.Call || n.Kind == syntax.Remote) && n.Name == "read_body":
			look(p, m, n, "A body", 0)
		}
		return true
	}, "Plug.Parsers", "read_body")
}

func list(n *syntax.Node) []*syntax.Node {
	if n == nil || n.Kind != syntax.List {
		return nil
	}
	return n.Args
}

func look(p *elixir.Pass, m *project.Module, n *syntax.Node, what string, allowed int64) {
	v := syntax.Keyword(n, "length")
	if v == nil && n.Kind == syntax.Call && len(n.Args) > 1 {
		v = syntax.Keyword(m.Value(n.Args[len(n.Args)-1]), "length")
	}
	if v == nil {
		return
	}
	f := p.At(m.File, v)
	f.Key = what
	value := m.Value(v)
	size, known := size(value)
	switch {
	case value.Kind == syntax.Atom && value.Name == "infinity":
		f.Message = what + " may be as long as the sender likes: one request can take all memory or the whole disk."
	case known && size > max(most, allowed):
		f.Severity = scan.Low
		f.Message = fmt.Sprintf("%s may have %d MB; a few at a time take the memory of the machine.", what, size/1_000_000)
	default:
		return
	}
	f.Fix = &scan.Fix{Text: "Leave Plug's bound of 8 MB, and raise it only for the routes that take large files, behind a check of who sends them."}
	p.Report(f)
}

// size is a number, or a product of numbers.
func size(n *syntax.Node) (int64, bool) {
	if v, ok := n.Int(); ok {
		return v, true
	}
	if syntax.Is(n, "*") && len(n.Args) == 2 {
		a, ok := size(n.Args[0])
		b, also := size(n.Args[1])
		if ok && also && (b == 0 || a < 1<<62/max(b, 1)) {
			return a * b, true
		}
	}
	return 0, false
}
