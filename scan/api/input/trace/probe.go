// Package trace asks a server to give back what it was sent.
package trace

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/trace", Title: "TRACE gives back the headers of a request", Severity: scan.Low, CWE: []int{200, 16},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 2.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active, Whole: true,
	Fix: "Answer 405 to TRACE, and to Microsoft's TRACK, on the proxy and behind it.",
	Run: run,
}

const header = "Palisade-Mark"

func run(ctx context.Context, l *api.Look) {
	answered := false
	for _, method := range []string{http.MethodTrace, "TRACK"} {
		ask := func(title, method string) (*client.Exchange, bool) {
			mark := "m" + api.Word(l.Chance, 16)
			x := l.Ask(ctx, title, client.Request{Method: method, URL: l.Base.String(), Header: http.Header{header: {mark}}})
			return x, x.Err == nil && x.Status < 300 && strings.Contains(string(x.Body), mark)
		}
		x, echoed := ask("the method "+method, method)
		answered = answered || x.Kind().Tells()
		if !echoed {
			continue
		}
		again, twice := ask("once more", method)
		// A page that shows headers for debugging does so whatever the method.
		control, always := ask("control: GET", http.MethodGet)
		if !twice || always {
			continue
		}
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Key: method, Evidence: api.Show(x, again, control),
			Message: fmt.Sprintf("%s gives back the headers it was sent, and those that proxies added: credentials of cookies that scripts may not read, addresses and names of the inside.", method),
		})
		return
	}
	if !answered {
		l.CannotTell("neither TRACE nor TRACK was answered", "")
		return
	}
	l.Clear("TRACE and TRACK give nothing back")
}
