package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Phase is where a group of alerts stands.
type Phase string

// The phases.
const (
	Opened  Phase = "opened"  // the channel hears of it for the first time
	Updated Phase = "updated" // there are more by now
	Ended   Phase = "ended"   // there have been none for a while
)

// Message is what one channel is told of a group at one time. Trying it again says the same under the same id.
type Message struct {
	ID       string    // of this message: who has seen it has had it
	Group    string    // the same for all messages of a group, on all channels
	Sequence int64     // counts the messages of a group to this channel, from 0
	Phase    Phase     //
	Count    int64     // alerts so far
	Opened   time.Time // when the first came
	Last     time.Time // when the newest came
	Over     bool      // no more are counted into this group
	First    Alert
	Newest   Alert
	Link     string // into the console, absolute; "" where nobody said where it is
	State    string // what the sink asked to be reminded of
}

// Headline says in one line how things stand.
func (m *Message) Headline() string {
	if m.Count == 1 {
		if m.Phase == Ended {
			return "Over: " + m.Newest.Title
		}
		return m.Newest.Title
	}
	if m.Over {
		return fmt.Sprintf("Over: %s %s, %s", Number(m.Count), m.Newest.Several, between(m.Opened, m.Last))
	}
	return fmt.Sprintf("%s %s so far", Number(m.Count), m.Newest.Several)
}

// Facts are the newest alert's, after what is to be said of the group.
func (m *Message) Facts() []Fact {
	if m.Count == 1 {
		return m.Newest.Facts
	}
	return append([]Fact{{"First", moment(m.First.At) + ": " + m.First.Title}, {"Newest", moment(m.Newest.At) + ": " + m.Newest.Title}}, m.Newest.Facts...)
}

// moment is a time as a message shows it. Readers sit in many zones, so it is UTC and says so.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// between is a span of time.
func between(from, to time.Time) string {
	if from.UTC().YearDay() == to.UTC().YearDay() {
		return from.UTC().Format("15:04") + " to " + to.UTC().Format("15:04 UTC")
	}
	return from.UTC().Format("2006-01-02 15:04") + " to " + to.UTC().Format("2006-01-02 15:04 UTC")
}

// Number writes a count as people read it.
func Number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Pace is how often a sink wants to hear of a group that goes on. It hears of the first alert at once.
type Pace struct {
	Steps []time.Duration // after the first alert; the last one is repeated
	Ends  bool            // that it is over, even of a single alert
}

// Sparing is for where each message rings somebody's phone. An attack of an hour is five messages, one of a day 27; a
// single alert is one.
var Sparing = Pace{Steps: []time.Duration{time.Minute, 10 * time.Minute, time.Hour}}

// Steady is for programs, and for messages that are edited in place.
var Steady = Pace{Steps: []time.Duration{time.Minute}, Ends: true}

// next is when a sink hears more of a group that was opened at one time, after another.
func (p Pace) next(opened, after time.Time) time.Time {
	for _, s := range p.Steps {
		if t := opened.Add(s); t.After(after) {
			return t
		}
	}
	last := p.Steps[len(p.Steps)-1]
	whole := int64(after.Sub(opened) / last)
	return opened.Add(time.Duration(whole+1) * last)
}

// Sink brings messages to one medium. Findings and whatever else is told to people go through it as well.
type Sink interface {
	// Read takes a channel's settings as a person gave them, and those kept before, if any: a secret that is not given
	// stays. It gives what is to be kept, or says all that is wrong.
	Read(given, kept json.RawMessage) (json.RawMessage, error)
	// Show gives settings without what would let a reader post, or sign, in our name.
	Show(kept json.RawMessage) json.RawMessage
	// Pace is the same at all times.
	Pace() Pace
	// Send gives the message away. It may take until the context ends. An error that is no *Failure is tried again.
	Send(ctx context.Context, kept json.RawMessage, m *Message) (Answer, error)
}

// Editor is a Sink that can change what it sent: an update then takes the place of the message before. Its State must lead
// back to that.
type Editor interface {
	Sink
	Edit(ctx context.Context, kept json.RawMessage, m *Message) (Answer, error)
}

// Answer is what came of a message.
type Answer struct {
	Said  string // by the other side; it is cleaned and cut for the log
	State string // for the next message of the group to this channel; it is kept where sending failed, too
}

// Failure is why a message was not taken.
type Failure struct {
	Said  string        // by the other side, or what was tried; no secret
	Never bool          // trying the same again cannot help
	Wait  time.Duration // the other side asked for this much patience, for all messages to the channel
}

func (f *Failure) Error() string { return f.Said }
