// Package callback gives the server addresses of the scanner's listener, wherever it takes one, and sees who calls.
package callback

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"

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
		ID: "api/ssrf/callback", Title: "Server calls addresses that strangers give it", Severity: scan.High, CWE: []int{918},
		Standards: []string{"OWASP API7:2023", "PCI DSS 4.0 6.2.4", "PCI DSS 4.0 1.4", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.Callback, Whole: true,
	Fix: "Call hosts of a list only; where any host must do, refuse private addresses at the moment of connecting, after the name was looked up, follow no redirects, and leave through a proxy that knows no internal network.",
	Run: run,
}

// The listener's further talents; without them a call is still a call.
type (
	marking   interface{ Mark(token string) string }
	answering interface {
		Answer(token string, h http.Handler)
	}
)

type sent struct {
	place ssrf.Place
	token string
	how   string // the spelling, "" for the plain one
	x     *client.Exchange
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
	// All are sent before any call is waited for, so the waiting is done once.
	var plain []sent
	silent, hits := 0, 0
	for _, p := range places {
		token := p.Token("ssrf")
		x := l.Ask(ctx, "with an address of the listener", p.Request(l, l.Listener.Address(token)))
		if !x.Kind().Tells() && x.Kind() != answer.Broken {
			silent++
		}
		plain = append(plain, sent{p, token, "", x})
	}
	var others []sent
	for _, s := range plain {
		if calls := ssrf.Came(ctx, l, s.token); len(calls) > 0 {
			hits++
			tell(ctx, l, s, calls[0])
			continue
		}
		if k := s.x.Kind(); k != answer.Refused && k != answer.Denied {
			continue // nothing was filtered, so there is nothing to go round
		}
		for i := range ssrf.Spellings(l.Listener.Address(s.token)) {
			// Each spelling has an address of its own, or nobody could say which of them was called.
			token := s.place.Token(fmt.Sprint("ssrf ", i))
			form := ssrf.Spellings(l.Listener.Address(token))[i]
			x := l.Ask(ctx, "the address "+form.Name, s.place.Request(l, form.Address))
			if errors.Is(x.Err, client.ErrSpent) {
				break
			}
			others = append(others, sent{s.place, token, form.Name, x})
		}
	}
	told := map[string]bool{}
	for _, s := range others {
		if told[s.place.Token("")] {
			continue
		}
		if calls := ssrf.Came(ctx, l, s.token); len(calls) > 0 {
			told[s.place.Token("")] = true
			hits++
			tell(ctx, l, s, calls[0])
		}
	}
	if held > 0 {
		l.CannotTell(fmt.Sprintf("%d further places take an address, in operations that write", held), "scan with --mode intrusive, which creates objects of its own")
	}
	switch {
	case silent == len(places):
		l.CannotTell("none of the operations that take an address answered", "")
	case hits == 0:
		l.Clear(fmt.Sprintf("nobody called from %d places that take an address, in any spelling", len(places)))
	}
}

// tell looks closer at a place from which a call came: whether it comes again, whether what was read is given back, and
// whether redirects are followed.
func tell(ctx context.Context, l *api.Look, s sent, call api.Call) {
	h := api.Hit{
		Op: s.place.Op, Param: s.place.Param(), Confidence: scan.Firm, Evidence: api.Show(s.x),
		Message: fmt.Sprintf("%s calls the address in %s: %s %s came from %s, as %q.", s.place.Op.Name(), s.place.Param(), call.Method, call.Path, call.From, call.Agent),
	}
	address := l.Listener.Address(s.token)
	near := ssrf.Near(address)
	read := false
	if m, ok := l.Listener.(marking); ok && ssrf.Holds(s.x.Body, m.Mark(s.token)) {
		read = true
	}
	again := s.place.Token("ssrf again " + s.how)
	to := l.Listener.Address(again)
	if s.how != "" {
		for _, form := range ssrf.Spellings(to) {
			if form.Name == s.how {
				to = form.Address
			}
		}
		h.Message += fmt.Sprintf(" The plain address was refused; written %s it was not.", s.how)
		h.Title = "Filter of addresses can be gone round"
	}
	follows := s.place.Token("ssrf follows " + s.how)
	if a, ok := l.Listener.(answering); ok {
		a.Answer(again, http.RedirectHandler(l.Listener.Address(follows), http.StatusFound))
	}
	x := l.Ask(ctx, "once more, with an address that leads elsewhere", s.place.Request(l, to))
	if len(ssrf.Came(ctx, l, again)) > 0 {
		h.Confidence = scan.Confirmed
		h.Evidence = append(h.Evidence, x)
		if len(ssrf.Came(ctx, l, follows)) > 0 {
			h.Message += " It follows redirects, so an address that was checked may lead to one that was not."
		}
	}
	switch {
	case read && near:
		h.Severity = scan.Critical
		h.Message += " What it reads in a private network comes back in the answer."
	case read:
		h.Message += " What it reads comes back in the answer."
	case !near:
		// A service that calls public addresses may be meant to, as webhooks are.
		h.Severity = scan.Medium
		h.Message += " Whether it would call your internal network too was not seen; scan with a listener at a private address to know."
	}
	l.Found(h)
}
