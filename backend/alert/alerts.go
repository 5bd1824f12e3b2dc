package alert

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"palisade.dev/store"
)

// How alerts become groups: the first goes out at once, those after it are counted in until none came for Quiet. An attack
// that never pauses is a new message once a day, so that nobody mistakes an old one for the present state.
const (
	Quiet = 10 * time.Minute
	Most  = 24 * time.Hour
)

// Keep is how long the log of deliveries is kept.
const Keep = 30 * 24 * time.Hour

// keepTold is how long an alert is known by its id. A guard that was cut off sends its events again when it is back, which
// is what it is for.
const keepTold = 7 * 24 * time.Hour

// Options of Alerts.
type Options struct {
	DB      *store.DB
	Sinks   map[string]Sink // by the kind of channel
	Console string          // where people open the console, such as https://palisade.example.com; "" leaves links out
	Now     func() time.Time
	ID      func() string
	Chance  func() float64 // in [0, 1), to spread attempts
	Log     *slog.Logger
}

// Alerts tells people.
//
// To wire it: make one with New and the sinks slack.New(client), webhook.New(client, …) and email.New(server, …), where the
// client is post.NewClient's; start Run beside the back end's other loops and wait for it when stopping; and Tell what
// happens, each with the words of BanImposed and its neighbours, after it was kept and before it is confirmed to whoever
// sent it. Losses of guards are found by Run itself.
type Alerts struct {
	o       Options
	nudge   chan struct{}
	looking looking

	mu      sync.Mutex
	busy    map[string]bool // channels that are being served by this process
	workers sync.WaitGroup
}

// New puts the parts together; Run starts it.
func New(o Options) (*Alerts, error) {
	if o.Console != "" {
		u, err := url.Parse(o.Console)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("the console's address %q: want one such as https://palisade.example.com", o.Console)
		}
		o.Console = strings.TrimRight(o.Console, "/")
	}
	for kind, sink := range o.Sinks {
		if len(sink.Pace().Steps) == 0 {
			return nil, fmt.Errorf("the sink for %s has no pace", kind)
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Alerts{o: o, nudge: make(chan struct{}, 1), busy: map[string]bool{}}, nil
}

// Media are the kinds of channels there can be here. Mail is among them where a mail server is configured.
func (s *Alerts) Media() []string { return slices.Sorted(maps.Keys(s.o.Sinks)) }

// wake lets Run look at once.
func (s *Alerts) wake() {
	select {
	case s.nudge <- struct{}{}:
	default: // it is about to
	}
}

// Tell keeps alerts for all channels that hear them; when it returns they are on the disk, and Run delivers them. It sends
// nothing itself and costs one write, and where no channel hears an alert none. Alerts with an ID are told once however
// often Tell is called.
func (s *Alerts) Tell(ctx context.Context, alerts ...Alert) error {
	channels, err := s.listeners(ctx)
	if err != nil {
		return fmt.Errorf("telling: %w", err)
	}
	var faults []error
	entries := map[string]*store.AlertEntry{}
	for _, a := range alerts {
		a, err := a.tidy()
		if err != nil {
			faults = append(faults, err)
			continue
		}
		var heard []string
		for _, c := range channels {
			if c.hears.hears(&a) {
				heard = append(heard, c.id)
			}
		}
		if len(heard) == 0 {
			continue
		}
		body, err := json.Marshal(a)
		if err != nil {
			faults = append(faults, fmt.Errorf("keeping an alert: %w", err))
			continue
		}
		key := strings.Join([]string{string(a.Kind), a.Site.ID, a.Group}, " ")
		e := entries[key]
		if e == nil {
			e = &store.AlertEntry{Key: key, Group: s.o.ID()}
			entries[key] = e
		}
		e.Told, e.Body = append(e.Told, a.ID), string(body)
		for _, c := range heard {
			if !slices.Contains(e.Channels, c) {
				e.Channels = append(e.Channels, c)
			}
		}
	}
	if len(entries) > 0 {
		var all []store.AlertEntry
		for _, e := range entries {
			all = append(all, *e)
		}
		slices.SortFunc(all, func(a, b store.AlertEntry) int { return cmp.Compare(a.Key, b.Key) })
		err := s.o.DB.TellAlerts(ctx, all, s.o.Now().UnixMilli(), Quiet.Milliseconds(), Most.Milliseconds())
		faults = append(faults, err)
		s.wake()
	}
	return errors.Join(faults...)
}

// listener is a channel that is not muted.
type listener struct {
	id    string
	hears Hears
}

func (s *Alerts) listeners(ctx context.Context) ([]listener, error) {
	channels, err := s.o.DB.AlertChannels(ctx)
	if err != nil {
		return nil, err
	}
	var out []listener
	for _, c := range channels {
		if c.Muted > s.o.Now().UnixMilli() {
			continue
		}
		l := listener{id: c.ID}
		if err := json.Unmarshal([]byte(c.Hears), &l.hears); err != nil {
			return nil, fmt.Errorf("reading what channel %s hears: %w", c.Name, err)
		}
		out = append(out, l)
	}
	return out, nil
}

// Log reads the log of deliveries of a channel, or of all with "", newest first; before is the id of the last one seen.
func (s *Alerts) Log(ctx context.Context, channel, before string, limit int) ([]store.AlertDelivery, error) {
	return s.o.DB.AlertDeliveries(ctx, channel, before, limit)
}

// Test sends a channel a test now, muted or not, and gives what the other side said, or why it could not be asked.
func (s *Alerts) Test(ctx context.Context, channel, author string) (said string, err error) {
	c, err := s.o.DB.AlertChannel(ctx, channel)
	if err != nil {
		return "", err
	}
	now := s.o.Now()
	a, err := Alert{
		Kind: Test, Severity: Info, Group: "test", Title: "This is a test of the channel " + c.Name + ": alerts arrive here", Several: "tests", Link: "/alerts", At: now,
		Facts: []Fact{{"Asked by", author}, {"What to do", "Nothing. If nobody expected this, ask who is at work on the console."}},
	}.tidy()
	if err != nil {
		return "", err
	}
	id := s.o.ID()
	m := &Message{ID: id + "-" + c.ID + "-0", Group: id, Phase: Opened, Count: 1, Opened: now, Last: now, Over: true, First: a, Newest: a, Link: s.link(a)}
	answer, err := s.send(ctx, c, m)
	d := store.AlertDelivery{ID: s.o.ID(), Channel: c.ID, Message: m.ID, Title: m.Headline(), Attempt: 1, At: now.UnixMilli(), Outcome: Delivered, Said: Clean(answer.Said, maxSaid)}
	if err != nil {
		d.Outcome, d.Said = Refused, Clean(err.Error(), maxSaid)
		err = &Failure{Said: d.Said}
	}
	return d.Said, errors.Join(err, s.o.DB.NoteAlertDelivery(context.WithoutCancel(ctx), d))
}

// link is an alert's place in the console.
func (s *Alerts) link(a Alert) string {
	if s.o.Console == "" {
		return ""
	}
	return s.o.Console + a.Link
}
