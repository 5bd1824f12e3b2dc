// Package threshold presses operations until they refuse, or until the budget of the burst is sent.
package threshold

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/threshold", Title: "No rate limit was met", Severity: scan.Low, CWE: []int{770, 307},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Limit each operation by who asks (account or key, else address): a few attempts a minute where people sign in, some hundred elsewhere; answer 429 with Retry-After.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	meters := rate.Meters(ctx, l)
	if len(meters) == 0 {
		l.CannotTell("no operation was found that can be pressed without harm", "give an identity and a specification")
		return
	}
	for _, m := range meters {
		if m.Sent == 0 {
			l.CannotTell("the burst at "+m.Op.Name()+" was not answered", "")
			continue
		}
		if m.Throttled != nil {
			l.Clear(fmt.Sprintf("%s %s refuses at request %d of a burst", m.Op.Name(), m.Who(), m.Sent))
			continue
		}
		first, last := m.All[0], m.All[len(m.All)-1]
		said := rate.Read(first.Header, l.Client.Clock().Now())
		h := api.Hit{
			Op: m.Op, Confidence: scan.Firm, Key: string(m.Class), Evidence: api.Show(first, last),
			Message: fmt.Sprintf("%s %s: no limit within %d requests in %.1f s.", m.Op.Name(), m.Who(), m.Sent, m.Took.Seconds()),
		}
		switch {
		case said.Limit >= 0 && said.Limit < m.Sent:
			h.Title, h.Severity, h.Confidence = "Advertised rate limit is not enforced", scan.High, scan.Confirmed
			h.Message = fmt.Sprintf("%s says that %d requests are allowed, and served %d in %.1f s.", m.Op.Name(), said.Limit, m.Sent, m.Took.Seconds())
		case slowed(m):
			l.Clear(m.Op.Name() + " refuses nobody, and slows down under pressure")
			continue
		case m.Class == rate.Door:
			h.Severity, h.Title = scan.Medium, "Passwords can be tried without limit"
			h.Message += " Whoever has a list of leaked passwords can try them all."
		}
		l.Found(h)
	}
}

// slowed says that the last ten answers took three times as long as the first ten, and each longer than most of them: a
// limit by delay.
func slowed(m *rate.Meter) bool {
	if len(m.All) < 20 {
		return false
	}
	var first, last []time.Duration
	for i := range 10 {
		first, last = append(first, m.All[i].Took), append(last, m.All[len(m.All)-1-i].Took)
	}
	return rate.Median(last) >= 3*rate.Median(first) && slices.Min(last) > slices.Max(first) && rate.Median(last) > 20*time.Millisecond
}
