// Package node asks GraphQL for one person's objects as another, by every field that takes an identifier.
package node

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/graphql"
	"palisade.dev/scan/api/identity"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/object/node", Title: "GraphQL gives people the objects of others", Severity: scan.High, CWE: []int{639, 863},
		Standards: []string{"OWASP API1:2023", "OWASP API3:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Mode: api.Active, Whole: true, Needs: api.TwoOrdinary,
	Fix: "Look in each resolver, and in node above all, whether who asks may see this object; best in one place where objects are loaded.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	e := graphql.Find(ctx, l)
	if e == nil {
		l.Clear("it speaks no GraphQL")
		return
	}
	if e.Told == "" {
		l.CannotTell("the schema is not told, so its fields are not known", "allow introspection to the identity that scans")
		return
	}
	people := l.Ordinary()
	told := map[string]view{}
	for _, who := range people[:2] {
		told[who.Name] = read(ctx, l, e, who)
	}
	sure := false
	for _, pair := range [][2]*identity.Identity{{people[0], people[1]}, {people[1], people[0]}} {
		t := &try{Look: l, e: e, owner: pair[0], other: pair[1], own: told[pair[0].Name], others: told[pair[1].Name]}
		for _, f := range doors(e) {
			found, could := t.cross(ctx, f)
			sure = sure || could
			if found {
				return
			}
		}
	}
	if !sure {
		l.CannotTell("no field was found that takes an identifier of what belongs to one of the two alone", "give identities that own something")
		return
	}
	l.Clear("neither gets the objects of the other")
}

// view is what somebody is told without knowing an identifier.
type view struct {
	text string
	ids  map[string][]string // by the type that they are of
}

// read asks for all that needs no argument, two steps deep.
func read(ctx context.Context, l *api.Look, e *graphql.Endpoint, who *identity.Identity) view {
	const most = 20
	v := view{ids: map[string][]string{}}
	root := e.Schema.Types[e.Schema.Query]
	n := 0
	for _, name := range slices.Sorted(maps.Keys(root)) {
		f := root[name]
		if f.Plain || len(f.Needs) > 0 || n >= most { // what is plain has no owner, and may be a command
			continue
		}
		n++
		x := l.Ask(ctx, "control: what "+who.Name+" may read", e.Query("{"+name+within(e, f.Type)+"}", who))
		if graphql.Data(x) == nil {
			continue
		}
		v.text += string(x.Body)
		v.gather(e, graphql.Data(x)[name], f.Type)
	}
	return v
}

// within selects the plain fields of a type, and those of what it leads to.
func within(e *graphql.Endpoint, of string) string {
	out := strings.TrimSuffix(e.Schema.Selection(of), "}")
	if out == "" {
		return ""
	}
	fields := e.Schema.Types[of]
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if f := fields[name]; !f.Plain && len(f.Needs) == 0 && e.Schema.Selection(f.Type) != "" {
			out += " " + name + e.Schema.Selection(f.Type)
		}
	}
	return out + "}"
}

func (v *view) gather(e *graphql.Endpoint, value any, of string) {
	switch value := value.(type) {
	case []any:
		for _, i := range value {
			v.gather(e, i, of)
		}
	case map[string]any:
		if id, ok := value["id"]; ok && id != nil && !slices.Contains(v.ids[of], fmt.Sprint(id)) {
			v.ids[of] = append(v.ids[of], fmt.Sprint(id))
		}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if f, ok := e.Schema.Types[of][name]; ok && !f.Plain {
				v.gather(e, value[name], f.Type)
			}
		}
	}
}

// door is a field that takes one identifier and gives an object.
type door struct{ field, arg, of string }

