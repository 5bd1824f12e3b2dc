// Package pumping finds messages that are sent to a block of numbers.
package pumping

import (
	_ "embed"
	"fmt"
	"strings"
	"time"

	"palisade.dev/backend/detect"
)

//go:embed doc.md
var doc string

// Recipe is the recipe.
var Recipe = detect.Recipe{
	ID: "pumping", Version: 1, Doc: doc,
	Title: "Pumping of text messages",
	Of:    "send", Window: 10 * time.Minute, Key: block, Value: func(a *detect.Act) string { return a.Subject }, Conclude: conclude,
}

// Whoever is paid for messages that arrive rents blocks of adjacent numbers. Five of a thousand neighbours within ten minutes
// do not happen to a site by chance; Twilio's guide names adjacent blocks as the first sign.
const (
	numbers = 5
	many    = 20
	digits  = 8 // below that it is no number of a whole country
	last    = 3
)

// block is the number without its last three digits.
func block(a *detect.Act) string {
	number := strings.Map(func(c rune) rune {
		if strings.ContainsRune(" -./()", c) {
			return -1
		}
		return c
	}, a.Subject)
	if len(strings.TrimPrefix(number, "+")) < digits || strings.Trim(number, "+0123456789") != "" {
		return ""
	}
	return number[:len(number)-last]
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Values < numbers {
		return nil
	}
	severity := detect.Medium
	if t.Values >= many {
		severity = detect.High
	}
	return &detect.Conclusion{
		Severity: severity, Route: t.Route(),
		Title:    fmt.Sprintf("Messages are sent to %s of the block %s…: %s %s", detect.Distinct(t.Values, "number", "numbers"), t.Key, detect.Many(t.Acts, "message", "messages"), t.Within()),
		Measures: []detect.Measure{{Name: "numbers of one block", Value: float64(t.Values), Limit: numbers}},
		Advice: []string{
			"Close the route that sends messages for an hour, or block the country's prefix with the provider: every message is paid by you.",
			"Ask the provider to pay back what was pumped.",
		},
	}
}
