// Package input is what the probes of values share: the places a value can be put into, the request with one in its
// place, and the answer to compare with.
package input

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/spec"
)

// Place is where a value goes: a parameter of the path or the query, or a text at the top of a body.
type Place struct{ In, Name string }

// Param is the place as findings name it.
func (p Place) Param() string { return p.In + ":" + p.Name }

// most places of one operation that are looked at; forms with more are rare, and each place costs a handful of requests.
const most = 8

// Fits are operations with places for text, that may be asked and are no doors: a door counts what fails.
func Fits(t *api.Target, op *spec.Operation) bool {
	return t.Askable(op) && !api.SignsIn(op) && len(Texts(op)) > 0
}

// Texts are the places of an operation that are not declared as something else than text. What is a number by the
// specification is read as one nearly everywhere, and fifty operations times eight places is what a scan cannot afford.
func Texts(op *spec.Operation) []Place {
	return slices.DeleteFunc(Places(op), func(p Place) bool {
		if p.In == "body" {
			return false
		}
		declared := op.Param(p.In, p.Name)
		if declared == nil {
			return false
		}
		t := declared.Schema.Type()
		return t != "" && t != "string" || declared.Schema != nil && len(declared.Schema.Enum) > 0
	})
}

// Places are those of an operation that take a value.
func Places(op *spec.Operation) []Place {
	var all []Place
	for _, n := range op.PathParams() {
		all = append(all, Place{"path", n})
	}
	for _, p := range op.Params {
		if p.In == "query" {
			all = append(all, Place{"query", p.Name})
		}
	}
	if op.Body != nil && op.Body.Raw == "" && op.Method != "GET" {
		fields := op.Body.Schema.Fields()
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if t := fields[name].Type(); (t == "string" || t == "") && !fields[name].ReadOnly {
				all = append(all, Place{"body", name})
			}
		}
	}
	return all[:min(len(all), most)]
}

// Put makes the operation's request with a value at a place.
func Put(l *api.Look, base client.Request, p Place, value string) client.Request {
	switch p.In {
	case "query":
		return base.Query(p.Name, value)
	case "path":
		r := l.RequestWith(l.Op, base.As, map[string]string{p.Name: value})
		r.As, r.Value = base.As, base.Value
		return r
	}
	r := base
	if form, err := url.ParseQuery(string(base.Body)); err == nil && strings.HasPrefix(l.Op.Body.Media, "application/x-www-form-urlencoded") {
		form.Set(p.Name, value)
		r.Body = []byte(form.Encode())
		return r
	}
	var m map[string]any
	if json.Unmarshal(base.Body, &m) == nil && m != nil {
		m[p.Name] = value
		r.Body = api.Encode(l.Op.Body, m)
	}
	return r
}

// Value is what a request has at a place.
func Value(l *api.Look, r client.Request, p Place) string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	switch p.In {
	case "query":
		return u.Query().Get(p.Name)
	case "path":
		want, got := strings.Split(l.Op.Path, "/"), strings.Split(u.Path, "/")
		for i := range want {
			if want[i] == "{"+p.Name+"}" && i < len(got) {
				return got[i]
			}
		}
	case "body":
		var m map[string]any
		if json.Unmarshal(r.Body, &m) == nil {
			text, _ := m[p.Name].(string)
			return text
		}
	}
	return ""
}

// Base is the exchange that shows how the operation answers when nothing is wrong: the first identity's, or nobody's.
// Nil where there is none, which has then been said.
func Base(ctx context.Context, l *api.Look) *client.Exchange {
	c := l.Controls(ctx, l.Op)
	base := c.Valid
	if base == nil || !base.OK() {
		base = c.Nobody
	}
	if l.Silent(base) {
		return nil
	}
	return base
}
