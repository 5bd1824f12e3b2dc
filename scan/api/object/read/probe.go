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
	"palisade.dev/scan/api/object"
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

// fits are operations that read by an identifier, wherever they take it.
func fits(t *api.Target, op *spec.Operation) bool {
	return object.Reads(t, op) && len(object.Places(op)) > 0
}

func run(ctx context.Context, l *api.Look) {
	people := l.Ordinary()
	told := false
	for _, pair := range [][2]*identity.Identity{{people[0], people[1]}, {people[1], people[0]}} {
		for _, where := range object.Places(l.Op) {
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

// cross looks whether somebody gets what is the owner's alone. It is sure where it could compare.
func cross(ctx context.Context, l *api.Look, owner, other *identity.Identity, where object.Place) (found, sure bool) {
	const tried = 3
	theirs := l.IDs(l.Op, where.Known, other)
	n := 0
	for _, id := range l.IDs(l.Op, where.Known, owner) {
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
			return l.Ask(ctx, title, where.Request(l, l.Op, owner, who, id))
		}
		mine := ask("the owner, "+owner.Name, owner, id)
		if !mine.OK() {
			continue
		}
		nowhere := ask("control: an object that cannot be", owner, l.Nowhere(l.Op, where.Known, owner))
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
		marker := object.Only(l, mine, crossed, owner, other, id)
		if marker == "" || (listed && !object.Personal(marker)) {
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
		case object.Personal(marker):
			severity = scan.Critical
		}
		l.Found(api.Hit{
			Severity: severity, Confidence: confidence, Param: where.Param(), Key: "read",
			Evidence: api.Show(mine, crossed, again, nowhere, nobody),
			Message: fmt.Sprintf("%s gives %s an object of %s's: it carries %s, which only %s was told, and %s.",
				l.Op.Name(), other.Name, owner.Name, marker, owner.Name, list),
		})
		return true, true
	}
	return false, sure
}

// said says that a list the owner was told has the object beside the owner's own name, and not the other's.
func said(l *api.Look, owner, other *identity.Identity, id string) bool {
	for _, x := range l.Knows(owner).Answers {
		if x.OK() && whose(x.JSON(), id, object.Names(l, owner), object.Names(l, other), 0) {
			return true
		}
	}
	return false
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
