// Package traversal looks whether a value names a file outside the folder it belongs to.
package traversal

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/traversal", Title: "Files outside the folder can be read", Severity: scan.Critical, CWE: []int{22},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: input.Fits,
	Fix:  "Take the last element of the name only, open files through os.Root (Go) or Path.safe_relative (Elixir), and prefer identifiers to names.",
	Run:  run,
}

// fileish are names of parameters that speak of files; all climbs are tried with them, and the first two with others.
var fileish = late.Pattern(`(?i)file|path|name|doc|dir|folder|template|page|include|image|img|asset|download|report|invoice|log`)

// climbs reach the root of any server. The file is one that everybody may read and that holds no secret.
var climbs = []string{
	"../../../../../../../../etc/passwd",
	"/etc/passwd",
	"....//....//....//....//....//....//etc/passwd",
	"..%2f..%2f..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
	"..\\..\\..\\..\\..\\..\\windows\\win.ini",
	"file:///etc/passwd",
}

var sign = late.Pattern(`root:[^:\n]*:0:0:|\[fonts\]\r?\n`)

func run(ctx context.Context, l *api.Look) {
	base := input.Base(ctx, l)
	if base == nil {
		return
	}
	places := input.Texts(l.Op)
	for _, p := range places {
		tries := climbs
		if !fileish.MatchString(p.Name) {
			tries = climbs[:2]
		}
		for _, climb := range tries {
			x := l.Ask(ctx, "a name that climbs", input.Put(l, base.Request, p, climb))
			if !sign.Match(x.Body) {
				continue
			}
			control := l.Ask(ctx, "control: a name that leads nowhere", input.Put(l, base.Request, p, "palisade-nowhere"))
			again := l.Ask(ctx, "once more", x.Request)
			if sign.Match(control.Body) || !sign.Match(again.Body) {
				continue
			}
			l.Found(api.Hit{
				Confidence: scan.Confirmed, Param: p.Param(), Key: p.Name, Evidence: short(base, control, x),
				Message: fmt.Sprintf("%s gives a file of the system when %s is %q.", l.Op.Name(), p.Name, climb),
			})
			return
		}
	}
	l.Clear(fmt.Sprintf("%d places do not lead to files of the system", len(places)))
}

// short leaves of the stolen file what proves it.
func short(xs ...*client.Exchange) []*client.Exchange {
	out := api.Show(xs...)
	for i, x := range out {
		if m := sign.Find(x.Body); m != nil {
			a, c := *x.Answer, *x
			a.Body = append(m[:len(m):len(m)], " …"...)
			c.Answer, out[i] = &a, &c
		}
	}
	return out
}
