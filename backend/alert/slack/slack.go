// Package slack posts alerts to a channel of Slack through an incoming webhook. Such a webhook can neither edit a message nor
// answer in its thread, so an attack is a few messages at growing intervals; what strangers said is shown as plain text, which
// Slack neither formats nor turns into links or mentions.
package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/post"
)

// settings of a channel.
type settings struct {
	URL string `json:"url,omitempty"` // whoever has it can post to the channel
}

// Sink is Slack.
type Sink struct {
	client *post.Client
	now    func() time.Time
}

// New makes the sink.
func New(client *post.Client, now func() time.Time) *Sink { return &Sink{client, now} }

// Pace is sparing.
func (*Sink) Pace() alert.Pace { return alert.Sparing }

// Read checks settings.
func (s *Sink) Read(given, kept json.RawMessage) (json.RawMessage, error) {
	v, err := alert.Settings[settings](given)
	if err != nil {
		return nil, err
	}
	if v.URL == "" {
		old, err := alert.Settings[settings](kept)
		if err != nil || old.URL == "" {
			return nil, errors.New("url: want the address of an incoming webhook, such as https://hooks.slack.com/services/…")
		}
		v = old
	}
	if _, err := s.client.Address(v.URL); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Show gives the host and the end of the address, which tells two apart and posts nothing.
func (s *Sink) Show(kept json.RawMessage) json.RawMessage {
	shown := map[string]string{}
	if v, err := alert.Settings[settings](kept); err == nil {
		shown["url"] = alert.Redacted(v.URL)
	}
	b, err := json.Marshal(shown)
	if err != nil {
		panic(err) // a map of strings always has a JSON form
	}
	return b
}

// Send posts a message.
func (s *Sink) Send(ctx context.Context, kept json.RawMessage, m *alert.Message) (alert.Answer, error) {
	v, err := alert.Settings[settings](kept)
	if err != nil {
		return alert.Answer{}, &alert.Failure{Said: "the channel's settings are damaged; enter them again", Never: true}
	}
	body, err := Render(m)
	if err != nil {
		return alert.Answer{}, err
	}
	a, err := s.client.Post(ctx, v.URL, http.Header{}, body, s.now())
	if err != nil {
		return alert.Answer{}, err
	}
	switch a.Status {
	case http.StatusOK:
		return alert.Answer{Said: a.Said}, nil
	// The hook or its channel is gone, or Slack finds the message wrong, which it will find again.
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return alert.Answer{}, &alert.Failure{Said: a.Said, Never: true}
	}
	return alert.Answer{}, &alert.Failure{Said: a.Said, Wait: a.Wait}
}

// Slack's own bounds, in characters, with a little room; it refuses a message that is over one of them.
const (
	maxHeader  = 140  // of 150
	maxField   = 1900 // of 2000
	maxText    = 2900 // of 3000
	rowsInOne  = 5    // a section has ten fields: five facts
	maxSection = 6    // of 50 blocks
)

type text struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji *bool  `json:"emoji,omitempty"`
}

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Fields   []text `json:"fields,omitempty"`
	Elements []text `json:"elements,omitempty"`
}

type payload struct {
	Text        string  `json:"text"`   // in notifications
	Markup      bool    `json:"mrkdwn"` // of it
	UnfurlLinks bool    `json:"unfurl_links"`
	UnfurlMedia bool    `json:"unfurl_media"`
	Blocks      []block `json:"blocks"`
}

var no = false

// plain is text that Slack shows as it is.
func plain(s string, most int) text {
	return text{Type: "plain_text", Text: alert.Clean(nonEmpty(s), most), Emoji: &no}
}

// nonEmpty is for what Slack wants at least one character of.
func nonEmpty(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// escape makes text that is no markup of text in which a mention or link could stand.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// bold is a word of ours in bold.
func bold(s string) text {
	return text{Type: "mrkdwn", Text: "*" + escape(strings.NewReplacer("*", "∗", "_", " ", "`", "'", "~", "-").Replace(alert.Clean(nonEmpty(s), 80))) + "*"}
}

var signs = map[alert.Severity]string{alert.Info: "ℹ️", alert.Low: "🔹", alert.Medium: "🔶", alert.High: "🔴", alert.Critical: "🚨"}

// Render makes the body of a post.
func Render(m *alert.Message) ([]byte, error) {
	headline := m.Headline()
	sign := signs[m.Newest.Severity]
	if m.Over && m.Count > 1 {
		sign = "✅"
	}
	p := payload{Text: escape(alert.Clean(sign+" "+headline, maxText)), Markup: false}
	head := plain(sign+" "+headline, maxHeader)
	p.Blocks = append(p.Blocks, block{Type: "header", Text: &head})
	if head.Text != sign+" "+headline { // the header has no room for all of it
		t := plain(headline, maxText)
		p.Blocks = append(p.Blocks, block{Type: "section", Text: &t})
	}
	facts := m.Facts()
	for i := 0; i < len(facts) && i < rowsInOne*maxSection; i += rowsInOne {
		b := block{Type: "section"}
		for _, f := range facts[i:min(i+rowsInOne, len(facts))] {
			b.Fields = append(b.Fields, bold(f.Label), plain(f.Value, maxField))
		}
		p.Blocks = append(p.Blocks, b)
	}
	p.Blocks = append(p.Blocks, block{Type: "context", Elements: foot(m)})
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("writing a message for Slack: %w", err)
	}
	return b, nil
}

// foot is where and when, and the way into the console.
func foot(m *alert.Message) []text {
	var out []text
	if m.Newest.Site.Name != "" {
		out = append(out, plain(m.Newest.Site.Name, 80))
	}
	out = append(out, plain(m.Newest.Severity.String(), 80), plain(m.Newest.At.UTC().Format("2006-01-02 15:04:05 UTC"), 80))
	if m.Link != "" {
		// A bar or an angle would end the address within Slack's markup.
		address := strings.NewReplacer("|", "%7C", "<", "%3C", ">", "%3E", "&", "&amp;").Replace(m.Link)
		out = append(out, text{Type: "mrkdwn", Text: "<" + address + "|Open in Palisade>"})
	}
	return out
}
