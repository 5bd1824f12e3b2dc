package api

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

// Look is a probe looking at one operation, or at the target as a whole. It belongs to one goroutine.
type Look struct {
	*Target
	Op     *spec.Operation // nil where the probe looks at the whole
	Chance *rand.Rand      // its own, so that what one probe draws does not depend on the others

	probe    *Probe
	findings []scan.Finding
	outcomes []scan.Outcome

	searched, unsearched int // bytes; see Search
}

// Hit is a finding as a probe says it; what the probe's check already says may be left out.
type Hit struct {
	Title      string
	Message    string // what is wrong here
	Severity   scan.Severity
	Confidence scan.Confidence
	Op         *spec.Operation // another than the one looked at
	Param      string          // "path:id", "body:role", "header:Origin"
	Key        string          // tells two of one probe at one place apart
	Evidence   []*client.Exchange
	Fix        string
}

// Found notes a finding.
func (l *Look) Found(h Hit) {
	f := scan.Finding{
		Check: l.probe.ID, Title: l.probe.Title, Message: h.Message, Severity: l.probe.Severity, Confidence: h.Confidence,
		CWE: l.probe.CWE, Standards: l.probe.Standards, Key: h.Key, Fix: &scan.Fix{Text: l.probe.Fix},
	}
	op := l.Op
	if h.Op != nil {
		op = h.Op
	}
	f.Place = scan.Place{URL: "/", Param: h.Param}
	if op != nil {
		f.Place.URL, f.Place.Method, f.Place.Symbol = op.Path, op.Method, op.ID
	}
	if h.Title != "" {
		f.Title = h.Title
	}
	if h.Severity != scan.None {
		f.Severity = h.Severity
	}
	if h.Fix != "" {
		f.Fix.Text = h.Fix
	}
	redact := l.redactor()
	for _, x := range h.Evidence {
		if x != nil {
			f.Evidence = append(f.Evidence, redact.Exchange(x))
		}
	}
	f.Message = redact.Text(f.Message)
	l.findings = append(l.findings, f)
	l.say(scan.Found, f.Message, "")
}

// Clear says that the fault is not there, and how that was seen.
func (l *Look) Clear(why string) { l.say(scan.Clear, why, "") }

// CannotTell says that nothing can be said, why, and what would help.
func (l *Look) CannotTell(why, unlock string) { l.say(scan.CouldNotTell, why, unlock) }

// Silent says so for an exchange that tells nothing, and that it does. It is the guard at the top of a verdict.
func (l *Look) Silent(xs ...*client.Exchange) bool {
	for _, x := range xs {
		if x == nil {
			continue
		}
		if k := x.Kind(); !k.Tells() {
			why := x.Title + " was " + k.String()
			if x.Err != nil {
				why += ": " + x.Err.Error()
			}
			l.CannotTell(l.redactor().Text(why), "")
			return true
		}
	}
	return false
}

func (l *Look) say(v scan.Verdict, why, unlock string) {
	l.outcomes = append(l.outcomes, scan.Outcome{Check: l.probe.ID, Where: l.where(), Verdict: v, Why: why, Unlock: unlock})
}

func (l *Look) where() string {
	if l.Op == nil {
		return l.Base.Path
	}
	return l.Op.Name()
}

// Told says whether the probe has said anything yet.
func (l *Look) Told() bool { return len(l.outcomes) > 0 }

// Ask sends a request. The title is what a reader of the evidence is told it is.
func (l *Look) Ask(ctx context.Context, title string, r client.Request) *client.Exchange {
	x := l.Client.Do(ctx, r)
	x.Title = title
	return x
}

// Again confirms: it asks whether the rightful owner is still let in, signing in again where need be, and then repeats a
// request. It gives the repeated exchange, or nil where the session is gone or the answer differs from the first.
func (l *Look) Again(ctx context.Context, first *client.Exchange, c *Controls) *client.Exchange {
	if c != nil && c.Valid != nil && !l.alive(ctx, c) {
		return nil
	}
	x := l.Ask(ctx, first.Title+", once more", first.Request)
	if x.Kind() != first.Kind() || x.Status != first.Status {
		return nil
	}
	if c != nil && !answer.Same(x.Answer, first.Answer, c.Volatile) && !answer.SameShape(x.Answer, first.Answer) {
		return nil
	}
	return x
}

func (l *Look) alive(ctx context.Context, c *Controls) bool {
	x := l.Client.Do(ctx, c.Valid.Request)
	if x.Kind() == answer.Denied {
		if fresh, err := l.Refresh(ctx, c.Valid.Request.As); err != nil || !fresh {
			return false
		}
		x = l.Client.Do(ctx, c.Valid.Request)
	}
	return x.Kind() == c.Valid.Kind()
}

func (t *Target) newLook(p *Probe, op *spec.Operation) *Look {
	h := fnv.New64a()
	h.Write([]byte(p.ID))
	if op != nil {
		h.Write([]byte(op.Name() + op.ID))
	}
	return &Look{Target: t, Op: op, probe: p, Chance: rand.New(rand.NewPCG(t.Seed, h.Sum64()))}
}

// Show lists exchanges as evidence, leaving out those that are not there.
func Show(xs ...*client.Exchange) []*client.Exchange {
	return slices.DeleteFunc(xs, func(x *client.Exchange) bool { return x == nil })
}

// FoundAt is Found for a probe of the whole that found something at an operation's address.
func (l *Look) FoundAt(h Hit, method, path string) {
	for _, op := range l.Operations {
		if op.Method == method && op.Path == path {
			h.Op = op
			break
		}
	}
	l.Found(h)
}

// Matches says that an address is one of an operation.
func Matches(op *spec.Operation, address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	want, got := strings.Split(op.Path, "/"), strings.Split(u.EscapedPath(), "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.Contains(want[i], "{") {
			return false
		}
	}
	return true
}
