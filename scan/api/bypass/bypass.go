// Package bypass writes a request in other ways that mean the same to somebody: addresses that a router reads more
// generously than the check in front of it, methods in headers, addresses in headers.
package bypass

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

// Door is an operation that turns somebody away, and what those get who may.
type Door struct {
	Op         *spec.Operation
	Open, Shut *client.Exchange
	volatile   answer.Volatile
}

// Hit is a way that led past.
type Hit struct {
	Name            string
	Exchange, Again *client.Exchange
}

// most doors are tried: what lets one be gone round lets all of them.
const most = 3

// Keyed are operations that let the first identity in and nobody else.
func Keyed(ctx context.Context, l *api.Look) []*Door {
	var out []*Door
	for _, op := range l.Operations {
		if len(out) == most || op.Method != http.MethodGet || !l.Askable(op) {
			continue
		}
		if c := l.Controls(ctx, op); c.Guarded() && c.Nobody.Kind() == answer.Denied && telling(c.Valid) {
			out = append(out, &Door{op, c.Valid, c.Nobody, c.Volatile})
		}
	}
	return out
}

// Privileged are operations that let the privileged identity in and forbid the first ordinary one.
func Privileged(ctx context.Context, l *api.Look) []*Door {
	var out []*Door
	low, high := l.Ordinary()[0], l.High()
	for _, op := range l.Operations {
		if len(out) == most || op.Method != http.MethodGet || !l.Askable(op) {
			continue
		}
		c := l.Controls(ctx, op)
		if c.Valid == nil || c.Valid.Kind() != answer.Denied {
			continue
		}
		r := l.Request(op, high)
		root := l.Ask(ctx, "privileged, "+high.Name, r.By(high))
		shut := l.Ask(ctx, "ordinary, "+low.Name, r.By(low))
		if root.OK() && shut.Kind() == answer.Denied && telling(root) {
			again := l.Ask(ctx, "privileged, once more", root.Request)
			out = append(out, &Door{op, root, shut, answer.Learn(root.Answer, again.Answer)})
		}
	}
	return out
}

// telling says that an answer can be known again: pages and empty answers look alike everywhere.
func telling(x *client.Exchange) bool { return len(x.Body) > 8 && !x.HTML() }

type way struct {
	name string
	make func(r client.Request, target string) client.Request
}

func target(change func(path string) string) func(client.Request, string) client.Request {
	return func(r client.Request, t string) client.Request {
		path, query, has := strings.Cut(t, "?")
		r.Target = change(path)
		if has {
			r.Target += "?" + query
		}
		return r
	}
}

func last(path string) (folder, name string) {
	i := strings.LastIndexByte(path, '/')
	return path[:i+1], path[i+1:]
}

func header(name, value string) func(client.Request, string) client.Request {
	return func(r client.Request, _ string) client.Request { return r.With(name, value) }
}

// instead asks for the root, and names the address in a header.
func instead(name string) func(client.Request, string) client.Request {
	return func(r client.Request, t string) client.Request {
		r = r.With(name, t)
		r.Target = "/"
		return r
	}
}

func override(name string) func(client.Request, string) client.Request {
	return func(r client.Request, _ string) client.Request {
		r = r.With(name, r.Method)
		r.Method = http.MethodPost
		return r
	}
}

var ways = []way{
	{"a slash at the end", target(func(p string) string { return p + "/" })},
	{"two slashes", target(func(p string) string { return "/" + p })},
	{"two slashes before the last name", target(func(p string) string { f, n := last(p); return f + "/" + n })},
	{"/. at the end", target(func(p string) string { return p + "/." })},
	{"/./ before the last name", target(func(p string) string { f, n := last(p); return f + "./" + n })},
	{"%2e/ before the last name", target(func(p string) string { f, n := last(p); return f + "%2e/" + n })},
	{"a way down and up again", target(func(p string) string { f, n := last(p); return f + "palisade/../" + n })},
	{"..;/ before the last name", target(func(p string) string { f, n := last(p); return f + "palisade/..;/" + n })},
	{"a semicolon at the end", target(func(p string) string { return p + ";x" })},
	{"capitals", target(strings.ToUpper)},
	{"a capital", target(func(p string) string {
		f, n := last(p)
		return f + strings.ToUpper(n[:min(1, len(n))]) + n[min(1, len(n)):]
	})},
	{"an encoded letter", target(func(p string) string {
		f, n := last(p)
		if n == "" {
			return p
		}
		return f + "%" + hex(n[0]) + n[1:]
	})},
	{"an ending", target(func(p string) string { return p + ".json" })},
	{"a blank at the end", target(func(p string) string { return p + "%20" })},
	{"a dot at the end", target(func(p string) string { return p + "." })},
	{"a zero byte at the end", target(func(p string) string { return p + "%00" })},
	{"the header X-Original-URL", instead("X-Original-URL")},
	{"the header X-Rewrite-URL", instead("X-Rewrite-URL")},
	{"the header X-HTTP-Method-Override", override("X-HTTP-Method-Override")},
	{"the header X-Method-Override", override("X-Method-Override")},
	{"HTTP/1.0", func(r client.Request, _ string) client.Request { r.OldProto = true; return r }},
	{"the host localhost", func(r client.Request, _ string) client.Request { r.Host = "localhost"; return r }},
	{"an address of the machine itself in X-Forwarded-For", header("X-Forwarded-For", "127.0.0.1")},
	{"an address of the machine itself in X-Custom-IP-Authorization", header("X-Custom-IP-Authorization", "127.0.0.1")},
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// Try goes all ways, and says how many were answered.
func (d *Door) Try(ctx context.Context, l *api.Look) (int, *Hit) {
	u, err := url.Parse(d.Shut.Request.URL)
	if err != nil {
		return 0, nil
	}
	n := 0
	for _, w := range ways {
		r := w.make(d.Shut.Request, u.RequestURI())
		x := l.Ask(ctx, w.name, r)
		if !x.Kind().Tells() {
			continue
		}
		n++
		if !d.past(x) {
			continue
		}
		still := l.Ask(ctx, "control: as it is written", d.Shut.Request)
		again := l.Ask(ctx, w.name+", once more", r)
		if still.Kind() == answer.Denied && d.past(again) {
			return n, &Hit{w.name, x, again}
		}
	}
	return n, nil
}

// past says that an answer is what those get who may.
func (d *Door) past(x *client.Exchange) bool {
	return x.OK() && answer.Same(d.Open.Answer, x.Answer, d.volatile) && !answer.Same(d.Shut.Answer, x.Answer, d.volatile)
}
