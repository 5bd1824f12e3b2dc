package gateway_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"palisade.dev/gateway"
	"palisade.dev/guard/wire"
)

func TestTheHoneypotIsInThePagesAndATrap(t *testing.T) {
	const page = "<!doctype html><html><body><h1>Shop</h1></body></html>"
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.Header.Get("Accept-Encoding") == "gzip" {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, page)
			z.Close()
			return
		}
		_, _ = io.WriteString(w, page)
	})
	secure := httptest.NewTLSServer(h)
	defer secure.Close()
	guard, events := protect(t, func(p *wire.Policy) {
		believing(p)
		p.Traps = []wire.Trap{{Name: "form", Form: "/contact-form", Then: []string{"ban 1h"}}}
	})
	c := one(t, serve(t, h), guard)
	c.Sites[0].Honeypot = &gateway.Honeypot{Path: "/contact-form", Inject: true}
	g := run(t, c)
	hc := client(t)
	for _, accepts := range []string{"", "gzip, deflate, br", "br"} {
		fields := []string{"Accept: text/html"}
		if accepts != "" {
			fields = append(fields, "Accept-Encoding: "+accepts)
		}
		got := ask(t, hc, "GET", base(g), "", fields...)
		body := got.body
		if got.header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			body = string(b)
		}
		want(t, "in gzip", got.header.Get("Content-Encoding") == "gzip", strings.Contains(accepts, "gzip"))
		if !strings.Contains(body, `<form action="/contact-form"`) || !strings.HasPrefix(body, page[:40]) || !strings.HasSuffix(body, "</form></x-note></body></html>") {
			t.Errorf("accepting %q: %s", accepts, body)
		}
	}
	bot := "X-Forwarded-For: 203.0.113.50"
	want(t, "the form sent", ask(t, hc, "POST", base(g)+"/contact-form", "website=x&message=buy", bot, "Content-Type: application/x-www-form-urlencoded").status, 403)
	want(t, "and afterwards", ask(t, hc, "GET", base(g), "", bot).status, 403)
	e := events.wait(t, "the ban", func(e wire.Event) bool { return e.Ban != nil })
	want(t, "who is banned", e.Ban.Subject, "203.0.113.50")
	want(t, "a person", ask(t, hc, "GET", base(g), "", "X-Forwarded-For: 203.0.113.51").status, 200)
}
