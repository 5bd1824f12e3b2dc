// Package plain asks an https API by plain http, with a credential that is none, and looks where its own links lead.
package plain

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/transport/plain", Title: "API answers without encryption", Severity: scan.Medium, CWE: []int{319, 523},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 4.2.1", "PCI DSS 4.0 2.2.7", "SOC 2 CC6.7"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.TLS, Whole: true,
	Fix: "Answer nothing by plain http but a redirect without a body, or close the port; refuse requests there that carry a credential, since it was sent in the clear already.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	op, c := sample(ctx, l)
	tried, silent := 0, 0
	for _, base := range bases(l) {
		tried++
		x := l.Ask(ctx, "by plain http, with a made-up credential", at(base, dummy(c, op != nil)))
		switch k := x.Kind(); {
		case errors.Is(x.Err, client.ErrScope):
			l.CannotTell(fmt.Sprintf("the specification names %s, which is another service than the target", base), "allow it with --scope "+base.Host)
			continue
		case !k.Tells() && x.Err == nil:
			l.CannotTell(fmt.Sprintf("%s was %s", base, k), "")
			continue
		case !k.Tells():
			silent++ // nobody listens there, which is as well
			continue
		case k == answer.Moved || x.Header.Get("Location") != "":
			redirect(l, base, x)
			continue
		}
		again := l.Ask(ctx, "by plain http, once more", x.Request)
		if again.Status != x.Status {
			continue
		}
		same := c != nil && (c.Junk != nil && answer.Same(c.Junk.Answer, x.Answer, c.Volatile) || answer.Same(c.Nobody.Answer, x.Answer, c.Volatile))
		switch {
		case !same:
			continue // a page, or a refusal of its own
		case c.Junk != nil && c.Junk.Kind() == answer.Denied:
			l.Found(api.Hit{
				Op: op, Title: "Credentials are taken without encryption", Severity: scan.High, Confidence: scan.Confirmed, Key: "credentials " + base.Host, Evidence: api.Show(c.Junk, x),
				Message: fmt.Sprintf("%s://%s judges a credential that came in the clear as the encrypted address does: it is refused for being made up, and not for how it came. Whoever sends a real one by mistake has given it away.", base.Scheme, base.Host),
			})
		case x.OK():
			l.Found(api.Hit{
				Op: op, Confidence: scan.Confirmed, Key: "plain " + base.Host, Evidence: api.Show(x),
				Message: fmt.Sprintf("%s://%s answers as the encrypted address does, and does not lead there.", base.Scheme, base.Host),
			})
		}
	}
	links(ctx, l)
	switch {
	case l.Told():
	case tried == silent:
		l.Clear("nobody answers by plain http")
	default:
		l.Clear("plain http leads to https, or refuses")
	}
}

// sample is an operation to ask by plain http: one that needs a credential, else the first that reads.
func sample(ctx context.Context, l *api.Look) (*spec.Operation, *api.Controls) {
	if op, c := l.Guarded(ctx); op != nil {
		return op, c
	}
	for _, op := range l.Operations {
		if op.Method != "GET" || !l.Askable(op) {
			continue
		}
		if c := l.Controls(ctx, op); c.Nobody.OK() || c.Nobody.Kind() == answer.Denied {
			return op, c
		}
	}
	return nil, nil
}

// dummy is the request that is sent: never with a credential that anybody was given.
func dummy(c *api.Controls, known bool) client.Request {
	if !known {
		return client.Request{Method: "GET"}
	}
	r := c.Nobody.Request.By(nil)
	return r.With("Authorization", "Bearer palisade-"+strings.Repeat("0", 24))
}

func at(base *url.URL, r client.Request) client.Request {
	u := *base
	if old, err := url.Parse(r.URL); err == nil && r.URL != "" {
		u.Path, u.RawPath, u.RawQuery = old.Path, old.RawPath, old.RawQuery
	}
	r.URL = u.String()
	return r
}

// bases are where plain http may be: at its own port of the host, and where the specification says.
func bases(l *api.Look) []*url.URL {
	var out []*url.URL
	if l.Base.Port() == "" {
		out = append(out, &url.URL{Scheme: "http", Host: l.Base.Host, Path: "/"})
	}
	if l.Doc == nil {
		return out
	}
	for _, s := range l.Doc.Servers {
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "http" || u.Hostname() != l.Base.Hostname() || slices.ContainsFunc(out, func(o *url.URL) bool { return o.Host == u.Host }) {
			continue
		}
		out = append(out, &url.URL{Scheme: "http", Host: u.Host, Path: "/"})
	}
	return out
}

// redirect looks at what is said on the way to https.
func redirect(l *api.Look, base *url.URL, x *client.Exchange) {
	to, err := base.Parse(x.Header.Get("Location"))
	if err != nil || to.Scheme != "https" {
		l.Found(api.Hit{
			Title: "Plain http leads to plain http", Confidence: scan.Confirmed, Key: "loop " + base.Host, Evidence: api.Show(x),
			Message: fmt.Sprintf("http://%s redirects, and not to https.", base.Host),
		})
		return
	}
	for _, line := range x.Header.Values("Set-Cookie") {
		if !strings.Contains(strings.ToLower(line), "secure") {
			name, _, _ := strings.Cut(line, "=")
			l.Found(api.Hit{
				Title: "Cookie is set without encryption", Severity: scan.Low, Confidence: scan.Confirmed, Key: "cookie " + name, Evidence: api.Show(x),
				Message: fmt.Sprintf("http://%s sets the cookie %s on the way to https; whoever is on the way can set it otherwise.", base.Host, name),
			})
		}
	}
}

// links looks for addresses of the API itself, in its answers, that are not encrypted: clients follow them.
func links(ctx context.Context, l *api.Look) {
	told := map[string]bool{}
	for _, who := range l.Names() {
		for _, x := range l.Read(ctx, who) {
			values := answer.Values(x.Answer)
			for _, name := range slices.Sorted(maps.Keys(values)) {
				for _, v := range values[name] {
					u, err := url.Parse(v)
					where := l.PathOf(x)
					if err != nil || u.Scheme != "http" || u.Hostname() != l.Base.Hostname() || told[where+name] {
						continue
					}
					told[where+name] = true
					l.FoundAt(api.Hit{
						Title: "Link to the API without encryption", Severity: scan.Low, Confidence: scan.Confirmed, Key: "link " + name, Evidence: api.Show(x),
						Message: fmt.Sprintf("%s %s answers with an address by plain http in %s; a client that follows it sends its credential in the clear.", x.Request.Method, where, strings.TrimPrefix(name, ".")),
					}, x.Request.Method, where)
				}
			}
		}
	}
}
