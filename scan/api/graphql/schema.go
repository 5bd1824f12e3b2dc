package graphql

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// The limits of a schema. The largest public ones have two thousand types and fifty fields in each.
const (
	maxSchema = 10 << 20
	maxTypes  = 10_000
	maxFields = 500 // of one type
)

// Schema is as much of a schema as is needed to ask.
type Schema struct {
	Query, Mutation string // the types that everything begins with
	Types           map[string]map[string]Field
}

// Field is one of a type.
type Field struct {
	Type  string   // without lists and musts
	Plain bool     // has no fields itself
	Args  []string // all
	Needs []string // those that it cannot be asked without
}

type typeRef struct {
	Kind   string   `json:"kind"`
	Name   string   `json:"name"`
	OfType *typeRef `json:"ofType"`
}

func (t *typeRef) base() *typeRef {
	for range 8 {
		if t.OfType == nil {
			break
		}
		t = t.OfType
	}
	return t
}

// ReadSchema reads the answer to an introspection. It says no where there is no schema in it.
func ReadSchema(body []byte) (Schema, bool) {
	var in struct {
		Data struct {
			Schema *struct {
				QueryType, MutationType *struct{ Name string }
				Types                   []struct {
					Kind, Name string
					Fields     []struct {
						Name string
						Args []struct {
							Name string
							Type typeRef
						}
						Type typeRef
					}
				}
			} `json:"__schema"`
		}
	}
	if len(body) > maxSchema || json.Unmarshal(body, &in) != nil || in.Data.Schema == nil || in.Data.Schema.QueryType == nil {
		return Schema{}, false
	}
	s := Schema{Query: in.Data.Schema.QueryType.Name, Types: map[string]map[string]Field{}}
	if m := in.Data.Schema.MutationType; m != nil {
		s.Mutation = m.Name
	}
	for _, t := range in.Data.Schema.Types[:min(len(in.Data.Schema.Types), maxTypes)] {
		if t.Kind != "OBJECT" || !word(t.Name) || strings.HasPrefix(t.Name, "__") {
			continue
		}
		fields := map[string]Field{}
		for _, f := range t.Fields[:min(len(t.Fields), maxFields)] {
			base := f.Type.base()
			out := Field{Type: base.Name, Plain: base.Kind == "SCALAR" || base.Kind == "ENUM"}
			sound := word(f.Name)
			for _, a := range f.Args {
				sound = sound && word(a.Name)
				out.Args = append(out.Args, a.Name)
				if a.Type.Kind == "NON_NULL" {
					out.Needs = append(out.Needs, a.Name)
				}
			}
			if sound { // it is written into queries, and comes from a stranger
				fields[f.Name] = out
			}
		}
		s.Types[t.Name] = fields
	}
	return s, len(s.Types[s.Query]) > 0
}

func word(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) < 100
}

// mostSelected of one type.
const mostSelected = 20

// Selection names the plain fields of a type: {id name}, or nothing for a type that has no fields.
func (s Schema) Selection(of string) string {
	fields, isObject := s.Types[of]
	if !isObject {
		return ""
	}
	return "{" + strings.Join(s.plain(fields), " ") + "}"
}

func (s Schema) plain(fields map[string]Field) []string {
	var names []string
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		if f := fields[n]; f.Plain && len(f.Needs) == 0 && len(names) < mostSelected {
			names = append(names, n)
		}
	}
	if names == nil {
		return []string{"__typename"}
	}
	return names
}

// Circle is a way by which a query can go round: from a field of the queries to a type that leads back to itself.
type Circle struct {
	Start string   // the field of the queries
	Round []string // fields from its type back to it
	plain string   // what the innermost selects
}

// Circles finds ways round, the shortest first, through fields that need no arguments.
func (s Schema) Circles() []Circle {
	const most, longest = 4, 4
	var out []Circle
	root := s.Types[s.Query]
	for _, start := range slices.Sorted(maps.Keys(root)) {
		f := root[start]
		if f.Plain || len(f.Needs) > 0 || len(out) >= most {
			continue
		}
		if round := s.way(f.Type, f.Type, longest); round != nil {
			out = append(out, Circle{start, round, s.plain(s.Types[f.Type])[0]})
		}
	}
	slices.SortStableFunc(out, func(a, b Circle) int { return len(a.Round) - len(b.Round) })
	return out
}

// way is the shortest one from a type to a type, in at most so many fields.
func (s Schema) way(from, to string, most int) []string {
	type step struct {
		at  string
		way []string
	}
	seen := map[string]bool{}
	next := []step{{at: from}}
	for range most {
		var further []step
		for _, n := range next {
			fields := s.Types[n.at]
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				f := fields[name]
				if f.Plain || len(f.Needs) > 0 {
					continue
				}
				way := append(slices.Clone(n.way), name)
				if f.Type == to {
					return way
				}
				if !seen[f.Type] {
					seen[f.Type] = true
					further = append(further, step{f.Type, way})
				}
			}
		}
		next = further
	}
	return nil
}

// Times goes round so many times: {orders{owner{orders{owner{orders{id}}}}}}.
func (c Circle) Times(n int) string {
	open := []string{c.Start}
	for range n {
		open = append(open, c.Round...)
	}
	return "{" + strings.Join(open, "{") + "{" + c.plain + "}" + strings.Repeat("}", len(open))
}
