// Package event keeps what guards report: every request as an event, packed small, found by what it has (an address, an
// account, a rule), and counted per minute, hour and day in blobs of bounded size. What it costs to look at a client or to
// draw a chart depends on what is shown, not on how much is stored. Start with Log, which takes batches in, and Search,
// which finds them again.
package event

import (
	"net/netip"
	"time"

	"palisade.dev/guard/wire"
)

// Bounds of one event. What a guard sends beyond them is cut, so that a segment stays a segment whoever fills it.
const (
	maxName     = 256 // hosts, routes, accounts, rules: bytes
	maxNetworks = 32
	maxMarks    = 32
	maxOutcomes = 16
)

// Day is the number of days since 1970 of a time in Unix microseconds, in UTC.
func Day(micros int64) int32 { return int32(floor(micros, dayMicros) / dayMicros) }

const (
	minuteMicros = int64(time.Minute / time.Microsecond)
	hourMicros   = 60 * minuteMicros
	dayMicros    = 24 * hourMicros
)

// floor is the last multiple of step at or before t. Division alone would round times before 1970 up.
func floor(t, step int64) int64 {
	r := t % step
	if r < 0 {
		r += step
	}
	return t - r
}

// tidy cuts an event to its bounds.
func tidy(e *wire.Event) {
	cut(&e.Method, 32)
	cut(&e.Path, wire.MaxPath)
	cut(&e.Agent, wire.MaxAgent)
	for _, s := range []*string{&e.Host, &e.Route, &e.Kind, &e.Fingerprint, &e.Account, &e.Key, &e.Certificate, &e.Session, &e.Action, &e.Rule, &e.Reason} {
		cut(s, maxName)
	}
	e.Networks = cutList(e.Networks, maxNetworks)
	e.Marks = cutList(e.Marks, maxMarks)
	if len(e.Outcomes) > maxOutcomes {
		e.Outcomes = e.Outcomes[:maxOutcomes]
	}
	for i := range e.Outcomes {
		o := &e.Outcomes[i]
		cut(&o.Kind, 64)
		cut(&o.Result, 64)
		cut(&o.Subject, wire.MaxSubject)
	}
	if e.Ban != nil && len(e.Ban.Subject) > maxName {
		ban := *e.Ban
		cut(&ban.Subject, maxName)
		e.Ban = &ban
	}
	e.Address, e.Peer = bare(e.Address), bare(e.Peer)
}

// bare is the address as it is counted and looked up: v4 in v6 unwrapped, the zone dropped.
func bare(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

func cut(s *string, n int) {
	if len(*s) > n {
		*s = (*s)[:n]
	}
}

func cutList(list []string, n int) []string {
	if len(list) > n {
		list = list[:n]
	}
	for i := range list {
		cut(&list[i], maxName)
	}
	return list
}
