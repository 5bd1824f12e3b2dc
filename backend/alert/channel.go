package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// Hears is which alerts a channel is told of. Nothing said is everything.
type Hears struct {
	Kinds    []Kind   `json:"kinds,omitempty"`
	Severity Severity `json:"severity"`        // and above
	Sites    []string `json:"sites,omitempty"` // ids; what concerns the installation as a whole is heard everywhere
}

// hears reports whether an alert is among them.
func (h Hears) hears(a *Alert) bool {
	return a.Severity >= h.Severity &&
		(len(h.Kinds) == 0 || slices.Contains(h.Kinds, a.Kind)) &&
		(len(h.Sites) == 0 || a.Site.ID == "" || slices.Contains(h.Sites, a.Site.ID))
}

// check says all that is wrong.
func (h Hears) check() error {
	var faults []error
	for _, k := range h.Kinds {
		if !slices.Contains(Kinds, k) {
			faults = append(faults, fmt.Errorf("hears.kinds: %.40q: want some of %s", k, join(Kinds)))
		}
	}
	if h.Severity < Info || h.Severity > Critical {
		faults = append(faults, fmt.Errorf("hears.severity: want one of %s", strings.Join(severities, ", ")))
	}
	if len(h.Kinds) > len(Kinds) || len(h.Sites) > 1000 {
		faults = append(faults, errors.New("hears: too many kinds or sites"))
	}
	return errors.Join(faults...)
}

func join(kinds []Kind) string {
	var out []string
	for _, k := range kinds {
		out = append(out, string(k))
	}
	return strings.Join(out, ", ")
}

// Channel is a place where alerts go, as people see it: its settings are without secrets.
type Channel struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind"`
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings"`
	Hears    Hears           `json:"hears"`
	Muted    int64           `json:"muted_until,omitempty"` // unix milliseconds
	Waiting  int             `json:"waiting"`               // groups of which it has not been told all
	Created  int64           `json:"created"`
	Updated  int64           `json:"updated"`
}

// ErrInvalid says what is wrong with a request; it is the person's to mend.
var ErrInvalid = errors.New("invalid")

// Bounds of channels.
const (
	maxChannels = 50
	maxName     = 60
	maxSettings = 16 << 10
)

// Draft is what a person says of a channel. Secrets that are left out of the settings stay as they are.
type Draft struct {
	Kind     string          `json:"kind"`
	Name     string          `json:"name"`
	Settings json.RawMessage `json:"settings"`
	Hears    Hears           `json:"hears"`
}

// AddChannel makes a channel.
func (s *Alerts) AddChannel(ctx context.Context, d Draft) (Channel, error) {
	all, err := s.o.DB.AlertChannels(ctx)
	if err != nil {
		return Channel{}, err
	}
	if len(all) >= maxChannels {
		return Channel{}, fmt.Errorf("%w: there are %d channels already; delete one, or let one hear more", ErrInvalid, len(all))
	}
	now := s.o.Now().UnixMilli()
	return s.putChannel(ctx, d, store.AlertChannel{ID: s.o.ID(), Kind: d.Kind, Created: now})
}

// Maker is a Sink that makes a part of the settings itself, such as a secret to sign with.
type Maker interface {
	// Make adds what it makes to settings that lack it, and gives it apart, to be told once.
	Make(given json.RawMessage, chance io.Reader) (settings json.RawMessage, secret string, err error)
}

// OpenChannel is AddChannel for a person: what the medium makes itself, a secret, is made and told once.
func (s *Alerts) OpenChannel(ctx context.Context, d Draft, chance io.Reader) (c Channel, secret string, err error) {
	if sink, ok := s.o.Sinks[d.Kind].(Maker); ok {
		if d.Settings, secret, err = sink.Make(d.Settings, chance); err != nil {
			return Channel{}, "", err
		}
	}
	c, err = s.AddChannel(ctx, d)
	return c, secret, err
}

// RotateSecret gives a channel a new secret, which is told once; the one before is signed with as well until
// FinishRotation.
func (s *Alerts) RotateSecret(ctx context.Context, id string, chance io.Reader) (c Channel, secret string, err error) {
	return s.again(ctx, id, func(sink Maker) (json.RawMessage, string, error) { return sink.Make(json.RawMessage("{}"), chance) })
}

// FinishRotation signs with the newest secret only.
func (s *Alerts) FinishRotation(ctx context.Context, id string) (Channel, error) {
	c, _, err := s.again(ctx, id, func(Maker) (json.RawMessage, string, error) {
		return json.RawMessage(`{"finish_rotation":true}`), "", nil
	})
	return c, err
}

// again changes only the settings of a channel that has a secret.
func (s *Alerts) again(ctx context.Context, id string, settings func(Maker) (json.RawMessage, string, error)) (Channel, string, error) {
	c, err := s.Channel(ctx, id)
	if err != nil {
		return Channel{}, "", err
	}
	sink, ok := s.o.Sinks[c.Kind].(Maker)
	if !ok {
		return Channel{}, "", fmt.Errorf("%w: a channel of kind %s has no secret", ErrInvalid, c.Kind)
	}
	text, secret, err := settings(sink)
	if err != nil {
		return Channel{}, "", err
	}
	c, err = s.ChangeChannel(ctx, id, Draft{Name: c.Name, Settings: text, Hears: c.Hears})
	return c, secret, err
}

// ChangeChannel changes a channel; its kind stays.
func (s *Alerts) ChangeChannel(ctx context.Context, id string, d Draft) (Channel, error) {
	c, err := s.o.DB.AlertChannel(ctx, id)
	if err != nil {
		return Channel{}, err
	}
	if d.Kind != "" && d.Kind != c.Kind {
		return Channel{}, fmt.Errorf("%w: a channel's kind stays %s; add another channel instead", ErrInvalid, c.Kind)
	}
	return s.putChannel(ctx, d, c)
}

