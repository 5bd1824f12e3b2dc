// Package epmd looks for Erlang's port mapper and the distribution of its nodes.
package epmd

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/epmd", Title: "Erlang's distribution is open to strangers", Severity: scan.High, CWE: []int{668, 306, 200},
		Standards: []string{"PCI DSS 4.0 1.4.2", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: exposure.Active,
	Fix: "Close port 4369 and the distribution's range in the firewall. On one machine: ERL_EPMD_ADDRESS=127.0.0.1 and, in rel/vm.args.eex, " +
		"-kernel inet_dist_use_interface {127,0,0,1}; a release that never clusters sets RELEASE_DISTRIBUTION=none.",
	Class: func(c exposure.Class) bool { return c == exposure.Erlang },
	Fits:  func(p *exposure.Port) bool { _, class, _ := p.What(); return class == exposure.Erlang },
	Run:   run,
}

func run(_ context.Context, l *exposure.Look) {
	title, _, sure := l.What()
	switch s := l.Service; {
	case !sure:
		l.CannotTell(fmt.Sprintf("port %d is open, where %s is usual, and what answered is not it", l.Number, title), "look at the host itself: epmd -names")
	case s.Name == "erlang":
		l.Found(exposure.Hit{
			Key: "distribution", Severity: l.Reached(scan.High), Confidence: scan.Firm,
			Message: fmt.Sprintf("Port %d is the distribution of the Erlang node %s. Whoever knows or guesses its cookie runs any code in it.", l.Number, s.Product),
		})
	default:
		names := make([]string, len(s.Nodes))
		for i, n := range s.Nodes {
			names[i] = fmt.Sprintf("%s at port %d", n.Name, n.Port)
		}
		hit := exposure.Hit{Key: "names", Severity: scan.Medium, Confidence: scan.Confirmed, Evidence: l.Show("the list of nodes", s.Proof)}
		hit.Message = "Erlang's port mapper answers strangers; it names no node now."
		if len(names) > 0 {
			hit.Severity = scan.High
			hit.Message = "Erlang's port mapper tells strangers the nodes and where their distribution is: " + strings.Join(names, ", ") + "."
		}
		hit.Severity = l.Reached(hit.Severity)
		l.Found(hit)
	}
}
