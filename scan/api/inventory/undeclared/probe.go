// Package undeclared compares what the specification lists with what the API itself speaks of.
package undeclared

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/inventory/undeclared", Title: "Operation is in no specification", Severity: scan.Low, CWE: []int{1059, 912},
		Standards: []string{"OWASP API9:2023", "PCI DSS 4.0 6.3.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Spec, Whole: true,
	Fix: "Make the specification from the routes, or compare the two when tests run; what is in neither list is taken out of service.",
	Run: run,
}

// Bounds: what is read of an answer, and how many addresses are tried.
const (
	maxRead  = 256 << 10
	maxTried = 60
)

// mentions are paths in answers: quoted ones, and those of robots.txt.
var mentions = late.Pattern(`["'\x60]((?:https?://[A-Za-z0-9.:\-]+)?/[A-Za-z0-9_\-./~%]{1,120})(?:\?[^"'\x60]*)?["'\x60]|(?m)^(?:Dis)?[Aa]llow:\s*(/[A-Za-z0-9_\-./~%]{1,120})`)

// Mentioned gives the paths below an origin that a text speaks of.
func Mentioned(body []byte, base *url.URL) []string {
	var out []string
	for _, m := range mentions.FindAllSubmatch(body[:min(len(body), maxRead)], 400) {
		ref := string(m[1]) + string(m[2])
		u, err := base.Parse(ref)
		if err != nil || client.Origin(u) != client.Origin(base) || u.Path == "" || strings.Contains(u.Path, "//") {
			continue
		}
		if p := path.Clean(u.Path); !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func run(ctx context.Context, l *api.Look) {
	var sources []*client.Exchange
	for _, who := range l.Names() {
		sources = append(sources, l.Read(ctx, who)...)
	}
	for _, p := range []string{"/robots.txt", "/sitemap.xml"} {
		u := *l.Base
		u.Path, u.RawPath, u.RawQuery = p, "", ""
		if x := l.Ask(ctx, p, client.Request{Method: "GET", URL: u.String()}); x.OK() && !l.Absence(ctx, p, nil).Is(x) {
			sources = append(sources, x)
		}
	}
	tried := map[string]bool{}
	answered := 0
	for _, from := range sources {
		if from.Kind() == answer.Throttled {
			continue
		}
		for _, p := range Mentioned(from.Body, l.Base) {
			if tried[p] || declared(l, p) || asset(p) || len(tried) >= maxTried {
				continue
			}
			tried[p] = true
			u := *l.Base
			u.Path, u.RawPath, u.RawQuery = p, "", ""
			x := l.Ask(ctx, "what stands there, for "+name(l), client.Request{Method: http.MethodGet, URL: u.String(), As: l.First(), Header: http.Header{"Accept": {"application/json, */*;q=0.5"}}})
			if !x.Kind().Tells() {
				continue
			}
			answered++
			// A page is for people; it is an operation that was forgotten that matters.
			if x.Kind() == answer.Missing || x.Kind() == answer.Moved || x.HTML() || l.Absence(ctx, p, l.First()).Is(x) {
				continue
			}
			again := l.Ask(ctx, "once more", x.Request)
			if again.Kind() != x.Kind() {
				continue
			}
			l.FoundAt(api.Hit{
				Confidence: scan.Firm, Key: "GET " + p, Evidence: api.Show(from, x),
				Message: fmt.Sprintf("%s answers with %d and is in no specification; %s %s speaks of it. Who does not know of it does not guard it.", p, x.Status, from.Request.Method, l.PathOf(from)),
			}, http.MethodGet, p)
		}
	}
	switch {
	case l.Told():
	case len(sources) == 0:
		l.CannotTell("nothing was answered that could be read", "")
	case len(tried) > 0 && answered == 0:
		l.CannotTell("none of the addresses that answers speak of was answered", "")
	default:
		l.Clear(fmt.Sprintf("%d answers speak of nothing that is missing in the specification and there", len(sources)))
	}
}

func name(l *api.Look) string {
	if l.First() == nil {
		return "nobody"
	}
	return l.First().Name
}

func declared(l *api.Look, p string) bool {
	if p == "/" || p == l.Base.Path || l.Doc != nil && strings.HasSuffix(l.Doc.At, p) {
		return true
	}
	u := *l.Base
	u.Path, u.RawPath, u.RawQuery = p, "", ""
	for _, op := range l.Operations {
		// The beginning of a declared path is a folder, and not an operation of its own.
		if api.Matches(op, u.String()) || strings.HasPrefix(op.Path, p+"/") {
			return true
		}
	}
	return false
}

func asset(p string) bool {
	return slices.Contains([]string{".js", ".css", ".png", ".svg", ".ico", ".jpg", ".jpeg", ".gif", ".webp", ".woff", ".woff2", ".map", ".pdf", ".txt", ".xml"}, strings.ToLower(path.Ext(p)))
}
