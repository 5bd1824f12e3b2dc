// Package weakcrypto finds ciphers and hashes that no longer hold.
package weakcrypto

import (
	_ "embed"
	"go/ast"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/flow"
	"palisade.dev/scan/golang/project"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = golang.Check{
	Check: scan.Check{
		ID: "golang/weakcrypto", Title: "A cipher or hash that no longer holds", Severity: scan.Medium, CWE: []int{327, 328, 916},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 3.6"}, Tags: []string{"crypto"}, Doc: doc,
	},
	Run: run,
}

var secrets = []string{"password", "passwd", "pwd", "passphrase", "secret", "token"}

func run(p *golang.Pass) {
	report := func(c *flow.Call, severity scan.Severity, cwe int, message, fix string) {
		f := p.At(c.File, c.CallExpr, message)
		f.Severity, f.CWE, f.Fix = severity, []int{cwe}, &scan.Fix{Text: fix}
		p.Report(f)
	}
	p.Calls(func(c *flow.Call, name string) {
		switch name {
		case "crypto/des.NewCipher", "crypto/des.NewTripleDESCipher", "crypto/rc4.NewCipher":
			report(c, scan.Medium, 327, "This cipher is broken.", "Use AES with GCM, or ChaCha20-Poly1305.")
		case "crypto/rsa.GenerateKey":
			if len(c.Args) == 2 {
				if text, ok := c.Package.Constant(c.Args[1]); ok {
					if bits, err := strconv.Atoi(text); err == nil && bits < 2048 {
						f := p.At(c.File, c.CallExpr, "An RSA key of "+text+" bits can be factored.")
						f.CWE, f.Fix = []int{326}, &scan.Fix{Text: "Use 2048 bits or more, or Ed25519.", Edits: []scan.Edit{golang.Replace(c.File, c.Args[1], "2048")}}
						p.Report(f)
					}
				}
			}
		case "golang.org/x/crypto/bcrypt.GenerateFromPassword":
			if len(c.Args) == 2 {
				if text, ok := c.Package.Constant(c.Args[1]); ok {
					if cost, err := strconv.Atoi(text); err == nil && cost < 10 && cost > 0 {
						f := p.At(c.File, c.CallExpr, "The cost of this hash is too low to slow down guessing.")
						f.CWE, f.Fix = []int{916}, &scan.Fix{Text: "Use bcrypt.DefaultCost or more.", Edits: []scan.Edit{golang.Replace(c.File, c.Args[1], "10")}}
						p.Report(f)
					}
				}
			}
		case "crypto/md5.Sum", "crypto/sha1.Sum", "crypto/sha256.Sum256", "crypto/sha512.Sum512":
			if len(c.Args) != 1 || !slices.ContainsFunc(golang.Names(c.Args[0]), func(n string) bool {
				return slices.ContainsFunc(project.Words(n), func(w string) bool { return slices.Contains(secrets, w) })
			}) {
				return
			}
			slow := slices.ContainsFunc(golang.Names(c.Args[0]), func(n string) bool {
				return slices.ContainsFunc(project.Words(n), func(w string) bool { return slices.Contains(secrets[:4], w) })
			})
			switch {
			case slow:
				report(c, scan.High, 916, "A password is kept as a fast hash, which is guessed at billions a second.", "Use bcrypt, scrypt or argon2id.")
			case name == "crypto/md5.Sum" || name == "crypto/sha1.Sum":
				report(c, scan.Medium, 328, "A secret is hashed with a function that no longer holds.", "Use SHA-256, or HMAC with it.")
			}
		case "crypto/md5.New", "crypto/sha1.New":
			d, ok := c.Func.(*ast.FuncDecl)
			if !ok {
				return
			}
			switch password, secret := given(p, c.Package, d); {
			case password:
				report(c, scan.High, 916, "Passwords go through "+d.Name.Name+", a fast hash, which is guessed at billions a second.", "Use bcrypt, scrypt or argon2id.")
			case secret:
				report(c, scan.Medium, 328, "What "+d.Name.Name+" makes is taken for proof, and the hash no longer holds; without a key anybody can make it.", "Use HMAC with SHA-256 and a key.")
			}
		case "crypto/hmac.New":
			if len(c.Args) == 2 && p.Project.Name(c.Package, c.Args[0]) == "crypto/md5.New" {
				report(c, scan.Low, 328, "A signature is made with a hash that no longer holds.", "Use sha256.New.")
			}
		}
	})
}

// What is proof of something, as names of what goes into a hash or comes out of it.
var proofs = []string{"token", "secret", "otp", "signature", "sig", "mac"}

// given says whether anybody calls a function with a password, or with or for a secret of another kind.
func given(p *golang.Pass, pkg *project.Package, d *ast.FuncDecl) (password, secret bool) {
	o := pkg.Info.Defs[d.Name]
	if o == nil || d.Type.Params.NumFields() == 0 {
		return false, false
	}
	calls := func(f *project.File, x ast.Expr) *ast.CallExpr {
		if call, ok := ast.Unparen(x).(*ast.CallExpr); ok {
			if called := f.Package.Called(call); called != nil && called == o {
				return call
			}
		}
		return nil
	}
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				secret = secret || len(n.Rhs) == 1 && calls(f, n.Rhs[0]) != nil && says(n.Lhs[0], proofs)
			case *ast.CallExpr:
				if calls(f, n) != nil {
					password = password || slices.ContainsFunc(n.Args, func(a ast.Expr) bool { return says(a, secrets[:4]) })
					secret = secret || slices.ContainsFunc(n.Args, func(a ast.Expr) bool { return says(a, proofs) })
				}
			}
			return true
		})
	})
	return password, secret
}

// says whether an expression has one of some words in a name, or as what a form calls a field.
func says(x ast.Expr, words []string) bool {
	if golang.Mentions(x, words...) {
		return true
	}
	found := false
	ast.Inspect(x, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok {
			found = found || slices.Contains(words, strings.Trim(lit.Value, "\"`"))
		}
		return !found
	})
	return found
}
