// Package graphql looks whether GraphQL tells its schema to strangers, and takes changes as pages of any site can send
// them.
package graphql

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/graphql"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/graphql", Title: "GraphQL is open further than it needs to be", Severity: scan.Low, CWE: []int{200, 352},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true,
	Fix: "Turn introspection and suggestions off for whoever has not signed in, and run mutations only when they come by POST as application/json.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	e := graphql.Find(ctx, l)
	if e == nil {
		l.Clear("it speaks no GraphQL")
		return
	}
	schema(ctx, l, e)
	changes(ctx, l, e)
}

// guesses are names that nearly every schema has something like.
var guesses = []string{"usr", "usrs", "mee", "nod", "ordr", "ordrs", "prodct", "prodcts", "serch", "logn"}

var suggestion = late.Pattern(`(?i)did you mean .{0,3}["'\x60“]`)

func schema(ctx context.Context, l *api.Look, e *graphql.Endpoint) {
	if e.Told == "nobody" {
		l.Found(api.Hit{
			Op: e.Op, Confidence: scan.Confirmed, Key: "schema", Title: "GraphQL tells its schema to strangers", Evidence: api.Show(e.Asked),
			Message: fmt.Sprintf("%s tells whoever asks all of its %d types, without a credential.", e.Op.Name(), len(e.Schema.Types)),
		})
		return
	}
	tries := guesses
	for _, name := range slices.Sorted(maps.Keys(e.Schema.Types[e.Schema.Query])) {
		if len(name) > 3 {
			tries = append([]string{name[:len(name)-1]}, tries...)
		}
	}
	answered := false
	for _, name := range tries[:min(len(tries), 12)] {
		x := l.Ask(ctx, "a field that is nearly right", e.Query("{"+name+"}", nil))
		answered = answered || x.Kind().Tells()
		if !suggestion.Match(x.Body) {
			continue
		}
		l.Found(api.Hit{
			Op: e.Op, Confidence: scan.Confirmed, Key: "suggestions", Title: "GraphQL tells its schema to strangers, bit by bit", Evidence: api.Show(x),
			Message: fmt.Sprintf("%s corrects a name that is nearly right (%q), without a credential. A list of words gets all of the schema out of it.", e.Op.Name(), name),
		})
		return
	}
	if !answered {
		l.CannotTell("nobody was answered", "")
		return
	}
	l.Clear("strangers are told neither the schema nor the right name")
}

// changes asks for the name of the type of all mutations, which changes nothing and is run as any of them would be.
func changes(ctx context.Context, l *api.Look, e *graphql.Endpoint) {
	const harmless, other = "mutation{__typename}", "query{__typename}"
	who := l.First()
	control := l.Ask(ctx, "control: a mutation by POST, as JSON", e.Query(harmless, who))
	if graphql.Data(control)["__typename"] == nil {
		l.Clear("it takes no mutations")
		return
	}
	get := func(query string) client.Request {
		return client.Request{Method: http.MethodGet, URL: e.URL + "?query=" + url.QueryEscape(query), As: who, Header: http.Header{"Accept": {"application/json"}}}
	}
	form := func(query string) client.Request {
		r := e.Query(query, who).With("Content-Type", "application/x-www-form-urlencoded")
		r.Body = []byte(url.Values{"query": {query}}.Encode())
		return r
	}
	for _, way := range []struct {
		key, name string
		request   func(string) client.Request
	}{{"get", "by GET", get}, {"form", "as a form", form}} {
		run := l.Ask(ctx, "a mutation "+way.name, way.request(harmless))
		reads := l.Ask(ctx, "control: a query "+way.name, way.request(other))
		said := graphql.Data(run)["__typename"]
		// A server that runs every text as a query gives the name of the queries' type.
		if said == nil || said == graphql.Data(reads)["__typename"] || said != graphql.Data(control)["__typename"] {
			continue
		}
		h := api.Hit{
			Op: e.Op, Confidence: scan.Confirmed, Key: way.key, Title: "GraphQL takes changes from pages of other sites", Evidence: api.Show(control, run),
			Message: fmt.Sprintf("%s runs mutations that come %s, as pages of any site can send them.", e.Op.Name(), way.name),
		}
		if who != nil && (who.Kind == identity.Cookie || who.Kind == identity.Basic || who.Certificate() != nil) {
			h.Severity = scan.Medium
			h.Message += " The credential is one that browsers send by themselves."
		}
		l.Found(h)
		return
	}
	l.Clear("mutations come by POST as JSON, or not at all")
}
