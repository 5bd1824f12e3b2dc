// Package graphql measures what one GraphQL request may ask for, and whether the limit counts it as one.
package graphql

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/graphql"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/graphql", Title: "One GraphQL request does the work of many", Severity: scan.Medium, CWE: []int{770, 799},
		Standards: []string{"OWASP API4:2023", "OWASP API6:2023", "PCI DSS 4.0 6.2.4", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Count what a query costs and not the request it comes in: bound depth and the number of fields, take the cost off the limit, and turn batches off.",
	Run: run,
}

// eight is as far as anything goes: enough to tell growth from noise, and nothing to a server.
const eight = 8

// spender is an endpoint with a query that works, and who asks it.
type spender struct {
	*api.Look
	e   *graphql.Endpoint
	one string // a field of the queries
	m   *rate.Meter
}

func run(ctx context.Context, l *api.Look) {
	e := graphql.Find(ctx, l)
	if e == nil {
		l.Clear("it speaks no GraphQL")
		return
	}
	s := &spender{Look: l, e: e, one: e.Sample(ctx, l, l.First())}
	s.growth(ctx)
	s.directives(ctx)
	s.m = rate.Press(ctx, l, e.Op, e.Query("{"+s.one+"}", l.First()))
	if s.m.Throttled == nil {
		l.CannotTell(fmt.Sprintf("no limit was met within %d queries, so whether it counts requests or what they ask for cannot be seen", s.m.Sent), "press harder: --burst 200")
		return
	}
	many := make([]any, eight)
	for i := range many {
		many[i] = map[string]string{"query": "{" + s.one + "}"}
	}
	s.counts(ctx, "aliases", "one field under eight names", e.Query(graphql.Aliased(s.one, eight), l.First()), func(x *client.Exchange) bool {
		return len(graphql.Data(x)) == eight
	})
	s.counts(ctx, "batch", "a batch of eight queries", e.Post(many, l.First()), func(x *client.Exchange) bool {
		list, _ := x.JSON().([]any)
		return len(list) == eight
	})
}

// counts sends half as many requests as the limit allows, each with eight operations. Where all are served, four times the
// limit went through.
func (s *spender) counts(ctx context.Context, key, what string, r client.Request, whole func(*client.Exchange) bool) {
	if !s.m.Anew(ctx, s.Look) {
		s.CannotTell(fmt.Sprintf("%s: the limit begins anew later than is waited for", what), "")
		return
	}
	r.Burst = true
	var last *client.Exchange
	requests := s.m.Sent/2 + 1
	for i := range requests {
		x := s.Ask(ctx, fmt.Sprintf("%s, %d of %d", what, i+1, requests), r)
		switch {
		case x.Kind() == answer.Throttled:
			s.Clear(fmt.Sprintf("%s: refused after %d requests, where %d of one query each were served", what, i, s.m.Sent-1))
			return
		case !x.Kind().Tells():
			s.CannotTell(x.Title+" was "+x.Kind().String(), "")
			return
		case !whole(x):
			s.Clear(what + " is not answered as such")
			return
		}
		last = x
	}
	h := api.Hit{
		Op: s.e.Op, Confidence: scan.Confirmed, Key: key, Evidence: api.Show(s.m.Good, s.m.Throttled, last),
		Message: fmt.Sprintf("%s refuses after %d queries, and serves %d in %d requests by %s. The limit counts requests and not what they ask for.", s.e.Op.Name(), s.m.Sent-1, requests*eight, requests, what),
	}
	if name := s.door(); name != "" {
		h.Severity = scan.High
		h.Message += fmt.Sprintf(" Its mutation %s takes a password, so passwords can be tried so many at a time.", name)
	}
	s.Found(h)
}

// door is a mutation that takes a password, if there is one.
func (s *spender) door() string {
	schema := s.e.Schema
	best := ""
	for name, f := range schema.Types[schema.Mutation] {
		for _, a := range f.Args {
			if strings.Contains(strings.ToLower(a), "password") && (best == "" || name < best) {
				best = name
			}
		}
	}
	return best
}

// The least that counts as growth: twice as deep gives four times as much, and enough of it not to be chance.
const (
	faster  = 4
	enough  = 2 << 10
	fearful = 256 << 10 // an answer as large as this ends the measuring
)

// growth goes round in the schema, twice as often each time, and looks whether the answer grows faster than the query.
func (s *spender) growth(ctx context.Context) {
	circles := s.e.Schema.Circles()
	if len(circles) == 0 {
		if s.e.Told == "" {
			s.CannotTell("the schema is not told, so how deep a query may go was not seen", "allow introspection to the identity that scans")
		} else {
			s.Clear("no query can go round in the schema")
		}
		return
	}
	for _, c := range circles {
		var sizes []int
		var last *client.Exchange
		for n := 1; n <= eight; n *= 2 {
			x := s.Ask(ctx, fmt.Sprintf("%d times round %s", n, strings.Join(c.Round, ", ")), s.e.Query(c.Times(n), s.First()))
			if !x.Kind().Tells() {
				s.CannotTell(fmt.Sprintf("%s was %s, where %d times round were answered", x.Title, x.Kind(), n/2), "scan it at a quiet time, or see what it does to your server")
				return
			}
			if !graphql.Faultless(x) {
				break
			}
			sizes, last = append(sizes, content(x)), x
			if len(x.Body) > fearful {
				break
			}
		}
		// What is indented grows by its blanks alone, so leaves are counted and not bytes.
		n := len(sizes)
		if n < 3 || sizes[n-1] < faster*max(sizes[n-2], 1) || len(last.Body) < enough {
			continue
		}
		s.Found(api.Hit{
			Op: s.e.Op, Confidence: scan.Confirmed, Key: "depth", Evidence: api.Show(last),
			Message: fmt.Sprintf("%s lets a query go round %s; %d rounds give %d values and %d rounds %d. A few more fill its memory.", s.e.Op.Name(), strings.Join(c.Round, ", "), 1<<(n-2), sizes[n-2], 1<<(n-1), sizes[n-1]),
		})
		return
	}
	s.Clear(fmt.Sprintf("%d ways round the schema are bounded, or give no more than they ask for", len(circles)))
}

// content is how many values an answer holds.
func content(x *client.Exchange) int {
	n := 0
	dec := json.NewDecoder(strings.NewReader(string(x.Body)))
	for {
		t, err := dec.Token()
		if err != nil {
			return n
		}
		if _, sign := t.(json.Delim); !sign {
			n++
		}
	}
}

// directives repeats one at one place, which the specification of GraphQL forbids and validators that were turned off
// let through.
func (s *spender) directives(ctx context.Context) {
	repeated := s.Ask(ctx, "one directive eight times", s.e.Query("{__typename"+strings.Repeat(" @include(if: true)", eight)+"}", s.First()))
	if s.Silent(repeated) {
		return
	}
	if !graphql.Faultless(repeated) {
		s.Clear("a directive that is repeated is refused")
		return
	}
	s.Found(api.Hit{
		Op: s.e.Op, Title: "GraphQL queries are not validated", Severity: scan.Low, Confidence: scan.Confirmed, Key: "directives", Evidence: api.Show(repeated),
		Message: fmt.Sprintf("%s takes one directive eight times at one place, which the specification forbids. Thousands of them keep a parser busy.", s.e.Op.Name()),
	})
}
