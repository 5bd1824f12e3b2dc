// Package headers reads the fields in which a server tells of its limits.
package headers

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
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
		ID: "api/rate/headers", Title: "Rate limit fields contradict themselves", Severity: scan.Low, CWE: []int{684, 770},
		Standards: []string{"OWASP API4:2023", "PCI DSS 4.0 8.3.4", "PCI DSS 4.0 6.4.2", "SOC 2 A1.1"}, Doc: doc,
	},
	Mode: api.Passive, Whole: true,
	Fix: "Let one place write the fields: limit, what remains (one less for each request), and when it begins anew, in seconds from now. Write the same ones for everybody.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	op, c := l.Guarded(ctx)
	r := client.Request{Method: "GET", URL: l.Base.String()}
	if op != nil {
		r = c.Valid.Request
	}
	var said []rate.Fields
	var all []*client.Exchange
	now := l.Client.Clock().Now()
	for range 4 {
		x := l.Ask(ctx, "one of four in a row", r)
		if x.OK() {
			all, said = append(all, x), append(said, rate.Read(x.Header, now))
		}
	}
	if len(said) < 3 {
		l.CannotTell("it did not answer three times in a row", "")
		return
	}
	first, last := said[0], said[len(said)-1]
	if len(first.Names) == 0 {
		l.Clear("no fields tell of a limit, so none are wrong")
		return
	}
	faults := append([]string{}, first.Wrong...)
	if first.Remaining >= 0 && first.Remaining == last.Remaining && first.Remaining > 0 && !anew(said) {
		faults = append(faults, fmt.Sprintf("what remains stays %d however much is asked", first.Remaining))
	}
	if first.Limit >= 0 && first.Remaining > first.Limit {
		faults = append(faults, fmt.Sprintf("more remains (%d) than is allowed (%d)", first.Remaining, first.Limit))
	}
	if first.ResetSaid && first.Reset < -1e9 {
		faults = append(faults, fmt.Sprintf("the limit begins anew %v ago", -first.Reset))
	}
	if op != nil {
		// Somebody else may be told of another limit, and not by other fields.
		public := l.Ask(ctx, "control: nobody", client.Request{Method: "GET", URL: l.Base.String()})
		if names := rate.Read(public.Header, now).Names; public.OK() && len(names) > 0 && !slices.Equal(names, first.Names) {
			faults = append(faults, fmt.Sprintf("strangers are told %s, and %s is told %s", strings.Join(names, ", "), r.As.Name, strings.Join(first.Names, ", ")))
		}
	}
	if faults == nil {
		l.Clear("the fields " + strings.Join(first.Names, ", ") + " fit each other")
		return
	}
	l.Found(api.Hit{Op: op, Confidence: scan.Firm, Key: "fields", Evidence: api.Show(all[0], all[len(all)-1]), Message: "Of the rate limit's fields, " + strings.Join(faults, "; ") + ". Clients that keep to them go wrong."})
}

// anew says that a window ended in between.
func anew(said []rate.Fields) bool {
	for i := 1; i < len(said); i++ {
		if said[i].Remaining != said[i-1].Remaining {
			return true
		}
	}
	return false
}
