// Package uniform holds refusals of credentials against each other: one that nobody was given, one that is nearly right, and
// one that has ended should not be told apart.
package uniform

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/uniform", Title: "Refusals tell which credentials exist", Severity: scan.Medium, CWE: []int{204, 203},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true, Needs: api.Identity,
	Fix: "Refuse every credential that is no good in one place, with one status and one body, after the same work; keep why in your log.",
	Run: run,
}

// Of each kind: words and status show in three, a time takes fifteen.
const (
	few  = 3
	many = 15
)

// kind is one way for a credential to be wrong.
type kind struct {
	key, is string
	request client.Request
	asked   []*client.Exchange
}

func run(ctx context.Context, l *api.Look) {
	op, c := l.Guarded(ctx)
	if op == nil {
		l.NotGuarded()
		return
	}
	who := c.Valid.Request.As
	unknown := kind{is: "one that nobody was given", request: c.Valid.Request.Claiming(who, api.Unknown(who))}
	others := []kind{{key: "nearly", is: "one that is nearly right", request: c.Valid.Request.Claiming(who, nearly(who))}}
	for _, refused := range l.MustRefuse() {
		others = append(others, kind{key: "ended", is: "one that must be refused (" + refused.Name + ")", request: c.Valid.Request.By(refused)})
	}
	measured := true
	for i := range others {
		alike, ok := compare(ctx, l, op, &unknown, &others[i])
		if !ok {
			return
		}
		measured = measured && alike
	}
	switch {
	case l.Told():
	case measured:
		l.Clear("wrong credentials are refused alike, and after the same time")
	default:
		l.Clear("wrong credentials are refused alike; whether the time is could not be measured, since a limit was met")
	}
}

// compare asks with two kinds in turns, so that what changes with time changes both. Ok says whether the answers told anything,
// measured whether their times did.
func compare(ctx context.Context, l *api.Look, op *spec.Operation, unknown, other *kind) (measured, ok bool) {
	unknown.asked, other.asked = nil, nil
	for i := range many {
		a, b := l.Ask(ctx, unknown.is, unknown.request), l.Ask(ctx, other.is, other.request)
		if !a.Kind().Tells() || !b.Kind().Tells() {
			if i < few {
				l.CannotTell("asking with wrong credentials was "+a.Kind().String()+" and "+b.Kind().String(), "")
				return false, false
			}
			break
		}
		if a.OK() || b.OK() {
			l.CannotTell("a credential that is wrong was accepted, which another check is about", "")
			return false, false
		}
		unknown.asked, other.asked = append(unknown.asked, a), append(other.asked, b)
	}
	d, apart := rate.Apart(unknown.asked, other.asked, func(x *client.Exchange) []byte { return x.Body })
	hit := api.Hit{Op: op, Confidence: scan.Confirmed, Key: other.key, Evidence: api.Show(unknown.asked[0], other.asked[0], unknown.asked[1], other.asked[1])}
	switch {
	case apart:
		what := "in other words"
		if !d.Words {
			what = fmt.Sprintf("by %d and not by %d", d.Status[1], d.Status[0])
		}
		hit.Message = fmt.Sprintf("A credential is refused %s if it is %s than if it is %s: whoever tries many learns which exist.", what, other.is, unknown.is)
		if other.key == "ended" {
			hit.Severity = scan.Low // clients are told that they have to sign in again; it takes a credential that was good once
		}
		l.Found(hit)
	case len(unknown.asked) < many:
		return false, true
	case rate.Slower(other.asked, unknown.asked):
		hit.Severity, hit.Confidence, hit.Key, hit.Title = scan.Low, scan.Firm, other.key+" time", "Time tells which credentials exist"
		hit.Message = fmt.Sprintf("Refusing a credential takes %v if it is %s and %v if it is %s, each of %d times.",
			rate.Median(rate.Times(other.asked)), other.is, rate.Median(rate.Times(unknown.asked)), unknown.is, many)
		l.Found(hit)
	}
	return true, true
}

// nearly is the credential itself but for one character: what was looked up is found, and what is compared differs.
func nearly(who *identity.Identity) string {
	value := []byte(who.Secret().Reveal())
	if who.Kind == identity.Basic {
		return who.User + ":" + string(swapped(value[len(who.User)+1:]))
	}
	return string(swapped(value))
}

// swapped changes a character in the last quarter, and not the very last: in base64 that may carry bits that do not count.
func swapped(value []byte) []byte {
	out := append([]byte(nil), value...)
	for i := len(out) - 2; i >= 0; i-- {
		switch c := out[i]; {
		case c >= '0' && c <= '8', c >= 'a' && c <= 'y', c >= 'A' && c <= 'Y':
			out[i]++
			return out
		case c == '9' || c == 'z' || c == 'Z':
			out[i]--
			return out
		}
	}
	return append(out, 'x')
}
