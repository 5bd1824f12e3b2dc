// Package stuffing finds one client that tries many accounts.
package stuffing

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
	ID: "stuffing", Version: 1, Doc: doc,
	Title: "Stuffing of leaked passwords, from one client",
	Of:    "login", Window: 10 * time.Minute, Key: detect.ByClient, Conclude: conclude,
}

// Thirty failures of more than five accounts is Datadog's limit for one address; for addresses that anybody can rent, half.
// An office where many mistype is told apart by its successes.
const (
	limit       = 30
	limitRented = 15
	accounts    = 5
	share       = 0.5
)

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	most := uint64(limit)
	if t.Rented() {
		most = limitRented
	}
	if t.Tries() < most || t.Accounts <= accounts || t.Share() < share {
		return nil
	}
	c := &detect.Conclusion{
		Severity: detect.High, Subject: detect.Bannable(t.Key), Route: t.Route(),
		Title: fmt.Sprintf("%s tries leaked passwords: %s for %s %s", t.Key, t.Missed("failed", "sign-in", "sign-ins"), detect.Distinct(t.Accounts, "account", "accounts"), t.Within()),
		Measures: []detect.Measure{
			{Name: "failed or refused sign-ins", Value: float64(t.Tries()), Limit: float64(most)},
			{Name: "accounts tried", Value: float64(t.Accounts), Limit: accounts},
			{Name: "share that failed", Value: t.Share(), Limit: share},
		},
		Advice: []string{"Ban the address for a day. What is blocked by rule already needs no ban."},
	}
	if entered := t.Entered(); len(entered) > 0 {
		c.Severity = detect.Critical
		c.Title += "; it got into " + detect.Many(uint64(len(entered)), "account", "accounts")
		c.Advice = append([]string{"End the sessions of the accounts that were entered and have their passwords changed: whoever got in has the password."}, c.Advice...)
	}
	return c
}
