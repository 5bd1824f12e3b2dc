// Package port tells of every open port, the worse the less it is meant for strangers.
package port

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/port", Title: "A port is open", Severity: scan.Info, CWE: []int{668},
		Standards: []string{"PCI DSS 4.0 1.2.5", "PCI DSS 4.0 1.4.2", "SOC 2 CC6.6"}, Doc: doc,
	},
	Fix:   "Let the service listen on 127.0.0.1 or on a private network only, or let the firewall drop the port. If it is meant to be open, say so with --expect.",
	Class: func(exposure.Class) bool { return true },
	Run:   run,
}

func run(_ context.Context, l *exposure.Look) {
	title, class, sure := l.What()
	if !sure && l.Behind {
		l.CannotTell("something answers at nearly every port of this address, so that this one is open says nothing", "look at the host itself: ss -ltnp")
		return
	}
	if l.Expected() {
		l.Clear("the port is meant to be open")
		return
	}
	hit := exposure.Hit{Key: "open", Severity: exposure.Reachable(class), Confidence: scan.Firm}
	switch {
	case sure:
		hit.Message = fmt.Sprintf("%s answers at port %d.", title, l.Number)
	case title != "":
		// What is usual at a number need not be what listens: it asks for a look, and is no alarm.
		hit.Message = fmt.Sprintf("Port %d is open, where %s is usual; what listens was not recognised.", l.Number, title)
		hit.Severity, hit.Confidence = min(hit.Severity, scan.Low), scan.Tentative
	default:
		hit.Message = fmt.Sprintf("Port %d is open; what listens was not recognised.", l.Number)
	}
	if hit.Severity > scan.Low {
		hit.Message += " It is of a kind that is built for networks in which everybody is a friend (" + string(class) + ")."
	}
	hit.Severity = l.Reached(hit.Severity)
	if b := l.Service.Banner; b != "" {
		hit.Evidence = []scan.Exchange{{Title: "what it says", Request: "a connection", Response: b}}
	}
	l.Found(hit)
}
