// Package cors asks as a page of another site would.
package cors

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
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
		ID: "api/input/cors", Title: "Other sites' pages may read answers", Severity: scan.High, CWE: []int{942, 346},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.6"}, Doc: doc,
	},
	Fits: fits,
	Fix:  "Compare the Origin with a list of whole origins, answer with that very one and with Vary: Origin; leave Access-Control-Allow-Credentials out where cookies are not needed.",
	Run:  run,
}

// One list and one object are enough to see what a server's rule is; a rule for each path would be a rarity.
func fits(t *api.Target, op *spec.Operation) bool { return op.Method == "GET" && t.Askable(op) }

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	base := c.Valid
	if base == nil || !base.OK() {
		base = c.Nobody
	}
	if l.Silent(base) {
		return
	}
	host := l.Base.Hostname()
	for _, origin := range []struct{ value, what string }{
		{"https://" + api.Word(l.Chance, 8) + ".example", "any site"},
		{"null", "pages without an origin, as any site can make them (sandboxed frames)"},
		{"https://" + host + ".palisade.example", "sites whose name begins as yours"},
		{"https://palisade" + strings.TrimPrefix(host, "www."), "sites whose name ends as yours"},
	} {
		if u, err := url.Parse(origin.value); err != nil || (origin.value != "null" && u.Host == "") {
			continue
		}
		x := l.Ask(ctx, "with Origin: "+origin.value, base.Request.With("Origin", origin.value))
		if !x.Kind().Tells() {
			continue
		}
		allowed, credentials := x.Header.Get("Access-Control-Allow-Origin"), strings.EqualFold(x.Header.Get("Access-Control-Allow-Credentials"), "true")
		if allowed != origin.value {
			if allowed == "*" && c.Guarded() && !credentials {
				star(l, x)
				return
			}
			continue
		}
		again := l.Ask(ctx, "once more", x.Request)
		if again.Header.Get("Access-Control-Allow-Origin") != origin.value {
			continue
		}
		h := api.Hit{
			Confidence: scan.Confirmed, Param: "header:Origin", Key: origin.what, Evidence: api.Show(x, again),
			Message: fmt.Sprintf("%s lets %s read its answers, with the cookies of whoever visits them.", l.Op.Name(), origin.what),
		}
		if !credentials {
			h.Severity = scan.Low
			h.Message = fmt.Sprintf("%s lets %s read its answers, though without cookies.", l.Op.Name(), origin.what)
		}
		l.Found(h)
		return
	}
	l.Clear("no other origin is let in")
}

func star(l *api.Look, x *client.Exchange) {
	l.Found(api.Hit{
		Severity: scan.Low, Confidence: scan.Confirmed, Param: "header:Origin", Key: "star", Evidence: api.Show(x),
		Message: l.Op.Name() + " asks for a credential and lets pages of any site read its answers. Without cookies that harms only where the credential leaks.",
	})
}
