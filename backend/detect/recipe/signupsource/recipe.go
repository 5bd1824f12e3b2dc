// Package signupsource finds one client that makes many accounts.
package signupsource

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
	ID: "signupsource", Version: 1, Doc: doc,
	Title: "Many sign-ups from one client",
	Of:    "signup", Window: 10 * time.Minute, Key: detect.ByClient, Conclude: conclude,
}

// AWS calls more than 10, 15 and 20 accounts in ten minutes from one address low, medium and high. A class of pupils is behind
// one address too, but each has a device of their own.
const (
	low, medium, high = 10, 15, 20
	devices           = 0.5
)

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Acts <= low {
		return nil
	}
	severity, limit := detect.Low, low
	switch crowd := float64(t.Shapes) >= devices*float64(t.Acts); {
	case crowd:
	case t.Acts > high:
		severity, limit = detect.High, high
	case t.Acts > medium:
		severity, limit = detect.Medium, medium
	}
	return &detect.Conclusion{
		Severity: severity, Subject: detect.Bannable(t.Key), Route: t.Route(),
		Title: fmt.Sprintf("%s signs up again and again: %s %s, with %s", t.Key, detect.Many(t.Acts, "time", "times"), t.Within(), detect.Distinct(t.Shapes, "kind of software", "kinds of software")),
		Measures: []detect.Measure{
			{Name: "sign-ups", Value: float64(t.Acts), Limit: float64(limit)},
			{Name: "kinds of software", Value: float64(t.Shapes)},
		},
		Advice: []string{"Ban the address for an hour, unless it is a class or an event of yours."},
	}
}
