// Package rate is what the probes for limits share: which operations to try, how to press one until it refuses, and how to
// be sure that it still does. All of these probes run apart from the others, one after another.
package rate

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
)

// Class is the kind of operation, of which one each is pressed.
type Class string

// The classes.
const (
	Keyed  Class = "keyed"   // asked with a credential
	Public Class = "public"  // asked by anybody
	Door   Class = "sign-in" // lets people in
)

// Meter is an operation, how it is asked, and what came of pressing it.
type Meter struct {
	Class     Class
	Op        *spec.Operation
	Request   client.Request
	Sent      int              // requests until it refused, or all
	Good      *client.Exchange // the last that passed
	Throttled *client.Exchange // the refusal; nil: none within Sent
	All       []*client.Exchange
	Took      time.Duration
}

// quiet is how many attempts at signing in are made unasked. A limit of twenty in a window that happens to end meanwhile
// lets forty through, and twenty is what people could need; the account that is tried does not exist, so nobody is
// locked out.
const quiet = 45

// Meters presses one operation of each class, once for all probes.
func Meters(ctx context.Context, l *api.Look) []*Meter {
	return l.Once("rate meters", func() any {
		var all []*Meter
		if op, c := l.Guarded(ctx); op != nil {
			all = append(all, press(ctx, l, &Meter{Class: Keyed, Op: op, Request: c.Valid.Request}, l.Bursts.Requests))
		}
		for _, op := range l.Operations {
			if op.Method != http.MethodGet || op.Demand == spec.Required || len(op.PathParams()) > 0 || op.Path == "/" {
				continue
			}
			if c := l.Controls(ctx, op); c.Nobody.OK() && !c.Absence.Is(c.Nobody) {
				all = append(all, press(ctx, l, &Meter{Class: Public, Op: op, Request: c.Nobody.Request}, l.Bursts.Requests))
				break
			}
		}
		for _, op := range l.Operations {
			if !api.SignsIn(op) || op.Body == nil || op.Body.Raw != "" && op.Body.Example == nil {
				continue
			}
			most := quiet
			if l.Bursts.SignInOK {
				most = l.Bursts.SignIn
			}
			m := &Meter{Class: Door, Op: op, Request: Attempt(l, op, "palisade-nobody@example.com")}
			if first := l.Ask(ctx, "an attempt to sign in", m.Request); first.Kind() != answer.Denied && first.Kind() != answer.Refused && first.Kind() != answer.Missing {
				continue
			}
			all = append(all, press(ctx, l, m, most))
			break
		}
		return all
	}).([]*Meter)
}

// press asks until two refusals in a row: one alone is a server in a mood and no limit. A limit that others have spent before
// is waited for, once: without an answer from before it refuses there is nothing to compare with.
func press(ctx context.Context, l *api.Look, m *Meter, most int) *Meter {
	m.Request.Burst = true
	began := l.Client.Clock().Now()
	waited := false
	for m.Sent < most {
		x := l.Ask(ctx, fmt.Sprintf("request %d of a burst", m.Sent+1), m.Request)
		if x.Kind() == answer.Lost {
			break
		}
		m.Sent++
		m.All = append(m.All, l.Keep(x))
		if x.Kind() != answer.Throttled {
			m.Good = x
			continue
		}
		second := l.Ask(ctx, "the next", m.Request)
		if second.Kind() != answer.Throttled {
			continue
		}
		if m.Good == nil && !waited && anew(ctx, l, second) {
			waited, began = true, l.Client.Clock().Now()
			m.Sent, m.All = 0, nil
			continue
		}
		m.Throttled = x
		break
	}
	m.Took = l.Client.Clock().Now().Sub(began)
	return m
}

// Hold presses on until the operation refuses again, and says whether it does.
func (m *Meter) Hold(ctx context.Context, l *api.Look) bool {
	if m.Throttled == nil {
		return false
	}
	// The first press may have met a limit that others had half spent; a fresh one takes more.
	for range max(2*m.Sent, 40) + 5 {
		x := l.Ask(ctx, "control: still refused", m.Request)
		if x.Kind() == answer.Lost {
			return false
		}
		if x.Kind() == answer.Throttled && l.Ask(ctx, "control: still refused", m.Request).Kind() == answer.Throttled {
			return true
		}
	}
	return false
}

