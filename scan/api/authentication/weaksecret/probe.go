// Package weaksecret tries a list of secrets that people leave in place against the caller's token, offline.
package weaksecret

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/jwt"
)

//go:embed doc.md
var doc string

//go:embed secrets.txt
var secrets string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/weaksecret", Title: "Token is signed with a secret that can be guessed", Severity: scan.Critical, CWE: []int{521, 1391},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.3", "PCI DSS 4.0 2.2.2", "SOC 2 CC6.1"}, Doc: doc,
	},
	Needs: api.Token, Whole: true,
	Fix: "Draw a secret of at least 32 random bytes (mix phx.gen.secret, openssl rand -base64 48), keep it out of the source, and give out no more tokens by the old one.",
	Run: run,
}

func run(_ context.Context, l *api.Look) {
	token, err := jwt.Parse(l.TokenHolder().Token())
	if err != nil {
		l.CannotTell(err.Error(), "give an identity whose credential is a signed JSON Web Token")
		return
	}
	if !strings.HasPrefix(token.Alg(), "HS") {
		l.Clear("tokens are signed by " + token.Alg() + ", with no secret to guess")
		return
	}
	secret, tried := Guess(l, token)
	if secret == nil {
		l.Clear(fmt.Sprintf("the secret is none of %d that everybody tries first", tried))
		return
	}
	l.Found(api.Hit{
		Confidence: scan.Confirmed, Param: "header:Authorization", Key: "secret",
		// The secret itself is not shown: it is one, as long as it is in use.
		Message: fmt.Sprintf("The secret that tokens are signed with has %d letters and is on a list that everybody tries first (found offline, without a request). Whoever knows it signs in as anybody.", len(secret)),
	})
}

// Guess tries all secrets on a token, and says how many it tried. It gives nil where none of them fits.
func Guess(l *api.Look, token *jwt.Token) (secret []byte, tried int) {
	candidates := strings.Split(secrets, "\n")
	for _, claim := range []string{"iss", "aud"} {
		if s, ok := token.Claims[claim].(string); ok {
			candidates = append(candidates, s, s+"-secret", s+"_secret", s+"123")
		}
	}
	for _, s := range append(candidates, l.Base.Hostname()) {
		if s == "" {
			continue
		}
		tried++
		if token.MadeWith([]byte(s)) {
			return []byte(s), tried
		}
	}
	return nil, tried
}
