// Package redact looks for fields of Ecto schemas that hold secrets and are shown by inspect, which is what logs and error
// reports do.
package redact

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/redact.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/redact", Title: "A field with a secret is shown in logs", Severity: scan.Low, CWE: []int{532},
		Standards: []string{"OWASP A09:2021", "PCI DSS 4.0 3.5.1"}, Tags: []string{"ecto", "logging"}, Doc: doc,
	},
	Run: run,
}

// whole are names of fields that hold a secret; ends are ends of such names.
var (
	whole = []string{"password", "secret", "token", "otp", "pin", "cvv", "cvc", "ssn", "iban", "passphrase", "credentials", "backup_codes", "recovery_codes", "private_key", "jwt_secret", "jwks"}
	ends  = []string{"_password", "_secret", "_token", "_api_key", "_private_key", "_passphrase", "_otp", "password_hash", "password_digest", "hashed_password", "encrypted_password", "secret_key", "signing_key", "encryption_key", "access_key"}
)

func run(p *elixir.Pass) {
	for _, m := range p.Project.All() {
		if m.Schema == nil || m.File.Test() || hidden(m) {
			continue
		}
		for _, field := range m.Schema.Fields {
			if field.Kind != "field" || !text(field.Type) || !secret(field.Name) {
				continue
			}
			v := syntax.Keyword(field.Node, "redact")
			if v != nil && v.Name != "false" {
				continue
			}
			f := p.At(m.File, field.Node)
			f.Key = field.Name
			if field.Name == "token" && field.Type != nil && field.Type.Name == "binary" {
				f.Severity = scan.Info // what mix phx.gen.auth makes, of which most are hashes
			}
			f.Message = fmt.Sprintf("%s is written out wherever %s is inspected: in logs, crash reports and error trackers.", field.Name, m.Name)
			f.Fix = &scan.Fix{Text: "Say redact: true."}
			if v == nil {
				// A field without a type is a string, and options need one before them.
				add := ", redact: true"
				if len(field.Node.Args) == 1 {
					add = ", :string, redact: true"
				}
				f.Fix.Edits = []scan.Edit{phoenix.Behind(m.File, field.Node.Args[len(field.Node.Args)-1], add)}
			} else {
				f.Fix.Edits = []scan.Edit{phoenix.Replace(m.File, v, "true")}
			}
			p.Report(f)
		}
	}
}

func secret(name string) bool {
	if slices.Contains(whole, name) {
		return true
	}
	for _, e := range ends {
		if strings.HasSuffix(name, e) || name == strings.TrimPrefix(e, "_") {
			return !strings.HasPrefix(name, "public_") && !strings.HasPrefix(name, "has_") && !strings.HasPrefix(name, "hashed_t") && name != "next_page_token"
		}
	}
	return false
}

// text says whether a type can hold a secret: a text, bytes, or a type of the project such as Encrypted.Binary.
func text(t *syntax.Node) bool {
	switch {
	case t == nil, t.Kind == syntax.List:
		return true
	case t.Kind == syntax.Atom:
		return t.Name == "string" || t.Name == "binary" || t.Name == "map"
	case t.Kind == syntax.Alias:
		return strings.Contains(t.Name, "Encrypted") || strings.HasSuffix(t.Name, "Binary") || strings.HasSuffix(t.Name, "String")
	case t.Kind == syntax.Tuple:
		return len(t.Args) == 2 && text(t.Args[1])
	}
	return false
}

// hidden says whether a module says by itself what is shown of it.
func hidden(m *project.Module) bool {
	if v := m.Attributes["schema_redact"]; len(v) > 0 {
		return true
	}
	for _, d := range m.Attributes["derive"] {
		found := false
		syntax.Walk(d, func(n *syntax.Node) bool {
			found = found || n.Kind == syntax.Alias && n.Name == "Inspect"
			return !found
		})
		if found {
			return true
		}
	}
	return false
}
