// Package redirect looks whether a value decides where the answer sends people.
package redirect

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/redirect", Title: "The answer sends people wherever a value says", Severity: scan.Medium, CWE: []int{601},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: fits,
	Fix:  "Send people to paths of your own only: refuse what has a host, or begins with two slashes or a backslash; better, take a name from a list.",
	Run:  run,
}

var named = late.Pattern(`(?i)^(?:next|to|url|uri|return|return_?(?:to|url|uri)|redirect(?:_?(?:to|url|uri))?|dest(?:ination)?|target|goto|continue|callback|back|forward|location|link)$`)

func places(op *spec.Operation) []input.Place {
	var out []input.Place
	for _, p := range input.Texts(op) {
		if named.MatchString(p.Name) {
			out = append(out, p)
		}
	}
	return out
}

func fits(t *api.Target, op *spec.Operation) bool {
	return input.Fits(t, op) && len(places(op)) > 0
}

// elsewhere is a host that cannot be: .test is kept for tests, and nobody is asked for it.
const elsewhere = "palisade-elsewhere.test"

var ways = []string{"https://" + elsewhere + "/x", "//" + elsewhere + "/x", `/\` + elsewhere + "/x", `https:\\` + elsewhere}

func run(ctx context.Context, l *api.Look) {
	base := input.Base(ctx, l)
	if base == nil {
		return
	}
	for _, p := range places(l.Op) {
		for _, way := range ways {
			x := l.Ask(ctx, "sent elsewhere", input.Put(l, base.Request, p, way))
			if !away(x) {
				continue
			}
			again := l.Ask(ctx, "once more", x.Request)
			if !away(again) {
				continue
			}
			l.Found(api.Hit{
				Confidence: scan.Confirmed, Param: p.Param(), Key: p.Name, Evidence: api.Show(base, x),
				Message: fmt.Sprintf("%s sends people to %s when %s is %q.", l.Op.Name(), x.Header.Get("Location"), p.Name, way),
			})
			return
		}
	}
	l.Clear("it sends nobody elsewhere")
}

// away says that an answer sends a browser to the other host, as browsers read addresses.
func away(x *client.Exchange) bool {
	at := strings.ReplaceAll(strings.TrimSpace(x.Header.Get("Location")), `\`, "/")
	if x.Status < 300 || x.Status > 399 || at == "" {
		return false
	}
	u, err := url.Parse(at)
	return err == nil && u.Hostname() == elsewhere
}
