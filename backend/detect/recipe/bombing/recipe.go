// Package bombing finds one mailbox or number that is sent message after message.
package bombing

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
	ID: "bombing", Version: 1, Doc: doc,
	Title: "One mailbox or number is flooded",
	Of:    "send", Window: time.Hour, Key: func(a *detect.Act) string { return a.Subject }, Conclude: conclude,
}

// One code every ten minutes is what an unlucky person asks for; more is done to somebody.
const (
	messages = 6
	many     = 20
)

func conclude(t *detect.Tally, _ detect.Usual) *detect.Conclusion {
	if t.Acts <= messages {
		return nil
	}
	severity := detect.Low
	if t.Acts >= many {
		severity = detect.Medium
	}
	return &detect.Conclusion{
		Severity: severity, Route: t.Route(),
		Title:    fmt.Sprintf("%s to %s %s, asked for from %s", detect.Many(t.Acts, "message", "messages"), t.Key, t.Within(), t.From()),
		Measures: []detect.Measure{{Name: "messages", Value: float64(t.Acts), Limit: messages}},
		Advice:   []string{"Limit messages by destination: one in 30 seconds and five in an hour do for everybody."},
	}
}
