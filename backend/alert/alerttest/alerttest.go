// Package alerttest is what the tests of alerts and of their sinks share: messages with the worst that strangers can put into
// them, golden files, and a sink that notes what it is given.
package alerttest

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/backend/alert"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Golden compares text with a file in testdata; -update rewrites it.
func Golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if string(want) != string(got) {
		t.Errorf("%s is another; read the difference after go test -update. Got:\n%s", path, got)
	}
}

// Noon is when everything in these messages happens.
var Noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// Plain is a single alert with nothing odd in it.
func Plain() *alert.Message {
	a := alert.Alert{
		Kind: alert.Ban, Severity: alert.Medium, Site: alert.Site{ID: "s1", Name: "shop-prod"}, Group: "rule login",
		Title: "203.0.113.7 is kept out of shop-prod until 2026-11-24 13:00 UTC", Several: "bans by rule login on shop-prod", Subject: "203.0.113.7",
		Facts: []alert.Fact{{Label: "Client", Value: "203.0.113.7"}, {Label: "Why", Value: "rule login was broken"}, {Label: "What to do", Value: "Look at what it asked for."}},
		Link:  "/s/shop-prod/client?subject=203.0.113.7", At: Noon,
	}
	return &alert.Message{
		ID: "g1-c1-0", Group: "g1", Phase: alert.Opened, Count: 1, Opened: Noon, Last: Noon, First: a, Newest: a,
		Link: "https://palisade.example.com/s/shop-prod/client?subject=203.0.113.7",
	}
}

// Attack is an update of many alerts.
func Attack() *alert.Message {
	m := Plain()
	m.ID, m.Sequence, m.Phase, m.Count, m.Last = "g1-c1-1", 1, alert.Updated, 1312, Noon.Add(time.Minute)
	m.Newest.At, m.Newest.Title = m.Last, "203.0.113.99 is kept out of shop-prod until 2026-11-24 13:01 UTC"
	return m
}

// Over is the end of them.
func Over() *alert.Message {
	m := Attack()
	m.ID, m.Sequence, m.Phase, m.Over = "g1-c1-2", 2, alert.Ended, true
	return m
}

// Hostile is an alert whose texts were chosen by somebody who knows all our media, and that went through no cleaning.
func Hostile() *alert.Message {
	m := Attack()
	m.ID = "g1-c1-3"
	for _, a := range []*alert.Alert{&m.First, &m.Newest} {
		a.Severity = alert.Critical
		a.Title = "account:<!channel> *x* <https://evil.example|click>\r\nBcc: all@example.com\r\n\r\n</h1><script>alert(1)</script>"
		a.Several = "bans by rule <@U123> & `co`\u2028\u202egnp.exe"
		a.Subject = "\x1b]0;owned\x07\x1b[2J"
		a.Site.Name = "shop\nprod"
		a.Facts = []alert.Fact{
			{Label: "Client <b>", Value: "<!here> <@U1> <#C1> &lt;"},
			{Label: "*bold*", Value: "*bold* _it_ ~no~ `code` :skull: http://evil.example/"},
			{Label: "Agent", Value: "\x1b[31mred\x1b[0m\x9b1m \u202ereversed\u202c \u200bhidden\ufeff \xff\xfe broken"},
			{Label: "Lines", Value: "one\r\ntwo\n.\nthree\x00four\u0085five\u2029six"},
			{Label: "HTML", Value: `"><img src=x onerror=alert(1)> {{.Headline}} --=_palisade_g1-c1-3--`},
			{Label: "Long", Value: strings.Repeat("A", 10_000)},
			{Label: "Wide", Value: strings.Repeat("\U0001f98a", 2_500)},
			{Label: "", Value: ""},
			{Label: "What to do", Value: "Nothing."},
		}
	}
	m.Link = "https://palisade.example.com/s/shop/client?subject=%3Cx%3E&a=b|c<d>\"e"
	return m
}

// Spy is a sink that notes what it is given.
type Spy struct {
	Tempo alert.Pace
	// Answer decides what comes of a message; nil takes all.
	Answer func(m *alert.Message) (alert.Answer, error)

	mu   sync.Mutex
	sent []alert.Message
}

// Read takes any settings.
func (*Spy) Read(given, _ json.RawMessage) (json.RawMessage, error) { return given, nil }

// Show gives none.
func (*Spy) Show(json.RawMessage) json.RawMessage { return json.RawMessage("{}") }

// Pace is Tempo, or sparing.
func (s *Spy) Pace() alert.Pace {
	if len(s.Tempo.Steps) == 0 {
		return alert.Sparing
	}
	return s.Tempo
}

// Send notes a message and answers.
func (s *Spy) Send(_ context.Context, _ json.RawMessage, m *alert.Message) (alert.Answer, error) {
	s.mu.Lock()
	s.sent = append(s.sent, *m)
	s.mu.Unlock()
	if s.Answer != nil {
		return s.Answer(m)
	}
	return alert.Answer{Said: "taken"}, nil
}

// Sent gives what was sent so far.
func (s *Spy) Sent() []alert.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]alert.Message(nil), s.sent...)
}
