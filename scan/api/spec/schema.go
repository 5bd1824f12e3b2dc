package spec

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
)

// Schema is the part of JSON Schema that says what to send and what to expect.
type Schema struct {
	Types      []string
	Format     string
	Enum       []any
	Const      any
	Default    any
	Examples   []any
	Properties map[string]*Schema
	Required   []string
	Items      *Schema
	All        []*Schema
	Any        []*Schema // anyOf and oneOf
	Closed     bool      // additionalProperties: false
	ReadOnly   bool
	WriteOnly  bool
	Nullable   bool
	Min, Max   *float64
	MinLen     *float64
	MaxLen     *float64
	MinItems   *float64
	MaxItems   *float64
	Pattern    string
	Name       string // of the component it is, if it is one
}

// schema reads one. A schema that contains itself is one value that points to itself.
func (r *reader) schema(v any, at place, depth int) *Schema {
	m, at := r.follow(v, at)
	if m == nil {
		return nil
	}
	key := reflect.ValueOf(m).Pointer()
	if s, ok := r.schemas[key]; ok {
		return s
	}
	if depth > maxDepth || r.made >= maxSchemas {
		r.doc.fault(r.where(at), "the schema is nested too deep or too large; the rest is taken for anything")
		return &Schema{}
	}
	r.made++
	s := &Schema{}
	r.schemas[key] = s
	if i := strings.LastIndexByte(at.path, '/'); i > 0 && (strings.HasSuffix(at.path[:i], "/schemas") || strings.HasSuffix(at.path[:i], "/definitions")) {
		s.Name = at.path[i+1:]
	}
	switch t := m["type"].(type) {
	case string:
		s.Types = []string{t}
	case []any:
		s.Types = texts(t)
	}
	if slices.Contains(s.Types, "null") {
		s.Nullable = true
		s.Types = slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" })
	}
	s.Format, s.Pattern = text(m["format"]), text(m["pattern"])
	s.Enum, s.Const, s.Default = list(m["enum"]), m["const"], m["default"]
	if e, ok := m["example"]; ok {
		s.Examples = []any{e}
	}
	s.Examples = append(s.Examples, list(m["examples"])...)
	s.ReadOnly, s.WriteOnly, s.Nullable = yes(m["readOnly"]), yes(m["writeOnly"]), s.Nullable || yes(m["nullable"])
	s.Min, s.Max = num(m["minimum"]), num(m["maximum"])
	if s.Min == nil {
		s.Min = num(m["exclusiveMinimum"])
	}
	if s.Max == nil {
		s.Max = num(m["exclusiveMaximum"])
	}
	s.MinLen, s.MaxLen, s.MinItems, s.MaxItems = num(m["minLength"]), num(m["maxLength"]), num(m["minItems"]), num(m["maxItems"])
	s.Required = texts(m["required"])
	if closed, ok := m["additionalProperties"].(bool); ok {
		s.Closed = !closed
	}
	if props := object(m["properties"]); props != nil {
		s.Properties = make(map[string]*Schema, len(props))
		for _, name := range slices.Sorted(maps.Keys(props)) {
			if p := r.schema(props[name], at.at("properties", name), depth+1); p != nil {
				s.Properties[name] = p
			}
		}
	}
	if m["items"] != nil {
		s.Items = r.schema(m["items"], at.at("items"), depth+1)
	}
	for i, part := range list(m["allOf"]) {
		if p := r.schema(part, at.at("allOf", fmt.Sprint(i)), depth+1); p != nil {
			s.All = append(s.All, p)
		}
	}
	for _, word := range []string{"oneOf", "anyOf"} {
		for i, part := range list(m[word]) {
			if p := r.schema(part, at.at(word, fmt.Sprint(i)), depth+1); p != nil {
				s.Any = append(s.Any, p)
			}
		}
	}
	return s
}

// Type is the kind of value, guessed where a schema does not say.
func (s *Schema) Type() string {
	switch {
	case s == nil:
		return ""
	case len(s.Types) > 0:
		return s.Types[0]
	case s.Properties != nil:
		return "object"
	case s.Items != nil:
		return "array"
	}
	for _, part := range slices.Concat(s.All, s.Any) {
		if t := part.shallowType(); t != "" {
			return t
		}
	}
	return ""
}

func (s *Schema) shallowType() string {
	switch {
	case len(s.Types) > 0:
		return s.Types[0]
	case s.Properties != nil:
		return "object"
	}
	return ""
}

// Fields gives the properties of an object, those of its parts included.
func (s *Schema) Fields() map[string]*Schema {
	out := map[string]*Schema{}
	s.fields(out, 0)
	return out
}

