// Package self gives the server its own address to fetch: it needs no listener, and what came back is known.
package self

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

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
		ID: "api/ssrf/self", Title: "Server reads addresses to whoever asks", Severity: scan.Medium, CWE: []int{918},
		Standards: []string{"OWASP API7:2023", "PCI DSS 4.0 6.2.4", "PCI DSS 4.0 1.4", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Whole: true,
	Fix: "Call hosts of a list only, and leave your own out of it: a server that calls itself is let in where its neighbours are.",
	Run: run,
}

// page is something public of the target, and words of it that its address does not hold.
type page struct {
	address string
	words   []string
	x       *client.Exchange
}

func run(ctx context.Context, l *api.Look) {
	places, held := ssrf.Places(l)
	if len(places) == 0 {
		if held > 0 {
			l.CannotTell(fmt.Sprintf("%d places take an address, in operations that write", held), "scan with --mode intrusive, which creates objects of its own")
			return
		}
		l.Clear("no operation takes an address")
		return
	}
	own := public(ctx, l)
	if own == nil {
		l.CannotTell("nothing public was found that could be known again", "give an address of this machine that the target can reach: --listener 10.0.0.5:8999")
		return
	}
	told := 0
	for _, p := range places {
		base := l.Ask(ctx, "control: with an address of nothing", p.Request(l, "http://palisade.invalid/"))
		x := l.Ask(ctx, "with the address of "+own.x.Request.URL, p.Request(l, own.address))
		if !x.Kind().Tells() {
			continue
		}
		told++
		if !holds(x, own) || holds(base, own) {
			continue
		}
		again := l.Ask(ctx, "once more", x.Request)
		if !holds(again, own) {
			continue
		}
		l.Found(api.Hit{
			Op: p.Op, Param: p.Param(), Confidence: scan.Firm, Evidence: api.Show(own.x, x),
			Message: fmt.Sprintf("%s read the address in %s and gave back what stands there. That was the API's own; with --listener it can be seen whether others are read too.", p.Op.Name(), p.Param()),
		})
	}
	switch {
	case l.Told():
	case told == 0:
		l.CannotTell("none of the operations that take an address answered", "")
	default:
		l.Clear(fmt.Sprintf("%d places that take an address do not read the API's own", told))
	}
}

// public looks for an operation that answers everybody with at least two values that can be known again.
func public(ctx context.Context, l *api.Look) *page {
	for _, op := range l.Operations {
		if op.Method != "GET" || len(op.PathParams()) > 0 || !l.Askable(op) {
			continue
		}
		c := l.Controls(ctx, op)
		if !c.Nobody.OK() || c.Absence.Is(c.Nobody) {
			continue
		}
		p := &page{address: c.Nobody.Request.URL, x: c.Nobody}
		for _, values := range answer.Values(c.Nobody.Answer) {
			for _, v := range values {
				if len(v) >= 6 && strings.Trim(v, "0123456789.") != "" && !strings.Contains(p.address, v) && !slices.Contains(p.words, v) && ssrf.Holds(again(ctx, l, c).Body, v) {
					p.words = append(p.words, v)
				}
			}
		}
		if len(p.words) >= 2 {
			return p
		}
	}
	return nil
}

// again is a second answer of the page; what is not in both changes by itself.
func again(ctx context.Context, l *api.Look, c *api.Controls) *client.Exchange {
	return l.Once("ssrf self "+c.Nobody.Request.URL, func() any { return l.Client.Do(ctx, c.Nobody.Request) }).(*client.Exchange)
}

func holds(x *client.Exchange, p *page) bool {
	for _, w := range p.words {
		if !ssrf.Holds(x.Body, w) {
			return false
		}
	}
	return true
}
