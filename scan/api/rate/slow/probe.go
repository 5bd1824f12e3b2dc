// Package slow sends a body letter by letter, and sees how long the server waits for it.
package slow

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe. It is for intrusive scans: it does no harm, and takes most of a minute.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/slow", Title: "Slow bodies are waited for without end", Severity: scan.Low, CWE: []int{400, 772},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 6.2.4", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Intrusive, Whole: true,
	Fix: "Give each request a time by which it must have been read (10 to 30 seconds), on the server or the proxy before it.",
	Run: run,
}

// A letter every five seconds, for fifty: proxies give up after thirty to sixty seconds of silence, and only a limit on
// the whole body minds a drip.
const (
	pause   = 5 * time.Second
	letters = 10
	moment  = 20 * time.Millisecond // for an answer that is there already
)

func run(ctx context.Context, l *api.Look) {
	op := pick(l)
	if op == nil {
		l.CannotTell("no operation that may be asked takes a body", "give an identity and a specification")
		return
	}
	r := l.Request(op, l.First()).By(l.First())
	if api.SignsIn(op) {
		r = rate.Attempt(l, op, "palisade-nobody@example.com")
	}
	whole := l.Ask(ctx, "control: the body at once", r)
	if l.Silent(whole) {
		return
	}
	body := r.Body
	if len(body) <= letters {
		l.CannotTell(op.Name()+" has no body long enough to be slow with", "give example values in the specification")
		return
	}
	r.Body, r.Lines = nil, []string{fmt.Sprintf("Content-Length: %d", len(body))}
	line, err := l.Client.Open(ctx, r)
	if err != nil {
		l.CannotTell(fmt.Sprintf("%s: the connection failed: %v", op.Name(), err), "")
		return
	}
	defer line.Close()
	for i := range letters {
		if err := line.Write(body[i : i+1]); err != nil {
			l.Clear(fmt.Sprintf("%s ends the connection after %v", op.Name(), time.Duration(i)*pause))
			return
		}
		if err := l.Client.Clock().Sleep(ctx, pause); err != nil {
			l.CannotTell("the scan was cut short: "+err.Error(), "")
			return
		}
		if a := line.Answer(moment); a != nil {
			told(l, op, i, a)
			return
		}
	}
	// Whoever waited must still be there: a proxy in front may have taken the letters for itself.
	if err := line.Write(body[letters:]); err != nil {
		l.Clear(op.Name() + " was no longer there at the end")
		return
	}
	a := line.Answer(pause)
	if a == nil || a.Err != nil || a.Kind() != whole.Kind() {
		l.Clear(op.Name() + " did not answer what came so late")
		return
	}
	l.Found(api.Hit{
		Op: op, Confidence: scan.Firm, Key: "slow", Evidence: api.Show(whole, &client.Exchange{Title: fmt.Sprintf("the same body, %d letters of it in %v", letters, letters*pause), Request: r, Answer: a}),
		Message: fmt.Sprintf("%s waited %v for a body that came letter by letter, and then answered. Some hundred such connections, which cost nothing to hold, keep a server of few workers busy.", op.Name(), letters*pause),
	})
}

// told is what an answer before the end means.
func told(l *api.Look, op *spec.Operation, i int, a *answer.Answer) {
	after := time.Duration(i+1) * pause
	switch {
	case a.Err != nil:
		l.Clear(fmt.Sprintf("%s ends the connection after %v", op.Name(), after))
	case a.Kind() == answer.Throttled || a.Status == http.StatusBadGateway:
		l.CannotTell(fmt.Sprintf("%s was %s after %v", op.Name(), a.Kind(), after), "")
	default:
		l.Clear(fmt.Sprintf("%s answers %d after %v, before the body is there", op.Name(), a.Status, after))
	}
}

func pick(l *api.Look) *spec.Operation {
	for _, op := range l.Operations {
		if op.Body != nil && op.Method == http.MethodPost && strings.Contains(op.Body.Media, "json") && l.Askable(op) {
			return op
		}
	}
	return nil
}
