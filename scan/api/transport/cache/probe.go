// Package cache looks at what caches on the way may do with answers that are for one person.
package cache

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

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
		ID: "api/transport/cache", Title: "Personal answers may be kept by caches", Severity: scan.Low, CWE: []int{525, 524},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.7"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.Identity, Fits: fits,
	Fix: "Answer what needs a credential with Cache-Control: no-store, for all such routes in one place.",
	Run: run,
}

func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == "GET" && op.Demand != spec.Open && t.Askable(op)
}

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	if l.Silent(c.Valid) {
		return
	}
	if !c.Guarded() {
		l.CannotTell("it does not tell a credential from junk, so its answers may be for everybody", "give an identity that may use it")
		return
	}
	switch shared, kept := reads(c.Valid); {
	case shared:
		l.Found(api.Hit{
			Title: "Personal answers are given to shared caches", Severity: scan.Medium, Confidence: scan.Firm, Key: "shared", Evidence: api.Show(c.Valid),
			Message: fmt.Sprintf("%s needs a credential and answers with Cache-Control: %s, which allows a cache on the way to give it to the next who asks.", l.Op.Name(), c.Valid.Header.Get("Cache-Control")),
		})
	case kept:
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Key: "kept", Evidence: api.Show(c.Valid),
			Message: fmt.Sprintf("%s needs a credential and answers without Cache-Control: no-store; browsers keep it on disk.", l.Op.Name()),
		})
	default:
		l.Clear("no cache keeps it")
	}
}

// reads says what Cache-Control allows: a shared cache may give it to others (RFC 9111 §3.5), a private one may keep it.
func reads(x *client.Exchange) (shared, kept bool) {
	kept = true
	private := false
	for part := range strings.SplitSeq(strings.ToLower(strings.Join(x.Header.Values("Cache-Control"), ",")), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "no-store":
			return false, false
		case "private":
			private = true
		case "public":
			shared = true
		case "s-maxage":
			shared = shared || strings.Trim(value, `"0`) != ""
		}
	}
	return shared && !private, kept
}
