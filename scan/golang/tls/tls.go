// Package tls finds connections whose other side is not checked.
package tls

import (
	_ "embed"
	"go/ast"
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
		ID: "golang/tls", Title: "The other side of a connection is not checked", Severity: scan.High, CWE: []int{295, 327},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 4.2.1"}, Tags: []string{"tls"}, Doc: doc,
	},
	Run: run,
}

func run(p *golang.Pass) {
	skip := func(f *project.File, n ast.Node) {
		finding := p.At(f, n, "The certificate of the other side is not checked.")
		finding.Fix = &scan.Fix{Text: "Put the authority that signed the certificate into RootCAs, and the name into ServerName."}
		p.Report(finding)
	}
	low := func(f *project.File, value ast.Expr, n ast.Node) {
		text, ok := f.Package.Constant(value)
		if version, err := strconv.ParseUint(text, 0, 16); !ok || err != nil || version >= 0x0303 || version == 0 {
			return
		}
		finding := p.At(f, n, "Versions of TLS are accepted that have known attacks.")
		finding.Severity, finding.CWE = scan.Medium, []int{327}
		finding.Fix = &scan.Fix{Text: "Leave MinVersion out, which means 1.2, or set it to 1.3."}
		if pkg, edits := golang.Import(f, "crypto/tls"); len(edits) == 0 {
			finding.Fix.Edits = []scan.Edit{golang.Replace(f, value, pkg+".VersionTLS12")}
		}
		p.Report(finding)
	}
	ask := func(f *project.File, value ast.Expr, n ast.Node) {
		name := p.Project.Name(f.Package, value)
		if name != "crypto/tls.RequireAnyClientCert" && name != "crypto/tls.RequestClientCert" {
			return
		}
		finding := p.At(f, n, "A certificate is asked for and not verified; any that the client made itself will do.")
		finding.Severity, finding.CWE = scan.Medium, []int{295}
		finding.Fix = &scan.Fix{Text: "Require and verify it, with the authorities in ClientCAs."}
		if pkg, edits := golang.Import(f, "crypto/tls"); len(edits) == 0 {
			finding.Fix.Edits = []scan.Edit{golang.Replace(f, value, pkg+".RequireAndVerifyClientCert")}
		}
		p.Report(finding)
	}
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, fn ast.Node) {
		if name != "crypto/tls.Config" {
			return
		}
		fields := project.Fields(lit)
		own := fields["VerifyPeerCertificate"] != nil || fields["VerifyConnection"] != nil || golang.Assigns(fn, "VerifyPeerCertificate", "VerifyConnection")
		if v := fields["InsecureSkipVerify"]; v != nil && f.Package.True(v.Value) && !own {
			skip(f, v)
		}
		if v := fields["MinVersion"]; v != nil {
			low(f, v.Value, v)
		}
		if v := fields["ClientAuth"]; v != nil && !own {
			ask(f, v.Value, v)
		}
	})
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			a, ok := n.(*ast.AssignStmt)
			if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 {
				return true
			}
			if s, ok := a.Lhs[0].(*ast.SelectorExpr); ok && project.TypeName(f.Package.Info.TypeOf(s.X)) == "crypto/tls.Config" {
				switch s.Sel.Name {
				case "InsecureSkipVerify":
					if f.Package.True(a.Rhs[0]) {
						skip(f, a)
					}
				case "ClientAuth":
					ask(f, a.Rhs[0], a)
				case "MinVersion":
					low(f, a.Rhs[0], a)
				}
			}
			return true
		})
	})
	p.Calls(func(c *flow.Call, name string) {
		if name == "golang.org/x/crypto/ssh.InsecureIgnoreHostKey" {
			finding := p.At(c.File, c.CallExpr, "The key of the other side is not checked.")
			finding.Fix = &scan.Fix{Text: "Use ssh.FixedHostKey, or knownhosts.New with a file of keys."}
			p.Report(finding)
		}
	})
}
