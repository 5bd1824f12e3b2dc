// Package injection puts conditions that are true and false into parameters and compares.
package injection

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/injection", Title: "Input reaches the database as code", Severity: scan.Critical, CWE: []int{89, 943},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Fits: fits,
	Fix:  "Bind every value as a parameter and never put it into the text of a query; for a column's name take it from a list.",
	Run:  run,
}

// fits are operations that read: what creates would create once for each try.
func fits(t *api.Target, op *spec.Operation) bool {
	reads := op.Method == "GET" || strings.HasSuffix(op.Path, "/search") || strings.HasSuffix(op.Path, "/query")
	return reads && t.Askable(op) && !api.SignsIn(op) && len(input.Places(op)) > 0
}

// complaint is what databases say of a query that a quote has broken.
var complaint = late.Pattern(`(?i)error in your SQL syntax|syntax error at or near|ORA-0\d{4}|SQLITE_ERROR|near ".{0,20}": syntax error|SQLSTATE\[|unterminated quoted string|Unclosed quotation mark|unrecognized token|Postgrex\.Error|psycopg2\.errors`)

// pairs are conditions that are true and false, and harmless: they read what was asked for, or nothing.
var pairs = []string{
	"%s' AND '%d'='%d",
	"%s AND %d=%d",
	`%s" AND "%d"="%d`,
}

// breaks ends a text between quotes of either kind, and is no sense behind a number.
const breaks = "'\"("

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	base := c.Valid
	if base == nil || !base.OK() {
		base = c.Nobody
	}
	if l.Silent(base) {
		return
	}
	if !base.OK() {
		l.CannotTell("it is "+base.Kind().String()+", so true and false could not be told apart", "give an identity that may use it")
		return
	}
	places := input.Places(l.Op)
	for _, p := range places {
		t := &try{Look: l, c: c, base: base, place: p, value: input.Value(l, base.Request, p)}
		if t.value == "" {
			t.value = "1"
		}
		if t.run(ctx) {
			return
		}
	}
	l.Clear(fmt.Sprintf("%d parameters take conditions for text", len(places)))
}

// try is a place that is tried.
type try struct {
	*api.Look
	c     *api.Controls
	base  *client.Exchange
	place input.Place
	value string // that works
	plain *client.Exchange
}

func (t *try) run(ctx context.Context) bool {
	put := func(v string) client.Request { return input.Put(t.Look, t.base.Request, t.place, v) }
	// What breaks every query, and matches nothing, comes first: where it changes nothing, the value is not used at all, and
	// nine further requests would say no more.
	if broken := t.Ask(ctx, "a value that breaks a query", put(t.value+breaks)); same(t.base, broken, t.c) {
		return false
	}
	t.plain = t.Ask(ctx, "control: the value itself", put(t.value))
	if !t.plain.OK() {
		return false
	}
	chance := 1000 + t.Chance.IntN(8000)
	for _, pair := range pairs {
		yes, no := fmt.Sprintf(pair, t.value, chance, chance), fmt.Sprintf(pair, t.value, chance, chance+1)
		if t.pair(ctx, put(yes), put(no), "a true condition behind it is answered as the value itself, a false one otherwise, in three rounds. It becomes part of a query.") {
			return true
		}
	}
	yes, sent := t.operator("$eq")
	no, _ := t.operator("$ne")
	if sent && t.pair(ctx, yes, no, `the operator $eq is answered as the value itself, and $ne otherwise, in three rounds. What is sent becomes part of a query to a document database.`) {
		return true
	}
	return t.complains(ctx, put)
}

// pair sends what is true and what is false. Three rounds in another order each: what varies by itself does not vary with
// the condition.
func (t *try) pair(ctx context.Context, yes, no client.Request, what string) bool {
	a, b := t.Ask(ctx, "a true condition", yes), t.Ask(ctx, "a false condition", no)
	if !same(t.plain, a, t.c) || same(t.plain, b, t.c) || !b.Kind().Tells() {
		return false
	}
	for range 2 {
		b2, a2 := t.Ask(ctx, "false again", no), t.Ask(ctx, "true again", yes)
		if !same(t.plain, a2, t.c) || !same(b, b2, t.c) {
			return false
		}
	}
	t.Found(api.Hit{
		Confidence: scan.Confirmed, Param: t.place.Param(), Key: t.place.Name, Evidence: api.Show(t.plain, a, b),
		Message: fmt.Sprintf("%s, %s: %s", t.Op.Name(), t.place.Name, what),
	})
	return true
}

// operator writes an operator in the value's place, as forms and JSON have it.
func (t *try) operator(o string) (client.Request, bool) {
	r := t.base.Request
	switch t.place.In {
	case "query":
		u, err := url.Parse(r.URL)
		if err != nil {
			return r, false
		}
		q := u.Query()
		q.Del(t.place.Name)
		q.Set(t.place.Name+"["+o+"]", t.value)
		u.RawQuery = q.Encode()
		r.URL = u.String()
		return r, true
	case "body":
		var m map[string]any
		if json.Unmarshal(r.Body, &m) != nil || m[t.place.Name] == nil {
			return r, false
		}
		m[t.place.Name] = map[string]any{o: m[t.place.Name]}
		r.Body = api.Encode(t.Op.Body, m)
		return r, true
	}
	return r, false
}

// complains says that one quote breaks the query and two do not.
func (t *try) complains(ctx context.Context, put func(string) client.Request) bool {
	quote := t.Ask(ctx, "a quote", put(t.value+"'"))
	m := complaint.FindString(string(quote.Body))
	if m == "" || complaint.Match(t.plain.Body) {
		return false
	}
	two := t.Ask(ctx, "two quotes", put(t.value+"''"))
	again := t.Ask(ctx, "a quote, once more", quote.Request)
	if complaint.Match(two.Body) || !complaint.Match(again.Body) {
		return false
	}
	t.Found(api.Hit{
		Severity: scan.High, Confidence: scan.Firm, Param: t.place.Param(), Key: t.place.Name, Evidence: api.Show(t.plain, quote, two),
		Message: fmt.Sprintf("%s: one quote in %s makes the database complain (%q), two do not.", t.Op.Name(), t.place.Name, m),
	})
	return true
}

func same(a, b *client.Exchange, c *api.Controls) bool {
	return answer.Same(a.Answer, b.Answer, c.Volatile)
}
