// Package object knows where a request names an object: in the path, the query, a header or somewhere in the body. The
// probes of this category put one person's identifier there and ask as another.
package object

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

// Place is where an operation takes an identifier.
type Place struct {
	In   string // path, query, header, body
	Name string
	// Known is the name by which values are looked for: "ids" in a body of /orders/lookup wants an order_id.
	Known string
	// Own fills what else the path names with the asker's own: /users/{me}/orders/{theirs}.
	Own bool

	way  []string
	list bool
}

// Param is the place as findings name it.
func (p Place) Param() string { return p.In + ":" + p.Name }

// reads are last words of a path whose POST only looks something up.
var reads = late.Pattern(`(?i)[/_-](search|query|lookup|look-up|get|fetch|find|read|view|list|details?|status|show|batch-?get|bulk-?get)$`)

// Reads says that an operation reads, though it may be a POST.
func Reads(t *api.Target, op *spec.Operation) bool {
	if op.Method == http.MethodGet {
		return !api.Drastic(op)
	}
	return op.Method == http.MethodPost && op.Source != "graphql" && t.Mode >= api.Active && reads.MatchString(op.Path) && !api.SignsIn(op)
}

// Places are those of an operation, the likeliest first.
func Places(op *spec.Operation) []Place {
	var all []Place
	names := op.PathParams()
	for i, n := range slices.Backward(names) { // the last names the object; those before, whose it is
		all = append(all, Place{In: "path", Name: n, Known: n})
		if i > 0 && i == len(names)-1 {
			all = append(all, Place{In: "path", Name: n, Known: n, Own: true})
		}
	}
	for _, p := range op.Params {
		if (p.In == "query" || p.In == "header") && Identifies(p.Name) {
			all = append(all, Place{In: p.In, Name: p.Name, Known: known(op, bare(p.Name))})
		}
	}
	return append(all, inBody(op)...)
}

// Identifies says that a name is one of an identifier.
func Identifies(name string) bool {
	lower := strings.ToLower(bare(name))
	if ofRequest.MatchString(lower) {
		return false
	}
	switch lower {
	case "id", "ids", "uuid", "username", "user", "account", "email", "owner", "customer":
		return true
	}
	return strings.HasSuffix(lower, "_id") || strings.HasSuffix(lower, "-id") || strings.HasSuffix(name, "Id") || strings.HasSuffix(lower, "_ids") || strings.HasSuffix(name, "Ids")
}

// ofRequest are identifiers of the request, the program or the device, and of nothing that somebody owns.
var ofRequest = late.Pattern(`^(request|correlation|trace|span|client|device|session|message|idempotency)[_-]?id$`)

// bare takes the X- of a header away.
func bare(name string) string {
	if len(name) > 2 && strings.EqualFold(name[:2], "x-") {
		return strings.ReplaceAll(name[2:], "-", "_")
	}
	return name
}

// known is the name that collections give what a parameter wants: a bare id behind /orders/lookup is one of an order.
func known(op *spec.Operation, name string) string {
	lower := strings.ToLower(name)
	one := name
	if strings.HasSuffix(lower, "ids") {
		one = name[:len(name)-1]
	}
	if lower != "id" && lower != "ids" && lower != "uuid" {
		return one
	}
	steps := strings.Split(strings.Trim(op.Path, "/"), "/")
	for _, step := range slices.Backward(steps) {
		if step != "" && !strings.Contains(step, "{") && !reads.MatchString("/"+step) {
			return strings.TrimSuffix(step, "s") + "_id"
		}
	}
	return one
}

// mostPlaces in one body.
const mostPlaces = 6

func inBody(op *spec.Operation) []Place {
	if op.Body == nil || op.Method == http.MethodGet || op.Body.Raw != "" {
		return nil
	}
	var out []Place
	var walk func(v any, way []string)
	walk = func(v any, way []string) {
		m, ok := v.(map[string]any)
		if !ok || len(way) > 3 {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(m)) {
			here := append(slices.Clone(way), name)
			list, isList := m[name].([]any)
			_, within := m[name].(map[string]any)
			if Identifies(name) && !within && len(out) < mostPlaces {
				before := name
				if strings.EqualFold(name, "id") && len(way) > 0 {
					before = way[len(way)-1] + "_id" // {"order":{"id":…}}
				}
				out = append(out, Place{In: "body", Name: strings.Join(here, "."), Known: known(op, before), way: here, list: isList})
				continue
			}
			if isList && len(list) > 0 {
				continue // a list of objects names many; one identifier in it proves no more than one alone
			}
			walk(m[name], here)
		}
	}
	walk(api.BodyValue(op, rand.New(rand.NewPCG(1, 1))), nil)
	return out
}

// Request asks the operation as somebody, about an identifier of the owner's.
func (p Place) Request(l *api.Look, op *spec.Operation, owner, who *identity.Identity, id string) client.Request {
	from := owner
	if p.Own {
		from = who
	}
	var r client.Request
	switch p.In {
	case "path":
		r = l.RequestWith(op, from, map[string]string{p.Name: id})
	case "query":
		r = l.Request(op, from).Query(p.Name, id)
	case "header":
		r = l.Request(op, from).With(p.Name, id)
	default:
		r = l.Request(op, from)
		r.Body = api.Encode(op.Body, put(api.BodyValue(op, rand.New(rand.NewPCG(1, 1))), p.way, p.value(op, id)))
	}
	return r.By(who)
}

// value gives an identifier the type that the body has in its place.
func (p Place) value(op *spec.Operation, id string) any {
	s := op.Body.Schema
	for _, name := range p.way {
		if s == nil {
			break
		}
		s = s.Fields()[name]
	}
	if p.list && s != nil {
		s = s.Items
	}
	var v any = id
	if s != nil && (s.Type() == "integer" || s.Type() == "number") {
		if n, ok := number(id); ok {
			v = n
		}
	}
	if p.list {
		return []any{v}
	}
	return v
}

func number(s string) (float64, bool) {
	n := 0.0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1e14 {
			return 0, false
		}
		n = n*10 + float64(r-'0')
	}
	return n, s != ""
}

// put gives a copy of a body with one value changed.
func put(v any, way []string, to any) any {
	if len(way) == 0 {
		return to
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	c := maps.Clone(m)
	c[way[0]] = put(c[way[0]], way[1:], to)
	return c
}

// Below is the operation of a method on one of what an operation creates: POST /orders, DELETE /orders/{id}.
func Below(t *api.Target, op *spec.Operation, method string) *spec.Operation {
	for _, o := range t.Operations {
		rest, ok := strings.CutPrefix(o.Path, strings.TrimSuffix(op.Path, "/")+"/{")
		if ok && o.Method == method && strings.IndexByte(rest, '}') == len(rest)-1 {
			return o
		}
	}
	return nil
}
