// Package sessionrenew looks for functions that put the signed-in user into a session they did not renew.
package sessionrenew

import (
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/phoenix"
	"palisade.dev/scan/elixir/project"
	"palisade.dev/scan/elixir/syntax"
)

//go:embed doc.md
var doc string

// Check is elixir/sessionrenew.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/sessionrenew", Title: "A session is not renewed at sign-in", Severity: scan.Low, CWE: []int{384},
		Standards: []string{"OWASP A07:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"session"}, Doc: doc,
	},
	Run: run,
}

// keys are those under which a session says who signed in.
var keys = map[string]bool{"user_id": true, "current_user": true, "current_user_id": true, "user_token": true, "user": true, "account_id": true, "admin_id": true}

// signing are words in the names of functions that sign somebody in.
var signing = []string{"log_in", "login", "sign_in", "signin", "create", "callback", "authenticate", "log_user_in", "put_user"}

func run(p *elixir.Pass) {
	kept := stored(p.Project)
	for _, m := range p.Project.All() {
		if m.File.Test() || !phoenix.Holds(m.File, "put_session") {
			continue
		}
		for _, fn := range m.Functions {
			if fn.File != m.File || !signs(fn.Name) {
				continue
			}
			for _, c := range fn.Clauses {
				put := putting(c.Body)
				if put == nil || phoenix.Reaches(p.Project, m, c.Body, renews) {
					continue
				}
				f := p.At(m.File, put)
				f.Key = "put_session"
				f.Message = "The session of before is kept at sign-in: what somebody else put into it, or knows of it, stays good."
				if kept != "" {
					f.Severity = scan.Medium
					f.Message = fmt.Sprintf("The session of before is kept at sign-in, and sessions are kept on the server (%s): whoever gave the user the identifier is signed in with it.", kept)
				}
				f.Fix = &scan.Fix{Text: "Renew it first: conn |> configure_session(renew: true) |> clear_session()"}
				p.Report(f)
			}
		}
	}
}

func signs(name string) bool {
	for _, s := range signing {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}

// putting finds put_session with a key that says who somebody is.
func putting(body *syntax.Node) (found *syntax.Node) {
	syntax.Walk(body, func(n *syntax.Node) bool {
		if found == nil && (n.Kind == syntax.Call || n.Kind == syntax.Remote) && n.Name == "put_session" {
			for _, a := range n.Args {
				if (a.Kind == syntax.Atom || a.Kind == syntax.String) && keys[a.Name] {
					found = n
				}
			}
		}
		return found == nil
	})
	return found
}

func renews(_ *project.Module, n *syntax.Node) bool {
	if n.Kind != syntax.Call && n.Kind != syntax.Remote {
		return false
	}
	switch n.Name {
	case "configure_session":
		v := syntax.Keyword(n, "renew")
		return v != nil && v.Name == "true"
	case "renew_session", "clear_session", "reset_session", "delete_csrf_token":
		return true
	}
	return false
}

// stored is the store of sessions where it is not the cookie itself: then a session has an identifier that can be given away.
func stored(p *project.Project) string {
	for _, e := range phoenix.Endpoints(p) {
		for _, plug := range e.Plugs() {
			if plug.Of != "Plug.Session" || len(plug.Args) == 0 {
				continue
			}
			if v := syntax.Keyword(e.Value(plug.Args[0]), "store"); v != nil && v.Name != "cookie" && v.Name != "" {
				return v.Name
			}
		}
	}
	return ""
}
