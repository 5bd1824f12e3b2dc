// Package massassignment creates objects with fields that it ought not to set, and reads them again.
package massassignment

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
	"palisade.dev/scan/api/object"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/property/massassignment", Title: "Fields that are not the caller's can be set", Severity: scan.High, CWE: []int{915},
		Standards: []string{"OWASP API3:2023", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 C1.1"}, Doc: doc,
	},
	Mode: api.Intrusive, Needs: api.Identity,
	Fits: fits,
	Fix:  "Take from the body only the fields you name (cast(params, [:item, :note])), and refuse or ignore the others.",
	Run:  run,
}

// fits are operations that create something from named fields.
func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == http.MethodPost && op.Body != nil && op.Source != "graphql" && !api.SignsIn(op)
}

// wanted are fields that people have set in APIs that let them.
var wanted = []string{"role", "admin", "is_admin", "isAdmin", "roles", "verified", "is_verified", "price", "amount", "total", "balance", "credit", "status", "paid", "owner_id", "ownerId", "user_id", "userId", "tenant_id", "score"}

// What is tried of one operation: less where what was made cannot be removed again.
const (
	mostFields = 24
	mostKept   = 8
)

func run(ctx context.Context, l *api.Look) {
	m := &maker{
		l: l, who: l.First(), read: object.Below(l.Target, l.Op, http.MethodGet), remove: object.Below(l.Target, l.Op, http.MethodDelete),
	}
	body, ok := api.BodyValue(l.Op, l.Chance).(map[string]any)
	if !ok {
		l.CannotTell("its body is no object", "")
		return
	}
	control := m.create(ctx, "control: without more", body, nil)
	m.clean(ctx, control)
	if l.Silent(control.made) {
		return
	}
	if !control.made.OK() {
		l.CannotTell("nothing could be created: "+control.made.Kind().String(), "give example values in the specification")
		return
	}
	fields := m.candidates(control.fields, body)
	if m.remove == nil {
		fields = fields[:min(len(fields), mostKept)]
	}
	echoes := 0
	for _, name := range fields {
		value := other(control.fields[name], name)
		attack := m.create(ctx, "with "+name, body, map[string]any{name: value})
		m.clean(ctx, attack)
		switch {
		case !attack.made.OK() || equal(control.fields[name], value):
		case attack.seen == nil:
			// It comes back in the answer, and nothing can be read later: kept, or only repeated.
			if echo, _ := attack.made.JSON().(map[string]any); equal(echo[name], value) && echoes == 0 {
				echoes++
				l.Found(api.Hit{
					Severity: scan.Low, Confidence: scan.Tentative, Param: "body:" + name, Key: "echo", Evidence: api.Show(control.made, attack.made),
					Message: fmt.Sprintf("%s answers with the field %s, which is no part of what may be sent. Whether it was kept cannot be read.", l.Op.Name(), name),
				})
			}
		case equal(attack.fields[name], value):
			m.found(l.Op, name, control, attack)
		}
	}
	tried := len(fields) + m.update(ctx, body)
	switch {
	case l.Told():
	case control.seen == nil:
		l.CannotTell("what was created is shown by no operation", "give a specification with an operation that reads it")
	default:
		l.Clear(fmt.Sprintf("none of %d fields could be set", tried))
	}
}

func (m *maker) found(op *spec.Operation, name string, control, attack *thing) {
	severity := scan.High
	if rights.MatchString(name) {
		severity = scan.Critical
	}
	m.l.Found(api.Hit{
		Op: op, Severity: severity, Confidence: scan.Confirmed, Param: "body:" + name, Key: op.Method + " " + name, Evidence: api.Show(control.seen, attack.made, attack.seen),
		Message: fmt.Sprintf("%s takes the field %s, which is no part of what may be sent, and a later %s shows the value.", op.Name(), name, m.reader(attack)),
	})
}

// rights are fields that say what somebody may do: who sets them sets their own.
var rights = late.Pattern(`(?i)^(is_?)?(admin|staff|superuser)$|^roles?$|^permissions?$|^scopes?$`)

// update sends the same fields to what was made, by PATCH and PUT.
func (m *maker) update(ctx context.Context, body map[string]any) int {
	tried := 0
	for _, method := range []string{http.MethodPatch, http.MethodPut} {
		op := object.Below(m.l.Target, m.l.Op, method)
		if op == nil || op.Body == nil || m.read == nil {
			continue
		}
		control := m.create(ctx, "control: to be changed", body, nil)
		if !control.made.OK() || control.seen == nil || control.id == "" {
			continue
		}
		plain, _ := api.BodyValue(op, m.l.Chance).(map[string]any)
		allowed := op.Body.Schema.Fields()
		names := slices.DeleteFunc(m.candidates(control.fields, plain), func(n string) bool { f := allowed[n]; return f != nil && !f.ReadOnly })
		for _, name := range names {
			value := other(control.fields[name], name)
			sent := maps.Clone(plain)
			if sent == nil {
				sent = map[string]any{}
			}
			sent[name] = value
			r := m.at(op, control.id)
			r.Body = api.Encode(op.Body, sent)
			x := m.l.Ask(ctx, "with "+name, r)
			tried++
			if !x.OK() {
				continue
			}
			after := &thing{id: control.id, made: x}
			m.look(ctx, after, "with "+name+", read again")
			if after.seen != nil && equal(after.fields[name], value) && !equal(control.fields[name], value) {
				m.found(op, name, control, after)
			}
		}
		m.clean(ctx, control)
	}
	return tried
}

// candidates are fields that come back and were not sent, those that only answers have by the specification, and the wanted.
func (m *maker) candidates(before, body map[string]any) []string {
	allowed := m.l.Op.Body.Schema.Fields()
	var out []string
	add := func(name string) {
		f := allowed[name]
		_, sent := body[name]
		if (f == nil || f.ReadOnly) && !sent && !slices.Contains(out, name) && len(out) < mostFields && name != "id" && !strings.HasSuffix(name, "_at") {
			out = append(out, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		add(name)
	}
	if m.read != nil {
		if a := m.read.Answer("200"); a != nil && a.Schema != nil {
			for _, name := range slices.Sorted(maps.Keys(a.Schema.Fields())) {
				add(name)
			}
		}
	}
	for _, name := range wanted {
		add(name)
	}
	return out
}

// other is a value of the same kind that nobody would set by chance.
func other(v any, name string) any {
	if name == "role" {
		return "admin" // where roles have names, a made-up one is refused
	}
	switch v := v.(type) {
	case bool:
		return !v
	case float64:
		return 987654.0
	case nil:
		if strings.HasPrefix(name, "is") || name == "admin" || name == "verified" || name == "paid" {
			return true
		}
		if strings.HasSuffix(strings.ToLower(name), "id") || name == "price" || name == "balance" || name == "credit" || name == "score" || name == "amount" || name == "total" {
			return 987654.0
		}
	}
	return "palisade"
}

func equal(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) && a != nil }
