// Package filter asks as one person for a list, narrowed to what is another's.
package filter

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"net/http"
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
		ID: "api/object/filter", Title: "A filter lists what is somebody else's", Severity: scan.High, CWE: []int{639, 863},
		Standards: []string{"OWASP API1:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Mode: api.Active, Needs: api.TwoOrdinary,
	Fits: fits,
	Fix:  "Begin every list from its owner (where(user_id: ^user.id)) and let filters only narrow it; refuse a filter for somebody else unless the caller's role may see them.",
	Run:  run,
}

// fits are operations that list.
func fits(t *api.Target, op *spec.Operation) bool {
	return op.Method == http.MethodGet && t.Askable(op) && !strings.HasSuffix(op.Path, "}") && op.Demand != spec.Open && !api.IsMe(op.Path)
}

// guessed are names that servers read though they say nothing of them.
var guessed = []string{"user_id", "userId", "user", "owner_id", "ownerId", "owner", "account_id", "accountId", "customer_id", "customerId", "username", "email"}

// person is what somebody is called in their own page.
type person struct{ id, name, mail string }

func (p person) as(param string) string {
	lower := strings.ToLower(param)
	switch {
	case strings.Contains(lower, "email"):
		return p.mail
	case strings.Contains(lower, "name") || lower == "user" || lower == "owner":
		if p.name != "" {
			return p.name
		}
	}
	return p.id
}

func run(ctx context.Context, l *api.Look) {
	people := l.Ordinary()
	told := false
	for _, pair := range [][2]*identity.Identity{{people[0], people[1]}, {people[1], people[0]}} {
		found, sure := cross(ctx, l, pair[0], pair[1])
		if told = told || sure; found {
			return
		}
	}
	if !told {
		l.CannotTell("neither has a list with something of their own in it, and a page that says who they are", "give identities that own something, and a specification that names the page about oneself")
		return
	}
	l.Clear("no filter, declared or guessed, lists what is the other's")
}

// cross asks as one for the list of the other. It is sure where there was something to see.
func cross(ctx context.Context, l *api.Look, owner, other *identity.Identity) (found, sure bool) {
	them := who(l, owner)
	mine := l.Ask(ctx, "the owner, "+owner.Name, l.Request(l.Op, owner).By(owner))
	plain := l.Ask(ctx, "control: somebody else, "+other.Name+", without a filter", l.Request(l.Op, other).By(other))
	if them == (person{}) || !mine.OK() || !plain.Kind().Tells() || object.Only(l, mine, mine, owner, other, them.id) == "" {
		return false, false
	}
	ask := func(title string, by *identity.Identity, p person, names ...string) *client.Exchange {
		r := l.Request(l.Op, by).By(by)
		for _, n := range names {
			if v := p.as(n); v != "" {
				r = r.Query(n, v)
			}
		}
		return l.Ask(ctx, title, r)
	}
	carries := func(x *client.Exchange) string {
		if !x.OK() {
			return ""
		}
		return object.Only(l, mine, x, owner, other, them.id)
	}
	var declared []string
	for _, p := range l.Op.Params {
		if p.In == "query" && object.Identifies(p.Name) && them.as(p.Name) != "" {
			declared = append(declared, p.Name)
		}
	}
	for i, names := range [][]string{declared, guessed} {
		if i == 1 {
			// All guesses at once: where nothing comes of it, none of them is read, and a dozen requests are saved.
			x := ask("somebody else, "+other.Name+", with filters for "+owner.Name, other, them, names...)
			if sure = sure || x.Kind().Tells(); carries(x) == "" {
				continue
			}
		}
		for _, n := range names {
			one := ask("somebody else, "+other.Name+", filtered by "+n, other, them, n)
			sure = sure || one.Kind().Tells()
			marker := carries(one)
			if marker == "" || carries(plain) != "" {
				continue
			}
			nobody := ask("control: nobody", nil, them, n)
			if nobody.OK() && answer.SameShape(nobody.Answer, mine.Answer) {
				continue // anybody may read it: another probe's matter
			}
			again := ask("somebody else, once more", other, them, n)
			// Other probes create objects meanwhile: what the list without a filter carries by now proves nothing.
			if still := l.Ask(ctx, plain.Title+", once more", plain.Request); carries(again) != marker || carries(still) != "" {
				continue
			}
			severity := scan.High
			if object.Personal(marker) {
				severity = scan.Critical
			}
			l.Found(api.Hit{
				Severity: severity, Confidence: scan.Confirmed, Param: "query:" + n, Key: "filter", Evidence: api.Show(mine, plain, one, again, nobody),
				Message: fmt.Sprintf("%s lists for %s what is %s's where %s names them: it carries %s, which only %s was told.", l.Op.Name(), other.Name, owner.Name, n, marker, owner.Name),
			})
			return true, true
		}
	}
	return false, sure
}

// who reads what somebody is called from their own page.
func who(l *api.Look, i *identity.Identity) person {
	var p person
	answers := l.Knows(i).Answers
	for _, path := range slices.Sorted(maps.Keys(answers)) {
		if !api.IsMe(path) || !answers[path].OK() {
			continue
		}
		values := answer.Values(answers[path].Answer)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			set := func(to *string) {
				if *to == "" {
					*to = values[name][0]
				}
			}
			switch strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]) {
			case "id", "user_id", "userid", "uuid":
				set(&p.id)
			case "email":
				set(&p.mail)
			case "username", "login":
				set(&p.name)
			}
		}
	}
	return p
}
