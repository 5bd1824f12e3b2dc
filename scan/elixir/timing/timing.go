// Package timing looks for secrets compared by == and the like, which stop at the first byte that differs: how long it takes
// tells how much of a guess was right.
package timing

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
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Check is elixir/timing.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/timing", Title: "A secret is compared byte by byte", Severity: scan.Low, CWE: []int{208},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"crypto"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, m := range p.Project.All() {
		if m.File.Test() || phoenix.MixTask(m.File) {
			continue
		}
		for _, fn := range m.Functions {
			for _, c := range fn.Clauses {
				if fn.File == m.File && c.Body != nil {
					body(p, m, c)
				}
			}
		}
	}
}

// proving knows functions that check a proof. Signatures of functions, events and types are something else.
var proving = late.Pattern(`(?i)crypto|req_header|hmac|secret|\bsign\(|webhook`)

func body(p *elixir.Pass, m *project.Module, c *project.Clause) {
	syntax.Walk(c.Body, func(n *syntax.Node) bool {
		switch {
		case syntax.Is(n, "from", "where", "or_where", "dynamic", "join", "having", "filter", "expr", "quote", "assert", "refute") || (n.Kind == syntax.Remote && (n.Name == "where" || n.Name == "dynamic")):
			return false // the database compares, or nobody does
		case syntax.Is(n, "==", "===", "!=", "!==") && len(n.Args) == 2:
			look(p, m, c, n)
		}
		return true
	})
}

func look(p *elixir.Pass, m *project.Module, c *project.Clause, n *syntax.Node) {
	left, right := n.Args[0], n.Args[1]
	name := sensitive(left)
	if name == "" {
		name = sensitive(right)
	}
	if name == "" || harmless(m, left) || harmless(m, right) || same(left, right) {
		return
	}
	if signature(name) && !proving.MatchString(m.File.Text(c.Node)) {
		return
	}
	f := p.At(m.File, n)
	if signature(name) {
		f.Severity = scan.Medium
	}
	f.Message = fmt.Sprintf("%s is compared by %s, which takes the longer the more of a guess is right.", name, n.Name)
	compare := fmt.Sprintf("Plug.Crypto.secure_compare(%s, %s)", m.File.Text(left), m.File.Text(right))
	if strings.HasPrefix(n.Name, "!") {
		compare = "not " + compare
	}
	f.Fix = &scan.Fix{Text: "Compare by Plug.Crypto.secure_compare/2, which takes the same time whatever is given. It wants two texts: look for nil before.", Edits: []scan.Edit{phoenix.Replace(m.File, n, compare)}}
	p.Report(f)
}

func signature(name string) bool {
	return strings.Contains(name, "signature") || strings.Contains(name, "hmac") || strings.Contains(name, "digest") || strings.Contains(name, "mac")
}

// secrets are names, or ends of names, of what a stranger may guess at.
var secrets = []string{
	"signature", "hmac", "api_key", "apikey", "api_token", "access_token", "auth_token", "bearer_token", "reset_token", "webhook_secret", "webhook_token", "client_secret", "shared_secret",
	"secret_key", "signing_secret", "otp", "totp", "otp_code", "csrf_token", "verification_token", "confirmation_token", "invite_token", "session_token", "remember_token", "secret", "password",
	"auth_key", "secret_token", "refresh_token", "admin_token", "verify_token", "provided_token", "expected_token",
}

// sensitive is the name of a value that is a secret: a variable, a field, a key, an environment variable.
func sensitive(n *syntax.Node) string {
	name := ""
	switch n.Kind {
	case syntax.Var:
		name = n.Name
	case syntax.Remote:
		if len(n.Args) == 0 {
			name = n.Name
		} else if callee := syntax.Callee(n); strings.HasPrefix(callee, "System.") || strings.HasPrefix(callee, "Application.") {
			name = lastName(n.Args)
		}
	case syntax.Access:
		name = lastName(n.Args)
	}
	low := strings.ToLower(name)
	for _, s := range secrets {
		if low == s || strings.HasSuffix(low, "_"+s) && s != "otp" { // local_otp is a release of Erlang
			if strings.Contains(low, "confirmation") && s == "password" || strings.HasPrefix(low, "no_") || strings.HasPrefix(low, "has_") || strings.HasPrefix(low, "is_") {
				return ""
			}
			return name
		}
	}
	return ""
}

func lastName(args []*syntax.Node) string {
	for i := len(args) - 1; i >= 0; i-- {
		if args[i].Kind == syntax.Atom || args[i].Kind == syntax.String {
			return args[i].Name
		}
	}
	return ""
}

// harmless says whether one side is nothing that a guess is compared with: nil, a number, an empty text, a word of the source.
func harmless(m *project.Module, n *syntax.Node) bool {
	switch v := m.Value(n); v.Kind {
	case syntax.Atom, syntax.Integer, syntax.Float, syntax.List, syntax.Tuple, syntax.Map, syntax.Struct, syntax.Charlist, syntax.Alias:
		return true
	case syntax.String:
		return len(v.Name) < 8
	case syntax.Call, syntax.Remote:
		return slices.Contains([]string{"length", "byte_size", "map_size", "elem", "hd"}, v.Name)
	case syntax.Var:
		return strings.HasSuffix(v.Name, "_confirmation")
	}
	return false
}

// same says whether both sides are the same field of two records, as in old.token == new.token: nobody guesses there.
func same(a, b *syntax.Node) bool {
	return a.Kind == syntax.Remote && b.Kind == syntax.Remote && len(a.Args) == 0 && len(b.Args) == 0 && a.Name == b.Name
}
