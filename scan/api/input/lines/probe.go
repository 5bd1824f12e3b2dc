// Package lines looks whether a value can end a header line and begin another.
package lines

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/input"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/lines", Title: "A value can add headers to the answer", Severity: scan.High, CWE: []int{113, 93},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: input.Fits,
	Fix:  "Refuse control characters in what goes into headers; better, take the value from a list of yours.",
	Run:  run,
}

const header = "Palisade-Mark"

func run(ctx context.Context, l *api.Look) {
	base := input.Base(ctx, l)
	if base == nil {
		return
	}
	places := input.Texts(l.Op)
	for _, p := range places {
		for _, end := range []string{"\r\n", "\n"} {
			mark := "m" + api.Word(l.Chance, 12)
			x := l.Ask(ctx, "a line end and a header", input.Put(l, base.Request, p, "pal"+end+header+": "+mark))
			if !marked(x.Header, mark) {
				continue
			}
			again := l.Ask(ctx, "once more", x.Request)
			control := l.Ask(ctx, "control: the same without the line end", input.Put(l, base.Request, p, "pal"+header+": "+mark))
			if !marked(again.Header, mark) || marked(control.Header, mark) {
				continue
			}
			l.Found(api.Hit{
				Confidence: scan.Confirmed, Param: p.Param(), Key: p.Name, Evidence: api.Show(control, x),
				Message: fmt.Sprintf("%s writes %s into a header as it is: a line end in it began a header of ours.", l.Op.Name(), p.Name),
			})
			return
		}
	}
	l.Clear(fmt.Sprintf("%d places add no headers", len(places)))
}

func marked(h http.Header, mark string) bool { return strings.HasPrefix(h.Get(header), mark) }
