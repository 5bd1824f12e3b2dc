// Package limitafterauth looks for limits that stand behind the check they should slow down: a plug that counts behind one
// that verifies, or a call that counts behind the one that compares the password.
package limitafterauth

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

// Check is elixir/limitafterauth.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/limitafterauth", Title: "A limit stands behind the check it should slow down", Severity: scan.Medium, CWE: []int{307, 696},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3.4"}, Tags: []string{"limits", "router"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	counted := phoenix.LimitedAll(p.Project) != ""
	for _, r := range phoenix.Routers(p.Project) {
		if !counted {
			routes(p, r)
		}
	}
	for _, m := range p.Project.All() {
		if m.File.Test() || !phoenix.Holds(m.File, comparing...) {
			continue
		}
		for _, fn := range m.Functions {
			for _, c := range fn.Clauses {
				if fn.File == m.File && c.Body != nil {
					body(p, m, c.Body)
				}
			}
		}
	}
}

// routes looks at the order of plugs on the way to each route, and tells once of each pair.
func routes(p *elixir.Pass, r *project.Router) {
	seen := map[*syntax.Node]bool{}
	known := map[string]bool{} // many routes pass the same plugs
	limits := func(plug project.Plug) bool {
		is, ok := known[name(plug)]
		if !ok {
			is = phoenix.Limits(p.Project, r.Module, plug)
			known[name(plug)] = is
		}
		return is
	}
	for _, route := range r.Routes {
		plugs := route.Plugs()
		limit := slices.IndexFunc(plugs, limits)
		if limit < 0 || seen[plugs[limit].Node] || route.Dev {
			continue
		}
		check := slices.IndexFunc(plugs[:limit], func(plug project.Plug) bool { return verifies(p.Project, r.Module, plug) })
		if check < 0 {
			continue
		}
		seen[plugs[limit].Node] = true
		before := plugs[check]
		f := p.At(plugs[limit].File, plugs[limit].Node)
		if plugs[limit].Node == r.Module.Node { // named in pipe_through alone
			f = p.At(r.Module.File, route.Node)
		}
		f.Place.Symbol, f.Key = r.Module.Name, name(plugs[limit])+" behind "+name(before)
		f.Message = fmt.Sprintf("%s counts behind %s, which refuses first: whoever guesses at keys there is never counted.", name(plugs[limit]), name(before))
		f.Fix = &scan.Fix{Text: "Plug a limit by address before the check, and keep one by account behind it if you like."}
		p.Report(f)
	}
}

func name(plug project.Plug) string {
	if plug.Name != "" {
		return ":" + plug.Name
	}
	return plug.Of
}

// verifies says whether a plug refuses those whose credential is wrong: it turns strangers away and reads the header with
// the credential, or is known to. A plug that looks only at the session is not guessed at.
func verifies(p *project.Project, m *project.Module, plug project.Plug) bool {
	if plug.Of == "Plug.BasicAuth" || plug.Name == "basic_auth" {
		return true
	}
	if turns, known := phoenix.TurnsAway(p, m, plug); !turns || !known {
		return false
	}
	bodies, in := phoenix.Bodies(p, m, plug)
	return slices.ContainsFunc(bodies, func(b *syntax.Node) bool {
		return phoenix.Reaches(p, in, b, func(_ *project.Module, n *syntax.Node) bool {
			low := strings.ToLower(n.Name)
			return n.Kind == syntax.String && (low == "authorization" || low == "x-api-key" || low == "x-auth-token") || n.Name == "parse_basic_auth"
		})
	})
}

// body looks for a call that compares a password and a later one that counts.
func body(p *elixir.Pass, m *project.Module, body *syntax.Node) {
	var checked *syntax.Node
	counted, done := false, false
	syntax.Walk(body, func(n *syntax.Node) bool {
		if done || counted {
			return false
		}
		switch {
		case phoenix.CountsHere(m, n):
			if checked == nil {
				counted = true
				return false
			}
			done = true
			f := p.At(m.File, n)
			f.Key = "behind " + checked.Name
			f.Message = fmt.Sprintf("It is counted behind %s: the password was compared before anybody was refused.", checked.Name)
			f.Fix = &scan.Fix{Text: "Count first, and compare only where the count allows it."}
			p.Report(f)
			return false
		case compares(n):
			checked = n
		}
		return true
	})
}

// compares knows calls that compare a password, by the names that libraries and generators give them.
func compares(n *syntax.Node) bool {
	if n.Kind != syntax.Call && n.Kind != syntax.Remote {
		return false
	}
	return slices.Contains(comparing, n.Name)
}

var comparing = []string{
	"verify_pass", "check_pass", "checkpw", "valid_password?", "get_user_by_email_and_password", "authenticate_user", "authenticate_by_email_and_password", "verify_password",
}
