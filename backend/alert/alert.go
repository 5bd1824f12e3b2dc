// Package alert tells people in time. What happens becomes an Alert; alerts of one attack become one message, which goes to
// every channel that hears such alerts and is brought up to date while the attack lasts; each attempt is in a log, and what
// was kept is delivered, over restarts too. How a message looks on a medium is its Sink's to know: email, slack and webhook
// are folders here, and README.md has the vocabulary.
package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what an alert is about.
type Kind string

// The kinds. Finding, Scan and Detection are told by the scanners and by detection.
const (
	Ban       Kind = "ban"
	Lever     Kind = "lever"
	Trap      Kind = "trap"
	GuardGone Kind = "guard-lost"
	GuardHere Kind = "guard-back"
	Rehearsal Kind = "rehearsal"
	Appeal    Kind = "appeal"
	Finding   Kind = "finding"
	Scan      Kind = "scan"
	Detection Kind = "detection"
	Test      Kind = "test"
)

// Kinds are those that a channel may choose to hear. A test is heard by the channel that is tested, and by no other.
var Kinds = []Kind{Ban, Lever, Trap, GuardGone, GuardHere, Rehearsal, Appeal, Finding, Scan, Detection}

// Severity is how soon somebody should look.
type Severity int

// The severities.
const (
	Info     Severity = iota // good to know
	Low                      // look when there is time
	Medium                   // look today
	High                     // look now
	Critical                 // the site stands open
)

var severities = []string{"info", "low", "medium", "high", "critical"}

// String is the severity's name.
func (s Severity) String() string {
	if s < Info || s > Critical {
		return fmt.Sprintf("severity %d", int(s))
	}
	return severities[s]
}

// MarshalText gives the name.
func (s Severity) MarshalText() ([]byte, error) {
	if s < Info || s > Critical {
		return nil, fmt.Errorf("severity %d is none", int(s))
	}
	return []byte(severities[s]), nil
}

// UnmarshalText reads a name.
func (s *Severity) UnmarshalText(b []byte) error {
	i := slices.Index(severities, string(b))
	if i < 0 {
		return fmt.Errorf("severity %.40q: want one of %s", b, strings.Join(severities, ", "))
	}
	*s = Severity(i)
	return nil
}

// Site is where something happened. One without a name is the installation as a whole.
type Site struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Fact is one thing to know, with what it is called.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// Alert is one thing that a person wants to know. Its texts hold what attackers chose, so Tell cleans and cuts them, and
// each sink escapes them for its medium.
type Alert struct {
	ID       string    `json:"id,omitempty"` // of what happened: telling it twice counts once; "" is always new
	Kind     Kind      `json:"kind"`
	Severity Severity  `json:"severity"`
	Site     Site      `json:"site"`
	Group    string    `json:"group"`   // what makes two alerts one message
	Title    string    `json:"title"`   // what happened, and what it means
	Several  string    `json:"several"` // many of them, as in "312 bans by rule login on shop-prod": "bans by rule login on shop-prod"
	Subject  string    `json:"subject,omitempty"`
	Facts    []Fact    `json:"facts"`          // the last says what to do next
	Link     string    `json:"link,omitempty"` // path and query in the console
	At       time.Time `json:"at"`
}

// Bounds of what is kept of an alert, in bytes. Whoever needs more follows the link.
const (
	maxTitle = 300
	maxLabel = 80
	maxValue = 1000
	maxFacts = 20
	maxLink  = 1000
	maxKey   = 300
)

// tidy gives the alert as it is kept: with clean texts of bounded length.
func (a Alert) tidy() (Alert, error) {
	if a.Title == "" || a.Group == "" || a.Kind == "" {
		return a, errors.New("an alert wants a kind, a group and a title")
	}
	a.ID, a.Group, a.Site.ID = Clean(a.ID, maxKey), Clean(a.Group, maxKey), Clean(a.Site.ID, maxLabel)
	a.Title, a.Several, a.Subject, a.Site.Name = Clean(a.Title, maxTitle), Clean(a.Several, maxTitle), Clean(a.Subject, maxTitle), Clean(a.Site.Name, maxLabel)
	if a.Several == "" {
		a.Several = "alerts like this: " + a.Title
	}
	if !strings.HasPrefix(a.Link, "/") || strings.HasPrefix(a.Link, "//") || len(a.Link) > maxLink || Clean(a.Link, maxLink) != a.Link {
		a.Link = "" // it would lead out of the console, or nowhere
	}
	facts := make([]Fact, 0, min(len(a.Facts), maxFacts))
	for i, f := range a.Facts {
		if i >= maxFacts-1 && i < len(a.Facts)-1 {
			continue // the last is what to do next: it is kept
		}
		facts = append(facts, Fact{Clean(f.Label, maxLabel), Clean(f.Value, maxValue)})
	}
	a.Facts, a.At = facts, a.At.UTC().Truncate(time.Millisecond)
	return a, nil
}

// read is an alert as it was kept.
func read(body string) (a Alert, err error) {
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		return a, fmt.Errorf("reading a kept alert: %w", err)
	}
	return a, nil
}