// doors are those of the queries. What gives an interface, as node does, is asked for each type that has an identifier.
func doors(e *graphql.Endpoint) []door {
	root := e.Schema.Types[e.Schema.Query]
	var out []door
	for _, name := range slices.Sorted(maps.Keys(root)) {
		f := root[name]
		if f.Plain || len(f.Args) == 0 || len(f.Needs) > 1 {
			continue
		}
		arg := append(slices.Clone(f.Needs), f.Args...)[0]
		if lower := strings.ToLower(arg); lower != "id" && !strings.HasSuffix(arg, "Id") && !strings.HasSuffix(lower, "_id") && lower != "uuid" {
			continue
		}
		if _, isObject := e.Schema.Types[f.Type]; isObject {
			out = append(out, door{name, arg, f.Type})
			continue
		}
		for _, of := range slices.Sorted(maps.Keys(e.Schema.Types)) {
			if e.Schema.Types[of]["id"].Plain {
				out = append(out, door{name, arg, of})
			}
		}
	}
	return out
}

// try is one person's objects asked for by another.
type try struct {
	*api.Look
	e            *graphql.Endpoint
	owner, other *identity.Identity
	own, others  view
}

func (t *try) cross(ctx context.Context, d door) (found, sure bool) {
	const tried = 2
	n := 0
	for _, id := range t.own.ids[d.of] {
		if slices.Contains(t.others.ids[d.of], id) {
			continue // shared on purpose
		}
		if n++; n > tried {
			break
		}
		ask := func(title, id string, who *identity.Identity) *client.Exchange {
			return t.Ask(ctx, title, t.e.Query(t.query(d, id), who))
		}
		mine := ask("the owner, "+t.owner.Name, id, t.owner)
		if graphql.Data(mine)[d.field] == nil {
			continue
		}
		crossed := ask("somebody else, "+t.other.Name, id, t.other)
		nowhere := ask("control: an object that cannot be", "2147480003", t.other)
		if !crossed.Kind().Tells() || !nowhere.Kind().Tells() {
			continue
		}
		sure = true
		marker := t.only(graphql.Data(mine)[d.field], crossed)
		if marker == "" || strings.Contains(string(nowhere.Body), marker) {
			continue
		}
		nobody := ask("control: nobody", id, nil)
		again := ask("somebody else, once more", id, t.other)
		if strings.Contains(string(nobody.Body), marker) || !strings.Contains(string(again.Body), marker) {
			continue // what anybody may read is a matter of authentication
		}
		t.Found(api.Hit{
			Op: t.e.Op, Confidence: scan.Confirmed, Param: "query:" + d.field + "." + d.arg, Key: d.field, Evidence: api.Show(mine, crossed, again, nowhere, nobody),
			Message: fmt.Sprintf("%s(%s:) gives %s the %s of %s: it carries %q, which %s alone was told.", d.field, d.arg, t.other.Name, d.of, t.owner.Name, marker, t.owner.Name),
		})
		return true, true
	}
	return false, sure
}

func (t *try) query(d door, id string) string {
	inside := within(t.e, d.of)
	if t.e.Schema.Types[t.e.Schema.Query][d.field].Type != d.of {
		inside = "{... on " + d.of + inside + "}"
	}
	// An identifier that is a number is written as one where its type says so; as text it fits ID in any case.
	return "{" + d.field + "(" + d.arg + ":" + strconv.Quote(id) + ")" + inside + "}"
}

// only is a value of the owner's object that somebody else was given with it and is told nowhere else. Short words and
// the identifier itself prove nothing.
func (t *try) only(object any, crossed *client.Exchange) string {
	const long = 8
	b, err := json.Marshal(object)
	if err != nil {
		return ""
	}
	values := answer.Values(&answer.Answer{Body: b})
	for _, path := range slices.Sorted(maps.Keys(values)) {
		if strings.HasSuffix(path, ".id") || strings.HasSuffix(path, "__typename") {
			continue
		}
		for _, v := range values[path] {
			if len(v) >= long && strings.Contains(string(crossed.Body), v) && !strings.Contains(t.others.text, v) {
				return v
			}
		}
	}
	return ""
}
