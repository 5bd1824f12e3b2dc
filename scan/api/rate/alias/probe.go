// Package alias spells the path otherwise while it is refused.
package alias

import (
	"context"
	_ "embed"
	"fmt"
	"net/url"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/rate"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/rate/alias", Title: "Other spellings of an address have limits of their own", Severity: scan.Medium, CWE: []int{770, 178},
		Standards: []string{"OWASP API4:2023", "OWASP API6:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1", "SOC 2 CC6.6"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Apart: true,
	Fix: "Count by the route that was matched, not by the path that was sent; or bring the path into one form before anything looks at it.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	limited := rate.Limited(rate.Meters(ctx, l))
	if len(limited) == 0 {
		rate.Unlimited(l)
		return
	}
	for _, m := range limited {
		if !m.Hold(ctx, l) {
			l.CannotTell(m.Op.Name()+" did not go on refusing", "")
			continue
		}
		var apart []string
		var shown []*client.Exchange
		all := aliases(m.Request)
		for _, a := range all {
			if got := m.Passes(ctx, l, "the address "+a.name, a.request); got != nil {
				if apart = append(apart, a.name); shown == nil {
					shown = got
				}
			}
		}
		if apart == nil {
			l.Clear(fmt.Sprintf("%s: %d other spellings of the address share its limit or lead nowhere", m.Op.Name(), len(all)))
			continue
		}
		l.Found(api.Hit{
			Op: m.Op, Confidence: scan.Confirmed, Key: string(m.Class), Evidence: shown,
			Message: fmt.Sprintf("%s refuses after %d requests and is served %s. Each spelling is one more quota.", m.Op.Name(), m.Sent, strings.Join(apart, ", or ")),
		})
	}
}

type alias struct {
	name    string
	request client.Request
}

func aliases(r client.Request) []alias {
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil
	}
	path, query := u.EscapedPath(), ""
	if u.RawQuery != "" {
		query = "?" + u.RawQuery
	}
	raw := func(name, target string) alias {
		a := r
		a.Target = target + query
		return alias{name, a}
	}
	i := strings.LastIndexByte(path, '/')
	head, last := path[:i+1], path[i+1:]
	out := []alias{
		raw("with a slash behind it", path+"/"), raw("with two slashes", "/"+path), raw("with a dot in it", head+"./"+last),
		raw("with %2e in it", head+"%2e/"+last), raw("with an empty parameter", path+";"), raw("with a detour", head+"x/../"+last),
	}
	if last != "" {
		out = append(out, raw("with its first letter encoded", head+fmt.Sprintf("%%%02X", last[0])+last[1:]), raw("with .json behind it", path+".json"))
		if up := strings.ToUpper(last); up != last {
			out = append(out, raw("in capitals", head+up))
		}
	}
	// A query of chance defeats limits that count by the whole address; and HEAD, those that count by method.
	out = append(out, alias{"with another query", r.Query("_", "palisade")})
	if r.Method == "GET" {
		h := r
		h.Method = "HEAD"
		out = append(out, alias{"by HEAD", h})
	}
	for _, pair := range [][2]string{{"/v1/", "/v2/"}, {"/v2/", "/v1/"}, {"/v3/", "/v2/"}} {
		if strings.Contains(path, pair[0]) {
			out = append(out, raw("as "+pair[1], strings.Replace(path, pair[0], pair[1], 1)))
		}
	}
	return out
}
