package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

// anyPolicy makes a policy of random routes, rules and traps over few words, so that they meet often.
func anyPolicy(r *rand.Rand) *wire.Policy {
	words := []string{"a", "b", "users", "log_in", "x.php", ".env", "*", "v*", "B"}
	methods := []string{"", "", "GET ", "POST ", "HEAD ", "PUT,POST "}
	route := func() string {
		if r.IntN(8) == 0 {
			return "*"
		}
		path := ""
		for range 1 + r.IntN(3) {
			path += "/" + words[r.IntN(len(words))]
		}
		if r.IntN(4) == 0 {
			path += "/**"
		}
		return methods[r.IntN(len(methods))] + path
	}
	p := &wire.Policy{Version: wire.Version, Site: "any", Revision: 1}
	p.Identity.Path.FoldCase = r.IntN(4) == 0
	for i := range 1 + r.IntN(4) {
		p.Routes = append(p.Routes, wire.Route{Name: fmt.Sprint("n", i), Match: wire.Words{route(), route()}})
	}
	bys := []wire.Words{nil, nil, {"network"}, {"site"}, {"address", "account"}, {"account"}}
	for i := range 1 + r.IntN(20) {
		rule := wire.Rule{Name: fmt.Sprint("r", i), Match: wire.Match{Route: route()}, Limit: fmt.Sprint(1+r.IntN(9), " per 1m"), By: bys[r.IntN(len(bys))]}
		switch r.IntN(6) {
		case 0:
			rule.Match.Host = wire.Words{"shop.*"}
		case 1:
			rule.Count = "status.404"
		case 2:
			rule.Mode = "rehearse"
		case 3:
			rule.Distinct = "path"
		}
		p.Rules = append(p.Rules, rule)
	}
	for i, paths := range [][]string{{".env"}, {"*.php", "/a/b"}} {
		if r.IntN(2) == 0 {
			p.Traps = append(p.Traps, wire.Trap{Name: fmt.Sprint("t", i), Paths: paths})
		}
	}
	return p
}

// TestKnownWays holds that what is known of a path is what a walk finds, and that both are what patterns mean.
func TestKnownWays(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	segments := []string{"a", "b", "users", "log_in", "x.php", ".env", "v1", "", "B", "c"}
	known, met := 0, 0
	for range 300 {
		w := anyPolicy(r)
		p, err := Compile(w, nil, Abilities{})
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			path := ""
			for range 1 + r.IntN(3) {
				path += "/" + segments[r.IntN(len(segments))]
			}
			if w.Identity.Path.FoldCase {
				path = strings.ToLower(path)
			}
			if n := len(p.router.literals); n > 0 && r.IntN(2) == 0 {
				path = p.router.literals[r.IntN(n)]
			}
			if slices.Contains(p.router.literals, path) {
				known++
			}
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", ""} {
				var walked way
				p.walk(method, path, &walked)
				found := p.find(method, path)
				if (found != nil) != slices.Contains(p.router.literals, path) || found != nil && *found != walked {
					t.Fatalf("%s %s: known as %+v, walked as %+v", method, path, found, walked)
				}
				for i := range p.rules {
					ru := &p.rules[i]
					pattern := p.router.patterns[ru.pattern]
					if w.Identity.Path.FoldCase {
						pattern.path = strings.ToLower(pattern.path)
					}
					want := slowMatch(pattern, path) && slowMethod(pattern.methods, method)
					plain := ru.distinct == "" && !ru.narrow
					owes := walked.owed[ru.group>>3]>>(ru.group&7<<3+ru.slot)&1 == 1
					if walked.matched.has(ru.pattern) != want || plain && owes != want {
						t.Fatalf("%s %s: rule %s of %q: matched %v, owed %v, want %v", method, path, ru.name, pattern.Text, walked.matched.has(ru.pattern), owes, want)
					}
					if want {
						met++
					}
				}
			}
		}
	}
	if known < 10_000 || met < 100_000 {
		t.Errorf("%d known paths, %d rules met", known, met)
	}
}

func slowMethod(methods []string, method string) bool {
	for _, m := range methods {
		if m == method || m == "GET" && method == "HEAD" {
			return true
		}
	}
	return len(methods) == 0
}

// TestManyMethods holds that a policy with too many methods for a table decides all the same.
func TestManyMethods(t *testing.T) {
	w := &wire.Policy{Version: wire.Version}
	for i := range maxMethods + 1 {
		w.Rules = append(w.Rules, wire.Rule{Name: fmt.Sprint("r", i), Match: wire.Match{Route: fmt.Sprintf("M%d /a", i)}, Limit: "1 per 1m"})
	}
	p, err := Compile(w, nil, Abilities{})
	if err != nil {
		t.Fatal(err)
	}
	tally := NewTally(Size{64, 64, 64, 64}, [16]byte{1})
	for i, want := range []Action{Pass, Throttle} {
		if a := p.Decide(tally, &Request{At: day, Method: "M3", Path: "/a", Address: stranger}).Action; a != want {
			t.Errorf("request %d: %s, want %s", i, a, want)
		}
	}
}
