// Package bypass writes addresses and methods otherwise, to get without a credential past a check that compares them.
package bypass

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/bypass"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/bypass", Title: "The check for a credential can be gone round", Severity: scan.Critical, CWE: []int{287, 178, 436},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Identity, Whole: true,
	Fix: "Check where the route is declared and not by comparing paths in front of it; let proxy and program agree on one form of an address, and refuse the others.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	doors := bypass.Keyed(ctx, l)
	if len(doors) == 0 {
		l.NotGuarded()
		return
	}
	tried := 0
	for _, d := range doors {
		n, hit := d.Try(ctx, l)
		tried += n
		if hit == nil {
			continue
		}
		l.Found(api.Hit{
			Op: d.Op, Confidence: scan.Confirmed, Key: hit.Name, Evidence: api.Show(d.Open, d.Shut, hit.Exchange, hit.Again),
			Message: fmt.Sprintf("%s asks for a credential, and answers anybody like its rightful caller by %s.", d.Op.Name(), hit.Name),
		})
		return
	}
	if tried == 0 {
		l.CannotTell("no way round was answered", "")
		return
	}
	l.Clear(fmt.Sprintf("%d ways round were tried at %d operations", tried, len(doors)))
}
