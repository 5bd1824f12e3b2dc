// Package stuffingshape finds stuffing that comes from many addresses with one kind of software.
package stuffingshape

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
	ID: "stuffingshape", Version: 1, Doc: doc,
	Title: "Stuffing of leaked passwords, from many addresses with one software",
	Of:    "login", Window: 10 * time.Minute, Key: detect.ByShape, Conclude: conclude,
}

// What people use is shared by honest ones, most of whose sign-ins succeed: hence the share. A list tries each account about
// once: hence the accounts for each try. The numbers are modelled on a published attack of 16,600 addresses that all carried
// one user agent.
const (
	tries     = 30
	addresses = 20
	share     = 0.8
	fresh     = 0.7
)

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	seen := float64(t.OK + t.Failed)
	if t.Tries() < tries || t.Clients < addresses || t.Share() < share || seen == 0 || float64(t.Accounts) < fresh*seen {
		return nil
	}
	c := &detect.Conclusion{
		Severity: detect.High, Subject: detect.Printed(t.Key), Route: t.Route(),
		Title: fmt.Sprintf("Leaked passwords are tried from %s by %s: %s %s", t.From(), detect.Looks(t.Key), t.Missed("failed", "sign-in", "sign-ins"), t.Within()),
		Measures: []detect.Measure{
			{Name: "failed or refused sign-ins", Value: float64(t.Tries()), Limit: tries},
			{Name: "addresses", Value: float64(t.Clients), Limit: addresses},
			{Name: "share that failed", Value: t.Share(), Limit: share},
			{Name: "accounts for each try", Value: float64(t.Accounts) / seen, Limit: fresh},
		},
		Advice: []string{"Bans of single addresses do not end this. Let only clients known before sign in for an hour, or ban the fingerprint if customers do not have it."},
	}
	if entered := t.Entered(); len(entered) > 0 {
		c.Severity = detect.Critical
		c.Title += "; it got into " + detect.Many(uint64(len(entered)), "account", "accounts")
		c.Advice = append([]string{"End the sessions of the accounts that were entered and have their passwords changed."}, c.Advice...)
	}
	return c
}
