package xml

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/scan/api/spec"
)

// document is an operation's body as XML. The text of one element is left open.
type document struct{ root, before, after string }

// documentOf writes the fields of a working body as elements. Which root a parser wants is rarely declared and rarely
// looked at; the thing that the path ends with is the usual one.
func documentOf(op *spec.Operation, body []byte) (document, bool) {
	fields := map[string]any{}
	if json.Unmarshal(body, &fields) != nil {
		form, err := url.ParseQuery(string(body))
		if err != nil || !strings.Contains(op.Body.Media, "form") {
			return document{}, false
		}
		for name := range form {
			fields[name] = form.Get(name)
		}
	}
	d := document{root: strings.TrimSuffix(op.Path[strings.LastIndexByte(op.Path, '/')+1:], "s")}
	if !name(d.root) {
		d.root = "request"
	}
	var out strings.Builder
	open := false
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		if !name(n) {
			continue
		}
		out.WriteString("<" + n + ">")
		// A password is the worst place: it is the one that no answer repeats.
		if _, text := fields[n].(string); text && !open && !strings.Contains(strings.ToLower(n), "pass") {
			open = true
			d.before = out.String()
			out.Reset()
		} else {
			_ = xml.EscapeText(&out, fmt.Append(nil, fields[n])) // a Builder takes everything
		}
		out.WriteString("</" + n + ">")
	}
	d.after = out.String()
	return d, open
}

// with gives the document with a definition, and a text at the open place.
func (d document) with(definition, text string) string {
	if definition != "" {
		definition = "<!DOCTYPE " + d.root + " [" + definition + "]>"
	}
	return `<?xml version="1.0" encoding="UTF-8"?>` + definition + "<" + d.root + ">" + d.before + text + d.after + "</" + d.root + ">"
}

// name says that a word may name an element.
func name(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}
