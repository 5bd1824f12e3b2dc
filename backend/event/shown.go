package event

import (
	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// Shown is an event as people and their programs get it: addresses are text, and a pseudonym is written as one.
type Shown struct {
	wire.Event
	Address string `json:"address" doc:"with ~ in front: a pseudonym, by which it can be looked for"`
	Peer    string `json:"peer,omitempty"`
}

// Show writes an event's addresses out.
func Show(e *wire.Event) Shown {
	s := Shown{Event: *e, Address: veil.Text(e.Address)}
	if e.Peer.IsValid() {
		s.Peer = veil.Text(e.Peer)
	}
	return s
}

// ShowAll is Show for some.
func ShowAll(events []wire.Event) []Shown {
	shown := make([]Shown, len(events))
	for i := range events {
		shown[i] = Show(&events[i])
	}
	return shown
}
