// Package authcost presses with credentials that are wrong.
package authcost

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/authcost", Title: "Failed authentication is unlimited", Severity: scan.Medium, CWE: []int{307, 400},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true, Needs: api.Identity,
	Fix: "Count by address before the credential is looked at, and count failures against the address with a limit of their own; refuse before hashing, introspection or a database is asked.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	var m *rate.Meter
	for _, limited := range rate.Limited(rate.Meters(ctx, l)) {
		if limited.Class == rate.Keyed {
			m = limited
		}
	}
	if m == nil {
		l.CannotTell("no limit was met for those who have a credential, so failures cannot be compared with it", "press harder: --burst 200")
		return
	}
	who := m.Request.As
	wrong := m.Request.Claiming(who, api.Wellformed(who))
	var denied []*client.Exchange
	stopped := false
	// The press may have met a limit that others had half spent; a fresh one takes more.
	for range max(2*m.Sent, 40) + 5 {
		x := l.Ask(ctx, "a wrong credential in a burst", wrong)
		if x.Kind() == answer.Throttled && l.Ask(ctx, "the next", wrong).Kind() == answer.Throttled {
			stopped = true
			break
		}
		if x.Kind() == answer.Denied {
			denied = append(denied, x)
		}
	}
	if len(denied) == 0 && !stopped {
		l.CannotTell("wrong credentials are neither denied nor throttled", "")
		return
	}
	if !stopped {
		h := api.Hit{
			Op: m.Op, Confidence: scan.Confirmed, Key: "unlimited", Evidence: api.Show(m.Throttled, denied[0], denied[len(denied)-1]),
			Message: fmt.Sprintf("%s refuses a valid credential after %d requests, and has looked at %d wrong ones without refusing. Keys and tokens can be tried without end.", m.Op.Name(), m.Sent, len(denied)),
		}
		none := l.Ask(ctx, "control: no credential", m.Request.By(nil))
		if costs(ctx, l, m, denied) {
			h.Severity = scan.High
			h.Message += " Each costs the server several times what a request without one costs, so it is also a way to wear it out."
			h.Evidence = append(h.Evidence, none)
		}
		l.Found(h)
		return
	}
	// The limit holds for failures. Does refusing cost as much as serving? Then it sits behind the expensive work.
	if m.Hold(ctx, l) {
		var refused, served []time.Duration
		var last *client.Exchange
		for range 10 {
			if x := l.Ask(ctx, "refused", m.Request); x.Kind() == answer.Throttled {
				refused, last = append(refused, x.Took), x
			}
		}
		for _, x := range m.All[:min(len(m.All), 10)] {
			if x.OK() {
				served = append(served, x.Took)
			}
		}
		cheap := cheapest(ctx, l, m)
		if len(refused) >= 5 && len(served) >= 5 && rate.Median(refused)*10 >= rate.Median(served)*8 && rate.Median(refused) > 3*cheap && rate.Median(refused)-cheap > 5*time.Millisecond {
			l.Found(api.Hit{
				Op: m.Op, Severity: scan.Low, Confidence: scan.Firm, Key: "behind", Title: "Rate limit sits behind the expensive work", Evidence: api.Show(m.Good, last),
				Message: fmt.Sprintf("%s takes %v to refuse and %v to serve: what is expensive happens before the limit is looked at.", m.Op.Name(), rate.Median(refused), rate.Median(served)),
			})
			return
		}
	}
	l.Clear(fmt.Sprintf("wrong credentials are refused too, after %d", len(denied)))
}

// costs says that a wrong credential takes three times as long as none.
func costs(ctx context.Context, l *api.Look, m *rate.Meter, denied []*client.Exchange) bool {
	var wrong []time.Duration
	for _, x := range denied {
		wrong = append(wrong, x.Took)
	}
	cheap := cheapest(ctx, l, m)
	return rate.Median(wrong) >= 3*cheap && rate.Median(wrong)-cheap > 5*time.Millisecond
}

// cheapest is what a request without a credential takes, in the middle of nine.
func cheapest(ctx context.Context, l *api.Look, m *rate.Meter) time.Duration {
	var times []time.Duration
	for range 9 {
		if x := l.Ask(ctx, "no credential", m.Request.By(nil)); x.Err == nil {
			times = append(times, x.Took)
		}
	}
	return rate.Median(times)
}
