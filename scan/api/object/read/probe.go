// Package read asks as one person for the objects of another.
package read

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/object/read", Title: "Objects of others can be read", Severity: scan.High, CWE: []int{639, 863},
		Standards: []string{"OWASP API1:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Needs: api.TwoOrdinary,
	Fits:  fits,
	Fix:   "Fetch objects through their owner (Repo.get_by(Order, id: id, user_id: user.id)), and answer 404 where there is none.",
	Run:   run,
}

// fits are operations that read one object by an identifier: in the path, or in the query.
func fits(_ *api.Target, op *spec.Operation) bool {
	if op.Method != "GET" {
		return false
	}
	return len(op.PathParams()) > 0 || len(queryIDs(op)) > 0
}

func queryIDs(op *spec.Operation) []string {
	var names []string
	for _, p := range op.Params {
		lower := strings.ToLower(p.Name)
		if p.In == "query" && (lower == "id" || strings.HasSuffix(lower, "_id") || strings.HasSuffix(p.Name, "Id") || lower == "username" || lower == "user" || lower == "account" || lower == "email") {
			names = append(names, p.Name)
		}
	}
	return names
}

func run(ctx context.Context, l *api.Look) {
	people := l.Ordinary()
	told := false
	for _, pair := range [][2]*identity.Identity{{people[0], people[1]}, {people[1], people[0]}} {
		for _, where := range places(l.Op) {
			found, sure := cross(ctx, l, pair[0], pair[1], where)
			told = told || sure
			if found {
				return
			}
		}
	}
	if !told {
		l.CannotTell("no object was found that belongs to one of the two alone", "give identities that own something, and a specification that says how to list it")
		return
	}
	l.Clear("neither gets the objects of the other")
}

type place struct{ in, name string }

func places(op *spec.Operation) []place {
	var all []place
	for _, n := range op.PathParams() {
		all = append(all, place{"path", n})
	}
	slices.Reverse(all) // the last names the object; those before, whose it is
	for _, n := range queryIDs(op) {
		all = append(all, place{"query", n})
	}
	return all
}

// cross looks whether somebody gets what is the owner's alone. It is sure where it could compare.
func cross(ctx context.Context, l *api.Look, owner, other *identity.Identity, where place) (found, sure bool) {
	const tried = 3
	theirs := l.IDs(l.Op, where.name, other)
	n := 0
	for _, id := range l.IDs(l.Op, where.name, owner) {
		// What is in the other's own list was shared with them on purpose; what a list that all may read says to be the
		// owner's was at least named to them, and then only what is secret by its name counts.
		listed := slices.Contains(theirs, id)
		if listed && !said(l, owner, other, id) {
			sure = true
			continue
		}
		if n++; n > tried {
			break
		}
		ask := func(title string, who *identity.Identity, id string) *client.Exchange {
			r := l.RequestWith(l.Op, owner, map[string]string{where.name: id})
			if where.in == "query" {
				r = l.Request(l.Op, owner).Query(where.name, id)
			}
			return l.Ask(ctx, title, r.By(who))
		}
		mine := ask("the owner, "+owner.Name, owner, id)
		if !mine.OK() {
			continue
		}
		nowhere := ask("control: an object that cannot be", owner, l.Nowhere(l.Op, where.name, owner))
		nobody := ask("control: nobody", nil, id)
		crossed := ask("somebody else, "+other.Name, other, id)
		if !crossed.Kind().Tells() || !nowhere.Kind().Tells() {
			continue
		}
		sure = true
		if !crossed.OK() || !answer.SameShape(crossed.Answer, mine.Answer) || (nowhere.OK() && answer.Same(nowhere.Answer, crossed.Answer, answer.Volatile{})) {
			continue
		}
		if nobody.OK() && answer.SameShape(nobody.Answer, mine.Answer) {
			continue // anybody may read it: a matter of authentication, and its probe speaks of it
		}
		marker := only(l, mine, crossed, owner, other, id)
		if marker == "" || (listed && !personal(marker)) {
			continue
		}
		again := ask("somebody else, once more", other, id)
		if !again.OK() || !answer.SameShape(again.Answer, crossed.Answer) {
			continue
		}
		severity, confidence, list := scan.High, scan.Confirmed, "is in no list of "+other.Name+"'s"
		switch {
		case listed:
			confidence, list = scan.Firm, "the list names "+owner.Name+" as its owner"
		case personal(marker):
			severity = scan.Critical
		}
		l.Found(api.Hit{
			Severity: severity, Confidence: confidence, Param: where.in + ":" + where.name, Key: "read",
			Evidence: api.Show(mine, crossed, again, nowhere, nobody),
			Message: fmt.Sprintf("%s gives %s an object of %s's: it carries %s, which only %s was told, and %s.",
				l.Op.Name(), other.Name, owner.Name, marker, owner.Name, list),
		})
		return true, true
	}
	return false, sure
}

// only names a field whose value both answers share and that the other, or nobody, was never told. Short values and
// those that many objects share (true, "open", 3) prove nothing, nor does the identifier, which may be an echo.
func only(l *api.Look, mine, crossed *client.Exchange, owner, other *identity.Identity, id string) string {
	told := map[string]bool{}
	for _, who := range []*identity.Identity{other, nil} {
		for _, x := range l.Knows(who).Answers {
			for _, values := range answer.Values(x.Answer) {
				for _, v := range values {
					told[v] = true
				}
			}
		}
	}
	crossedValues := answer.Values(crossed.Answer)
	values := answer.Values(mine.Answer)
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if personal(a) != personal(b) {
			if personal(a) {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		for _, v := range values[name] {
			if len(v) >= 4 && !told[v] && slices.Contains(crossedValues[name], v) && v != id {
				return strings.TrimPrefix(name, ".")
			}
		}
	}
	return ""
}

// said says that a list the owner was told has the object beside the owner's own name, and not the other's.
func said(l *api.Look, owner, other *identity.Identity, id string) bool {
	for _, x := range l.Knows(owner).Answers {
		if x.OK() && whose(x.JSON(), id, names(l, owner), names(l, other), 0) {
			return true
		}
	}
	return false
}

// names are those that an identity goes by in its own page.
func names(l *api.Look, who *identity.Identity) map[string]bool {
	out := map[string]bool{}
	for path, x := range l.Knows(who).Answers {
		if !api.IsMe(path) || !x.OK() {
			continue
		}
		for name, values := range answer.Values(x.Answer) {
			last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
			if last == "id" || last == "email" || last == "username" || last == "login" || last == "user_id" {
				out[values[0]] = true
			}
		}
	}
	return out
}

func whose(v any, id string, own, others map[string]bool, depth int) bool {
	if depth > 6 {
		return false
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if whose(item, id, own, others, depth+1) {
				return true
			}
		}
	case map[string]any:
		is, mine := false, false
		for name, field := range v {
			text, isText := field.(string)
			if n, isNumber := field.(float64); isNumber && n == float64(int64(n)) {
				text, isText = fmt.Sprint(int64(n)), true
			}
			switch {
			case !isText:
				if whose(field, id, own, others, depth+1) {
					return true
				}
			case text == id:
				is = true
			case others[text]:
				return false
			default:
				mine = mine || own[text] && strings.ToLower(name) != "id"
			}
		}
		return is && mine
	}
	return false
}

// personal says that a field's name speaks of a person or a secret.
func personal(name string) bool {
	lower := strings.ToLower(name)
	for _, word := range []string{"email", "phone", "address", "birth", "ssn", "password", "card", "iban", "token", "secret", "salary", "location", "latitude"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
