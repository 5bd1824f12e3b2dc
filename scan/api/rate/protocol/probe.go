// Package protocol asks by another version of HTTP while it is refused.
package protocol

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/protocol", Title: "Versions of HTTP have limits of their own", Severity: scan.Medium, CWE: []int{770, 799},
		Standards: []string{"OWASP API4:2023", "OWASP API6:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true, Needs: api.TLS,
	Fix: "Count behind the place where the versions meet, by account, key or address, never in a listener of one version.",
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
	spoken := m.Good.Proto
	if !m.Hold(ctx, l) {
		l.CannotTell(m.Op.Name()+" did not go on refusing", "")
		return
	}
	// What is written by hand is HTTP/1; where that is all there is, the elder of the two is what remains.
	hand := m.Request
	hand.Fresh, hand.Target = true, target(m.Request)
	old := hand
	old.OldProto = true
	tries := []struct {
		name    string
		request client.Request
	}{{"HTTP/1.1", hand}, {"HTTP/1.0", old}}
	if !strings.HasPrefix(spoken, "HTTP/2") {
		tries = tries[1:]
	}
	var apart []string
	var shown []*client.Exchange
	for _, t := range tries {
		got := m.Passes(ctx, l, "by "+t.name, t.request)
		if got == nil {
			continue
		}
		// A new connection of the version that is refused tells this from a limit by connection, which is another fault.
		fresh := m.Request
		fresh.Fresh = true
		if m.Passes(ctx, l, "control: by "+spoken+", over a new connection", fresh) != nil || m.Passes(ctx, l, "by "+t.name+", once more", t.request) == nil {
			continue
		}
		if apart = append(apart, t.name); shown == nil {
			shown = got
		}
	}
	if apart == nil {
		l.Clear(fmt.Sprintf("%s: %s and the others that it speaks share a limit", m.Op.Name(), spoken))
		return
	}
	l.Found(api.Hit{
		Op: m.Op, Confidence: scan.Confirmed, Key: string(m.Class), Evidence: shown,
		Message: fmt.Sprintf("%s refuses by %s after %d requests and serves the same request by %s. Each version is one more quota.", m.Op.Name(), spoken, m.Sent, strings.Join(apart, " and ")),
	})
}

// target is the request's own path, said in so many words, which makes the client write by hand.
func target(r client.Request) string {
	_, u, err := r.Wired("")
	if err != nil {
		return ""
	}
	return u.RequestURI()
}
