// Package keyshared finds an API key that is used from too many places.
package keyshared

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
	ID: "keyshared", Version: 1, Doc: doc,
	Title: "An API key is used from many places",
	Of:    detect.Request, Window: time.Hour, Key: good, Conclude: conclude,
}

// A server has one network and one kind of software, a cluster a few. A key that leaked is used from elsewhere and by other
// software at the same time.
const (
	places   = 8
	many     = 30
	software = 3
)

func good(a *detect.Act) string {
	if a.Status >= 400 || a.Result == detect.Refused {
		return ""
	}
	return a.Event.Key
}

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Places < places || t.Shapes < software {
		return nil
	}
	severity := detect.Medium
	if t.Places >= many {
		severity = detect.High
	}
	return &detect.Conclusion{
		Severity: severity, Subject: "api_key:" + t.Key, Route: t.Route(),
		Title: fmt.Sprintf("API key %s is used from %s by %s %s", t.Key, detect.Distinct(t.Places, "network", "networks"), detect.Distinct(t.Shapes, "kind of software", "kinds of software"), t.Within()),
		Measures: []detect.Measure{
			{Name: "networks", Value: float64(t.Places), Limit: places},
			{Name: "kinds of software", Value: float64(t.Shapes), Limit: software},
		},
		Advice: []string{
			"Ask the key's owner whether all of these are theirs. If not, the key leaked: give them a new one, then ban the old.",
			"A key that is built into an app for phones is used like this. Say that this is harmless, and it stays quiet.",
		},
	}
}
