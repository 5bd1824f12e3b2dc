// Package weakcrypto finds ciphers and hashes that no longer hold.
package weakcrypto

import (
	_ "embed"
	"slices"
	"strconv"

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
		case "crypto/hmac.New":
			if len(c.Args) == 2 && p.Project.Name(c.Package, c.Args[0]) == "crypto/md5.New" {
				report(c, scan.Low, 328, "A signature is made with a hash that no longer holds.", "Use sha256.New.")
			}
		}
	})
}
