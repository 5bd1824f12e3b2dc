// Package injection puts conditions that are true and false into parameters and compares.
package injection

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
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

func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == "GET" && t.Askable(op) && len(params(op)) > 0
}

type param struct{ in, name string }

func params(op *spec.Operation) []param {
	var all []param
	for _, n := range op.PathParams() {
		all = append(all, param{"path", n})
	}
	for _, p := range op.Params {
		if p.In == "query" && len(all) < 8 {
			all = append(all, param{"query", p.Name})
		}
	}
	return all
}

// complaint is what databases say of a query that a quote has broken.
var complaint = late.Pattern(`(?i)error in your SQL syntax|syntax error at or near|ORA-0\d{4}|SQLITE_ERROR|near ".{0,20}": syntax error|SQLSTATE\[|unterminated quoted string|Unclosed quotation mark|unrecognized token|Postgrex\.Error|psycopg2\.errors`)

// pairs are conditions that are true and false, and harmless: they read what was asked for, or nothing.
var pairs = []string{
	"%s' AND '%d'='%d",
	"%s AND %d=%d",
	`%s" AND "%d"="%d`,
}

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
	for _, p := range params(l.Op) {
		if try(ctx, l, c, base, p) {
			return
		}
	}
	if !l.Told() {
		l.Clear(fmt.Sprintf("%d parameters take conditions for text", len(params(l.Op))))
	}
}

func try(ctx context.Context, l *api.Look, c *api.Controls, base *client.Exchange, p param) bool {
	value := valueOf(l, base, p)
	if value == "" {
		value = "1"
	}
	put := func(v string) client.Request {
		if p.in == "query" {
			return base.Request.Query(p.name, v)
		}
		r := l.RequestWith(l.Op, base.Request.As, map[string]string{p.name: v})
		r.As = base.Request.As
		return r
	}
	plain := l.Ask(ctx, "control: the value itself", put(value))
	if !plain.OK() {
		return false
	}
	chance := 1000 + l.Chance.IntN(8000)
	for _, pair := range pairs {
		yes, no := fmt.Sprintf(pair, value, chance, chance), fmt.Sprintf(pair, value, chance, chance+1)
		a, b := l.Ask(ctx, "a true condition", put(yes)), l.Ask(ctx, "a false condition", put(no))
		if !same(plain, a, c) || same(plain, b, c) || !b.Kind().Tells() {
			continue
		}
		// Three rounds in another order each: what varies by itself does not vary with the condition.
		held := true
		for range 2 {
			b2, a2 := l.Ask(ctx, "false again", put(no)), l.Ask(ctx, "true again", put(yes))
			held = held && same(plain, a2, c) && same(b, b2, c)
		}
		if !held {
			continue
		}
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Param: p.in + ":" + p.name, Key: p.name, Evidence: api.Show(plain, a, b),
			Message: fmt.Sprintf("%s: a true condition behind %s is answered as the value itself, a false one otherwise, in three rounds. The parameter becomes part of a query.", l.Op.Name(), p.name),
		})
		return true
	}
	quote := l.Ask(ctx, "a quote", put(value+"'"))
	two := l.Ask(ctx, "two quotes", put(value+"''"))
	if m := complaint.FindString(string(quote.Body)); m != "" && !complaint.Match(plain.Body) && !complaint.Match(two.Body) {
		again := l.Ask(ctx, "a quote, once more", quote.Request)
		if complaint.Match(again.Body) {
			l.Found(api.Hit{
				Severity: scan.High, Confidence: scan.Firm, Param: p.in + ":" + p.name, Key: p.name, Evidence: api.Show(plain, quote, two),
				Message: fmt.Sprintf("%s: one quote in %s makes the database complain (%q), two do not.", l.Op.Name(), p.name, m),
			})
			return true
		}
	}
	return false
}

func same(a, b *client.Exchange, c *api.Controls) bool {
	return answer.Same(a.Answer, b.Answer, c.Volatile)
}

// valueOf is what the working request had in the parameter's place.
func valueOf(l *api.Look, x *client.Exchange, p param) string {
	u, err := url.Parse(x.Request.URL)
	if err != nil {
		return ""
	}
	if p.in == "query" {
		return u.Query().Get(p.name)
	}
	want, got := strings.Split(l.Op.Path, "/"), strings.Split(u.Path, "/")
	for i := range want {
		if want[i] == "{"+p.name+"}" && i < len(got) {
			return got[i]
		}
	}
	return ""
}
