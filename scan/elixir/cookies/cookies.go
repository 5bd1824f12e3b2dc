// Package cookies looks at the options of session cookies and of cookies that say who somebody is.
package cookies

import (
	_ "embed"
	"fmt"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/cookies.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/cookies", Title: "A cookie of a session is open to others", Severity: scan.Medium, CWE: []int{614, 1004, 1275},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"session"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	seen := map[*syntax.Node]bool{}
	phoenix.Walk(p.Project, func(m *project.Module, n *syntax.Node) bool {
		if syntax.Is(n, "plug") && len(n.Args) > 1 && m.Named(n.Args[0]) == "Plug.Session" {
			if opts := m.Value(n.Args[1]); !seen[opts] {
				seen[opts] = true
				look(p, m.File, opts, "the session")
			}
		}
		if (n.Kind == syntax.Call || n.Kind == syntax.Remote) && n.Name == "put_resp_cookie" && len(n.Args) > 1 {
			opts := m.Value(n.Args[len(n.Args)-1])
			if name := cookie(m, n); opts.Kind == syntax.List && sensitive(name) && !seen[opts] {
				seen[opts] = true
				look(p, m.File, opts, "cookie "+name)
			}
		}
		return true
	}, "Plug.Session", "put_resp_cookie")
}

// cookie is the name of the cookie that a call sets, whether the connection is piped into it or not.
func cookie(m *project.Module, n *syntax.Node) string {
	for _, a := range n.Args[:min(2, len(n.Args))] {
		if text, ok := syntax.Text(m.Value(a)); ok {
			return text
		}
	}
	return ""
}

// sensitive says whether a cookie's name tells that it says who somebody is.
func sensitive(name string) bool {
	return slices.ContainsFunc(phoenix.Words(name), func(w string) bool {
		return slices.Contains([]string{"session", "sess", "sid", "token", "auth", "jwt", "remember", "user", "login", "admin", "otp", "mfa", "refresh", "access"}, w)
	})
}

func look(p *elixir.Pass, file *project.File, opts *syntax.Node, what string) {
	for _, o := range []struct{ key, bad, good, message string }{
		{"secure", "false", "true", "%s is sent by http too, where everybody on the way can read it"},
		{"http_only", "false", "true", "%s can be read by every script of a page, an injected one too"},
		{"same_site", "none", `"Lax"`, "%s is sent with requests that other sites make"},
	} {
		v := syntax.Keyword(opts, o.key)
		if v == nil || !is(v, o.bad) {
			continue
		}
		f := p.At(file, v)
		f.Key = what + " " + o.key
		message := []byte(fmt.Sprintf(o.message, what))
		message[0] -= 'a' - 'A'
		f.Message = string(message) + "."
		f.Fix = &scan.Fix{Text: fmt.Sprintf("Set %s: %s.", o.key, o.good), Edits: []scan.Edit{phoenix.Replace(file, v, o.good)}}
		if what == "the session" && o.key == "same_site" {
			// Sites that are framed by others need it; then the token against forged requests is all there is.
			f.Severity = scan.Low
		}
		p.Report(f)
	}
}

func is(v *syntax.Node, word string) bool {
	if v.Kind == syntax.Atom {
		return v.Name == word
	}
	text, ok := syntax.Text(v)
	return ok && len(text) == len(word) && (text == word || text == "None" && word == "none")
}
