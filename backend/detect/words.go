package detect

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// What recipes say to people is put together here, so that the same thing reads the same everywhere.

// Many counts in words: "1 sign-up", "12,400 sign-ups".
func Many(n uint64, one, many string) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n == 1 {
		return s + " " + one
	}
	return s + " " + many
}

// Number is a number as people read it: "12,400".
func Number(n uint64) string { return strings.TrimSpace(Many(n, "", "")) }

// Distinct counts distinct values in words: exactly as far as they are kept one by one, then to two digits, which is what an
// estimate within 3 % is worth.
func Distinct(n uint64, one, many string) string {
	if n <= exactTo {
		return Many(n, one, many)
	}
	unit := uint64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return "about " + Many((n+unit/2)/unit*unit, one, many)
}

// Within is the time of a tally in words: "in 8 minutes".
func (t *Tally) Within() string {
	switch d := t.Span(); {
	case d < time.Second:
		return "within a second"
	case d < 2*time.Minute:
		return "in " + Many(uint64(d/time.Second), "second", "seconds")
	default:
		return "in " + Many(uint64(d/time.Minute), "minute", "minutes")
	}
}

// Missed says how many acts came to nothing: "40 failed sign-ins", "60 failed or refused sign-ins".
func (t *Tally) Missed(failed, one, many string) string {
	if t.Refused > 0 {
		failed += " or refused"
	}
	return Many(t.Tries(), failed+" "+one, failed+" "+many)
}

// From says where a tally of many clients comes from: "612 addresses".
func (t *Tally) From() string { return Distinct(t.Clients, "address", "addresses") }

// rented are the kinds of networks whose addresses anybody can have for an hour, or hides behind.
var rented = map[string]bool{"cloud": true, "hosting": true, "tor": true, "vpn": true, "proxy": true}

// Rented reports whether most acts came from networks whose addresses are rented by the hour, or hidden behind.
func (t *Tally) Rented() bool {
	n := uint64(0)
	for _, list := range t.record.tops[topNetworks].all() {
		if kind, _, _ := strings.Cut(list.Value, "/"); rented[kind] {
			n = max(n, list.Count)
		}
	}
	return 2*n > t.record.acts
}

// Bannable is the subject of a ban of a client, or "" where it is a pseudonym that no guard knows.
func Bannable(client string) string {
	if _, err := netip.ParsePrefix(client); err == nil {
		return client
	}
	if _, err := netip.ParseAddr(client); err == nil {
		return client
	}
	return ""
}

// Printed is the subject of a ban of a shape: only a fingerprint can be banned, what software calls itself cannot.
func Printed(shape string) string {
	if strings.HasPrefix(shape, "fingerprint:") {
		return shape
	}
	return ""
}

// Looks is a shape in words, cut to what a title can hold.
func Looks(shape string) string {
	kind, value, _ := strings.Cut(shape, ":")
	if value == "" {
		return "software that says nothing of itself"
	}
	if len(value) > 60 {
		value = strings.ToValidUTF8(value[:60], "") + "…"
	}
	if kind == "agent" {
		return "software that calls itself " + value
	}
	return "software of fingerprint " + value
}

// Over is the limit above what is usual in a window: six spreads over the median of this hour of the day, or the floor
// where less is usual or nothing is known. Six median distances are four standard deviations of a normal crowd.
func Over(l Level, window time.Duration, floor float64) float64 {
	if l.Days < MinDays {
		return floor
	}
	share := window.Hours()
	return max(floor, (l.Median+6*max(l.Spread, 1))*share)
}

// UsualShare is which share of acts of two results usually have the first, 0 where nothing is known.
func UsualShare(usual Usual, first, second string) float64 {
	a, b := usual(first), usual(second)
	if a.Days < MinDays || a.Median+b.Median == 0 {
		return 0
	}
	return a.Median / (a.Median + b.Median)
}
