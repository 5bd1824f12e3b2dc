package spec

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Introspection asks a GraphQL server for as much of its schema as is needed to ask every field.
const Introspection = `{__schema{queryType{name}mutationType{name}types{kind name fields{name isDeprecated args{name type{...T}}type{...T}}}}}` +
	` fragment T on __Type{kind name ofType{kind name ofType{kind name ofType{kind name}}}}`

type gqlType struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	OfType *gqlType `json:"ofType"`
}

// base unwraps lists and musts.
func (t *gqlType) base() *gqlType {
	for range 8 {
		if t == nil || t.OfType == nil {
			return t
		}
		t = t.OfType
	}
	return t
}

type gqlField struct {
	Name       string `json:"name"`
	Deprecated bool   `json:"isDeprecated"`
	Args       []struct {
		Name string  `json:"name"`
		Type gqlType `json:"type"`
	} `json:"args"`
	Type gqlType `json:"type"`
}

// ReadGraphQL makes operations of the answer to Introspection: one for each field of the query and mutation types, all
// at the same path, told apart by identifier (query.user, mutation.addUser).
func ReadGraphQL(data []byte, path string) (*Document, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the GraphQL schema has %d bytes, more than the %d that are read", len(data), MaxBytes)
	}
	var in struct {
		Data struct {
			Schema *struct {
				QueryType, MutationType *struct{ Name string }
				Types                   []struct {
					Kind, Name string
					Fields     []gqlField
				}
			} `json:"__schema"`
		}
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("reading a GraphQL schema: it is no JSON: %w", err)
	}
	s := in.Data.Schema
	if s == nil {
		return nil, errors.New("reading a GraphQL schema: the answer has no data.__schema; introspection is probably off. Give the operations with --har or --curl")
	}
	types := map[string][]gqlField{}
	for _, t := range s.Types {
		if t.Kind == "OBJECT" {
			types[t.Name] = t.Fields
		}
	}
	d := &Document{Format: "GraphQL", Schemes: map[string]Scheme{}}
	add := func(kind, name string) {
		for _, f := range types[name] {
			if len(d.Operations) >= maxOperations {
				d.fault(name, fmt.Sprintf("more than %d fields; the rest are left out", maxOperations))
				return
			}
			d.Operations = append(d.Operations, gqlOperation(types, kind, path, f))
		}
	}
	if s.QueryType != nil {
		add("query", s.QueryType.Name)
	}
	if s.MutationType != nil {
		add("mutation", s.MutationType.Name)
	}
	if len(d.Operations) == 0 {
		return nil, errors.New("reading a GraphQL schema: it has no fields to ask for")
	}
	d.sortOperations()
	return d, nil
}

func gqlOperation(types map[string][]gqlField, kind, path string, f gqlField) *Operation {
	var args []string
	for _, a := range f.Args {
		if a.Type.Kind == "NON_NULL" {
			args = append(args, a.Name+": "+gqlValue(a.Type.base().Name, a.Name))
		}
	}
	call := f.Name
	if len(args) > 0 {
		call += "(" + strings.Join(args, ", ") + ")"
	}
	query := kind + "{" + call + selection(types, f.Type.base(), 0) + "}"
	body, _ := json.Marshal(map[string]string{"query": query})
	return &Operation{
		Method: "POST", Path: path, ID: kind + "." + f.Name, Deprecated: f.Deprecated, Source: "graphql",
		Body: &Body{Media: "application/json", Required: true, Raw: string(body)},
	}
}

// selection names the plain fields of a type, and those of what it leads to, one step far.
func selection(types map[string][]gqlField, t *gqlType, depth int) string {
	if t == nil {
		return ""
	}
	fields, isObject := types[t.Name]
	if !isObject {
		if t.Kind == "INTERFACE" || t.Kind == "UNION" {
			return "{__typename}"
		}
		return ""
	}
	var names []string
	for _, f := range fields {
		if len(f.Args) > 0 || len(names) >= 30 {
			continue
		}
		below := ""
		if _, deeper := types[f.Type.base().Name]; deeper {
			if depth > 0 {
				continue
			}
			below = selection(types, f.Type.base(), depth+1)
		}
		names = append(names, f.Name+below)
	}
	if len(names) == 0 {
		return "{__typename}"
	}
	return "{" + strings.Join(names, " ") + "}"
}

func gqlValue(kind, name string) string {
	switch kind {
	case "Int":
		return "1"
	case "Float":
		return "1.5"
	case "Boolean":
		return "true"
	case "ID":
		return `"1"`
	case "String":
		if strings.Contains(strings.ToLower(name), "email") {
			return `"palisade@example.com"`
		}
		return `"palisade"`
	}
	return "{}"
}

// GraphQLWithout is what can be asked of a GraphQL server that keeps its schema to itself.
func GraphQLWithout(path string) *Document {
	return &Document{Format: "GraphQL", Schemes: map[string]Scheme{}, Operations: []*Operation{{
		Method: "POST", Path: path, ID: "query.__typename", Source: "graphql",
		Body: &Body{Media: "application/json", Required: true, Raw: `{"query":"{__typename}"}`},
	}}}
}
