// Package graphql is what the probes share that speak GraphQL: where it is spoken, what its schema says to whom, and how
// to write queries that cost a known amount.
package graphql

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// Endpoint is where GraphQL is spoken.
type Endpoint struct {
	URL    string
	Op     *spec.Operation // that findings are about
	Told   string          // to whom the schema is told: "nobody", a name, or "" where to none
	Schema Schema
	Asked  *client.Exchange // that told the schema, or refused to
}

// Find looks for an endpoint once for all probes; nil where there is none.
func Find(ctx context.Context, l *api.Look) *Endpoint {
	e, _ := l.Once("graphql endpoint", func() any { return find(ctx, l) }).(*Endpoint)
	return e
}

func find(ctx context.Context, l *api.Look) *Endpoint {
	paths := []string{}
	for _, op := range l.Operations {
		if op.Source == "graphql" || op.Method == http.MethodPost && strings.HasSuffix(strings.ToLower(op.Path), "graphql") {
			paths = append(paths, op.Path)
		}
	}
	// A specification of the rest may well say nothing of it.
	paths = append(paths, path.Join("/", l.Base.Path, "graphql"), "/graphql", "/api/graphql")
	for i, p := range paths {
		if slices.Contains(paths[:i], p) {
			continue
		}
		u := *l.Base
		u.Path, u.RawPath, u.RawQuery = p, "", ""
		e := &Endpoint{URL: u.String(), Op: &spec.Operation{Method: http.MethodPost, Path: p, Source: "graphql"}}
		if Data(l.Ask(ctx, "control: whether GraphQL is spoken", e.Query("{__typename}", l.First())))["__typename"] == nil {
			continue
		}
		for _, who := range []*identity.Identity{nil, l.First()} {
			e.Asked = l.Ask(ctx, "the schema, please", e.Query(spec.Introspection, who))
			if s, ok := ReadSchema(e.Asked.Body); ok {
				e.Schema, e.Told = s, "nobody"
				if who != nil {
					e.Told = who.Name
				}
				break
			}
		}
		return e
	}
	return nil
}

// Query is a request for a query.
func (e *Endpoint) Query(query string, who *identity.Identity) client.Request {
	return e.Post(map[string]string{"query": query}, who)
}

// Post is a request with any body.
func (e *Endpoint) Post(body any, who *identity.Identity) client.Request {
	b, err := json.Marshal(body)
	if err != nil {
		b = nil // no probe sends what JSON cannot say
	}
	return client.Request{
		Method: http.MethodPost, URL: e.URL, Body: b, As: who,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
	}
}

// Data is what an answer gives; nil where it gives nothing.
func Data(x *client.Exchange) map[string]any {
	m, _ := x.JSON().(map[string]any)
	data, _ := m["data"].(map[string]any)
	return data
}

// Faultless says that an answer gives data and complains of nothing.
func Faultless(x *client.Exchange) bool {
	m, _ := x.JSON().(map[string]any)
	return x.Err == nil && x.Status < 300 && m["data"] != nil && m["errors"] == nil
}

// Aliased asks for a field many times under other names.
func Aliased(field string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " a%d:%s", i, field)
	}
	return "{" + strings.TrimSpace(b.String()) + "}"
}

// acts are names of queries that do something though they should only read, or take their time over it. They are no
// sample of what a query costs.
var acts = late.Pattern(`(?i)update|delete|remove|create|reset|restart|shutdown|import|export|send|run|exec|burn|diagnos|health|debug`)

// Sample is a field of the queries that somebody may ask without knowing anything, with what it selects. Where the
// schema is not told it is the name of the type, which every server gives.
func (e *Endpoint) Sample(ctx context.Context, l *api.Look, who *identity.Identity) string {
	const tried = 6
	n := 0
	root := e.Schema.Types[e.Schema.Query]
	for _, name := range slices.Sorted(maps.Keys(root)) {
		if f := root[name]; len(f.Needs) == 0 && n < tried && !acts.MatchString(name) {
			n++
			text := name + e.Schema.Selection(f.Type)
			if x := l.Ask(ctx, "control: a field of the schema", e.Query("{"+text+"}", who)); Faultless(x) && Data(x)[name] != nil {
				return text
			}
		}
	}
	return "__typename"
}
