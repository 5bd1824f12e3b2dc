// Package guessing finds one account whose password many guess at.
package guessing

import (
	_ "embed"
	"fmt"
	"time"

	"palisade.dev/backend/detect"
)

//go:embed doc.md
var doc string

// Recipe is the recipe.
var Recipe = detect.Recipe{
	ID: "guessing", Version: 1, Doc: doc,
	Title: "Guessing at one account",
	Of:    "login", Window: time.Hour, Key: account, Conclude: conclude,
}

// Ten failures from three networks are no longer somebody who forgot a password at home and at work; a hundred in an hour is
// the ceiling that the OWASP verification standard sets for one account.
const (
	failures = 10
	places   = 3
	ceiling  = 100
)

func account(a *detect.Act) string {
	if a.Result == detect.Refused {
		return "" // whose it would have been is not known
	}
	return detect.ByAccount(a)
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Failed < failures || t.Places < places && t.Failed < ceiling {
		return nil
	}
	c := &detect.Conclusion{
		Severity: detect.Medium, Route: t.Route(),
		Title: fmt.Sprintf("Somebody guesses at the password of %s: %s from %s %s", t.Key, detect.Many(t.Failed, "failed sign-in", "failed sign-ins"), t.From(), t.Within()),
		Measures: []detect.Measure{
			{Name: "failed sign-ins", Value: float64(t.Failed), Limit: failures},
			{Name: "networks", Value: float64(t.Places), Limit: places},
		},
		Advice: []string{"Do not ban the account: that would do the attacker's work. Tell its owner, and ask for a second factor."},
	}
	if t.Failed >= ceiling {
		c.Severity = detect.High
		c.Measures[0].Limit = ceiling
	}
	if t.OK > 0 {
		c.Title += "; a sign-in succeeded, which may be the owner's"
	}
	return c
}
