package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"palisade.dev/guard/wire"
)

// schemas names the types of the document, and tells the two that have a short form of their own in JSON.
func schemas() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", schemaName)
	r.RegisterTypeAlias(reflect.TypeFor[wire.Match](), reflect.TypeFor[match]())
	r.RegisterTypeAlias(reflect.TypeFor[wire.Words](), reflect.TypeFor[words]())
	return r
}

// schemaName tells what is stored from what travels: both have bans, rules and sites. A room's types go by the room's name
// as well, as they do in Go: rule.State is RuleState.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if strings.HasSuffix(t.PkgPath(), "/store") {
		return "Stored" + name
	}
	if room, ok := strings.CutPrefix(t.PkgPath(), "palisade.dev/backend/"); ok && room != "api" && !strings.HasPrefix(strings.ToLower(name), room) && !strings.Contains(name, "[") {
		return strings.ToUpper(room[:1]) + room[1:] + name
	}
	return name
}

// match stands for wire.Match in the document: a route, or an object.
type match struct{}

func (match) Schema(huma.Registry) *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	list := wordsSchema()
	return &huma.Schema{
		Description: "a route such as \"POST /login\" or \"@login\", or an object",
		OneOf: []*huma.Schema{text, {
			Type: huma.TypeObject, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{
				"route": text, "host": list, "network": list, "kind": list,
				"header": {Type: huma.TypeObject, AdditionalProperties: text},
			},
		}},
	}
}

// words stands for wire.Words: one word, or a list of them.
type words struct{}

func (words) Schema(huma.Registry) *huma.Schema { return wordsSchema() }

func wordsSchema() *huma.Schema {
	text := &huma.Schema{Type: huma.TypeString}
	return &huma.Schema{OneOf: []*huma.Schema{text, {Type: huma.TypeArray, Items: text}}}
}
