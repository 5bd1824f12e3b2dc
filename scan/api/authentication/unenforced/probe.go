// Package unenforced asks operations without a credential and with junk, and compares with what the owner of a real one
// gets.
package unenforced

import (
	"context"
	_ "embed"
	"fmt"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/unenforced", Title: "Protected operation answers without a credential", Severity: scan.High,
		CWE: []int{306}, Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 6.2.4", "SOC 2 CC6.1"}, Doc: doc,
	},
	Fix: "Check the credential before the handler runs, for every method of the path, and answer 401 without one. Declare operations that are open on purpose with `security: []`.",
	Run: run,
}

func run(ctx context.Context, l *api.Look) {
	if l.Op.Demand == spec.Open || l.Op.Demand == spec.Optional {
		l.Clear("the specification says that it is open")
		return
	}
	if l.Op.Demand == spec.Unsaid && api.SignsIn(l.Op) {
		l.Clear("it is how people come by a credential")
		return
	}
	c := l.Controls(ctx, l.Op)
	if l.Silent(c.Nobody) {
		return
	}
	if c.Valid == nil {
		alone(ctx, l, c)
		return
	}
	if l.Silent(c.Valid, c.Junk) {
		return
	}
	if !c.Valid.OK() {
		if c.Nobody.Kind() == answer.Denied {
			l.Clear("it asks for a credential")
			return
		}
		l.CannotTell(fmt.Sprintf("%s is %s there, so there is nothing to compare with", c.Valid.Request.As.Name, c.Valid.Kind()), "give an identity that may use it, or example values in the specification")
		return
	}
	if !c.Nobody.OK() || c.Absence.Is(c.Nobody) || !answer.Same(c.Valid.Answer, c.Nobody.Answer, c.Volatile) {
		l.Clear("without a credential it answers otherwise")
		return
	}
	if l.Op.Demand == spec.Unsaid && !readsDemand(ctx, l) {
		l.Clear("it is the same for everybody, and nothing says that it should not be")
		return
	}
	again := l.Again(ctx, c.Nobody, c)
	if again == nil {
		l.CannotTell("the answer without a credential was not the same twice", "")
		return
	}
	severity := scan.High
	if !l.Op.Safe() {
		severity = scan.Critical
	}
	l.Found(api.Hit{
		Severity: severity, Confidence: scan.Confirmed, Key: "nobody", Evidence: api.Show(c.Valid, c.Nobody, again, c.Junk),
		Message: fmt.Sprintf("%s gives the same answer without any credential as to %s, though it should ask for one.", l.Op.Name(), c.Valid.Request.As.Name),
	})
}

// alone judges without an identity: only a specification that demands a credential makes an answer a fault.
func alone(ctx context.Context, l *api.Look, c *api.Controls) {
	switch {
	case c.Nobody.Kind() == answer.Denied:
		l.Clear("it asks for a credential")
	case !c.Nobody.OK() || c.Absence.Is(c.Nobody):
		l.CannotTell("without a credential it is "+c.Nobody.Kind().String(), "give an identity: --identity alice=bearer:env:ALICE_TOKEN")
	case l.Op.Demand != spec.Required:
		l.Clear("nothing says that it should ask for a credential")
	default:
		again := l.Again(ctx, c.Nobody, nil)
		if again == nil {
			l.CannotTell("the answer was not the same twice", "")
			return
		}
		l.Found(api.Hit{
			Confidence: scan.Firm, Key: "nobody", Evidence: api.Show(c.Nobody, again, c.Absence.Example()),
			Message: fmt.Sprintf("The specification demands a credential for %s, and it answers without one.", l.Op.Name()),
		})
	}
}

// readsDemand says that a write is open whose path turns readers away. The other way round, an open page that only some
// may change, is how most of the web works.
func readsDemand(ctx context.Context, l *api.Look) bool {
	if l.Op.Safe() {
		return false
	}
	for _, op := range l.Operations {
		if op.Path == l.Op.Path && op.Safe() && (op.Demand == spec.Required || (l.Askable(op) && l.Controls(ctx, op).Nobody.Kind() == answer.Denied)) {
			return true
		}
	}
	return false
}
