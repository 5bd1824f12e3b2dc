// Package media sends JSON under media types that a page of any site may send without asking.
package media

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/rate"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/input/media", Title: "Bodies are read whatever their media type says", Severity: scan.Low, CWE: []int{352, 436},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC7.1"}, Doc: doc,
	},
	Mode: api.Active,
	Fits: fits,
	Fix:  "Read application/json only where JSON is meant, and answer 415 to the rest; let cookies be SameSite=Lax or Strict, and compare Origin with your own.",
	Run:  run,
}

func fits(t *api.Target, op *spec.Operation) bool {
	return t.Askable(op) && op.Body != nil && strings.Contains(op.Body.Media, "json") && op.Method != "GET" && op.Method != "HEAD"
}

// stranger is a site of the top-level domain that is nobody's.
const stranger = "https://stranger.example"

func run(ctx context.Context, l *api.Look) {
	var base *client.Exchange
	if api.SignsIn(l.Op) {
		base = l.Ask(ctx, "control: a wrong password, as JSON", rate.Attempt(l, l.Op, "palisade-nobody@example.com"))
		if l.Silent(base) {
			return
		}
	} else if base = input.Base(ctx, l); base == nil {
		return
	}
	if len(base.Request.Body) == 0 {
		l.CannotTell("it has no body to send", "give example values in the specification")
		return
	}
	var taken []string
	var shown []*client.Exchange
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded"} {
		r := base.Request.With("Content-Type", media).With("Origin", stranger)
		if media != "text/plain" {
			form, ok := formOf(base.Request.Body)
			if !ok {
				continue
			}
			r.Body = form
		}
		x := l.Ask(ctx, "the body as "+media, r)
		if !alike(x, base) {
			continue
		}
		// Where a body that cannot be read is answered the same, the body is not read at all.
		nonsense := r
		nonsense.Body = []byte("palisade")
		control := l.Ask(ctx, "control: no sense, as "+media, nonsense)
		again := l.Ask(ctx, "the body as "+media+", once more", r)
		if !control.Kind().Tells() || alike(control, base) || !alike(again, base) {
			continue
		}
		taken, shown = append(taken, media), append(shown, x, control)
	}
	if taken == nil {
		l.Clear("it reads JSON under its own name only")
		return
	}
	h := api.Hit{
		Confidence: scan.Confirmed, Param: "header:Content-Type", Key: "media", Evidence: append(api.Show(base), shown...),
		Message: fmt.Sprintf("%s reads a body that says %s as if it were JSON, with an Origin that is not its own. Pages of any site may send such bodies without being asked first.", l.Op.Name(), strings.Join(taken, ", or ")),
	}
	if who := base.Request.As; who != nil && (who.Kind == identity.Cookie || who.Kind == identity.Basic || who.Certificate() != nil) {
		h.Severity = scan.Medium
		h.Title = "Pages of other sites can act as whoever visits them"
		h.Message += " The credential is one that browsers send by themselves."
	}
	l.Found(h)
}

// alike says that two answers are of the same kind and form; values may differ, since what is created is new each time.
func alike(x, base *client.Exchange) bool {
	return x.Kind() == base.Kind() && x.Status == base.Status && answer.SameShape(x.Answer, base.Answer) && said(x) == said(base)
}

// said is what an error says, since the shape of all errors is the same.
func said(x *client.Exchange) string {
	if x.OK() {
		return ""
	}
	values := answer.Values(x.Answer)
	var all []string
	for _, path := range slices.Sorted(maps.Keys(values)) {
		switch path[strings.LastIndexByte(path, '.')+1:] {
		case "message", "error", "detail", "code":
			all = append(all, values[path]...)
		}
	}
	return strings.Join(all, " ")
}

// formOf writes a flat object as a form.
func formOf(body []byte) ([]byte, bool) {
	var m map[string]any
	if json.Unmarshal(body, &m) != nil || len(m) == 0 {
		return nil, false
	}
	form := url.Values{}
	for name, v := range m {
		form.Set(name, fmt.Sprint(v))
	}
	return []byte(form.Encode()), true
}
