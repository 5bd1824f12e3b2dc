// Package signupflood finds more sign-ups than anybody waits for.
package signupflood

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
	ID: "signupflood", Version: 1, Doc: doc,
	Title: "A flood of sign-ups",
	Of:    "signup", Window: 10 * time.Minute, Key: detect.BySite, Most: 1, Conclude: conclude,
}

// Ten a minute, or eight times what is usual, is more than a small site gets on a good day. On its best day the visitors have
// many kinds of software; a flood has few.
const (
	floor  = 100
	factor = 8
	huge   = 1000
	alike  = 3 // addresses for each kind of software, at which a crowd is no crowd
)

func conclude(t *detect.Tally, usual detect.Usual) *detect.Conclusion {
	limit := float64(floor)
	if l := usual("signup.ok"); l.Days >= detect.MinDays {
		limit = max(limit, factor*l.Median/6)
	}
	if float64(t.Acts) < limit {
		return nil
	}
	severity := detect.Medium
	if t.Clients >= alike*t.Shapes || t.Acts >= alike*t.Clients {
		severity = detect.High
		if t.Acts >= huge {
			severity = detect.Critical
		}
	}
	rate := float64(t.Acts) / max(t.Span().Seconds(), 1)
	return &detect.Conclusion{
		Severity: severity, Route: t.Route(),
		Title: fmt.Sprintf("%s %s from %s: %s of them got an account", detect.Many(t.Acts, "sign-up", "sign-ups"), t.Within(), t.From(), detect.Number(t.OK)),
		Measures: []detect.Measure{
			{Name: "sign-ups", Value: float64(t.Acts), Limit: limit},
			{Name: "sign-ups a second", Value: rate},
			{Name: "kinds of software", Value: float64(t.Shapes)},
		},
		Advice: []string{
			"If no campaign of yours brings these people, close the sign-up for an hour; it opens again by itself.",
			"Mark the accounts made since it began, so that they send no mail until somebody looked at them.",
		},
	}
}
