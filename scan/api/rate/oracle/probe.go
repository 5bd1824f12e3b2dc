// Package oracle tries to sign in to an account that exists and to one that does not.
package oracle

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/oracle", Title: "Answers tell which accounts exist", Severity: scan.Medium, CWE: []int{204, 203},
		Standards: []string{"OWASP API2:2023", "OWASP API6:2023", "PCI DSS 4.0 8.3.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Apart: true, Needs: api.Identity,
	Fits: func(t *api.Target, op *spec.Operation) bool {
		return api.SignsIn(op) && op.Body != nil && op.Body.Raw == ""
	},
	Fix: "Answer a wrong password and an unknown account with the same status, fields and words, and hash a password in both cases.",
	Run: run,
}

// Attempts for each class. Three wrong passwords are below what locks an account anywhere we know; timing needs more, and
// is for scans that may press sign-in.
const (
	attempts = 3
	samples  = 15
)

func run(ctx context.Context, l *api.Look) {
	account := known(l)
	if account == "" {
		l.CannotTell("no account is known to exist", "give an identity whose \"me\" answer shows its e-mail address or user name")
		return
	}
	n := attempts
	if l.Bursts.SignInOK {
		n = samples
	}
	var real, invented []*client.Exchange
	for i := range n {
		// Interleaved, so that what changes with time changes both.
		a := l.Ask(ctx, "a wrong password of an account that exists", rate.Attempt(l, l.Op, account))
		b := l.Ask(ctx, "an account that does not exist", rate.Attempt(l, l.Op, unlike(account, i)))
		if !a.Kind().Tells() || !b.Kind().Tells() {
			l.CannotTell("signing in was "+a.Kind().String()+" and "+b.Kind().String(), "")
			return
		}
		real, invented = append(real, a), append(invented, b)
	}
	if real[0].OK() {
		l.CannotTell("a wrong password was accepted, or the answer does not say", "")
		return
	}
	names := map[*client.Exchange]string{}
	for i := range n {
		names[real[i]], names[invented[i]] = account, unlike(account, i)
	}
	bare := func(x *client.Exchange) []byte { return bytes.ReplaceAll(x.Body, []byte(names[x]), []byte("·")) }
	if d, ok := rate.Apart(real, invented, bare); ok {
		what := "the words of the refusal differ"
		if !d.Words {
			what = fmt.Sprintf("it answers %d for one that does and %d for one that does not", d.Status[0], d.Status[1])
		}
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Key: "answer", Evidence: api.Show(real[0], invented[0], real[1], invented[1]),
			Message: fmt.Sprintf("%s tells whether an account exists: %s.", l.Op.Name(), what),
		})
		return
	}
	if n < samples {
		l.Clear("the answers are alike; whether the time is was not measured, since that takes thirty attempts (--burst-sign-in)")
		return
	}
	if rate.Slower(real, invented) {
		l.Found(api.Hit{
			Severity: scan.Low, Confidence: scan.Firm, Key: "time", Evidence: api.Show(real[0], invented[0]), Title: "Time tells which accounts exist",
			Message: fmt.Sprintf("%s takes %v for an account that exists and %v for one that does not, in each of %d attempts.", l.Op.Name(), rate.Median(rate.Times(real)), rate.Median(rate.Times(invented)), n),
		})
		return
	}
	l.Clear("answers and times are alike")
}

// known is the name of an account that exists: what the first identity is told about itself, of the kind the door asks for.
func known(l *api.Look) string {
	who := l.First()
	asked := l.Op.Body.Schema.Fields()
	best := ""
	for path, x := range l.Knows(who).Answers {
		if !api.IsMe(path) || !x.OK() {
			continue
		}
		values := answer.Values(x.Answer)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
			if last != "email" && last != "username" && last != "login" {
				continue
			}
			if _, wanted := asked[last]; wanted {
				return values[name][0]
			}
			best = cmp.Or(best, values[name][0])
		}
	}
	return cmp.Or(best, who.User)
}

// unlike is an account of the same shape that does not exist.
func unlike(account string, i int) string {
	return fmt.Sprintf("palisade%d-", i) + account
}
