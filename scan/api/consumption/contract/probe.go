// Package contract reads what a specification says of the calls that the API makes.
package contract

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
		ID: "api/consumption/contract", Title: "Receivers cannot tell who calls them", Severity: scan.Low, CWE: []int{345, 306},
		Standards: []string{"OWASP API10:2023", "PCI DSS 4.0 6.2.4", "PCI DSS 4.0 12.8", "SOC 2 CC9.2"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.Spec, Whole: true,
	Fix: "Sign each call with a key that only the receiver shares, over the time and the body, and say in the specification in which header.",
	Run: run,
}

func run(_ context.Context, l *api.Look) {
	for _, c := range l.Doc.Calls {
		if c.Signed {
			continue
		}
		h := api.Hit{Op: c.By, Key: c.Name, Confidence: scan.Firm, Message: fmt.Sprintf("The webhook %q is described without a signature or a credential, so whoever finds the receiver's address can call it.", c.Name)}
		if c.By != nil {
			h.Message = fmt.Sprintf("The callback %q of %s is described without a signature or a credential, so whoever finds the receiver's address can call it.", c.Name, c.By.Name())
		}
		l.Found(h)
	}
	if !l.Told() {
		l.Clear(fmt.Sprintf("%d webhooks and callbacks are described, each with how its receiver knows who calls", len(l.Doc.Calls)))
	}
}
