// Package weakrandom looks for secrets made by generators that can be foretold: :rand, Enum.random and the clock are for
// games and delays.
package weakrandom

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

// Check is elixir/weakrandom.
var Check = elixir.Check{
	Check: scan.Check{
		ID: "elixir/weakrandom", Title: "A secret from a generator that can be foretold", Severity: scan.High, CWE: []int{330, 338},
		Standards: []string{"OWASP A02:2021", "PCI DSS 4.0 6.2.4"}, Tags: []string{"crypto"}, Doc: doc,
	},
	Run: run,
}

// secret are words of what must not be foretold.
var secret = []string{"token", "secret", "otp", "totp", "nonce", "password", "passcode", "pin", "salt", "csrf", "apikey", "verifier", "passphrase", "invite"}

// pairs are two words that together are such.
var pairs = [][2]string{{"api", "key"}, {"reset", "code"}, {"verification", "code"}, {"confirmation", "code"}, {"login", "code"}, {"auth", "code"}, {"access", "code"}, {"invitation", "code"}, {"invite", "code"}, {"backup", "code"}, {"backup", "codes"}, {"recovery", "codes"}, {"session", "id"}, {"session", "key"}, {"secret", "key"}, {"private", "key"}, {"encryption", "key"}, {"security", "code"}}

func run(p *elixir.Pass) {
	for _, m := range p.Project.All() {
		if m.File.Test() || phoenix.MixTask(m.File) || !phoenix.Holds(m.File, ":rand.", "Enum.random", "Enum.take_random", "Enum.shuffle", ":random.", "unique_integer") {
			continue
		}
		for _, fn := range m.Functions {
			for _, c := range fn.Clauses {
				if fn.File == m.File && c.Body != nil {
					look(p, m, c.Body, what(fn.Name))
				}
			}
		}
	}
}

// look walks a body and knows for what each call stands: the function's name, a variable it is given to, a key in a map.
func look(p *elixir.Pass, m *project.Module, n *syntax.Node, of string) {
	if n == nil {
		return
	}
	switch {
	case syntax.Is(n, "=") && len(n.Args) == 2 && n.Args[0].Kind == syntax.Var:
		// What a variable is for is said by its own name; only where that is short does the function's count.
		if w := what(n.Args[0].Name); w != "" {
			of = w
		} else if len(n.Args[0].Name) > 3 && !plain(n.Args[0].Name) {
			of = ""
		}
		look(p, m, n.Args[1], of)
		return
	case n.Kind == syntax.Pair && n.Args[0].Kind == syntax.Atom && n.Args[0].Name != "do" && n.Args[0].Name != "else":
		look(p, m, n.Args[1], what(n.Args[0].Name))
		return
	case of != "" && foretold(m, n):
		f := p.At(m.File, n)
		f.Message = fmt.Sprintf("A %s from %s can be foretold by whoever saw a few of its numbers, or knows when it was seeded.", of, syntax.Callee(n))
		f.Fix = &scan.Fix{Text: "Take :crypto.strong_rand_bytes(32) |> Base.url_encode64(padding: false); for digits, :rand.uniform with :crypto.rand_seed_s() as its state."}
		p.Report(f)
	}
	look(p, m, n.Fun, of)
	for _, a := range n.Args {
		look(p, m, a, of)
	}
}

// plain are names of parts that a secret is put together from.
func plain(name string) bool {
	return slices.Contains([]string{"chars", "char", "bytes", "number", "digits", "random", "string", "value", "result", "code", "part", "list", "index"}, name)
}

// foretold knows a generator; one that is given a state of :crypto is not.
func foretold(m *project.Module, n *syntax.Node) bool {
	if n.Kind != syntax.Remote || n.Fun == nil {
		return false
	}
	switch m.Named(n.Fun) {
	case ":rand":
		return n.Name == "uniform" || n.Name == "bytes" || n.Name == "uniform_real"
	case ":random":
		return n.Name == "uniform"
	case "Enum":
		return n.Name == "random" || n.Name == "take_random" || n.Name == "shuffle"
	case "System", ":erlang":
		return n.Name == "unique_integer"
	}
	return false
}

// what is the secret that a name speaks of; empty where it speaks of none.
func what(name string) string {
	words := phoenix.Words(name)
	for i, w := range words {
		if slices.Contains(secret, w) {
			// token_count, tokenize and sample tokens are none.
			if i+1 < len(words) && slices.Contains([]string{"count", "id", "ids", "index", "name", "type", "ttl", "delay", "interval", "expiry", "jitter", "instance", "instances", "holder", "transfer"}, words[i+1]) {
				return ""
			}
			return w
		}
		for _, p := range pairs {
			if w == p[0] && i+1 < len(words) && words[i+1] == p[1] {
				return p[0] + " " + p[1]
			}
		}
	}
	return ""
}
