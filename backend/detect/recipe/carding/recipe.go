// Package carding finds one client that tries cards.
package carding

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
	ID: "carding", Version: 1, Doc: doc,
	Title: "Trying of stolen cards, from one client",
	Of:    "payment", Window: 15 * time.Minute, Key: detect.ByClient, Conclude: conclude,
}

// People give up after two or three refusals of their card; CrowdSec's recipe for shops overflows at the fourth.
const (
	declined = 5
	share    = 0.6
)

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Tries() < declined || t.Share() < share {
		return nil
	}
	severity := detect.Medium
	if t.Tries() >= 3*declined {
		severity = detect.High
	}
	return &detect.Conclusion{
		Severity: severity, Subject: detect.Bannable(t.Key), Route: t.Route(),
		Title: fmt.Sprintf("%s tries cards: %s %s, and %s that went through", t.Key, t.Missed("declined", "payment", "payments"), t.Within(), detect.Number(t.OK)),
		Measures: []detect.Measure{
			{Name: "declined or refused payments", Value: float64(t.Tries()), Limit: declined},
			{Name: "share that was declined", Value: t.Share(), Limit: share},
		},
		Advice: []string{
			"Refund what went through before the card's owner asks for it: each dispute costs more than the payment.",
			"Ban the address for a day.",
		},
	}
}
