// Package clientcert finds client certificates that prove nothing.
package clientcert

import (
	_ "embed"
	"go/ast"
	"net/http"
	"slices"

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
		ID: "golang/clientcert", Title: "A client certificate proves nothing", Severity: scan.Medium, CWE: []int{295, 287},
		Standards: []string{"OWASP A07:2021", "OWASP API2:2023"}, Tags: []string{"tls", "authentication"}, Doc: doc,
	},
	Run: run,
}

// Headers in which proxies say what a certificate said.
var headers = []string{
	"X-Client-Cert", "X-Ssl-Client-Cert", "Ssl-Client-Cert", "X-Forwarded-Client-Cert", "X-Ssl-Client-Verify", "Ssl-Client-Verify", "X-Client-Verify", "X-Ssl-Client-S-Dn", "X-Client-Dn",
	"X-Ssl-Client-Dn", "Ssl-Client-S-Dn", "X-Tls-Client-Cert", "X-Client-Cn", "X-Ssl-Client-Cn", "Client-Cert",
}

func run(p *golang.Pass) {
	looks := reads(p)
	p.Literals(func(f *project.File, lit *ast.CompositeLit, name string, fn ast.Node) {
		if name != "crypto/tls.Config" {
			return
		}
		fields := project.Fields(lit)
		kind := fields["ClientAuth"]
		if kind == nil || fields["VerifyPeerCertificate"] != nil || fields["VerifyConnection"] != nil || fields["GetConfigForClient"] != nil || golang.Assigns(fn, "VerifyPeerCertificate", "VerifyConnection", "GetConfigForClient") {
			return
		}
		value := p.Project.Name(f.Package, kind.Value)
		verifies := value == "crypto/tls.RequireAndVerifyClientCert" || value == "crypto/tls.VerifyClientCertIfGiven"
		if verifies && fields["ClientCAs"] == nil && !golang.Assigns(fn, "ClientCAs") {
			finding := p.At(f, kind, "Without ClientCAs a certificate of any authority that the system knows will do, and anybody can get one.")
			finding.Fix = &scan.Fix{Text: "Put the authority that signs your clients' certificates into ClientCAs, and no other."}
			p.Report(finding)
		}
		if value == "crypto/tls.VerifyClientCertIfGiven" && !looks {
			finding := p.At(f, kind, "A client without a certificate is let in, and nothing here looks whether there was one.")
			finding.Fix = &scan.Fix{Text: "Require it, or look at r.TLS.VerifiedChains where it matters."}
			if pkg, edits := golang.Import(f, "crypto/tls"); len(edits) == 0 {
				finding.Fix.Edits = []scan.Edit{golang.Replace(f, kind.Value, pkg+".RequireAndVerifyClientCert")}
			}
			p.Report(finding)
		}
	})
	p.Calls(func(c *flow.Call, name string) {
		if name != "(net/http.Header).Get" && name != "(*github.com/gin-gonic/gin.Context).GetHeader" && name != "(*github.com/gofiber/fiber.Ctx).Get" || len(c.Args) == 0 {
			return
		}
		header, _ := c.Package.Constant(c.Args[0])
		if !slices.Contains(headers, http.CanonicalHeaderKey(header)) || c.Func == nil || golang.Mentions(c.Func, "trusted", "trust", "trusts", "untrusted", "proxies") {
			return
		}
		f := p.At(c.File, c.CallExpr, "Who asks is read from "+header+", which any client can send that reaches this port.")
		f.Confidence = scan.Tentative // a proxy before it may replace the header
		f.Fix = &scan.Fix{Text: "Believe the header only on connections from the proxy that sets it, or let the proxy connect with a certificate of its own."}
		p.Report(f)
	})
}

// reads says whether anything in the project looks at what a client showed.
func reads(p *golang.Pass) (found bool) {
	p.Files(func(f *project.File) {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				found = found || s.Sel.Name == "PeerCertificates" || s.Sel.Name == "VerifiedChains"
			}
			return !found
		})
	})
	return found
}
