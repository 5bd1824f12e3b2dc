// Package relay shows tokens that are good and not for here: those that its user gave to be refused, and, where the secret
// could be guessed, tokens whose claims say that they have ended or are for somebody else.
package relay

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/authentication/weaksecret"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/jwt"
	"palisade.dev/scan/api/spec"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/relay", Title: "Token is accepted that should be refused", Severity: scan.High, CWE: []int{613, 345, 294},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 8.2.8", "SOC 2 CC6.1"}, Doc: doc,
	},
	Needs: api.Identity, Whole: true,
	Fix: "Let the library check exp, nbf, iss and aud against values of your own settings, refuse tokens that lack them, and refuse an unknown crit and typ.",
	Run: run,
}

const unlock = "give tokens that must be refused, one that has ended or one for another service: --identity ended:refused=bearer:env:OLD_TOKEN"

func run(ctx context.Context, l *api.Look) {
	op, c := l.Guarded(ctx)
	if op == nil {
		l.NotGuarded()
		return
	}
	tried := 0
	for _, who := range l.MustRefuse() {
		x := l.Ask(ctx, "to be refused: "+who.Name, c.Valid.Request.By(who))
		if !x.Kind().Tells() {
			continue
		}
		tried++
		// It may be somebody else's, so the answer need not be the first identity's; junk must have been refused.
		if !x.OK() || c.Absence.Is(x) {
			continue
		}
		if again := l.Again(ctx, x, nil); again != nil {
			l.Found(api.Hit{
				Op: op, Confidence: scan.Confirmed, Key: who.Name, Evidence: api.Show(c.Valid, c.Junk, x, again),
				Message: fmt.Sprintf("%s accepts the credential %s, which was given as one that must be refused.", op.Name(), who.Name),
			})
		}
	}
	if forged, why := forge(ctx, l, op, c); why == "" {
		tried += forged
	} else if tried == 0 {
		l.CannotTell(why, unlock)
		return
	}
	if !l.Told() {
		l.Clear(fmt.Sprintf("%d credentials that should be refused were", tried))
	}
}

// claim is a token with one claim that should have it refused.
type claim struct {
	name     string
	severity scan.Severity
	has      string // a claim that the real token must have
	change   func(t *jwt.Token, now time.Time) *jwt.Token
}

func set(name string, v func(now time.Time) any) func(*jwt.Token, time.Time) *jwt.Token {
	return func(t *jwt.Token, now time.Time) *jwt.Token { return t.Claiming(map[string]any{name: v(now)}) }
}

func header(name string, v any) func(*jwt.Token, time.Time) *jwt.Token {
	return func(t *jwt.Token, _ time.Time) *jwt.Token { return t.With(map[string]any{name: v}) }
}

var claims = []claim{
	{"that ended an hour ago", scan.High, "exp", set("exp", func(now time.Time) any { return now.Add(-time.Hour).Unix() })},
	{"that never ends", scan.Low, "exp", set("exp", func(time.Time) any { return nil })},
	{"that begins tomorrow", scan.Low, "", set("nbf", func(now time.Time) any { return now.Add(24 * time.Hour).Unix() })},
	{"for another audience", scan.Medium, "aud", set("aud", func(time.Time) any { return "https://palisade.invalid" })},
	{"of another issuer", scan.Medium, "iss", set("iss", func(time.Time) any { return "https://palisade.invalid" })},
	{"with a critical header that nobody knows", scan.Low, "", header("crit", []any{"palisade"})},
	{"that says it is for signing out", scan.Low, "", header("typ", "logout+jwt")},
}

// forge signs claims of its own, where the secret is one that everybody tries first. It says why where it cannot.
func forge(ctx context.Context, l *api.Look, op *spec.Operation, c *api.Controls) (tried int, why string) {
	who := c.Valid.Request.As
	token, err := jwt.Parse(who.Token())
	if err != nil {
		return 0, "no credential was given that should be refused, and the first one is no token whose claims could be changed"
	}
	secret, _ := weaksecret.Guess(l, token)
	if secret == nil {
		return 0, "no credential was given that should be refused, and claims cannot be changed without the secret, which is none that everybody tries"
	}
	now := l.Client.Clock().Now()
	show := func(title string, t *jwt.Token) (identity.Secret, bool) {
		text := t.HMAC(secret)
		x := l.Ask(ctx, title, c.Valid.Request.Claiming(who, who.WithToken(text)))
		if !x.Kind().Tells() {
			return identity.Hide(text), false
		}
		tried++
		return identity.Hide(text), c.LetIn(x)
	}
	if _, in := show("control: signed by the guessed secret, with the claims as they are", token.Claiming(nil)); !in {
		return 0, "a token that was signed anew by the guessed secret was not accepted"
	}
	for _, cl := range claims {
		if _, has := token.Claims[cl.has]; cl.has != "" && !has {
			continue
		}
		text, in := show("a token "+cl.name, cl.change(token, now))
		if !in {
			continue
		}
		again := l.Ask(ctx, "a token "+cl.name+", once more", c.Valid.Request.Claiming(who, who.WithToken(text.Reveal())))
		if !c.LetIn(again) {
			continue
		}
		l.Found(api.Hit{
			Op: op, Severity: cl.severity, Confidence: scan.Confirmed, Param: "header:Authorization", Key: cl.name, Evidence: api.Show(c.Valid, c.Junk, again),
			Message: fmt.Sprintf("%s accepts a token %s. It was signed by the secret that could be guessed.", op.Name(), cl.name),
		})
	}
	return tried, ""
}
