// Package privileged asks operations for administrators as somebody ordinary, and as nobody.
package privileged

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/function"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/function/privileged", Title: "Privileged operation answers without the rights", Severity: scan.High, CWE: []int{285, 863},
		Standards: []string{"OWASP API5:2023", "PCI DSS 4.0 7.2", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1", "SOC 2 CC6.3"}, Doc: doc,
	},
	Needs: api.Identity,
	Fits:  fits,
	Fix:   "Check the role where the route is declared, for the whole scope, and refuse by default; a hidden menu is no check.",
	Run:   run,
}

func fits(t *api.Target, op *spec.Operation) bool {
	return op.Safe() && t.Askable(op) && op.Demand != spec.Open && function.Privileged(op)
}

func run(ctx context.Context, l *api.Look) {
	ordinary := l.Ordinary()
	if len(ordinary) == 0 {
		l.CannotTell("all identities have special rights", "give an ordinary one: --identity alice=bearer:env:ALICE_TOKEN")
		return
	}
	low, high := ordinary[0], l.High()
	ask := func(title string, r client.Request) *client.Exchange { return l.Ask(ctx, title, r) }
	r := l.Request(l.Op, high)
	as := ask("ordinary, "+low.Name, r.By(low))
	if l.Silent(as) {
		return
	}
	absence := l.Absence(ctx, l.Op.Path, low)
	if !as.OK() || absence.Is(as) {
		l.Clear(low.Name + " is " + as.Kind().String())
		return
	}
	var root *client.Exchange
	var proof string
	confidence := scan.Confirmed
	if high != nil {
		root = ask("privileged, "+high.Name, r.By(high))
		if l.Silent(root) {
			return
		}
		if !root.OK() || !answer.SameShape(root.Answer, as.Answer) {
			l.Clear(low.Name + " is answered otherwise than " + high.Name)
			return
		}
		if !foreign(l, as) && len(l.Op.PathParams()) == 0 && !answer.Same(root.Answer, as.Answer, answer.Volatile{}) {
			l.Clear(low.Name + " gets an answer of the same form with other content: probably what is theirs")
			return
		}
		proof = "the same as to " + high.Name
	} else {
		if !foreign(l, as) {
			l.CannotTell(low.Name+" is answered, and whether that is meant so cannot be told without somebody who has the rights", "give a privileged identity: --identity root:admin=bearer:env:ADMIN_TOKEN")
			return
		}
		confidence, proof = scan.Firm, "with mail addresses of several other people"
	}
	again := ask("ordinary, once more", r.By(low))
	if !again.OK() || !answer.SameShape(again.Answer, as.Answer) {
		l.CannotTell("the answer was not the same twice", "")
		return
	}
	severity, who := scan.High, low.Name+", who has no special rights"
	nobody := ask("nobody", r.By(nil))
	if nobody.OK() && answer.SameShape(nobody.Answer, as.Answer) {
		severity, who = scan.Critical, "anybody"
	}
	l.Found(api.Hit{
		Severity: severity, Confidence: confidence, Key: "privileged", Evidence: api.Show(root, as, again, nobody),
		Message: fmt.Sprintf("%s is for privileged people by its name or description, and answers %s, %s.", l.Op.Name(), who, proof),
	})
}

var mail = late.Pattern(`^[^@\s]+@[^@\s]+\.[a-z]+$`)

// foreign says that an answer carries mail addresses of at least two people who are not the one who asks.
func foreign(l *api.Look, x *client.Exchange) bool {
	own := map[string]bool{}
	for path, k := range l.Knows(x.Request.As).Answers {
		if api.IsMe(path) {
			for _, values := range answer.Values(k.Answer) {
				for _, v := range values {
					own[v] = true
				}
			}
		}
	}
	others := map[string]bool{}
	for _, values := range answer.Values(x.Answer) {
		for _, v := range values {
			if mail.MatchString(v) && !own[v] {
				others[v] = true
			}
		}
	}
	return len(others) >= 2
}
