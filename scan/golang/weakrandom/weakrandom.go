// Package weakrandom finds secrets that are drawn from guessable numbers.
package weakrandom

import (
	_ "embed"
	"go/ast"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/weakrandom", Title: "A secret is drawn from guessable numbers", Severity: scan.High, CWE: []int{338},
		Standards: []string{"OWASP A02:2021"}, Tags: []string{"crypto", "random"}, Doc: doc,
	},
	Run: run,
}

var secrets = []string{"token", "tokens", "secret", "password", "passwd", "session", "nonce", "otp", "csrf", "salt", "apikey", "invite", "passcode", "pin", "credential"}

func secret(name string) bool {
	return slices.ContainsFunc(project.Words(name), func(w string) bool { return slices.Contains(secrets, w) })
}

func run(p *golang.Pass) {
	p.Files(func(f *project.File) {
		if !f.Imports("math/rand", "math/rand/v2") {
			return
		}
		for _, d := range f.AST.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			named := secret(fn.Name.Name)
			told := false
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				targets := named
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, l := range n.Lhs {
						for _, name := range golang.Names(l) {
							targets = targets || secret(name)
						}
					}
				case *ast.KeyValueExpr:
					for _, name := range golang.Names(n.Key) {
						targets = targets || secret(name)
					}
				case *ast.ReturnStmt, *ast.ExprStmt:
				default:
					return true
				}
				if !targets || told {
					return true
				}
				ast.Inspect(n, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok && !told && drawn(p.Project.Callee(f.Package, call)) {
						told = true
						finding := p.At(f, call, "A secret is drawn from math/rand, whose numbers can be guessed.")
						finding.Fix = &scan.Fix{Text: "Draw it from crypto/rand: rand.Text, or rand.Read into bytes."}
						p.Report(finding)
					}
					return true
				})
				return true
			})
		}
	})
}

func drawn(name string) bool {
	for _, prefix := range []string{"math/rand.", "math/rand/v2.", "(*math/rand.Rand).", "(*math/rand/v2.Rand)."} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return !strings.HasPrefix(rest, "New") && rest != "Seed" && rest != "Shuffle"
		}
	}
	return false
}
