package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// wellKnown are the places where frameworks put their specification; what lies there is judged by what it says, since
// many a site answers anything with a page.
var wellKnown = []string{
	"openapi.json", "openapi.yaml", "openapi.yml", "swagger.json", "swagger.yaml", "v3/api-docs", "v2/api-docs", "api-docs", "api/openapi.json",
	"api/openapi", "api/swagger.json", "api/v1/openapi.json", "docs/openapi.json", "swagger/v1/swagger.json", "swagger/doc.json", "api-docs.json",
	".well-known/openapi.json", "spec.json", "api/schema/", "openapi",
}

// discover looks for a specification, else for GraphQL, else follows the API's own links.
func (t *Target) discover(ctx context.Context, first *client.Exchange) []scan.Gap {
	var gaps []scan.Gap
	places := slices.Clone(wellKnown)
	if t.Mode == Passive {
		places = places[:8]
	}
	candidates := append([]string{t.Base.String()}, mentioned(first)...)
	for _, p := range places {
		candidates = append(candidates, t.at(p))
		if t.Base.Path != "/" {
			root := *t.Base
			root.Path = "/" + p
			candidates = append(candidates, root.String())
		}
	}
	tried := map[string]bool{}
	for _, address := range candidates {
		u, err := t.Base.Parse(address)
		if err != nil || tried[u.String()] || !t.Client.InScope(u) {
			continue
		}
		tried[u.String()] = true
		x := first
		if u.String() != t.Base.String() {
			x = t.Client.Do(ctx, client.Request{Method: "GET", URL: u.String(), As: t.reader})
		}
		if !x.OK() || !looksLikeSpec(x.Body) {
			continue
		}
		if x.Truncated {
			// What describes an API may be larger than what it answers.
			x = t.Client.Do(ctx, client.Request{Method: "GET", URL: u.String(), As: t.reader, Most: spec.MaxBytes})
		}
		doc, err := spec.Read(ctx, x.Body, u.String(), t.fetch)
		if err != nil {
			gaps = append(gaps, scan.Gap{Where: u.String(), Why: err.Error()})
		}
		if doc != nil && len(doc.Operations) > 0 {
			t.Doc = doc
			return gaps
		}
	}
	if doc := t.graphQL(ctx); doc != nil {
		t.Doc = doc
		return gaps
	}
	t.Operations = t.linked(ctx, first)
	return gaps
}

// at is an address below the target.
func (t *Target) at(p string) string {
	u := *t.Base
	u.Path, u.RawPath, u.RawQuery = path.Join("/", u.Path, p), "", ""
	if strings.HasSuffix(p, "/") {
		u.Path += "/"
	}
	return u.String()
}

// fetch gets a document that a specification refers to, as a request like any other: within scope and budget.
func (t *Target) fetch(ctx context.Context, at string) ([]byte, error) {
	u, err := t.Base.Parse(at)
	if err != nil {
		return nil, err
	}
	x := t.Client.Do(ctx, client.Request{Method: "GET", URL: u.String(), As: t.reader, Most: spec.MaxBytes})
	switch {
	case x.Err != nil:
		return nil, x.Err
	case !x.OK():
		return nil, fmt.Errorf("%s answered %d", u, x.Status)
	}
	return x.Body, nil
}

func looksLikeSpec(body []byte) bool {
	head := body[:min(len(body), 64<<10)]
	return (bytes.Contains(head, []byte("openapi")) || bytes.Contains(head, []byte("swagger"))) && bytes.Contains(body, []byte("paths"))
}

// specLink finds where a page of documentation gets its specification from.
var specLink = late.Pattern(`(?i)(?:url|spec-url|href|src)["']?\s*[:=]\s*["']([^"'<>\s]{1,200}(?:openapi|swagger|api-docs|schema)[^"'<>\s]{0,100})["']`)

