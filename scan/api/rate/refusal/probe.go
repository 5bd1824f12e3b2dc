// Package refusal reads how a limit refuses, and waits as it is told.
package refusal

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
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
		ID: "api/rate/refusal", Title: "Refusal by the rate limit is badly worded", Severity: scan.Low, CWE: []int{770, 703},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Answer 429 with Retry-After in whole seconds (rounded up), in the same form as other errors, with Cache-Control: no-store; and let in whoever waited as told.",
	Run: run,
}

// patience is how long a Retry-After may be for the scanner to try it.
const patience = 15 * time.Second

func run(ctx context.Context, l *api.Look) {
	limited := rate.Limited(rate.Meters(ctx, l))
	if len(limited) == 0 {
		rate.Unlimited(l)
		return
	}
	var all []*refused
	for _, m := range limited {
		if !m.Hold(ctx, l) {
			l.CannotTell(m.Op.Name()+" did not go on refusing", "")
			continue
		}
		x := m.Still(ctx, l)
		if x == nil {
			l.CannotTell(m.Op.Name()+" did not go on refusing", "")
			continue
		}
		now := l.Client.Clock().Now()
		r := &refused{m: m, x: x, faults: read(x, now)}
		r.after, r.told = client.RetryAfter(x.Header, now)
		r.due = now.Add(r.after)
		if other := wrongForm(ctx, l, m, x); other != "" {
			r.faults = append(r.faults, other)
		}
		all = append(all, r)
	}
	// Each is waited for from when it refused, so three of ten seconds take ten.
	for _, r := range all {
		if late := r.wait(ctx, l); late != "" {
			r.faults = append(r.faults, late)
		}
		if r.faults == nil {
			l.Clear(r.m.Op.Name() + " refuses as it should")
			continue
		}
		l.Found(api.Hit{
			Op: r.m.Op, Confidence: scan.Confirmed, Key: string(r.m.Class), Evidence: api.Show(r.x),
			Message: fmt.Sprintf("%s refuses, and %s.", r.m.Op.Name(), strings.Join(r.faults, "; ")),
		})
	}
}

// refused is an operation that refuses, and when it said that it would no longer.
type refused struct {
	m      *rate.Meter
	x      *client.Exchange
	faults []string
	after  time.Duration
	told   bool
	due    time.Time
}

func read(x *client.Exchange, now time.Time) []string {
	var faults []string
	if x.Status != 429 {
		faults = append(faults, fmt.Sprintf("says so by %d and not by 429", x.Status))
	}
	after, ok := client.RetryAfter(x.Header, now)
	switch {
	case x.Header.Get("Retry-After") == "":
		faults = append(faults, "does not say when to come back (no Retry-After)")
	case !ok:
		faults = append(faults, fmt.Sprintf("its Retry-After %.40q is neither a number of seconds nor a date", x.Header.Get("Retry-After")))
	case after > 24*time.Hour:
		faults = append(faults, fmt.Sprintf("its Retry-After is %v from now", after.Round(time.Hour)))
	}
	if cache := strings.ToLower(x.Header.Get("Cache-Control")); strings.Contains(cache, "public") || strings.Contains(cache, "max-age") && !strings.Contains(cache, "max-age=0") {
		faults = append(faults, "lets caches keep the refusal and hand it to others")
	}
	if body := string(x.Body); strings.Contains(body, "Traceback (most recent") || strings.Contains(body, "\n\tat ") || strings.Contains(body, "(elixir ") || strings.Contains(body, "goroutine ") {
		faults = append(faults, "shows a stack trace")
	}
	return faults
}

// wrongForm says that a refusal is not of the media type of the operation's other errors.
func wrongForm(ctx context.Context, l *api.Look, m *rate.Meter, x *client.Exchange) string {
	c := l.Controls(ctx, m.Op)
	other := c.Junk
	if m.Request.As == nil {
		other = m.Good
	}
	if other == nil || len(other.Body) == 0 || other.Media() == x.Media() || other.Kind() == answer.Broken {
		return ""
	}
	if strings.Contains(other.Media(), "json") && strings.Contains(x.Media(), "json") {
		return ""
	}
	return fmt.Sprintf("is %q where other answers are %q", x.Media(), other.Media())
}

// wait comes back when it was told to.
func (r *refused) wait(ctx context.Context, l *api.Look) string {
	if !r.told || r.after > patience {
		return ""
	}
	clock := l.Client.Clock()
	if clock.Sleep(ctx, r.due.Sub(clock.Now())) != nil {
		return ""
	}
	for range 2 {
		if l.Ask(ctx, "after waiting as told", r.m.Request).Kind() != answer.Throttled {
			return ""
		}
	}
	return fmt.Sprintf("refuses still after the %v that it told to wait", r.after)
}
