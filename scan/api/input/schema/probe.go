// Package schema sends values that the specification does not allow, and looks whether the target falls over.
package schema

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/schema", Title: "Values that are not allowed make the server fail", Severity: scan.Medium, CWE: []int{20, 755},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 PI1.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: fits,
	Fix:  "Check type, length and bounds where the request is read, and answer 400 or 422 with what is wrong.",
	Run:  run,
}

func fits(t *api.Target, op *spec.Operation) bool {
	return t.Askable(op) && !api.SignsIn(op) && (len(input.Places(op)) > 0 || op.Body != nil && op.Method != http.MethodGet)
}

// wrong is one request that a sound server refuses, or answers as if nothing were.
type wrong struct {
	what, where string
	request     client.Request
	forbidden   bool // by the specification, so that being accepted is a fault, if a small one
	// size and sized, where the fault may be one of length, make the same with less of it.
	size  int
	sized func(n int) client.Request
}

// enough faults of one operation make the point; each costs the target an error in its log.
const enough = 3

func run(ctx context.Context, l *api.Look) {
	base := input.Base(ctx, l)
	if base == nil {
		return
	}
	if !base.OK() {
		l.CannotTell("it is "+base.Kind().String()+" when nothing is wrong", "give an identity that may use it, or example values in the specification")
		return
	}
	var failed, accepted []string
	var failures, acceptances []*client.Exchange
	tried := 0
	for _, w := range wrongs(l, base) {
		x := l.Ask(ctx, w.what, w.request)
		if x.Err != nil || x.Status == http.StatusTooManyRequests {
			continue
		}
		tried++
		if w.forbidden && x.OK() && string(x.Body) != string(base.Body) {
			accepted = append(accepted, w.what+" in "+w.where)
			acceptances = append(acceptances, x)
		}
		// Answers of a gateway, and "not now", say nothing about the value.
		if x.Status != http.StatusInternalServerError || len(failed) >= enough {
			continue
		}
		sound := l.Ask(ctx, "control: nothing wrong", base.Request)
		again := l.Ask(ctx, w.what+", once more", w.request)
		still := l.Ask(ctx, "control: nothing wrong, once more", base.Request)
		if sound.Kind() == base.Kind() && again.Status == x.Status && still.Kind() == base.Kind() {
			what := w.what
			if n, less := shrink(ctx, l, w, x.Status); less != nil {
				what, again = fmt.Sprintf("%s (%d are enough)", what, n), less
			}
			failed = append(failed, what+" in "+w.where)
			failures = append(failures, x, again)
		}
	}
	if len(failed) > 0 {
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Key: "fails", Evidence: append(api.Show(base), failures...),
			Message: fmt.Sprintf("%s answers 500, twice, where it should say what is wrong: %s. It was well before and after.", l.Op.Name(), strings.Join(failed, "; ")),
		})
	}
	if len(accepted) > 0 {
		l.Found(api.Hit{
			Title: "Values that the specification forbids are accepted", Severity: scan.Low, Confidence: scan.Firm, Key: "accepts",
			Evidence: append(api.Show(base), acceptances[:min(len(acceptances), enough)]...),
			Message:  fmt.Sprintf("%s accepts what its specification forbids: %s.", l.Op.Name(), strings.Join(accepted[:min(len(accepted), enough)], "; ")),
		})
	}
	switch {
	case l.Told():
	case tried == 0:
		l.CannotTell("nothing was answered", "")
	default:
		l.Clear(fmt.Sprintf("%d wrong requests did no harm", tried))
	}
}

// halvings is how often a fault of length is halved: within a hundredth of its size, for six more errors in the log.
const halvings = 6

// shrink finds how little of a value makes the server fail still. Nil says that it takes all of it, or has no length.
func shrink(ctx context.Context, l *api.Look, w wrong, status int) (int, *client.Exchange) {
	if w.sized == nil {
		return 0, nil
	}
	sound, fails := 0, w.size
	var least *client.Exchange
	for range halvings {
		n := (sound + fails) / 2
		x := l.Ask(ctx, fmt.Sprintf("%d letters", n), w.sized(n))
		switch {
		case x.Status == status:
			fails, least = n, x
		case x.Kind().Tells():
			sound = n
		default:
			return fails, least
		}
	}
	return fails, least
}
