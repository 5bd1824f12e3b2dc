// Package webhook posts alerts as JSON to a program, signed as the Standard Webhooks say (standardwebhooks.com), for which
// every language has a verifier. The program hears of a group when it opens, at most once a minute while it goes on, and when
// it is over; a message that is tried again has the id that it had.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/post"
)

// settings of a channel. Previous is signed with as well, until the receiver knows the new secret.
type settings struct {
	URL      string `json:"url,omitempty"`
	Secret   string `json:"secret,omitempty"`
	Previous string `json:"previous,omitempty"`
}

// given is what a person says. A new secret makes the one before the previous one; finish takes that away.
type given struct {
	URL    string `json:"url,omitempty"`
	Secret string `json:"secret,omitempty"`
	Finish bool   `json:"finish_rotation,omitempty"`
}

// Sink is a program somewhere.
type Sink struct {
	client *post.Client
	now    func() time.Time
}

// New makes the sink.
func New(client *post.Client, now func() time.Time) *Sink { return &Sink{client, now} }

// Pace is steady: nobody's phone rings.
func (*Sink) Pace() alert.Pace { return alert.Steady }

// What a secret looks like, and how many bytes it has.
const (
	prefix   = "whsec_"
	shortest = 24
	longest  = 64
)

// NewSecret makes a secret to sign with.
func NewSecret(chance io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(chance, b[:]); err != nil {
		return "", fmt.Errorf("making a secret: %w", err)
	}
	return prefix + base64.StdEncoding.EncodeToString(b[:]), nil
}

// Make gives a channel a secret, unless the settings have one.
func (s *Sink) Make(text json.RawMessage, chance io.Reader) (json.RawMessage, string, error) {
	g, err := alert.Settings[given](text)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", alert.ErrInvalid, err)
	}
	if g.Secret != "" {
		return text, "", nil
	}
	if g.Secret, err = NewSecret(chance); err != nil {
		return nil, "", err
	}
	text, err = json.Marshal(g)
	return text, g.Secret, err
}

// key reads a secret.
func key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, prefix)
	if len(text) <= base64.StdEncoding.EncodedLen(longest) && ok {
		if b, err := base64.StdEncoding.Strict().DecodeString(text); err == nil && len(b) >= shortest && len(b) <= longest {
			return b, nil
		}
	}
	return nil, fmt.Errorf("secret: want %s and the base64 of %d to %d random bytes", prefix, shortest, longest)
}

// Read checks settings.
func (s *Sink) Read(text, kept json.RawMessage) (json.RawMessage, error) {
	g, err := alert.Settings[given](text)
	if err != nil {
		return nil, err
	}
	v, err := alert.Settings[settings](kept)
	if err != nil {
		v = settings{}
	}
	if g.URL != "" {
		v.URL = g.URL
	}
	if g.Secret != "" && g.Secret != v.Secret {
		v.Secret, v.Previous = g.Secret, v.Secret
	}
	if g.Finish {
		v.Previous = ""
	}
	_, address := s.client.Address(v.URL)
	_, secret := key(v.Secret)
	if err := errors.Join(address, secret); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Show gives the host, and whether there are two secrets.
func (s *Sink) Show(kept json.RawMessage) json.RawMessage {
	shown := struct {
		URL      string `json:"url,omitempty"`
		Secret   string `json:"secret,omitempty"`
		Rotating bool   `json:"rotating"`
	}{}
	if v, err := alert.Settings[settings](kept); err == nil {
		shown.URL, shown.Secret, shown.Rotating = alert.Redacted(v.URL), prefix+"…", v.Previous != ""
	}
	b, err := json.Marshal(shown)
	if err != nil {
		panic(err) // strings and a truth always have a JSON form
	}
	return b
}

// Body is what is posted.
type Body struct {
	Type      string    `json:"type"`      // alert.opened, alert.updated or alert.ended
	Timestamp time.Time `json:"timestamp"` // of the newest alert
	Data      Data      `json:"data"`
}

// Data is the group and its newest alert.
type Data struct {
	Group    string    `json:"group"`    // the same in all messages of a group
	Sequence int64     `json:"sequence"` // counts them; what comes late and has a lower one is old news
	Count    int64     `json:"count"`    // alerts so far
	Headline string    `json:"headline"` // how things stand, for people
	Opened   time.Time `json:"opened"`
	Last     time.Time `json:"last"`
	Over     bool      `json:"over"`
	Alert    Alert     `json:"alert"`
}

// Alert is the newest of the group.
type Alert struct {
	Kind     alert.Kind     `json:"kind"`
	Severity alert.Severity `json:"severity"`
	Site     alert.Site     `json:"site"`
	Title    string         `json:"title"`
	Subject  string         `json:"subject"`
	Facts    []alert.Fact   `json:"facts"`
	Link     string         `json:"link,omitempty"`
	At       time.Time      `json:"at"`
}

// Bounds of an alert's texts in a body, in bytes. They are the kept ones: this is for messages that were never kept.
const (
	maxText  = 1000
	maxFacts = 20
)

// Render makes the body of a message.
func Render(m *alert.Message) ([]byte, error) {
	a := m.Newest
	b := Body{
		Type: "alert." + string(m.Phase), Timestamp: m.Last,
		Data: Data{
			Group: m.Group, Sequence: m.Sequence, Count: m.Count, Headline: alert.Clean(m.Headline(), maxText), Opened: m.Opened, Last: m.Last, Over: m.Over,
			Alert: Alert{
				Kind: a.Kind, Severity: a.Severity, Site: alert.Site{ID: a.Site.ID, Name: alert.Clean(a.Site.Name, maxText)}, Title: alert.Clean(a.Title, maxText), Subject: alert.Clean(a.Subject, maxText),
				Facts: []alert.Fact{}, Link: m.Link, At: a.At,
			},
		},
	}
	for _, f := range a.Facts[:min(len(a.Facts), maxFacts)] {
		b.Data.Alert.Facts = append(b.Data.Alert.Facts, alert.Fact{Label: alert.Clean(f.Label, maxText), Value: alert.Clean(f.Value, maxText)})
	}
	text, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("writing a webhook's body: %w", err)
	}
	return text, nil
}

// sign gives the header that says a body is ours, once for each secret.
func sign(id, timestamp string, body []byte, secrets ...string) (string, error) {
	var all []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		k, err := key(secret)
		if err != nil {
			return "", err
		}
		h := hmac.New(sha256.New, k)
		fmt.Fprintf(h, "%s.%s.", id, timestamp)
		h.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	return strings.Join(all, " "), nil
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
	// The time is of the attempt, as receivers refuse what is minutes old; the id is the message's.
	now := s.now()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	signature, err := sign(m.ID, timestamp, body, v.Secret, v.Previous)
	if err != nil {
		return alert.Answer{}, &alert.Failure{Said: "the channel's settings are damaged; enter them again", Never: true}
	}
	h := http.Header{}
	h.Set("Webhook-Id", m.ID)
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", signature)
	a, err := s.client.Post(ctx, v.URL, h, body, now)
	if err != nil {
		return alert.Answer{}, err
	}
	if a.Status/100 == 2 {
		return alert.Answer{Said: a.Said}, nil
	}
	// A receiver that is being repaired answers anything; only Gone says that it will not come back.
	return alert.Answer{}, &alert.Failure{Said: a.Said, Never: a.Status == http.StatusGone, Wait: a.Wait}
}
