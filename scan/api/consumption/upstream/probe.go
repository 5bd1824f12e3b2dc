// Package upstream plays another service that misbehaves, to a server that calls it.
package upstream

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/ssrf"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/consumption/upstream", Title: "Other services are trusted too far", Severity: scan.Medium, CWE: []int{295, 400, 601},
		Standards: []string{"OWASP API10:2023", "PCI DSS 4.0 6.2.4", "PCI DSS 4.0 4.2.1", "SOC 2 CC9.2"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Callback, Whole: true,
	Fix: "Give every call to others a bound of time and of bytes, let certificates be verified, and follow redirects to hosts of a list only.",
	Run: run,
}

// flood is what is offered to be read. Sockets of this machine hold up to ten megabytes that nobody asked for.
const flood = 24 << 20

// looked is how many places are looked at: most servers have one way to call, and each look waits for calls that must not
// come.
const looked = 3

// upstream is a listener that can misbehave.
type upstream interface {
	api.Listener
	Answer(token string, h http.Handler)
	Secure(token string) string
}

func run(ctx context.Context, l *api.Look) {
	u, ok := l.Listener.(upstream)
	if !ok {
		l.CannotTell("the listener can note calls, and cannot misbehave", "use the built-in listener: --listener 10.0.0.5:8999")
		return
	}
	places, held := ssrf.Places(l)
	for _, p := range places {
		token := p.Token("upstream")
		l.Ask(ctx, "control: with an address of the listener", p.Request(l, u.Address(token)))
	}
	calls := 0
	for _, p := range places {
		if calls < looked && len(ssrf.Came(ctx, l, p.Token("upstream"))) > 0 {
			calls++
			misbehave(ctx, l, u, p)
		}
	}
	if held > 0 {
		l.CannotTell(fmt.Sprintf("%d places take an address, in operations that write", held), "scan with --mode intrusive, which creates objects of its own")
	}
	if l.Told() {
		return
	}
	if calls == 0 {
		l.Clear("no operation calls an address that it is given")
		return
	}
	l.Clear(fmt.Sprintf("%d places that call others verify certificates, bound what they read and follow no redirects", calls))
}

func misbehave(ctx context.Context, l *api.Look, u upstream, p ssrf.Place) {
	var shown []*client.Exchange
	ask := func(title, address string) {
		shown = append(shown, l.Ask(ctx, title, p.Request(l, address)))
	}
	found := func(key, title, message string) {
		l.Found(api.Hit{Op: p.Op, Param: p.Param(), Key: key, Title: title, Confidence: scan.Confirmed, Evidence: shown, Message: p.Op.Name() + " " + message})
	}
	// Twice each, with addresses of their own: a call that came late must not be taken for another.
	twice := func(what string, try func(token string) bool) bool {
		shown = nil
		return try(p.Token(what)) && try(p.Token(what+" again"))
	}
	if twice("upstream tls", func(token string) bool {
		ask("an address whose certificate is trusted by nobody", u.Secure(token))
		return len(ssrf.Came(ctx, l, token)) > 0
	}) {
		found("certificate", "Certificates of other services are not verified", "spoke to a service whose certificate nobody trusts; whoever is on the way can answer in its place.")
	}
	if twice("upstream redirect", func(token string) bool {
		u.Answer(token, http.RedirectHandler(u.Address(token+" there"), http.StatusFound))
		ask("an address that leads elsewhere", u.Address(token))
		return len(ssrf.Came(ctx, l, token+" there")) > 0
	}) {
		found("redirect", "Redirects of other services are followed", "follows a redirect to wherever it leads; a check of the first address is worth nothing.")
	}
	if twice("upstream size", func(token string) bool {
		var sent atomic.Int64
		done := make(chan struct{}, 1)
		u.Answer(token, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			defer func() { done <- struct{}{} }()
			w.Header().Set("Content-Type", "text/plain")
			chunk := []byte(strings.Repeat("palisade", 8<<10))
			for sent.Load() < flood {
				n, err := w.Write(chunk)
				sent.Add(int64(n))
				if err != nil {
					return
				}
			}
		}))
		ask("an answer that does not end", u.Address(token))
		if len(ssrf.Came(ctx, l, token)) == 0 {
			return false
		}
		select {
		case <-done:
		case <-ctx.Done():
		}
		return sent.Load() >= flood
	}) {
		found("size", "Answers of other services are read without bound", fmt.Sprintf("read %d MB of an answer; a few such calls at once fill its memory.", flood>>20))
	}
}