func (s *Alerts) putChannel(ctx context.Context, d Draft, c store.AlertChannel) (Channel, error) {
	sink, err := s.sink(c.Kind)
	if err != nil {
		return Channel{}, err
	}
	var faults []error
	c.Name = strings.TrimSpace(d.Name)
	if c.Name == "" || Clean(c.Name, maxName) != c.Name {
		faults = append(faults, fmt.Errorf("name: want 1 to %d bytes of plain text", maxName))
	}
	faults = append(faults, d.Hears.check())
	if len(d.Settings) > maxSettings {
		faults = append(faults, fmt.Errorf("settings: more than %d bytes", maxSettings))
	} else {
		kept, err := sink.Read(d.Settings, json.RawMessage(c.Settings))
		faults = append(faults, err)
		c.Settings = string(kept)
	}
	if err := errors.Join(faults...); err != nil {
		return Channel{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	hears, err := json.Marshal(d.Hears)
	if err != nil {
		return Channel{}, fmt.Errorf("keeping what channel %s hears: %w", c.Name, err)
	}
	c.Hears, c.Updated = string(hears), s.o.Now().UnixMilli()
	if err := s.keep(ctx, c, "changing alert channel "+c.Name); err != nil {
		return Channel{}, err
	}
	return s.show(ctx, c)
}

// keep writes a channel, and into the audit log what was done to it. Its settings are left out there: they hold secrets.
func (s *Alerts) keep(ctx context.Context, c store.AlertChannel, done string) error {
	if err := s.o.DB.PutAlertChannel(ctx, c); err != nil {
		return err
	}
	return s.write(ctx, c, done, fmt.Sprintf("%s %q hears %s", c.Kind, c.Name, c.Hears))
}

func (s *Alerts) write(ctx context.Context, c store.AlertChannel, done, later string) error {
	return s.o.DB.Note(ctx, store.Audited{At: s.o.Now().UnixMilli(), Author: access.Of(ctx).Name, Action: done, Subject: "channel " + c.ID, Later: later})
}

// MuteChannel silences a channel until a time; the zero time lets it speak again. What happens meanwhile is not told to it,
// beyond what already waits.
func (s *Alerts) MuteChannel(ctx context.Context, id string, until time.Time) (Channel, error) {
	c, err := s.o.DB.AlertChannel(ctx, id)
	if err != nil {
		return Channel{}, err
	}
	c.Muted, c.Updated = 0, s.o.Now().UnixMilli()
	done := "unmuting alert channel " + c.Name
	if !until.IsZero() {
		c.Muted, done = until.UnixMilli(), "muting alert channel "+c.Name
	}
	if err := s.keep(ctx, c, done); err != nil {
		return Channel{}, err
	}
	s.wake()
	return s.show(ctx, c)
}

// DeleteChannel takes a channel away, with what it was still to be told.
func (s *Alerts) DeleteChannel(ctx context.Context, id string) error {
	c, err := s.o.DB.AlertChannel(ctx, id)
	if err != nil {
		return err
	}
	if err := s.o.DB.DeleteAlertChannel(ctx, id); err != nil {
		return err
	}
	return s.write(ctx, c, "deleting alert channel "+c.Name, "")
}

// Channel gives one.
func (s *Alerts) Channel(ctx context.Context, id string) (Channel, error) {
	c, err := s.o.DB.AlertChannel(ctx, id)
	if err != nil {
		return Channel{}, err
	}
	return s.show(ctx, c)
}

// Channels gives all by name.
func (s *Alerts) Channels(ctx context.Context) ([]Channel, error) {
	kept, err := s.o.DB.AlertChannels(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Channel, 0, len(kept))
	for _, k := range kept {
		c, err := s.show(ctx, k)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (s *Alerts) show(ctx context.Context, c store.AlertChannel) (Channel, error) {
	out := Channel{ID: c.ID, Kind: c.Kind, Name: c.Name, Settings: json.RawMessage("{}"), Muted: c.Muted, Created: c.Created, Updated: c.Updated}
	if err := json.Unmarshal([]byte(c.Hears), &out.Hears); err != nil {
		return out, fmt.Errorf("reading what channel %s hears: %w", c.Name, err)
	}
	if sink, err := s.sink(c.Kind); err == nil { // of a kind that this program does not know, nothing is shown
		out.Settings = sink.Show(json.RawMessage(c.Settings))
	}
	var err error
	out.Waiting, err = s.o.DB.AlertsWaiting(ctx, c.ID)
	return out, err
}

// sink finds what a kind of channel is served by.
func (s *Alerts) sink(kind string) (Sink, error) {
	if sink, ok := s.o.Sinks[kind]; ok {
		return sink, nil
	}
	return nil, fmt.Errorf("%w: channels of kind %.40q: want one of %s", ErrInvalid, kind, strings.Join(s.Media(), ", "))
}

// Settings reads a channel's settings into a sink's own type, and refuses words it does not know: a misspelt one would be
// silently without effect.
func Settings[T any](given json.RawMessage) (v T, err error) {
	if len(given) == 0 {
		given = json.RawMessage("{}")
	}
	d := json.NewDecoder(bytes.NewReader(given))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("settings: %w", err)
	}
	if d.More() {
		return v, errors.New("settings: more than one value")
	}
	return v, nil
}

// Redacted is an address that lets anybody post, as it may be shown: its host, and its last letters to tell two apart.
func Redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "…"
	}
	end := ""
	if rest := u.RequestURI(); len(rest) >= 16 { // of a short one the end would be too much of it
		end = rest[len(rest)-4:]
	}
	return Clean(u.Scheme+"://"+u.Host+"/…"+end, 200)
}
