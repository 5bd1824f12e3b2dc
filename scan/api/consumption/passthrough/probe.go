// Package passthrough looks for words of other services in answers: their errors, and links that lead out of TLS.
package passthrough

import (
	"context"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/ssrf"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/consumption/passthrough", Title: "Errors of other services are passed on", Severity: scan.Low, CWE: []int{209, 497},
		Standards: []string{"OWASP API10:2023", "OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC9.2"}, Doc: doc,
	},
	Mode: api.Passive, Whole: true,
	Fix: "Catch what goes wrong with other services, write it into your log, and answer with a sentence of your own and a number to find it by.",
	Run: run,
}

// errors of clients and proxies that speak to somebody behind the API; the first group, where there is one, is whom.
var upstream = []struct {
	name string
	form *late.Regexp
}{
	{"Go", late.Pattern(`dial (?:tcp|udp)[46]? ?([\w.\-\[\]:]*)(?:: |->)[^"\n]{0,60}(?:refused|timeout|no such host|unreachable)`)},
	{"Go", late.Pattern(`lookup ([\w.\-]+)(?: on [\d.:]+)?: (?:no such host|server misbehaving|i/o timeout)`)},
	{"Node.js", late.Pattern(`(?:connect )?ECONN(?:REFUSED|RESET) ([\w.:\[\]]+:\d+)|getaddrinfo E(?:NOTFOUND|AI_AGAIN) ([\w.\-]+)`)},
	{"Python", late.Pattern(`HTTPS?ConnectionPool\(host='([^']+)'|requests\.exceptions\.\w+|aiohttp\.client_exceptions\.\w+|Cannot connect to host ([\w.\-:]+)`)},
	{"Elixir", late.Pattern(`%(?:Mint|Req|Finch)\.\w+(?:Error|Response)\{|%HTTPoison\.Error\{|\{:failed_connect, \[\{:to_address, \{~c"([\w.\-]+)"`)},
	{"Java", late.Pattern(`java\.net\.(?:Connect|UnknownHost|SocketTimeout)Exception(?:: ([\w.\-]+))?|org\.apache\.http\.conn\.\w+Exception`)},
	{"PHP", late.Pattern(`cURL error \d+: [^"\n]{0,80}|GuzzleHttp\\{1,2}Exception`)},
	{"Ruby", late.Pattern(`Failed to open TCP connection to ([\w.\-]+:\d+)|Faraday::\w+Error`)},
	{"Envoy", late.Pattern(`upstream connect error or disconnect/reset before headers|upstream request timeout`)},
}

// link is an address without TLS; those of names for XML and the like are never followed.
var link = late.Pattern(`"http://([A-Za-z0-9.\-]+)(?::\d+)?/[^"]*"`)

var vocabularies = []string{"www.w3.org", "schema.org", "json-schema.org", "xmlns.com", "purl.org", "ogp.me", "hydra.io", "www.iana.org", "stateless.group", "docs.oasis-open.org", "localhost"}

func run(ctx context.Context, l *api.Look) {
	answers := read(ctx, l)
	seen := map[string]bool{}
	for _, x := range answers {
		text := string(l.Search(x.Body))
		for _, u := range upstream {
			m := u.form.FindStringSubmatch(text)
			if m == nil || strings.Contains(string(x.Request.Body)+x.Request.URL, m[0]) {
				continue
			}
			key := u.name + " " + l.PathOf(x)
			if seen[key] {
				continue
			}
			seen[key] = true
			h := api.Hit{Key: key, Confidence: scan.Firm, Evidence: api.Show(x), Message: fmt.Sprintf("%s %s answers with the words of a client in %s that could not reach another service.", x.Request.Method, l.PathOf(x), u.name)}
			for _, host := range m[1:] {
				if inside(host) && !strings.Contains(x.Request.URL, host) {
					h.Severity = scan.Medium
					h.Message += " They name a host inside of your network."
					break
				}
			}
			l.FoundAt(h, x.Request.Method, l.PathOf(x))
		}
		if l.Base.Scheme != "https" && !ssrf.Near(l.Base.String()) || !x.OK() || x.JSON() == nil {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(text, 20) {
			key := "link " + l.PathOf(x)
			if slices.Contains(vocabularies, m[1]) || strings.EqualFold(m[1], l.Base.Hostname()) || !strings.Contains(m[1], ".") || local(m[1]) || seen[key] || ssrf.Holds(x.Request.Body, m[1]) || strings.Contains(x.Request.URL, m[1]) {
				continue
			}
			seen[key] = true
			l.FoundAt(api.Hit{
				Title: "Answers lead out of TLS", Key: key, Confidence: scan.Firm, Evidence: api.Show(x),
				Message: fmt.Sprintf("%s %s answers with an address of http://%s; what is read there can be read and changed on the way.", x.Request.Method, l.PathOf(x), m[1]),
				Fix:     "Write addresses with https, and hold what you store from others to it.",
			}, x.Request.Method, l.PathOf(x))
		}
	}
	switch {
	case l.Told():
	case len(answers) == 0:
		l.CannotTell("nothing was answered that could be read", "")
	default:
		l.Clear(fmt.Sprintf("%d answers hold no words of other services", len(answers)))
	}
}

// read gathers what was answered anyway, and asks operations that take addresses for one that leads nowhere.
func read(ctx context.Context, l *api.Look) []*client.Exchange {
	var out []*client.Exchange
	add := func(xs ...*client.Exchange) {
		for _, x := range xs {
			if x != nil && x.Err == nil && len(x.Body) > 0 {
				out = append(out, x)
			}
		}
	}
	for _, who := range l.Names() {
		add(l.Read(ctx, who)...)
	}
	if l.Mode >= api.Active {
		places, _ := ssrf.Places(l)
		for _, p := range places {
			if x := l.Ask(ctx, "with an address that leads nowhere", p.Request(l, "http://palisade.invalid/")); x.Kind() != answer.Lost {
				add(x)
			}
		}
	}
	return out
}

// inside says that a name or address is one of a private network.
func inside(host string) bool {
	if host == "" {
		return false
	}
	if a, err := netip.ParseAddrPort(host); err == nil {
		return client.Near(a.Addr())
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return client.Near(a)
	}
	name, _, _ := strings.Cut(host, ":")
	return !strings.Contains(name, ".") || strings.HasSuffix(name, ".internal") || strings.HasSuffix(name, ".local") || strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".lan")
}

func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && client.Near(a)
}