func (s *Schema) fields(into map[string]*Schema, depth int) {
	if s == nil || depth > 8 {
		return
	}
	for _, part := range s.All {
		part.fields(into, depth+1)
	}
	if len(s.Any) > 0 {
		s.Any[0].fields(into, depth+1)
	}
	maps.Copy(into, s.Properties)
}

// Needs are the names an object cannot be without.
func (s *Schema) Needs() []string {
	if s == nil {
		return nil
	}
	out := slices.Clone(s.Required)
	for _, part := range s.All {
		out = append(out, part.Required...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Value makes a value that a schema allows: its example, else its default, else the first of its enumeration, else one
// that is true to type, format and bounds. The same chance gives the same value.
func (s *Schema) Value(chance *rand.Rand) any { return s.value(chance, "", 0) }

// Named is Value for a schema that stands under a name, which tells what an untyped string is meant to be.
func (s *Schema) Named(chance *rand.Rand, name string) any { return s.value(chance, name, 0) }

func (s *Schema) value(chance *rand.Rand, name string, depth int) any {
	switch {
	case s == nil || depth > 6:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case s.Const != nil:
		return s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type() {
	case "object":
		out := map[string]any{}
		fields, needs := s.Fields(), s.Needs()
		for _, n := range slices.Sorted(maps.Keys(fields)) {
			f := fields[n]
			if f.ReadOnly || (depth > 2 && !slices.Contains(needs, n)) {
				continue
			}
			if v := f.value(chance, n, depth+1); v != nil {
				out[n] = v
			}
		}
		return out
	case "array":
		n := 1
		if s.MinItems != nil {
			n = int(min(*s.MinItems, 5))
		}
		out := []any{}
		for range n {
			if v := s.Items.value(chance, name, depth+1); v != nil {
				out = append(out, v)
			}
		}
		return out
	case "integer":
		return float64(int64(s.within(1)))
	case "number":
		return s.within(1.5)
	case "boolean":
		return true
	case "string":
		return s.textValue(chance, name)
	}
	if len(s.Any) > 0 {
		return s.Any[0].value(chance, name, depth+1)
	}
	if len(s.All) > 0 {
		return s.All[0].value(chance, name, depth+1)
	}
	return s.textValue(chance, name)
}

func (s *Schema) within(v float64) float64 {
	if s.Max != nil && v > *s.Max {
		v = *s.Max
	}
	if s.Min != nil && v < *s.Min {
		v = *s.Min
	}
	return v
}

func (s *Schema) textValue(chance *rand.Rand, name string) string {
	lower := strings.ToLower(name)
	switch format := s.Format; {
	case format == "date-time":
		return "2025-06-01T12:00:00Z"
	case format == "date":
		return "2025-06-01"
	case format == "time":
		return "12:00:00Z"
	case format == "duration":
		return "PT1H"
	case format == "email" || format == "idn-email" || (format == "" && strings.Contains(lower, "email")):
		return fmt.Sprintf("palisade-%s@example.com", letters(chance, 6))
	case format == "uuid":
		return UUID(chance)
	case format == "uri" || format == "url" || (format == "" && (lower == "url" || strings.HasSuffix(lower, "_url"))):
		return "https://example.com/"
	case format == "uri-reference":
		return "/"
	case format == "hostname":
		return "example.com"
	case format == "ipv4":
		return "192.0.2.1"
	case format == "ipv6":
		return "2001:db8::1"
	case format == "byte":
		return base64.StdEncoding.EncodeToString([]byte("palisade"))
	case format == "password" || (format == "" && strings.Contains(lower, "password")):
		return "Pa1!" + letters(chance, 10)
	case format == "" && strings.Contains(lower, "phone"):
		return "+15550100000"
	}
	want := 8
	if s.MinLen != nil {
		want = max(want, int(min(*s.MinLen, 4096)))
	}
	if s.MaxLen != nil {
		want = min(want, max(0, int(*s.MaxLen)))
	}
	if digits := strings.Contains(s.Pattern, `\d`) || strings.Contains(s.Pattern, "[0-9]"); digits && !strings.Contains(s.Pattern, "a-z") {
		return strings.Repeat("1", want)
	}
	return letters(chance, want)
}

// letters are lower-case ones, drawn by chance.
func letters(chance *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(chance.IntN(26))
	}
	return string(b)
}

// UUID makes a random one, version 4.
func UUID(chance *rand.Rand) string {
	a, b := chance.Uint64(), chance.Uint64()
	a = a&^0xf000 | 0x4000
	b = b&^(0xc0<<56) | 0x80<<56
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&0xffffffffffff)
}

// Exemplified says that a schema names a value itself, so one need not be made up.
func (s *Schema) Exemplified() bool {
	return s != nil && (len(s.Examples) > 0 || s.Default != nil || len(s.Enum) > 0 || s.Const != nil)
}
