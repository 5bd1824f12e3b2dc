// Package database looks for databases, caches, queues and their like that serve strangers.
package database

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/service"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/database", Title: "A database serves strangers", Severity: scan.Critical, CWE: []int{306, 668, 319},
		Standards: []string{"PCI DSS 4.0 1.4.4", "PCI DSS 4.0 8.3.1", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode:  exposure.Active,
	Fix:   "Close the port to everybody but the application, let the server listen on a private address, and require a password and TLS.",
	Class: stores,
	Fits:  func(p *exposure.Port) bool { _, class, _ := p.What(); return stores(class) },
	Run:   run,
}

func stores(c exposure.Class) bool {
	return c == exposure.Database || c == exposure.Cache || c == exposure.Queue
}

func run(_ context.Context, l *exposure.Look) {
	title, class, sure := l.What()
	if !sure {
		l.CannotTell(fmt.Sprintf("port %d is open, where %s is usual, and nothing that answered was understood", l.Number, title), "look at the host itself: ss -ltnp")
		return
	}
	s := l.Service
	if s.Access == service.Open {
		kept := map[exposure.Class]string{exposure.Database: "reads, and as a rule changes, what is kept in it", exposure.Cache: "reads and changes what is kept in it", exposure.Queue: "listens to its messages and sends others"}[class]
		l.Found(exposure.Hit{
			Key: "open", Severity: l.Reached(scan.Critical), Confidence: scan.Confirmed, Evidence: l.Show("a greeting without credentials", s.Proof),
			Message: fmt.Sprintf("%s at port %d serves whoever asks, without a password. Who reaches it %s.", title, l.Number, kept),
		})
	}
	if s.Plain && l.Reached(scan.Medium) >= scan.Medium {
		l.Found(exposure.Hit{
			Key: "plain", Severity: scan.Medium, Confidence: scan.Firm,
			Message: fmt.Sprintf("%s at port %d says that it does not speak TLS: passwords and data cross the network in the clear.", title, l.Number),
		})
	}
	switch {
	case l.Told():
	case s.Access == service.Guarded:
		l.Clear(title + " asks strangers for credentials or refuses their address")
	default:
		l.CannotTell(title+" answers, and whether it would serve strangers is not known without signing in", "see that every account has a password, and none of them is empty")
	}
}
