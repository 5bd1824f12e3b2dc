// Package enumeration finds somebody who tries the ids of what is not theirs.
package enumeration

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
	ID: "enumeration", Version: 1, Doc: doc,
	Title: "Trying of other people's ids",
	Of:    detect.Request, Window: 10 * time.Minute, Key: who, Value: func(a *detect.Act) string { return a.Path }, Conclude: conclude,
}

// Twenty refused ids of one route within ten minutes are not followed links. Without refusals it takes hundreds: either
// nothing is theirs to refuse, or the app does not check.
const (
	refused = 20
	share   = 0.3
)

// who is the account, key or client that asks, with the route whose ids it tries.
func who(a *detect.Act) string {
	if !strings.Contains(a.Route, "*") || a.Status >= 500 || a.Status == 429 {
		return ""
	}
	switch {
	case a.Account != "":
		return "account:" + a.Account + " " + a.Route
	case a.Event.Key != "":
		return "api_key:" + a.Event.Key + " " + a.Route
	}
	return a.Client + " " + a.Route
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Tries() < refused || t.Values < refused || t.Share() < share {
		return nil
	}
	subject, route, _ := strings.Cut(t.Key, " ")
	severity := detect.Medium
	if t.OK > 0 {
		severity = detect.High
	}
	name := subject
	if kind, value, ok := strings.Cut(subject, ":"); ok && (kind == "account" || kind == "api_key") {
		name = strings.ReplaceAll(kind, "api_key", "API key") + " " + value
	} else {
		subject = detect.Bannable(subject)
	}
	return &detect.Conclusion{
		Severity: severity, Subject: subject, Route: route,
		Title: fmt.Sprintf("%s tries ids of %s: %s %s, of which %s and %s", name, route, detect.Distinct(t.Values, "different one", "different ones"), t.Within(), detect.Many(t.Tries(), "was refused", "were refused"), detect.Many(t.OK, "was given", "were given")),
		Measures: []detect.Measure{
			{Name: "ids refused", Value: float64(t.Tries()), Limit: refused},
			{Name: "share refused", Value: t.Share(), Limit: share},
			{Name: "ids asked for", Value: float64(t.Values)},
		},
		Advice: []string{
			"Look at the requests that were answered: does each of these objects belong to whoever asked? If not, the route lacks a check, and this is a leak.",
			"Ban whoever it is until that is clear.",
		},
	}
}
