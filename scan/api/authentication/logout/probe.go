// Package logout signs in, signs out, and shows the credential once more.
package logout

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/spec"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe. It runs apart: while it is signed out, other probes would be turned away.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/logout", Title: "Credential works after signing out", Severity: scan.Medium, CWE: []int{613},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.2.8", "PCI DSS 4.0 8.3", "SOC 2 CC6.1"}, Doc: doc,
	},
	Mode: api.Intrusive, Needs: api.Identity, Whole: true, Apart: true,
	Fix: "Keep sessions where they can be ended, or a list of tokens (jti) that were taken back until they would have ended, and look there on every request.",
	Run: run,
}

var door = late.Pattern(`(?i)[/_.-](log-?_?out|sign-?_?out)/?$|/(session|token)/revoke/?$|/revoke/?$`)

// out are the operations that end a session: POST /logout, DELETE /session.
func out(t *api.Target) *spec.Operation {
	for _, op := range t.Operations {
		path := strings.ToLower(strings.TrimSuffix(op.Path, "/"))
		if len(op.PathParams()) == 0 && (op.Method != "GET" && door.MatchString(op.Path) || op.Method == "DELETE" && (strings.HasSuffix(path, "/session") || strings.HasSuffix(path, "/login"))) {
			return op
		}
	}
	return nil
}

func run(ctx context.Context, l *api.Look) {
	leave := out(l.Target)
	if leave == nil {
		l.CannotTell("no operation signs out", "give a specification that names it")
		return
	}
	who := signsIn(l)
	if who == nil {
		l.CannotTell("signing out would end the identity's session for good", "give an identity that can sign in again: --identity erin=login:erin.yml")
		return
	}
	op, c := l.Guarded(ctx)
	if op == nil {
		l.NotGuarded()
		return
	}
	if fresh, err := l.Refresh(ctx, who); err != nil || !fresh {
		l.CannotTell("signing in anew failed", "")
		return
	}
	credential := who.Secret().Reveal()
	defer func() { _, _ = l.Refresh(ctx, who) }() // those who come after are to be signed in
	before := l.Ask(ctx, "control: signed in", c.Valid.Request.Claiming(who, credential))
	left := l.Ask(ctx, "signing out", l.Request(leave, who).Claiming(who, credential))
	if l.Silent(before, left) {
		return
	}
	if !before.OK() || !left.OK() && left.Kind() != answer.Moved {
		l.CannotTell(fmt.Sprintf("signing in was %s, signing out %s", before.Kind(), left.Kind()), "")
		return
	}
	after := l.Ask(ctx, "signed out, with the same credential", before.Request)
	again := l.Ask(ctx, "signed out, once more", before.Request)
	if l.Silent(after) {
		return
	}
	if !after.OK() || !again.OK() || !answer.Same(before.Answer, after.Answer, c.Volatile) {
		l.Clear("after signing out the credential is refused")
		return
	}
	l.Found(api.Hit{
		Op: leave, Confidence: scan.Confirmed, Key: "logout", Evidence: api.Show(before, left, after, again),
		Message: fmt.Sprintf("%s ends nothing: the credential that was signed out goes on being accepted by %s. Whoever has a copy keeps it until it ends by itself.", leave.Name(), op.Name()),
	})
}

func signsIn(l *api.Look) *identity.Identity {
	if first := l.First(); first.SignsIn() {
		return first
	}
	return nil
}
