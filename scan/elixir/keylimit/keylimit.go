// Package keylimit looks for limits whose key is a header as the sender wrote it: whoever sends another value each time has a
// new account each time.
package keylimit

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

// Check is elixir/keylimit.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/keylimit", Title: "A limit counts by a header that the sender chooses", Severity: scan.Medium, CWE: []int{348, 770, 799},
		Standards: []string{"OWASP API4:2023"}, Tags: []string{"limits"}, Doc: doc,
	},
	Run: run,
}

func run(p *elixir.Pass) {
	for _, m := range p.Project.All() {
		if m.File.Test() || !phoenix.Holds(m.File, "get_req_header", "req_headers") {
			continue
		}
		for _, fn := range m.Functions {
			if fn.File != m.File {
				continue
			}
			for _, c := range fn.Clauses {
				look(p, m, c.Body)
			}
		}
	}
}

func look(p *elixir.Pass, m *project.Module, body *syntax.Node) {
	values := assigned(body)
	syntax.Walk(body, func(n *syntax.Node) bool {
		if !limit(m, n) {
			return true
		}
		for _, a := range n.Args {
			if h := header(p.Project, m, a, values, 0); h != nil {
				report(p, m, n, h)
				return false
			}
		}
		return true
	})
}

// limit knows a call that is given a key to count by.
func limit(m *project.Module, n *syntax.Node) bool {
	switch n.Kind {
	case syntax.Remote:
		if n.Fun == nil || n.Name == "child_spec" || n.Name == "start_link" {
			return false
		}
		name := m.Named(n.Fun)
		return name != "" && len(n.Args) > 0 && phoenix.CountsHere(m, n) && !strings.HasSuffix(name, "PlugAttack")
	case syntax.Call:
		return len(n.Args) > 1 && (n.Name == "throttle" || n.Name == "check_rate" || n.Name == "fail2ban" || n.Name == "hit")
	}
	return false
}

// assigned are the values that names are given in a body.
func assigned(body *syntax.Node) map[string]*syntax.Node {
	values := map[string]*syntax.Node{}
	syntax.Walk(body, func(n *syntax.Node) bool {
		if (syntax.Is(n, "=") || syntax.Is(n, "<-")) && len(n.Args) == 2 {
			syntax.Walk(n.Args[0], func(v *syntax.Node) bool {
				if v.Kind == syntax.Var && v.Name != "_" {
					values[v.Name] = n.Args[1]
				}
				return true
			})
		}
		if syntax.Is(n, "case") && len(n.Args) > 1 { // case get_req_header(conn, "x") do [ip | _] -> …
			for _, c := range syntax.Body(syntax.Do(n)) {
				for _, clause := range c.Args {
					if clause.Kind == syntax.Clause {
						syntax.Walk(clause.Args[0], func(v *syntax.Node) bool {
							if v.Kind == syntax.Var && v.Name != "_" && values[v.Name] == nil {
								values[v.Name] = n.Args[0]
							}
							return true
						})
					}
				}
			}
		}
		return true
	})
	return values
}

const deepest = 4

// header is the call that reads a header, if a value comes from one.
func header(p *project.Project, m *project.Module, n *syntax.Node, values map[string]*syntax.Node, depth int) (found *syntax.Node) {
	if depth > deepest {
		return nil
	}
	syntax.Walk(n, func(n *syntax.Node) bool {
		if found != nil || n.Kind == syntax.Fn {
			return false
		}
		switch {
		case n.Name == "get_req_header" && (n.Kind == syntax.Call || n.Kind == syntax.Remote):
			found = n
		case n.Kind == syntax.Remote && n.Name == "req_headers":
			found = n
		case n.Kind == syntax.Var && values[n.Name] != nil && values[n.Name] != n:
			v := values[n.Name]
			found = header(p, m, v, without(values, n.Name), depth+1)
		case n.Kind == syntax.Call || n.Kind == syntax.Remote:
			// A function of the same module that gives the header's value, as client_ip(conn).
			if fn := phoenix.Called(p, m, n); fn != nil && fn.Module == m && depth < deepest {
				for _, c := range fn.Clauses {
					if c.Body != nil && found == nil {
						found = header(p, m, c.Body, assigned(c.Body), depth+2)
					}
				}
			}
		}
		return found == nil
	})
	return found
}

func without(values map[string]*syntax.Node, name string) map[string]*syntax.Node {
	rest := map[string]*syntax.Node{}
	for k, v := range values {
		if k != name {
			rest[k] = v
		}
	}
	return rest
}

func report(p *elixir.Pass, m *project.Module, n, read *syntax.Node) {
	name := "a header"
	for _, a := range read.Args {
		if text, ok := syntax.Text(a); ok {
			name = text
		}
	}
	if low := strings.ToLower(name); low == "cf-connecting-ip" || low == "fly-client-ip" || low == "true-client-ip" {
		// Set by one provider for all who come through it; whether others can come is not to be seen here.
		return
	}
	f := p.At(m.File, n)
	f.Key = name
	f.Message = fmt.Sprintf("The limit counts by %s as the sender wrote it: another value with each request is never limited.", name)
	f.Fix = &scan.Fix{Text: "Count by conn.remote_ip, set by a plug that believes only known proxies (RemoteIp with proxies:, or the Palisade gateway in front), and by a key only after it was found to be one of yours."}
	p.Report(f)
}
