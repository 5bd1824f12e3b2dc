// Package keyguess finds clients that guess API keys.
package keyguess

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
	ID: "keyguess", Version: 1, Doc: doc,
	Title: "Guessing of API keys",
	Of:    detect.Request, Window: 10 * time.Minute, Key: wrong, Value: func(a *detect.Act) string { return a.Event.Key }, Conclude: conclude,
}

// A program with a wrong key has one wrong key. Ten different ones are tried.
const keys = 10

func wrong(a *detect.Act) string {
	if a.Event.Key == "" || a.Status != 401 && a.Status != 403 {
		return ""
	}
	return a.Client
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Values < keys {
		return nil
	}
	return &detect.Conclusion{
		Severity: detect.High, Subject: detect.Bannable(t.Key), Route: t.Route(),
		Title:    fmt.Sprintf("%s guesses API keys: %s were refused %s", t.Key, detect.Distinct(t.Values, "different key", "different keys"), t.Within()),
		Measures: []detect.Measure{{Name: "different keys that were refused", Value: float64(t.Values), Limit: keys}},
		Advice:   []string{"Ban the address for a day. If your keys are short or follow a pattern, make new ones of 128 bits."},
	}
}
