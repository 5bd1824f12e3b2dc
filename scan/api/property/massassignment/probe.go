// Package massassignment creates objects with fields that it ought not to set, and reads them again.
package massassignment

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
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

// fits are operations that create something which can be read again.
func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == "POST" && op.Body != nil && !api.SignsIn(op) && below(t, op, "GET") != nil
}

// below is the operation of a method on one of what an operation creates: POST /orders, GET /orders/{id}.
func below(t *api.Target, op *spec.Operation, method string) *spec.Operation {
	for _, o := range t.Operations {
		rest, ok := strings.CutPrefix(o.Path, strings.TrimSuffix(op.Path, "/")+"/{")
		if ok && o.Method == method && strings.IndexByte(rest, '}') == len(rest)-1 {
			return o
		}
	}
	return nil
}

// wanted are fields that people have set in APIs that let them.
var wanted = []string{"role", "roles", "is_admin", "isAdmin", "admin", "verified", "is_verified", "price", "amount", "total", "balance", "credit", "status", "paid", "owner_id", "ownerId", "user_id", "userId", "tenant_id", "score"}

const mostFields = 24

func run(ctx context.Context, l *api.Look) {
	who := l.First()
	read := below(l.Target, l.Op, "GET")
	body, ok := api.BodyValue(l.Op, l.Chance).(map[string]any)
	if !ok {
		l.CannotTell("its body is no object", "")
		return
	}
	create := func(title string, m map[string]any) (made, seen *client.Exchange) {
		r := l.Request(l.Op, who).By(who)
		r.Body, _ = json.Marshal(m)
		made = l.Ask(ctx, title, r)
		id := identifier(made)
		if !made.OK() || id == "" {
			return made, nil
		}
		path := map[string]string{read.PathParams()[len(read.PathParams())-1]: id}
		seen = l.Ask(ctx, title+", read again", l.RequestWith(read, who, path).By(who))
		clean(ctx, l, who, path)
		return made, seen
	}
	made, control := create("control: without more", body)
	if control == nil || !control.OK() {
		l.CannotTell("nothing could be created and read again: "+made.Kind().String(), "give example values in the specification")
		return
	}
	before, ok := control.JSON().(map[string]any)
	if !ok {
		l.CannotTell("what was created is no object", "")
		return
	}
	fields := candidates(l.Op, before, body)
	for _, name := range fields {
		attack := maps.Clone(body)
		value := other(before[name], name)
		attack[name] = value
		made, seen := create("with "+name, attack)
		if seen == nil || !seen.OK() {
			continue
		}
		after, _ := seen.JSON().(map[string]any)
		if !equal(after[name], value) || equal(before[name], value) {
			continue
		}
		l.Found(api.Hit{
			Confidence: scan.Confirmed, Param: "body:" + name, Key: name, Evidence: api.Show(control, made, seen),
			Message: fmt.Sprintf("%s takes the field %s, which is no part of what may be sent, and a later %s shows the value.", l.Op.Name(), name, read.Name()),
		})
	}
	if !l.Told() {
		l.Clear(fmt.Sprintf("none of %d fields could be set", len(fields)))
	}
}

// candidates are fields that come back and were not sent, those that are read only by the specification, and the wanted.
func candidates(op *spec.Operation, before, body map[string]any) []string {
	allowed := op.Body.Schema.Fields()
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
	for _, name := range wanted {
		add(name)
	}
	return out
}

// other is a value of the same kind that nobody would set by chance.
func other(v any, name string) any {
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

func identifier(x *client.Exchange) string {
	values := answer.Values(x.Answer)
	for _, name := range []string{".id", ".data.id", ".uuid", "._id"} {
		if v := values[name]; len(v) == 1 {
			return v[0]
		}
	}
	return ""
}

// clean removes what was made.
func clean(ctx context.Context, l *api.Look, who *identity.Identity, path map[string]string) {
	if remove := below(l.Target, l.Op, "DELETE"); remove != nil {
		for name := range path {
			l.Ask(ctx, "removing what was made", l.RequestWith(remove, who, map[string]string{remove.PathParams()[len(remove.PathParams())-1]: path[name]}).By(who))
		}
	}
}
