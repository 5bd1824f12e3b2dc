// Package wellformed shows a credential that looks right and was never given out.
package wellformed

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/wellformed", Title: "Any credential of the right shape is accepted", Severity: scan.Critical, CWE: []int{287, 1390},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Needs: api.Identity,
	Fix:   "Look the credential up (or verify its signature) before anything else, and compare in constant time. That a header is there proves nothing.",
	Fits: func(t *api.Target, op *spec.Operation) bool {
		return op.Safe() && t.Askable(op) && op.Demand != spec.Open
	},
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	if l.Silent(c.Nobody, c.Valid, c.Junk, c.Wellformed) {
		return
	}
	if c.Nobody.Kind() != answer.Denied || !c.Valid.OK() {
		l.CannotTell("it asks for no credential, or lets the identity not in: there is nothing to compare with", "give an identity that may use it")
		return
	}
	for i, attack := range []*client.Exchange{c.Junk, c.Wellformed} {
		what := [...]string{"made of nothing", "of the right shape"}[i]
		if !attack.OK() || c.Absence.Is(attack) {
			continue
		}
		again := l.Again(ctx, attack, c)
		if again == nil {
			continue
		}
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Key: "anything", Evidence: api.Show(c.Nobody, c.Valid, attack, again),
			Message: fmt.Sprintf("%s turns away who shows no credential, and lets in whoever shows one %s, though nobody was ever given it.", l.Op.Name(), what),
		})
		return
	}
	l.Clear("a credential that was never given out is turned away")
}
