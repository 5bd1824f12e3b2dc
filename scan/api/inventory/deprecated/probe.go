// Package deprecated looks whether operations on their way out say so to those who still call them.
package deprecated

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/inventory/deprecated", Title: "Deprecated operation does not say when it ends", Severity: scan.Low, CWE: []int{1059, 477},
		Standards: []string{"OWASP API9:2023", "PCI DSS 4.0 6.3.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.Spec, Fits: fits,
	Fix: "Answer deprecated operations with the headers Deprecation and Sunset, count who still calls them, and switch them off on the day that was said.",
	Run: run,
}

func fits(t *api.Target, op *spec.Operation) bool { return op.Deprecated && t.Askable(op) }

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	x := c.Valid
	if x == nil || !x.OK() {
		x = c.Nobody
	}
	if l.Silent(x) {
		return
	}
	switch {
	case !x.OK() || c.Absence.Is(x):
		l.Clear("it is deprecated, and does not answer any more")
	case ends(x):
		l.Clear("it is deprecated, and says so in its answers")
	default:
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Evidence: api.Show(x),
			Message: fmt.Sprintf("%s is deprecated in the specification and answers without Deprecation or Sunset, so nobody who calls it learns that it ends.", l.Op.Name()),
		})
	}
}

func ends(x *client.Exchange) bool {
	return x.Header.Get("Sunset") != "" || x.Header.Get("Deprecation") != ""
}