func mentioned(x *client.Exchange) []string {
	var out []string
	for _, m := range specLink.FindAllSubmatch(x.Body[:min(len(x.Body), 256<<10)], 10) {
		out = append(out, string(m[1]))
	}
	for _, link := range x.Header.Values("Link") {
		if at, rest, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">"); ok && (strings.Contains(rest, "service-desc") || strings.Contains(rest, "describedby")) {
			out = append(out, at)
		}
	}
	return out
}

// graphQL asks the usual addresses for their schema.
func (t *Target) graphQL(ctx context.Context) *spec.Document {
	if t.Mode == Passive {
		return nil
	}
	for _, p := range []string{"", "graphql", "api/graphql", "query"} {
		address := t.at(p)
		ask := func(query string) *client.Exchange {
			body, _ := json.Marshal(map[string]string{"query": query})
			return t.Client.Do(ctx, client.Request{Method: "POST", URL: address, As: t.First(), Body: body, Header: map[string][]string{"Content-Type": {"application/json"}}})
		}
		x := ask("{__typename}")
		if v, ok := x.JSON().(map[string]any); !ok || !strings.Contains(fmt.Sprint(v["data"]), "__typename:") {
			continue
		}
		u, _ := url.Parse(address)
		x = ask(spec.Introspection)
		if doc, err := spec.ReadGraphQL(x.Body, u.Path); err == nil {
			doc.At = address
			return doc
		}
		return spec.GraphQLWithout(u.Path)
	}
	return nil
}

const mostLinks = 40

// linked follows links in JSON answers and pages, two steps far.
func (t *Target) linked(ctx context.Context, first *client.Exchange) []*spec.Operation {
	var ops []*spec.Operation
	seen := map[string]bool{}
	step := []*client.Exchange{first}
	for range 2 {
		var next []*client.Exchange
		for _, x := range step {
			for _, u := range t.links(x) {
				if seen[u.Path] || len(ops) >= mostLinks {
					continue
				}
				seen[u.Path] = true
				y := t.Client.Do(ctx, client.Request{Method: "GET", URL: u.String(), As: t.First()})
				if k := y.Kind(); !k.Tells() || t.Absence(ctx, u.Path, t.First()).Is(y) || asset(u.Path) {
					continue
				}
				ops = append(ops, &spec.Operation{Method: "GET", Path: u.Path, Source: "discovery"})
				next = append(next, y)
			}
		}
		step = next
	}
	if len(ops) == 0 || first.JSON() != nil {
		ops = append(ops, &spec.Operation{Method: "GET", Path: t.Base.Path, Source: "discovery"})
	}
	return ops
}

func asset(p string) bool {
	return slices.Contains([]string{".js", ".css", ".png", ".svg", ".ico", ".jpg", ".woff", ".woff2", ".map"}, path.Ext(p))
}

var pathLike = late.Pattern(`["'](/[A-Za-z0-9_\-./]{1,120})["']`)

func (t *Target) links(x *client.Exchange) []*url.URL {
	base, err := url.Parse(x.Request.URL)
	if err != nil {
		return nil
	}
	var out []*url.URL
	add := func(ref string) {
		u, err := base.Parse(ref)
		if err == nil && client.Origin(u) == client.Origin(t.Base) {
			u.RawQuery, u.Fragment = "", ""
			out = append(out, u)
		}
	}
	if v := x.JSON(); v != nil {
		var walk func(any, int)
		walk = func(v any, depth int) {
			if depth > 16 {
				return
			}
			switch v := v.(type) {
			case map[string]any:
				for _, name := range sortedKeys(v) {
					walk(v[name], depth+1)
				}
			case []any:
				for _, i := range v {
					walk(i, depth+1)
				}
			case string:
				if strings.HasPrefix(v, "/") || strings.HasPrefix(v, "http") {
					add(v)
				}
			}
		}
		walk(v, 0)
		return out
	}
	for _, m := range pathLike.FindAllSubmatch(x.Body[:min(len(x.Body), 512<<10)], 200) {
		add(string(m[1]))
	}
	return out
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
