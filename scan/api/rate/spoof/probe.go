// Package spoof claims other addresses by header while it is refused.
package spoof

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/spoof", Title: "Rate limit believes a header about the client's address", Severity: scan.High, CWE: []int{290, 348},
		Standards: []string{"OWASP API4:2023", "OWASP API6:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Take the client's address from the connection; behind a proxy of yours take it from exactly one header that the proxy sets, counting trusted hops from the right, and drop the others.",
	Run: run,
}

// forms are the ways to claim an address. Each is tried with two addresses of the ranges for documentation, which are
// nobody's.
var forms = []struct {
	name  string
	claim func(h http.Header, address string)
}{
	{"X-Forwarded-For", func(h http.Header, a string) { h.Set("X-Forwarded-For", a) }},
	{"X-Forwarded-For, a list", func(h http.Header, a string) { h.Set("X-Forwarded-For", a+", 10.0.0.1") }},
	{"X-Forwarded-For, twice", func(h http.Header, a string) { h["X-Forwarded-For"] = []string{a, "10.0.0.1"} }},
	{"X-Real-IP", func(h http.Header, a string) { h.Set("X-Real-IP", a) }},
	{"True-Client-IP", func(h http.Header, a string) { h.Set("True-Client-IP", a) }},
	{"CF-Connecting-IP", func(h http.Header, a string) { h.Set("CF-Connecting-IP", a) }},
	{"Fastly-Client-IP", func(h http.Header, a string) { h.Set("Fastly-Client-IP", a) }},
	{"Fly-Client-IP", func(h http.Header, a string) { h.Set("Fly-Client-IP", a) }},
	{"X-Client-IP", func(h http.Header, a string) { h.Set("X-Client-IP", a) }},
	{"X-Cluster-Client-IP", func(h http.Header, a string) { h.Set("X-Cluster-Client-IP", a) }},
	{"X-Originating-IP", func(h http.Header, a string) { h.Set("X-Originating-IP", a) }},
	{"X-Remote-IP", func(h http.Header, a string) { h.Set("X-Remote-IP", a) }},
	{"Forwarded", func(h http.Header, a string) { h.Set("Forwarded", "for="+a) }},
}

func run(ctx context.Context, l *api.Look) {
	limited := rate.Limited(rate.Meters(ctx, l))
	if len(limited) == 0 {
		rate.Unlimited(l)
		return
	}
	for _, m := range limited {
		if !m.Hold(ctx, l) {
			l.CannotTell(m.Op.Name()+" did not go on refusing", "")
			continue
		}
		var believed []string
		var shown []*client.Exchange
		for _, f := range forms {
			first := m.Passes(ctx, l, f.name+" says another address", claiming(m.Request, f.claim, fmt.Sprintf("203.0.113.%d", 1+l.Chance.IntN(250))))
			if first == nil {
				continue
			}
			second := m.Passes(ctx, l, f.name+" says yet another", claiming(m.Request, f.claim, fmt.Sprintf("198.51.100.%d", 1+l.Chance.IntN(250))))
			if second == nil {
				continue
			}
			believed = append(believed, f.name)
			if shown == nil {
				shown = append(first, second[1])
			}
		}
		if believed == nil {
			l.Clear(fmt.Sprintf("%s %s: none of %d headers about the address was believed", m.Op.Name(), m.Who(), len(forms)))
			continue
		}
		l.Found(api.Hit{
			Op: m.Op, Confidence: scan.Confirmed, Key: string(m.Class), Param: "header:" + believed[0], Evidence: shown,
			Message: fmt.Sprintf("%s %s refuses after %d requests, and serves whoever claims another address by %s. With a new address in each request there is no limit.",
				m.Op.Name(), m.Who(), m.Sent, list(believed)),
		})
	}
}

func claiming(r client.Request, claim func(http.Header, string), address string) client.Request {
	h := r.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	claim(h, address)
	r.Header = h
	return r
}

func list(names []string) string {
	out := names[0]
	for _, n := range names[1:] {
		out += "; " + n
	}
	return out
}
