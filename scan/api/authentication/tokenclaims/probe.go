// Package tokenclaims reads what the caller's token says about itself, offline.
package tokenclaims

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/jwt"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/authentication/tokenclaims", Title: "Token lives too long or says too much", Severity: scan.Low, CWE: []int{613, 359},
		Standards: []string{"OWASP API2:2023", "PCI DSS 4.0 8.2.8", "SOC 2 CC6.1"}, Doc: doc,
	},
	Needs: api.Token, Whole: true,
	Fix: "Let access tokens end within minutes to a day and renew them by a refresh token that can be taken back; put an identifier into the token and keep personal data out of it.",
	Run: run,
}

// longest is a day: beyond, a stolen token outlives the working day of whoever could notice.
const longest = 24 * time.Hour

func run(_ context.Context, l *api.Look) {
	token, err := jwt.Parse(l.TokenHolder().Token())
	if err != nil {
		l.CannotTell(err.Error(), "")
		return
	}
	found := func(key, message string) {
		l.Found(api.Hit{Confidence: scan.Confirmed, Key: key, Param: "header:Authorization", Message: message})
	}
	exp, ends := token.Time("exp")
	iat, dated := token.Time("iat")
	switch {
	case !ends:
		found("exp", "The token never ends: it has no exp claim. A stolen one is good for ever.")
	case dated && exp.Sub(iat) > longest:
		found("exp", fmt.Sprintf("The token is good for %.0f hours, more than a day.", exp.Sub(iat).Hours()))
	}
	var personal []string
	for _, name := range slices.Sorted(maps.Keys(token.Claims)) {
		lower := strings.ToLower(name)
		for _, word := range []string{"email", "phone", "address", "birth", "ssn", "password", "given_name", "family_name"} {
			if _, isBool := token.Claims[name].(bool); strings.Contains(lower, word) && !isBool {
				personal = append(personal, name)
				break
			}
		}
	}
	if len(personal) > 0 {
		found("personal", fmt.Sprintf("The token carries personal data (%s) that anybody who sees it can read: it is signed, not encrypted.", strings.Join(personal, ", ")))
	}
	if !l.Told() {
		l.Clear("the token ends within a day and carries no personal data")
	}
}
