// Package spoofed claims by header to be somebody, without a credential, as a proxy in front would.
package spoofed

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/function/spoofed", Title: "A header says who somebody is, and is believed", Severity: scan.Critical, CWE: []int{290, 348},
		Standards: []string{"OWASP API5:2023", "OWASP API2:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Needs: api.Identity, Whole: true,
	Fix: "Drop these headers where requests come in, and take identity only from a credential, or from a proxy that proves itself (mutual TLS, a signed header).",
	Run: run,
}

// claim is a header and what may be claimed in it.
type claim struct {
	header string
	value  func(p person) string
}

type person struct{ id, name, mail string }

func id(p person) string   { return p.id }
func name(p person) string { return p.name }
func mail(p person) string { return p.mail }
func fixed(s string) func(person) string {
	return func(person) string { return s }
}

// claims are the headers that proxies, gateways and sign-in services pass on, and those that people make up.
var claims = []claim{
	{"X-User-Id", id},
	{"X-UserId", id},
	{"X-User", name},
	{"X-User-Name", name},
	{"X-Username", name},
	{"X-User-Email", mail},
	{"X-Email", mail},
	{"X-Authenticated-User", name},
	{"X-Authenticated-Userid", id},
	{"X-Auth-User", name},
	{"X-Auth-User-Id", id},
	{"X-Auth-Request-User", name},
	{"X-Auth-Request-Email", mail},
	{"X-Auth-Request-Preferred-Username", name},
	{"X-Forwarded-User", name},
	{"X-Forwarded-Email", mail},
	{"X-Forwarded-Preferred-Username", name},
	{"X-Remote-User", name},
	{"Remote-User", name},
	{"Remote-Email", mail},
	{"X-Webauth-User", name},
	{"X-Consumer-Id", id},
	{"X-Consumer-Username", name},
	{"X-Credential-Identifier", name},
	{"X-Account-Id", id},
	{"X-Customer-Id", id},
	{"X-Amzn-Oidc-Identity", id},
	{"X-Goog-Authenticated-User-Email", func(p person) string { return "accounts.google.com:" + p.mail }},
	{"Cf-Access-Authenticated-User-Email", mail},
	{"Tailscale-User-Login", mail},
	{"X-Role", fixed("admin")},
	{"X-Roles", fixed("admin")},
	{"X-User-Role", fixed("admin")},
	{"X-User-Roles", fixed("admin")},
	{"X-Admin", fixed("true")},
	{"X-Is-Admin", fixed("true")},
	{"X-Internal", fixed("true")},
	{"X-Internal-Request", fixed("true")},
	{"X-Ssl-Client-Verify", fixed("SUCCESS")},
	{"X-Client-Verify", fixed("SUCCESS")},
	{"X-Ssl-Client-S-Dn", func(p person) string { return "CN=" + p.name }},
	{"X-Client-Dn", func(p person) string { return "CN=" + p.name }},
	{"Ssl-Client-S-Dn", func(p person) string { return "CN=" + p.name }},
	{"X-Ssl-Client-Cn", name},
	{"X-Forwarded-Client-Cert", func(p person) string {
		return `Hash=0;Subject="CN=` + p.name + `";URI=spiffe://cluster.local/` + p.name
	}},
	{"X-Envoy-Internal", fixed("true")},
	{"X-Forwarded-For", fixed("127.0.0.1")},
	{"X-Real-Ip", fixed("127.0.0.1")},
}

// door is an operation that turns somebody away.
type door struct {
	op      *spec.Operation
	request client.Request
	shut    *client.Exchange
	open    *client.Exchange // what those get who may; nil where nobody was seen to
}

const doors = 3

