// Package excess compares what answers hold with what the specification says they hold.
package excess

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/property/excess", Title: "Answers hold fields that nobody promised", Severity: scan.High, CWE: []int{213, 200},
		Standards: []string{"OWASP API3:2023", "PCI DSS 4.0 3.4.1", "PCI DSS 4.0 6.2.4", "SOC 2 C1.1", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.Spec,
	Fits: fits,
	Fix:  "Name the fields of an answer one by one instead of writing the record as it is, and write them into the specification.",
	Run:  run,
}

// fits are operations that read and say what they answer.
func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == http.MethodGet && t.Askable(op) && promised(op) != nil
}

func promised(op *spec.Operation) *spec.Schema {
	r := op.Answer("200")
	if r == nil || r.Schema == nil || !names(r.Schema, 0) {
		return nil
	}
	return r.Schema
}

// names says that a schema names fields somewhere; one that does not promises nothing that could be exceeded.
func names(s *spec.Schema, depth int) bool {
	if s == nil || depth > 6 {
		return false
	}
	return len(s.Fields()) > 0 || names(s.Items, depth+1)
}

// extra is a field that was not promised, with one of its values.
type extra struct {
	path, name string
	value      any
}

// The kinds of field by name, and by value where the name alone says too little.
var (
	secret   = late.Pattern(`(?i)passw(or)?d|passwd|pwd|secret|salt|private_?key|api_?key|access_?key|otp|mfa|totp|recovery_?code|reset_?token|refresh_?token|session_?(id|key|token)|pin_?code|^pin$|cvv|cvc`)
	internal = late.Pattern(`(?i)^internal|_internal$|^debug|^is_?(admin|staff|superuser|root|banned|flagged)$|risk_?score|fraud|credit_?score|margin|cost_?price|wholesale|purchase_?price|stack_?trace|^sql$|^_?hidden`)
	inside   = late.Pattern(`^(10|127)\.\d+\.\d+\.\d+|^192\.168\.\d+\.\d+|^172\.(1[6-9]|2\d|3[01])\.\d+\.\d+|\.(internal|local|svc\.cluster\.local)(:\d+)?$`)
	masked   = late.Pattern(`^[*•xX.…-]+\w{0,4}$`)
)

func run(ctx context.Context, l *api.Look) {
	who := "nobody"
	if first := l.First(); first != nil {
		who = first.Name
	}
	x := l.KnownTo(who).Answers[l.Op.Path]
	if x == nil || !x.OK() {
		c := l.Controls(ctx, l.Op)
		if x = c.Valid; x == nil {
			x = c.Nobody
		}
	}
	if l.Silent(x) {
		return
	}
	if !x.OK() || x.JSON() == nil {
		l.CannotTell("it answered with nothing that has fields: "+x.Kind().String(), "give an identity that may use it, or example values in the specification")
		return
	}
	var found []extra
	beyond(x.JSON(), promised(l.Op), "", &found, 0)
	tell(l, x, found)
}

func tell(l *api.Look, x *client.Exchange, found []extra) {
	var secrets, internals, rest []string
	for _, e := range found {
		text, _ := e.value.(string)
		switch {
		case secret.MatchString(e.name) && tells(e.value):
			secrets = append(secrets, e.path)
		case internal.MatchString(e.name) || inside.MatchString(text):
			internals = append(internals, e.path)
		default:
			rest = append(rest, e.path)
		}
	}
	hit := func(names []string, severity scan.Severity, confidence scan.Confidence, key, what string) {
		if len(names) == 0 {
			return
		}
		l.Found(api.Hit{
			Severity: severity, Confidence: confidence, Key: key, Evidence: api.Show(x),
			Message: fmt.Sprintf("%s answers with %s that its specification does not name: %s.", l.Op.Name(), what, list(names)),
		})
	}
	hit(secrets, scan.High, scan.Firm, "secret", "fields that are secret by their names")
	hit(internals, scan.Medium, scan.Firm, "internal", "fields of the inside")
	hit(rest, scan.Info, scan.Confirmed, "more", "fields")
	if len(found) == 0 {
		l.Clear("it answers with no more than its specification names")
	}
}

// tells says that a value gives something away: an empty one, a flag or a row of stars does not.
func tells(v any) bool {
	switch v := v.(type) {
	case string:
		return len(v) >= 3 && !masked.MatchString(v)
	case float64:
		return v != 0
	}
	return false
}

// list names the first few.
func list(names []string) string {
	const shown = 8
	text := strings.Join(names[:min(len(names), shown)], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// beyond gathers the fields of a value that a schema does not name. Below a schema without fields everything was promised.
func beyond(v any, s *spec.Schema, path string, into *[]extra, depth int) {
	const most = 60
	if s == nil || depth > 8 || len(*into) >= most {
		return
	}
	switch v := v.(type) {
	case []any:
		items := s.Items
		if items == nil {
			return
		}
		for _, item := range v[:min(len(v), 5)] {
			beyond(item, items, path+"[]", into, depth+1)
		}
	case map[string]any:
		fields := all(s, 0)
		if len(fields) == 0 {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			here := strings.TrimPrefix(path+"."+name, ".")
			f, ok := fields[name]
			if ok {
				beyond(v[name], f, here, into, depth+1)
				continue
			}
			if !slices.ContainsFunc(*into, func(e extra) bool { return e.path == here }) {
				*into = append(*into, extra{here, name, v[name]})
			}
			deeper(v[name], here, into, depth+1)
		}
	}
}

// deeper looks into a field that was not promised as a whole for what is secret in it.
func deeper(v any, path string, into *[]extra, depth int) {
	m, ok := v.(map[string]any)
	if !ok || depth > 8 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if here := path + "." + name; secret.MatchString(name) || internal.MatchString(name) {
			*into = append(*into, extra{here, name, m[name]})
		}
		deeper(m[name], path+"."+name, into, depth+1)
	}
}

// all are the fields of every alternative: which of them applies cannot be known.
func all(s *spec.Schema, depth int) map[string]*spec.Schema {
	out := map[string]*spec.Schema{}
	if s == nil || depth > 6 {
		return out
	}
	for _, part := range slices.Concat(s.All, s.Any) {
		maps.Copy(out, all(part, depth+1))
	}
	maps.Copy(out, s.Properties)
	return out
}
