// Package lookup gives the server addresses with names of the scanner's own zone, and sees who looks them up. Where calls
// are held back by a firewall, look-ups mostly are not.
package lookup

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/ssrf"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/ssrf/lookup", Title: "Server looks up names that strangers give it", Severity: scan.Medium, CWE: []int{918},
		Standards: []string{"OWASP API7:2023", "PCI DSS 4.0 6.2.4", "PCI DSS 4.0 1.4", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Callback | api.Zone, Whole: true,
	Fix: "Compare the host with your list before anything looks it up; where any host must do, look it up once, refuse private addresses, and connect to the address that was looked at.",
	Run: run,
}

type sent struct {
	place ssrf.Place
	token string
	x     *client.Exchange
}

func run(ctx context.Context, l *api.Look) {
	naming := l.Listener.(api.Naming) //nolint:forcetypeassert // Needs has seen to it
	places, held := ssrf.Places(l)
	if held > 0 {
		l.CannotTell(fmt.Sprintf("%d places take an address, in operations that write", held), "scan with --mode intrusive, which creates objects of its own")
	}
	if len(places) == 0 {
		if held == 0 {
			l.Clear("no operation takes an address")
		}
		return
	}
	// All are sent before any look-up is waited for, so the waiting is done once.
	var all []sent
	silent := 0
	for _, p := range places {
		token := p.Token("lookup")
		x := l.Ask(ctx, "with a name of the scanner's zone", p.Request(l, naming.Named(token)))
		if !x.Kind().Tells() && x.Kind() != answer.Broken {
			silent++
		}
		all = append(all, sent{p, token, x})
	}
	hits := 0
	for _, s := range all {
		asked := naming.Lookups(ctx, s.token)
		if len(asked) == 0 {
			continue
		}
		hits++
		tell(ctx, l, naming, s, asked[0])
	}
	switch {
	case silent == len(places):
		l.CannotTell("none of the operations that take an address answered", "")
	case hits == 0:
		l.Clear(fmt.Sprintf("nobody looked a name up from %d places that take an address", len(places)))
	}
}

// tell confirms a look-up by another name, and says whether a call followed that the plain address did not lead to.
func tell(ctx context.Context, l *api.Look, naming api.Naming, s sent, asked api.Call) {
	h := api.Hit{
		Op: s.place.Op, Param: s.place.Param(), Confidence: scan.Firm, Evidence: api.Show(s.x),
		Message: fmt.Sprintf("%s looks up the name in %s: %s asked for the %s record of %s.", s.place.Op.Name(), s.place.Param(), asked.From, asked.Method, asked.Path),
	}
	again := s.place.Token("lookup again")
	x := l.Ask(ctx, "once more, with another name", s.place.Request(l, naming.Named(again)))
	if len(naming.Lookups(ctx, again)) > 0 {
		h.Confidence = scan.Confirmed
		h.Evidence = append(h.Evidence, x)
	}
	plainly := l.Ask(ctx, "control: the address itself", s.place.Request(l, l.Listener.Address(s.place.Token("lookup plain"))))
	switch called, plain := ssrf.Came(ctx, l, s.token), ssrf.Came(ctx, l, s.place.Token("lookup plain")); {
	case len(called) > 0 && len(plain) == 0:
		h.Severity, h.Title = scan.High, "Filter of addresses can be gone round by a name"
		h.Message += " A call followed, and none to the address itself: what is refused is the text and not where it leads."
		h.Evidence = append(h.Evidence, plainly)
	case len(called) > 0:
		h.Severity = scan.Low // the call itself is told by api/ssrf/callback
		h.Message += " A call followed."
	default:
		h.Message += " No call followed, or none that got through. Who can choose names learns where you are, and can carry data out in them."
	}
	l.Found(h)
}
