// Package oldversion asks for the same things under other version numbers.
package oldversion

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/inventory/oldversion", Title: "Old version of the API is still open", Severity: scan.High, CWE: []int{1059, 285},
		Standards: []string{"OWASP API9:2023", "PCI DSS 4.0 6.3.2", "SOC 2 CC7.1"}, Doc: doc,
	},
	Needs: api.Identity,
	Fits:  fits,
	Fix:   "Take old versions out of service, or give them every check that the new one has; announce the end with Deprecation and Sunset.",
	Run:   run,
}

var version = late.Pattern(`/v(\d{1,2})(/|$)`)

func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == "GET" && t.Askable(op) && version.MatchString(op.Path) && op.Demand != spec.Open
}

func run(ctx context.Context, l *api.Look) {
	c := l.Controls(ctx, l.Op)
	if l.Silent(c.Valid, c.Nobody) {
		return
	}
	if !c.Guarded() {
		l.CannotTell("it does not tell a credential from junk, so an old version cannot be more open", "give an identity that may use it")
		return
	}
	n, _ := strconv.Atoi(version.FindStringSubmatch(l.Op.Path)[1])
	tried := 0
	for _, other := range others(n) {
		r := c.Nobody.Request
		r.URL = version.ReplaceAllString(r.URL, "/"+other+"$2")
		nobody := l.Ask(ctx, "as "+other+", nobody", r)
		if !nobody.Kind().Tells() {
			continue
		}
		tried++
		declared := false
		for _, op := range l.Operations {
			declared = declared || (op.Method == "GET" && op.Path == version.ReplaceAllString(l.Op.Path, "/"+other+"$2") && op.Demand == spec.Open)
		}
		if nobody.OK() && !declared && answer.SameShape(nobody.Answer, c.Valid.Answer) && !c.Absence.Is(nobody) {
			again := l.Ask(ctx, nobody.Title+", once more", r)
			if again.OK() {
				l.Found(api.Hit{
					Confidence: scan.Confirmed, Key: other, Evidence: api.Show(c.Valid, c.Nobody, nobody, again),
					Message: fmt.Sprintf("%s asks for a credential, and %s gives the same without one.", l.Op.Name(), strings.TrimPrefix(version.ReplaceAllString(l.Op.Path, "/"+other+"$2"), "GET ")),
				})
				return
			}
		}
	}
	if tried == 0 {
		l.CannotTell("no other version was answered", "")
		return
	}
	l.Clear(fmt.Sprintf("%d other versions are closed or not there", tried))
}

func others(n int) []string {
	var out []string
	for i := max(0, n-3); i <= n+1; i++ {
		if i != n {
			out = append(out, "v"+strconv.Itoa(i))
		}
	}
	return append(out, "beta", "internal", "legacy")
}
