// Package challenge looks whether refusals say how to sign in.
package challenge

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/challenge", Title: "A refusal does not say how to sign in", Severity: scan.Low, CWE: []int{1059},
		Standards: []string{"OWASP API2:2023", "OWASP API8:2023"}, Doc: doc,
	},
	Whole: true,
	Fix:   "Send WWW-Authenticate with every 401, as HTTP demands (RFC 9110, 11.6.1): its scheme, and for bearer tokens whether one is missing or invalid.",
	Run:   run,
}

func run(ctx context.Context, l *api.Look) {
	seen := 0
	const enough = 5
	for _, op := range l.Operations {
		if !op.Safe() || !l.Askable(op) || seen == enough {
			continue
		}
		x := l.Controls(ctx, op).Nobody
		if x.Status != 401 {
			continue
		}
		seen++
		if x.Header.Get("WWW-Authenticate") != "" {
			continue
		}
		again := l.Ask(ctx, "nobody, once more", x.Request)
		if again.Status != 401 || again.Header.Get("WWW-Authenticate") != "" {
			continue
		}
		l.Found(api.Hit{
			Op: op, Confidence: scan.Confirmed, Key: "challenge", Evidence: api.Show(x),
			Message: fmt.Sprintf("%s answers 401 without WWW-Authenticate: clients cannot tell a missing credential from one that has run out.", op.Name()),
		})
		return
	}
	if seen == 0 {
		l.CannotTell("no operation answered 401", "")
		return
	}
	l.Clear(fmt.Sprintf("%d refusals say how to sign in", seen))
}
