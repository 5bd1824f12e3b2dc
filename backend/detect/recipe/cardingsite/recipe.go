// Package cardingsite finds more declined payments than this site has.
package cardingsite

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
	ID: "cardingsite", Version: 1, Doc: doc,
	Title: "More declined payments than usual",
	Of:    "payment", Window: 15 * time.Minute, Key: detect.BySite, Most: 1, Conclude: conclude,
}

// Some 5 % of payments are declined in ordinary times; testers bring that above 40 % within minutes and above 90 % at the worst.
const (
	payments  = 20
	share     = 0.4
	worst     = 0.7
	up        = 0.25
	addresses = 5
)

func conclude(t *detect.Tally, usual detect.Usual) *detect.Conclusion {
	least := max(share, detect.UsualShare(usual, "payment.declined", "payment.ok")+up)
	if t.Acts < payments || t.Share() < least || t.Clients < addresses {
		return nil
	}
	severity := detect.Medium
	if t.Share() >= worst {
		severity = detect.High
	}
	return &detect.Conclusion{
		Severity: severity, Route: t.Route(),
		Title: fmt.Sprintf("%.0f %% of %s %s are declined, from %s", 100*t.Share(), detect.Many(t.Acts, "payment", "payments"), t.Within(), t.From()),
		Measures: []detect.Measure{
			{Name: "share that was declined", Value: t.Share(), Limit: least},
			{Name: "payments", Value: float64(t.Acts), Limit: payments},
			{Name: "addresses", Value: float64(t.Clients), Limit: addresses},
		},
		Advice: []string{
			"See first whether the payment provider has trouble: then all are declined alike.",
			"If cards are tried, let only clients known before pay for an hour, and refund what went through.",
		},
	}
}
