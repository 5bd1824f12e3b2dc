// Package partition finds out by what a limit counts: while one client is refused, it asks as others.
package partition

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/partition", Title: "Rate limit is shared or split by the wrong thing", Severity: scan.Medium, CWE: []int{770, 799},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Count by account for those who signed in, by key where keys have quotas of their own, and by address only for strangers; never for all together and never by connection.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	limited := rate.Limited(rate.Meters(ctx, l))
	if len(limited) == 0 {
		rate.Unlimited(l)
		return
	}
	for _, m := range limited {
		look(ctx, l, m)
	}
}

func look(ctx context.Context, l *api.Look, m *rate.Meter) {
	name := m.Op.Name() + " " + m.Who()
	fresh := m.Request
	fresh.Fresh = true
	if shown := m.Passes(ctx, l, "over a new connection", fresh); shown != nil {
		if again := m.Passes(ctx, l, "over another new connection", fresh); again != nil {
			l.Found(api.Hit{
				Op: m.Op, Severity: scan.High, Confidence: scan.Confirmed, Key: "connection", Evidence: append(shown, again[1]),
				Message: name + ": the limit counts by connection. Whoever connects anew starts anew.",
			})
			return
		}
	}
	elsewhere := fromElsewhere(ctx, l, m)
	if m.Request.As == nil {
		switch {
		case elsewhere == nil:
			l.CannotTell(name+" is refused, and whether others are too cannot be seen from one address", "give a second address of this machine: --from 10.0.0.7")
		case elsewhere.passes:
			l.Clear(name + ": the limit counts by address")
		default:
			everybody(l, m, elsewhere)
		}
		return
	}
	others := l.Others(m.Request.As)
	if len(others) == 0 {
		l.CannotTell(name+" is refused, and whether others are too cannot be seen with one identity", "give a second identity: --identity bob=bearer:env:BOB_TOKEN")
		return
	}
	other := others[0]
	shown := m.Passes(ctx, l, "as "+other.Name+", from the same address", m.As(other))
	if shown != nil {
		if sameAccount(l, m.Request.As, other) {
			l.Found(api.Hit{
				Op: m.Op, Confidence: scan.Confirmed, Key: "keys", Evidence: shown,
				Message: fmt.Sprintf("%s: the limit counts by key, and %s and %s are keys of one account. Whoever makes more keys has more quota.", name, m.Request.As.Name, other.Name),
			})
			return
		}
		if elsewhere != nil && elsewhere.passes {
			l.Found(api.Hit{
				Op: m.Op, Severity: scan.Low, Confidence: scan.Confirmed, Key: "pair", Evidence: elsewhere.shown,
				Message: name + ": the limit counts by account and address together. Whoever has many addresses has the quota many times.",
			})
			return
		}
		l.Clear(name + ": the limit counts by account or key")
		return
	}
	switch {
	case elsewhere == nil:
		l.CannotTell(name+": "+other.Name+" is refused too; by address or altogether cannot be seen from one address", "give a second address of this machine: --from 10.0.0.7")
	case elsewhere.passes:
		l.Found(api.Hit{
			Op: m.Op, Confidence: scan.Confirmed, Key: "address", Evidence: elsewhere.shown,
			Message: name + ": the limit counts by address, though those who ask have credentials. Everybody behind one address shares it, and whoever changes addresses escapes it.",
		})
	case !elsewhere.shut:
		l.CannotTell(name+": "+other.Name+" is refused at the same address and served at another; the answers do not fit together", "")
	default:
		everybody(l, m, elsewhere)
	}
}

func everybody(l *api.Look, m *rate.Meter, e *elsewhere) {
	l.Found(api.Hit{
		Op: m.Op, Severity: scan.High, Confidence: scan.Confirmed, Key: "everybody", Evidence: e.shown,
		Message: m.Op.Name() + ": one limit is shared by all. Whoever spends it shuts out everybody else.",
	})
}

// elsewhere is what somebody at another address gets while the limit is reached here.
type elsewhere struct {
	passes bool // for the same person
	shut   bool // for another person too, who is served while the limit is fresh
	shown  []*client.Exchange
}

func fromElsewhere(ctx context.Context, l *api.Look, m *rate.Meter) *elsewhere {
	sources := l.Client.Sources()
	if len(sources) == 0 || !m.Hold(ctx, l) {
		return nil
	}
	r := m.Request
	r.From = sources[0]
	who := "from " + sources[0].String()
	if others := l.Others(r.As); r.As != nil && len(others) > 0 {
		// Another address alone tells "by address" from "by account"; refused there, another person as well tells "all".
		if shown := m.Passes(ctx, l, who, r); shown != nil {
			return &elsewhere{passes: true, shown: shown}
		}
		r.As = others[0]
		who += ", as " + others[0].Name
	}
	if shown := m.Passes(ctx, l, who, r); shown != nil {
		return &elsewhere{passes: r.As == m.Request.As, shown: shown}
	}
	if shown := m.Shuts(ctx, l, r); shown != nil {
		return &elsewhere{shut: true, shown: shown}
	}
	return nil
}

// sameAccount says that two identities are told the same about themselves.
func sameAccount(l *api.Look, a, b *identity.Identity) bool {
	for path, x := range l.Knows(a).Answers {
		y := l.Knows(b).Answers[path]
		if api.IsMe(path) && x.OK() && y != nil && y.OK() && answer.Same(x.Answer, y.Answer, answer.Volatile{}) {
			return true
		}
	}
	return false
}
