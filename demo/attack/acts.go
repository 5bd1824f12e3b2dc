package attack

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"

	"palisade.dev/demo/shop"
)

// The names of the acts, in the order in which they are played.
const (
	SignUp   = "sign-up"
	Stuffing = "stuffing"
	Scan     = "scan"
)

// Names are all acts, in order.
func Names() []string { return []string{SignUp, Stuffing, Scan} }

//go:embed paths.txt
var pathList string

// scannerPaths are the lines of paths.txt.
func scannerPaths() (paths []string) {
	for line := range strings.Lines(pathList) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
			paths = append(paths, line)
		}
	}
	return paths
}

// An act is what is sent, how fast, and what its author hopes to see.
type act struct {
	name   string
	rate   int // a second
	count  int
	shot   func(n int) shot // called in order, by one goroutine
	landed func(status int) bool
}

// Each act has addresses of its own, so that one is not judged by what another did.
const (
	stuffingFrom = 1 << 24
	scanFrom     = 2 << 24
)

// acts gives the acts by name. Stuffing and scan run at a quarter of the sign-ups' rate.
func acts(o Options) (chosen []act) {
	redirected := func(status int) bool { return status == 302 || status == 303 }
	slow := max(o.Rate/4, 1)
	inTime := func(rate int) int { return max(int(float64(rate)*o.Duration.Seconds()), 1) }
	paths := scannerPaths()
	all := []act{
		{name: SignUp, rate: o.Rate, count: inTime(o.Rate), shot: signUps(o.Rand, o.From), landed: redirected},
		{name: Stuffing, rate: slow, count: inTime(slow), shot: leaks(o.Rand, o.From, inTime(slow)), landed: redirected},
		{
			name: Scan, rate: slow, count: min(inTime(slow), len(paths)), shot: scan(paths, o.From),
			landed: func(status int) bool { return status >= 200 && status < 300 },
		},
	}
	for _, a := range all {
		for _, name := range o.Acts {
			if a.name == name {
				chosen = append(chosen, a)
				break
			}
		}
	}
	return chosen
}

// signUps asks for a new account from another address each time.
func signUps(rng *rand.Rand, from func(int) netip.Addr) func(int) shot {
	return func(n int) shot {
		email := fmt.Sprintf("%s.%08x@%s", pick(rng, firstNames), rng.Uint32(), pick(rng, mailHosts))
		return shot{
			method: "POST", path: "/users/register", from: from(n), agent: browserAgent,
			form: pair(email, fmt.Sprintf("%s%d", pick(rng, leakedPasswords), 10+rng.IntN(90))),
		}
	}
}

const (
	goodEvery = 40 // one in so many leaked pairs is good
	triesEach = 2  // of one address, once the run goes through many
)

// leaks tries a list of leaked pairs, in which some customers of the shop are: the first half from one address, the
// second half from many, a few tries each.
func leaks(rng *rand.Rand, from func(int) netip.Addr, count int) func(int) shot {
	var good []shop.Seed
	for _, seed := range shop.Seeds() {
		if seed.Leaked {
			good = append(good, seed)
		}
	}
	return func(n int) shot {
		email := fmt.Sprintf("%s%d@%s", pick(rng, firstNames), 1950+rng.IntN(70), pick(rng, mailHosts))
		password := pick(rng, leakedPasswords)
		if n%goodEvery == goodEvery-1 {
			seed := good[n/goodEvery%len(good)]
			email, password = seed.Email, seed.Password
		}
		address := from(stuffingFrom)
		if n >= count/2 {
			address = from(stuffingFrom + 1 + (n-count/2)/triesEach)
		}
		return shot{
			method: "POST", path: "/users/log_in", from: address, agent: scriptAgent, form: pair(email, password),
		}
	}
}

// scan asks for every path, all from one address.
func scan(paths []string, from func(int) netip.Addr) func(int) shot {
	return func(n int) shot {
		return shot{method: "GET", path: paths[n], from: from(scanFrom), agent: scannerAgent}
	}
}

func pair(email, password string) url.Values {
	return url.Values{"user[email]": {email}, "user[password]": {password}}
}

func pick(rng *rand.Rand, words []string) string { return words[rng.IntN(len(words))] }

var (
	firstNames = strings.Fields("anna ben chloe david emma felix grace henry ida jack kim liam mia noah olga paul " +
		"quinn rosa sam tina umar vera will xenia yusuf zoe")
	mailHosts       = []string{"example.com", "example.net", "example.org"}
	leakedPasswords = strings.Fields("123456789 password1 qwerty123 iloveyou sunshine princess1 football1 " +
		"welcome1 monkey123 dragon2010 letmein1 baseball shadow12 michael1 superman trustno1 starwars chocolate")
)
