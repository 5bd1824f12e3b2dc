// Package tlsverify looks for connections that are encrypted to whoever answers: the certificate of the other side is not
// looked at.
package tlsverify

import (
	_ "embed"
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

// Check is elixir/tlsverify.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/tlsverify", Title: "The certificate of the other side is not verified", Severity: scan.High, CWE: []int{295},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 4.2.1"}, Tags: []string{"tls"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, file := range p.Project.Files {
		if file.Template() || file.Test() || !phoenix.Holds(file, "verify_none", "insecure", "verify_fun") {
			continue
		}
		data := map[*syntax.Node]bool{} // what stands in a map is no option of a library
		syntax.Walk(file.Syntax.Tree, func(n *syntax.Node) bool {
			if n.Kind == syntax.Map || n.Kind == syntax.Struct {
				for _, a := range n.Args {
					data[a] = true
				}
			}
			if message := found(n); message != "" && !data[n] {
				if env := p.Project.Config.EnvAt(file, n); env != "dev" && env != "test" {
					report(p, file, n, message)
				}
			}
			return true
		})
	}
}

// chosen knows, in the text just before, that the option hangs on a wish of whoever runs the application.
var chosen = late.Pattern(`(?i)insecure|no_?verify|verify[-_]none|skip_?(tls|ssl|verif)|allow_untrusted|self_?signed`)

const near = 250

// found says what an option gives up.
func found(n *syntax.Node) string {
	key, value := option(n)
	if value == nil {
		return ""
	}
	switch {
	case key == "verify" && value.Kind == syntax.Atom && value.Name == "verify_none":
		return "With verify_none anybody on the way can answer in the place of the other side, and read and change what is sent."
	case key == "insecure" && value.Kind == syntax.Atom && value.Name == "true":
		return "With insecure: true hackney takes any certificate: anybody on the way can answer in the place of the other side."
	case key == "verify_fun" && accepts(value):
		return "This verify_fun takes every certificate, also one that the chain of trust refused."
	}
	return ""
}

// option gives key and value of key: value and {:key, value}.
func option(n *syntax.Node) (string, *syntax.Node) {
	if (n.Kind == syntax.Pair || n.Kind == syntax.Tuple) && len(n.Args) == 2 && n.Args[0].Kind == syntax.Atom {
		return n.Args[0].Name, n.Args[1]
	}
	return "", nil
}

// accepts says whether a function given as {fn …, state} has no clause but such as say valid.
func accepts(v *syntax.Node) bool {
	if v.Kind != syntax.Tuple || len(v.Args) != 2 || v.Args[0].Kind != syntax.Fn {
		return false
	}
	for _, c := range v.Args[0].Args {
		if c.Kind != syntax.Clause {
			return false
		}
		said := ""
		syntax.Walk(c.Args[1], func(n *syntax.Node) bool {
			if n.Kind == syntax.Atom {
				said += " " + n.Name
			}
			return true
		})
		if !strings.Contains(said, "valid") || strings.Contains(said, "fail") || strings.Contains(said, "unknown") {
			return false
		}
	}
	return true
}

func report(p *elixir.Pass, file *project.File, n *syntax.Node, message string) {
	f := p.At(file, n)
	f.Message = message
	f.Fix = &scan.Fix{Text: "Leave it out where the library verifies by itself; else set verify: :verify_peer, cacerts: :public_key.cacerts_get(), and for https the match of host names that :public_key.pkix_verify_hostname_match_fun(:https) gives."}
	if chosen.Match(file.Src[max(0, int(n.Start)-near):n.Start]) {
		f.Severity = scan.Low
		f.Message += " Whoever runs the application seems to have to ask for it."
	}
	if key, _ := option(n); key == "verify" {
		// On its own verify_peer refuses all where no authorities are given, so they come along.
		with := "cacerts: :public_key.cacerts_get(), verify: :verify_peer"
		if n.Kind == syntax.Tuple {
			with = "{:cacerts, :public_key.cacerts_get()}, {:verify, :verify_peer}"
		}
		f.Fix.Edits = []scan.Edit{phoenix.Replace(file, n, with)}
	}
	p.Report(f)
}
