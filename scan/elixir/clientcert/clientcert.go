// Package clientcert looks at servers that mean to ask their clients for certificates and do not insist on one.
package clientcert

import (
	_ "embed"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/clientcert.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/clientcert", Title: "Client certificates are asked for and not insisted on", Severity: scan.Medium, CWE: []int{295, 306},
		Standards: []string{"OWASP A07:2021", "PCI DSS 4.0 8.3.1"}, Tags: []string{"tls"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, file := range p.Project.Files {
		if file.Template() || file.Test() || !phoenix.Holds(file, "certfile", "sni_hosts", "certs_keys") {
			continue
		}
		syntax.Walk(file.Syntax.Tree, func(n *syntax.Node) bool {
			if n.Kind != syntax.List || !server(n) {
				return true
			}
			if env := p.Project.Config.EnvAt(file, n); env != "dev" && env != "test" {
				look(p, file, n)
			}
			return true
		})
	}
}

// server says whether options are those of a listener: it has a certificate of its own, and a port or ciphers to listen with.
// A client with a certificate names the host that it expects.
func server(opts *syntax.Node) bool {
	has := func(key string) bool { return syntax.Keyword(opts, key) != nil }
	return (has("certfile") || has("keyfile") || has("sni_hosts") || has("certs_keys")) && !has("server_name_indication") &&
		(has("port") || has("fail_if_no_peer_cert") || has("cipher_suite") || has("otp_app") || has("ip"))
}

func look(p *elixir.Pass, file *project.File, opts *syntax.Node) {
	verify, insist := syntax.Keyword(opts, "verify"), syntax.Keyword(opts, "fail_if_no_peer_cert")
	authority := syntax.Keyword(opts, "cacertfile")
	if authority == nil {
		authority = syntax.Keyword(opts, "cacerts")
	}
	switch {
	case verify != nil && verify.Name == "verify_peer" && (insist == nil || insist.Name == "false"):
		f := p.At(file, verify)
		f.Key = "fail_if_no_peer_cert"
		f.Message = "A client without a certificate is let in: verify_peer looks at one only where the client sends one."
		f.Fix = &scan.Fix{Text: "Set fail_if_no_peer_cert: true."}
		if insist != nil {
			f.Fix.Edits = []scan.Edit{phoenix.Replace(file, insist, "true")}
		} else if text := file.Text(verify); strings.HasPrefix(text, ":") {
			f.Fix.Edits = []scan.Edit{phoenix.Behind(file, verify, ", fail_if_no_peer_cert: true")}
		}
		p.Report(f)
	case insist != nil && insist.Name == "true" && (verify == nil || verify.Name == "verify_none"):
		f := p.At(file, insist)
		f.Key = "verify"
		f.Message = "A client is to show a certificate and it is not verified: without verify_peer the server never asks for one."
		f.Fix = &scan.Fix{Text: "Set verify: :verify_peer and the authority in cacertfile."}
		p.Report(f)
	case authority != nil && verify == nil && insist == nil && ownAuthority(authority):
		f := p.At(file, authority)
		f.Key, f.Severity, f.Confidence = "cacertfile", scan.Low, scan.Tentative
		f.Message = "The authority of clients is named and no client is asked for a certificate."
		f.Fix = &scan.Fix{Text: "Set verify: :verify_peer and fail_if_no_peer_cert: true, or leave cacertfile out; a chain of one's own belongs into certfile."}
		p.Report(f)
	}
}

// ownAuthority says whether a file's name tells that it is of clients: others use cacertfile for their own chain.
func ownAuthority(n *syntax.Node) bool {
	text, ok := syntax.Text(n)
	return ok && strings.Contains(text, "client")
}
