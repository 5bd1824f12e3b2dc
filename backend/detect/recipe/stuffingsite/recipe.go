// Package stuffingsite finds more failed sign-ins than this site has at this hour.
package stuffingsite

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
	ID: "stuffingsite", Version: 1, Doc: doc,
	Title: "More failed sign-ins than usual",
	Of:    "login", Window: 10 * time.Minute, Key: detect.BySite, Most: 1, Conclude: conclude,
}

// The floor is what a small site never sees by chance; where a week is known, the limit is what is usual at this hour and six
// times its spread. Either way the share of failures has to be up by a quarter.
const (
	floor        = 40
	floorUnknown = 150
	up           = 0.25
	addresses    = 20
)

func conclude(t *detect.Tally, usual detect.Usual) *detect.Conclusion {
	least := float64(floorUnknown)
	if usual("login.failed").Days >= detect.MinDays {
		least = floor
	}
	limit := detect.Over(usual("login.failed"), 10*time.Minute, least)
	share := detect.UsualShare(usual, "login.failed", "login.ok")
	if float64(t.Tries()) < limit || t.Share() < share+up || t.Clients < addresses {
		return nil
	}
	return &detect.Conclusion{
		Severity: detect.High, Route: t.Route(),
		Title: fmt.Sprintf("%s for %s from %s %s: far more than usual", t.Missed("failed", "sign-in", "sign-ins"), detect.Distinct(t.Accounts, "account", "accounts"), t.From(), t.Within()),
		Measures: []detect.Measure{
			{Name: "failed or refused sign-ins", Value: float64(t.Tries()), Limit: limit},
			{Name: "share that failed", Value: t.Share(), Limit: share + up},
			{Name: "addresses", Value: float64(t.Clients), Limit: addresses},
		},
		Advice: []string{
			"See first whether the app itself is broken: a faulty release fails everybody's sign-in.",
			"If it is an attack, let only clients known before sign in for an hour.",
		},
	}
}
