package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/input"
	"palisade.dev/scan/api/spec"
)

const long = 6000 // letters; below what servers allow a request line

// wrongs are the requests that one operation is sent. Each is wrong in one thing only.
func wrongs(l *api.Look, base *client.Exchange) []wrong {
	w := &writer{l: l, base: base}
	fields := map[string]*spec.Schema{}
	if l.Op.Body != nil {
		fields = l.Op.Body.Schema.Fields()
	}
	for _, p := range input.Places(l.Op) {
		s := fields[p.Name]
		if p.In != "body" {
			s = nil
			if q := l.Op.Param(p.In, p.Name); q != nil {
				s = q.Schema
			}
		}
		w.values(p, s)
	}
	w.absent()
	if l.Op.Body != nil && strings.Contains(l.Op.Body.Media, "json") && base.Request.Body != nil {
		w.documents()
		w.fields(fields)
	}
	return w.out
}

type writer struct {
	l    *api.Look
	base *client.Exchange
	out  []wrong
}

// values are wrong for a parameter, or for a text of a body.
func (w *writer) values(p input.Place, s *spec.Schema) {
	add := func(what, value string, forbidden bool) {
		w.out = append(w.out, wrong{what: what, where: p.Name, request: input.Put(w.l, w.base.Request, p, value), forbidden: forbidden})
	}
	switch s.Type() {
	case "integer", "number":
		add("a word for a number", "palisade", true)
		if s.Min != nil {
			add("a number below the least", fmt.Sprintf("%.0f", *s.Min-1), false) // taking the least instead is sound
		} else {
			add("a negative number", "-1", false)
		}
		if s.Max != nil {
			add("a number above the most", fmt.Sprintf("%.0f", *s.Max+1), false)
		}
		if p.In == "path" {
			// Not elsewhere: it may be how many, and a server that believes it counts until it dies.
			add("a number of thirty digits", strings.Repeat("9", 30), false)
		}
	case "boolean":
		add("a word for true or false", "palisade", true)
	default:
		if s != nil && len(s.Enum) > 0 {
			add("a value that is not on the list", "palisade-none", true)
		}
		if s != nil && s.MaxLen != nil && *s.MaxLen >= 0 && *s.MaxLen < long {
			n := int(*s.MaxLen) + 1
			add(fmt.Sprintf("%d letters where %d are the most", n, n-1), strings.Repeat("a", n), true)
		} else {
			letters := func(n int) client.Request { return input.Put(w.l, w.base.Request, p, strings.Repeat("a", n)) }
			w.out = append(w.out, wrong{what: fmt.Sprintf("%d letters", long), where: p.Name, request: letters(long), size: long, sized: letters})
		}
		if s != nil && s.MinLen != nil && *s.MinLen > 1 {
			add("fewer letters than the least", "a", true)
		}
		add("a zero byte", "pal\x00isade", false)
		if p.In != "body" {
			add("bytes that are no text", "pal\xff\xfe", false)
		}
	}
}

// absent leaves out what the query must have.
func (w *writer) absent() {
	for _, p := range w.l.Op.Params {
		u, err := url.Parse(w.base.Request.URL)
		if p.In != "query" || !p.Required || err != nil {
			continue
		}
		q := u.Query()
		q.Del(p.Name)
		u.RawQuery = q.Encode()
		r := w.base.Request
		r.URL = u.String()
		w.out = append(w.out, wrong{what: "nothing", where: p.Name, request: r, forbidden: true})
	}
}

func (w *writer) body(what, where string, b []byte, forbidden bool) {
	r := w.base.Request
	r.Body = b
	w.out = append(w.out, wrong{what: what, where: where, request: r, forbidden: forbidden})
}

// documents are bodies that are wrong as a whole.
func (w *writer) documents() {
	b := w.base.Request.Body
	w.body("half a document", "the body", b[:len(b)/2], false)
	w.body("null", "the body", []byte("null"), false)
	w.body("a list", "the body", []byte("[]"), false)
	w.body("a list in a list, 500 deep", "the body", []byte(strings.Repeat("[", 500)+strings.Repeat("]", 500)), false)
	r := w.base.Request.With("Content-Type", "text/plain")
	w.out = append(w.out, wrong{what: "another content type", where: "the header", request: r})
	if bytes.HasPrefix(b, []byte(`{"`)) {
		w.body("bytes that are no text", "the body", append([]byte("{\"pal\xff\xfe\":\"\xff\","), b[1:]...), false)
	}
}

// mostFields of one body that are left out, made empty, and made an object.
const mostFields = 6

// fields are bodies that are wrong in one field.
func (w *writer) fields(declared map[string]*spec.Schema) {
	var m map[string]any
	if json.Unmarshal(w.base.Request.Body, &m) != nil || m == nil {
		return
	}
	media := w.l.Op.Body
	needs := media.Schema.Needs()
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i >= mostFields {
			break
		}
		set := func(what string, v any, forbidden bool) {
			c := maps.Clone(m)
			c[name] = v
			w.body(what, name, api.Encode(media, c), forbidden)
		}
		s := declared[name]
		set("an object", map[string]any{"palisade": []any{}}, s.Type() == "string")
		set("null", nil, s.Type() == "string" && !s.Nullable && !slices.Contains(s.Types, "null"))
		c := maps.Clone(m)
		delete(c, name)
		w.body("nothing", name, api.Encode(media, c), slices.Contains(needs, name))
		if i == 0 {
			// Which of two counts is up to each parser, so two parsers in a row may see two requests.
			first, _ := json.Marshal(map[string]any{name: []any{}})
			w.body("a field twice", name, append(first[:len(first)-1:len(first)-1], append([]byte(","), w.base.Request.Body[1:]...)...), false)
		}
	}
	c := maps.Clone(m)
	c["palisade_extra"] = "x"
	w.body("a field that is not declared", "the body", api.Encode(media, c), media.Schema != nil && media.Schema.Closed)
}
