// Package salt looks at the salts of signatures. A salt is no secret, but it keeps what was signed for one purpose from being
// good for another; one that is very short, or serves two purposes, does that badly.
package salt

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

// Check is elixir/salt.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/salt", Title: "A salt is too short or serves two purposes", Severity: scan.Low, CWE: []int{760, 1391},
		Standards: []string{"OWASP A02:2021"}, Tags: []string{"session", "crypto"}, Doc: doc,
	},
	Run: run,
}

// shortest is what mix phx.new makes.
const shortest = 8

func run(p *elixir.Pass) {
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		if n.Kind == syntax.List {
			options(p, m, n)
		}
		return true
	}, "signing_salt", "encryption_salt")
}

func options(p *elixir.Pass, m *project.Module, opts *syntax.Node) {
	signing, encryption := syntax.Keyword(opts, "signing_salt"), syntax.Keyword(opts, "encryption_salt")
	for _, v := range []*syntax.Node{signing, encryption} {
		if text, ok := syntax.Text(m.Value(v)); ok && len(text) < shortest {
			f := p.At(m.File, v)
			f.Key = "short"
			f.Message = fmt.Sprintf("A salt of %d characters is shared by chance with other applications; mix phx.gen.secret 8 makes one.", len(text))
			f.Fix = &scan.Fix{Text: "Take a salt of eight characters or more, by chance. Sessions of before end."}
			p.Report(f)
		}
	}
	if a, ok := syntax.Text(m.Value(signing)); ok {
		if b, ok := syntax.Text(m.Value(encryption)); ok && a == b {
			f := p.At(m.File, encryption)
			f.Key = "same"
			f.Message = "The same salt makes the key that signs and the key that encrypts: both keys are then one."
			f.Fix = &scan.Fix{Text: "Take another salt for encryption. Sessions of before end."}
			p.Report(f)
		}
	}
}
