// Package checkorigin looks for sockets that any site's pages may open.
package checkorigin

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

// Check is elixir/checkorigin.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/checkorigin", Title: "Sockets open to pages of any site", Severity: scan.Medium, CWE: []int{1385, 346},
		Standards: []string{"OWASP A05:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"config", "socket"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	seen := map[*syntax.Node]bool{}
	for _, m := range phoenix.Endpoints(p.Project) {
		for _, c := range m.Calls {
			if c.Name != "socket" || len(c.Args) < 2 {
				continue
			}
			for _, transport := range []string{"websocket", "longpoll"} {
				options := m.Value(syntax.Keyword(c.Node, transport))
				if v := m.Value(syntax.Keyword(options, "check_origin")); v != nil && !seen[v] {
					seen[v] = true
					path, _ := syntax.Text(c.Args[0])
					look(p, c.File, c.Node, v, m.Name, fmt.Sprintf("The %s of socket %s", transport, path), session(options))
				}
			}
		}
		for _, e := range holding(p.Project.Config, m.Name) {
			look(p, e.File, e.Value, e.Value, m.Name, m.Name, false)
		}
	}
}

// holding are the values of check_origin that hold for an endpoint in production: the last that is said of all
// environments or of production itself, while one of production may still stand inside a condition.
func holding(c *project.Config, endpoint string) (found []*project.Entry) {
	for _, e := range c.Entries {
		if e.Key == endpoint && len(e.Path) == 1 && e.Path[0] == "check_origin" && e.Production() {
			if len(found) > 0 && found[len(found)-1].Env == "" {
				found = found[:len(found)-1]
			}
			found = append(found, e)
		}
	}
	return found
}

// look looks at a value; told of is the whole socket, since options may stand apart from it.
func look(p *elixir.Pass, file *project.File, at, v *syntax.Node, endpoint, what string, session bool) {
	f := p.At(file, at)
	if f.Place.Symbol == "" {
		f.Place.Symbol = endpoint
	}
	f.Key = what
	switch {
	case v.Kind == syntax.Atom && v.Name == "false":
		f.Message = fmt.Sprintf("%s may be opened by a page of any site: it then acts with the cookies of whoever looks at that page.", what)
	case v.Kind == syntax.List && wild(v) != "":
		f.Message = fmt.Sprintf("%s may be opened by pages of any site that matches %s.", what, wild(v))
	default:
		p.Clear(f.Place, "pages of other sites are refused by "+file.Text(v))
		return
	}
	if session {
		// Phoenix gives a session to a socket only with the token against forged requests, which other sites do not know.
		f.Severity = scan.Low
	}
	f.Fix = &scan.Fix{
		Text:  `Name the hosts whose pages may open it: check_origin: ["//shop.example", "//*.shop.example"]. With true, that is the host of url.`,
		Edits: []scan.Edit{phoenix.Replace(file, v, "true")},
	}
	p.Report(f)
}

// session says whether a socket takes who somebody is from the session alone.
func session(options *syntax.Node) bool {
	found := false
	syntax.Walk(syntax.Keyword(options, "connect_info"), func(n *syntax.Node) bool {
		found = found || n.Kind == syntax.Pair && n.Args[0].Name == "session"
		return !found
	})
	return found
}

// wild is an entry of a list that lets everybody in, or everybody below a top domain.
func wild(list *syntax.Node) string {
	for _, a := range list.Args {
		text, ok := syntax.Text(a)
		_, host, slashes := strings.Cut(text, "//")
		if !slashes {
			host = text
		}
		if ok && (host == "*" || strings.HasPrefix(host, "*.") && strings.Count(host, ".") == 1) {
			return text
		}
	}
	return ""
}
