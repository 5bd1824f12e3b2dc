package write

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/object"
	"palisade.dev/scan/api/spec"
)

// deed is a request by which the other would do something to what the owner made.
type deed struct {
	op    *spec.Operation
	where object.Place
}

// deeds are the operations that act on an object without its address: POST /orders/{id}/cancel, DELETE /orders?id=7,
// PUT /orders with the identifier in its body.
func deeds(t *api.Target, create *spec.Operation) []deed {
	var out []deed
	folder := strings.TrimSuffix(create.Path, "/")
	thing := strings.TrimSuffix(folder[strings.LastIndexByte(folder, '/')+1:], "s")
	for _, op := range t.Operations {
		if op == create || op.Safe() || api.SignsIn(op) {
			continue
		}
		if rest, ok := strings.CutPrefix(op.Path, folder+"/{"); ok {
			if _, action, ok := strings.Cut(rest, "}/"); ok && !strings.ContainsAny(action, "{/") {
				names := op.PathParams()
				out = append(out, deed{op, object.Place{In: "path", Name: names[len(names)-1]}})
			}
			continue
		}
		for _, p := range object.Places(op) {
			if (p.In == "query" || p.In == "body") && (p.Known == thing+"_id" || p.Known == thing+"Id") {
				out = append(out, deed{op, p})
			}
		}
	}
	return out
}

// act lets the other do it, and lets the owner look what became of the object.
func (m *made) act(ctx context.Context, d deed) {
	x := m.l.Ask(ctx, "somebody else, "+m.other.Name+", acts on it", d.where.Request(m.l, d.op, m.owner, m.other, m.id))
	if !x.Kind().Tells() {
		return
	}
	after := m.see(ctx, "the owner looks for it")
	again := m.see(ctx, "the owner looks for it once more")
	var what string
	switch {
	case after.Kind() == answer.Missing && again.Kind() == answer.Missing:
		what = "the owner finds it no more"
	case after.OK() && again.OK() && !answer.Same(m.before.Answer, after.Answer, m.volatile) && answer.Same(after.Answer, again.Answer, m.volatile):
		what = "the owner finds it changed"
	default:
		return
	}
	m.l.Found(api.Hit{
		Op: d.op, Confidence: scan.Confirmed, Param: d.where.Param(), Key: d.op.Method, Evidence: api.Show(m.before, x, after, again),
		Message: fmt.Sprintf("%s lets %s act on what %s made: %s.", d.op.Name(), m.other.Name, m.owner.Name, what),
	})
}

// intrude lets the other create something in the owner's folder, POST /users/{owner}/addresses, and lets the owner look for it.
func (m *made) intrude(ctx context.Context, create *spec.Operation) {
	list := m.list(create)
	if list == nil {
		return
	}
	r := m.l.Request(create, m.owner).By(m.other)
	mine := m.l.Request(create, m.other)
	body, ok := api.BodyValue(create, m.l.Chance).(map[string]any)
	mark := "palisade-" + api.Word(m.l.Chance, 10)
	if !ok || r.URL == mine.URL || !leave(create, body, mark) {
		return
	}
	r.Body = api.Encode(create.Body, body)
	before := m.l.Ask(ctx, "control: the owner lists", m.l.Request(list, m.owner).By(m.owner))
	x := m.l.Ask(ctx, "somebody else, "+m.other.Name+", creates one in the owner's folder", r)
	after := m.l.Ask(ctx, "the owner lists again", before.Request)
	if !x.Kind().Tells() || !before.OK() || !after.OK() || !holds(after, mark) {
		return
	}
	m.l.Found(api.Hit{
		Confidence: scan.Confirmed, Key: "folder", Evidence: api.Show(before, x, after),
		Message: fmt.Sprintf("%s lets %s create something in the folder of %s, who finds the other's words there.", create.Name(), m.other.Name, m.owner.Name),
	})
	if remove, id := object.Below(m.l.Target, create, http.MethodDelete), identifier(x); remove != nil && id != "" {
		names := remove.PathParams()
		m.l.Ask(ctx, "the owner removes it", m.l.RequestWith(remove, m.owner, map[string]string{names[len(names)-1]: id}).By(m.owner))
	}
}

// list is the operation that lists what another creates; only where the address says whose it is.
func (m *made) list(create *spec.Operation) *spec.Operation {
	if len(create.PathParams()) == 0 {
		return nil
	}
	i := slices.IndexFunc(m.l.Operations, func(o *spec.Operation) bool { return o.Method == http.MethodGet && o.Path == create.Path })
	if i < 0 {
		return nil
	}
	return m.l.Operations[i]
}

// leave puts a mark into the first text of a body that may hold any.
func leave(op *spec.Operation, body map[string]any, mark string) bool {
	fields := op.Body.Schema.Fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if f := fields[name]; f.Type() == "string" && len(f.Enum) == 0 && f.Format == "" && !f.ReadOnly {
			body[name] = mark
			return true
		}
	}
	return false
}

// learn reads the object twice, and so learns what changes in it by itself.
func (m *made) learn(ctx context.Context) *client.Exchange {
	first := m.see(ctx, "control: the owner reads it")
	m.volatile = answer.Learn(first.Answer, m.see(ctx, "control: the owner reads it once more").Answer)
	return first
}
