// Package inquery puts the credential into the address instead of the header.
package inquery

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/identity"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/inquery", Title: "The credential is taken from the address", Severity: scan.Medium, CWE: []int{598},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Needs: api.Identity, Whole: true,
	Fix: "Read the credential from the Authorization header alone. Where a browser cannot send one (WebSockets, downloads), use a ticket that works once and for a minute.",
	Run: run,
}

var names = []string{"access_token", "token", "auth_token", "authToken", "jwt", "bearer", "api_key", "apikey", "key", "auth"}

func run(ctx context.Context, l *api.Look) {
	op, c := l.Guarded(ctx)
	if op == nil {
		l.NotGuarded()
		return
	}
	who := c.Valid.Request.As
	value := who.Token()
	if value == "" && who.Kind == identity.Header {
		value = who.Secret().Reveal()
	}
	if value == "" || who.Kind == identity.Query {
		l.CannotTell("the credential of "+who.Name+" is none that could be moved into the address, or is there by design", "give an identity with a token in a header")
		return
	}
	if c.Nobody.Kind() != answer.Denied {
		l.CannotTell("without a credential it is "+c.Nobody.Kind().String(), "")
		return
	}
	tried := 0
	for _, name := range names {
		x := l.Ask(ctx, "the credential in the address, as "+name, c.Valid.Request.By(nil).Query(name, value))
		if !x.Kind().Tells() {
			continue
		}
		tried++
		if !c.LetIn(x) {
			continue
		}
		junk := l.Ask(ctx, "control: junk in the address", c.Valid.Request.By(nil).Query(name, api.Junk(who)))
		if c.LetIn(junk) || !junk.Kind().Tells() {
			continue
		}
		l.Found(api.Hit{
			Op: op, Confidence: scan.Confirmed, Param: "query:" + name, Key: name, Evidence: api.Show(c.Nobody, x, junk),
			Message: fmt.Sprintf("%s also takes the credential from ?%s=: it ends up in logs, histories and the Referer of other sites.", op.Name(), name),
		})
		return
	}
	if tried == 0 {
		l.CannotTell("nothing was answered", "")
		return
	}
	l.Clear(fmt.Sprintf("none of %d names in the address is read", len(names)))
}