func run(ctx context.Context, l *api.Look) {
	who := l.First()
	shut := find(ctx, l, who)
	if len(shut) == 0 {
		l.NotGuarded()
		return
	}
	people := persons(l, who)
	tried := 0
	for _, d := range shut {
		for _, p := range people {
			nonsense := l.Ask(ctx, "control: as many headers that mean nothing", all(d.request, p, "Palisade-"))
			x := l.Ask(ctx, "all headers at once", all(d.request, p, ""))
			if !x.Kind().Tells() || !nonsense.Kind().Tells() {
				continue
			}
			tried++
			if !d.opened(ctx, l, x) || nonsense.OK() {
				continue
			}
			if one, way := alone(ctx, l, d, p); one != nil {
				l.Found(api.Hit{
					Op: d.op, Confidence: scan.Confirmed, Param: "header:" + way, Key: "spoofed", Evidence: api.Show(d.open, d.shut, nonsense, one),
					Message: fmt.Sprintf("%s turns %s away, and lets in whoever adds the header %s.", d.op.Name(), called(d.request.As), way),
				})
				return
			}
		}
	}
	if tried == 0 {
		l.CannotTell("the attempts were not answered", "")
		return
	}
	l.Clear(fmt.Sprintf("%d headers change nothing at %d operations", len(claims), len(shut)))
}

func called(who *identity.Identity) string {
	if who == nil {
		return "nobody's requests"
	}
	return who.Name
}

// find gives operations that turn nobody away, and those that turn the first identity away.
func find(ctx context.Context, l *api.Look, who *identity.Identity) []door {
	var open, above []door
	for _, op := range l.Operations {
		if !op.Safe() || !l.Askable(op) || len(open)+len(above) >= doors {
			continue
		}
		c := l.Controls(ctx, op)
		r := l.Request(op, who)
		switch {
		case c.Valid == nil || c.Nobody.Kind() != answer.Denied:
		case c.Valid.OK() && len(open) < 2:
			open = append(open, door{op, r.By(nil), c.Nobody, c.Valid})
		case c.Valid.Status == http.StatusForbidden && len(above) < 1:
			above = append(above, door{op, r.By(who), c.Valid, nil})
		}
	}
	return append(open, above...)
}

// persons are who may be claimed: the identity itself, by what is known of it, and the administrator as everybody guesses.
func persons(l *api.Look, who *identity.Identity) []person {
	p := person{name: who.Name}
	for path, x := range l.Knows(who).Answers {
		if !api.IsMe(path) || !x.OK() {
			continue
		}
		values := answer.Values(x.Answer)
		for _, n := range slices.Sorted(maps.Keys(values)) {
			switch last := strings.ToLower(n[strings.LastIndexByte(n, '.')+1:]); last {
			case "id", "user_id", "userid":
				p.id = values[n][0]
			case "email":
				p.mail = values[n][0]
			case "username", "login":
				p.name = values[n][0]
			}
		}
	}
	if t, err := jwt.Parse(who.Token()); err == nil && p.id == "" {
		p.id = fmt.Sprint(t.Claims["sub"])
	}
	if p.mail == "" {
		p.mail = p.name + "@example.com"
	}
	return []person{p, {"1", "admin", "admin@example.com"}}
}

func all(r client.Request, p person, before string) client.Request {
	for _, c := range claims {
		if v := c.value(p); v != "" {
			r = r.With(before+c.header, v)
		}
	}
	return r
}

// opened says that an exchange got behind the door: what those get who may, or something of its own that is no page for
// whatever is asked.
func (d door) opened(ctx context.Context, l *api.Look, x *client.Exchange) bool {
	if !x.OK() || l.Absence(ctx, d.op.Path, nil).Is(x) || (x.HTML() && (d.open == nil || !d.open.HTML())) {
		return false
	}
	return d.open == nil || answer.SameShape(d.open.Answer, x.Answer)
}

// alone finds the header that opened it.
func alone(ctx context.Context, l *api.Look, d door, p person) (*client.Exchange, string) {
	for _, c := range claims {
		v := c.value(p)
		if v == "" {
			continue
		}
		x := l.Ask(ctx, "with "+c.header, d.request.With(c.header, v))
		if !d.opened(ctx, l, x) {
			continue
		}
		still := l.Ask(ctx, "control: without it", d.request)
		again := l.Ask(ctx, "with "+c.header+", once more", x.Request)
		if still.Kind() == answer.Denied && d.opened(ctx, l, again) {
			return x, c.header
		}
	}
	x := l.Ask(ctx, "all headers at once, once more", all(d.request, p, ""))
	still := l.Ask(ctx, "control: without them", d.request)
	if still.Kind() == answer.Denied && d.opened(ctx, l, x) {
		return x, "X-User-Id with others"
	}
	return nil, ""
}