// Still asks once whether the operation refuses now.
func (m *Meter) Still(ctx context.Context, l *api.Look) *client.Exchange {
	x := l.Ask(ctx, "control: as before, still refused", m.Request)
	if x.Kind() != answer.Throttled {
		return nil
	}
	return x
}

// Passes says that a variant is served while the plain request is refused, before and after. The plain one is pressed
// again where it recovered meanwhile. It gives what shows it.
func (m *Meter) Passes(ctx context.Context, l *api.Look, title string, variant client.Request) []*client.Exchange {
	if !m.Hold(ctx, l) {
		return nil
	}
	before := m.Still(ctx, l)
	variant.Burst = true
	x := l.Ask(ctx, title, variant)
	after := m.Still(ctx, l)
	if before == nil || after == nil || !m.served(x) {
		return nil
	}
	return []*client.Exchange{before, x, after}
}

// served says that an answer is of the operation itself: what it gave before it refused.
func (m *Meter) served(x *client.Exchange) bool {
	if !x.Kind().Tells() || m.Good == nil || x.Kind() != m.Good.Kind() {
		return false
	}
	return x.Status == m.Good.Status && (x.Request.Method == http.MethodHead || answer.SameShape(x.Answer, m.Good.Answer))
}

// Limited are the meters that refused.
func Limited(ms []*Meter) []*Meter {
	return slices.DeleteFunc(slices.Clone(ms), func(m *Meter) bool { return m.Throttled == nil || m.Good == nil })
}

// Unlimited says for a probe that has nothing to hold on to why.
func Unlimited(l *api.Look) {
	l.CannotTell("no limit was met, so there is nothing to go round", "press harder: --burst 200")
}

// patience is how long a limit is waited for that does not say when it begins anew.
const patience = 15 * time.Second

// anew waits until a limit begins anew, as its refusal said, and reports whether that was within our patience.
func anew(ctx context.Context, l *api.Look, refused *client.Exchange) bool {
	wait, ok := client.RetryAfter(refused.Header, l.Client.Clock().Now())
	if !ok {
		wait = patience
	}
	return wait <= patience && l.Client.Clock().Sleep(ctx, wait) == nil
}

// Rest waits until the limit begins anew, as its refusal says, so that what comes next is not refused for what was.
func (m *Meter) Rest(ctx context.Context, l *api.Look) bool {
	now := m.Still(ctx, l)
	return now == nil || anew(ctx, l, now)
}

// Anew waits until the limit begins anew, as the meter's own refusal said.
func (m *Meter) Anew(ctx context.Context, l *api.Look) bool { return anew(ctx, l, m.Throttled) }

// Shuts says that somebody else, who is served while the limit is fresh, is refused once it is spent. It waits for the
// limit to begin anew, as it was told; where that takes longer than a quarter of a minute nothing can be said.
func (m *Meter) Shuts(ctx context.Context, l *api.Look, other client.Request) []*client.Exchange {
	const rounds = 3
	now := m.Still(ctx, l)
	if now == nil || !anew(ctx, l, now) {
		return nil
	}
	other.Burst = true
	before := l.Ask(ctx, "control: the other, while the limit is fresh", other)
	if !before.OK() || !m.Hold(ctx, l) {
		return nil
	}
	var after *client.Exchange
	for range rounds {
		if after = l.Ask(ctx, "the other, once it is spent", other); after.Kind() != answer.Throttled {
			return nil
		}
	}
	return []*client.Exchange{before, m.Throttled, after}
}

// Who tells how a meter asks.
func (m *Meter) Who() string {
	if m.Request.As == nil {
		return "without a credential"
	}
	return "as " + m.Request.As.Name
}

// As gives the request as somebody else.
func (m *Meter) As(who *identity.Identity) client.Request { return m.Request.By(who) }

// Median is the middle of some times.
func Median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	times = slices.Sorted(slices.Values(times))
	return times[len(times)/2]
}

// Press presses one more operation, as a probe chooses it.
func Press(ctx context.Context, l *api.Look, op *spec.Operation, r client.Request) *Meter {
	return press(ctx, l, &Meter{Class: Keyed, Op: op, Request: r}, l.Bursts.Requests)
}
