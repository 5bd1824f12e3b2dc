package engine

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"palisade.dev/guard/prefix"
)

// Dimension is one thing a client can be told apart by.
type Dimension uint8

// The dimensions, in the order in which a composed key lists them.
const (
	ByAddress     Dimension = iota // IPv4 /32, IPv6 /64: what one customer of a provider gets
	ByNetwork                      // IPv4 /24, IPv6 /48
	ByAccount                      // of the app, or of the API key
	ByKey                          // API key
	ByCertificate                  // client certificate
	BySession
	ByFingerprint
	ByHost
	ByRoute
	BySite // everybody together
	ByHeader
	dimensions
)

var dimensionNames = [...]string{
	"address", "network", "account", "api_key", "certificate", "session", "fingerprint", "host", "route", "site", "header",
}

func (d Dimension) String() string { return dimensionNames[d] }

// by is a rule's `by`, read: a set of dimensions and, for ByHeader, the header's name.
type by struct {
	dims   uint16
	header string
}

func (b by) has(d Dimension) bool { return b.dims>>d&1 == 1 }

// single gives the one dimension of a key that is not composed.
func (b by) single() (Dimension, bool) {
	for d := range dimensions {
		if b.dims == 1<<d {
			return d, true
		}
	}
	return 0, false
}

func parseBy(words []string) (by, error) {
	b := by{}
next:
	for _, w := range words {
		if name, ok := strings.CutPrefix(w, "header:"); ok && name != "" {
			if b.header != "" {
				return by{}, fmt.Errorf("by: %q: one header at most", w)
			}
			b.dims |= 1 << ByHeader
			b.header = name
			continue
		}
		for d := range ByHeader {
			if w == dimensionNames[d] {
				b.dims |= 1 << d
				continue next
			}
		}
		return by{}, fmt.Errorf("by: %q: want one or more of %s or header:NAME", w, strings.Join(dimensionNames[:ByHeader], ", "))
	}
	if b.dims == 0 {
		b.dims = 1 << ByAddress
	}
	return b, nil
}

// Subject is who a ban or an allowance is about: a prefix, or a principal by its kind and value.
type Subject struct {
	Prefix netip.Prefix
	Kind   Dimension
	Value  string
}

// ParseSubject reads "203.0.113.7", "2001:db8::/48", "account:alice", "api_key:4be2…", "certificate:…", "session:…" or
// "fingerprint:…".
func ParseSubject(s string) (Subject, error) {
	kind, value, ok := strings.Cut(s, ":")
	if ok {
		for _, d := range []Dimension{ByAccount, ByKey, ByCertificate, BySession, ByFingerprint} {
			if kind == dimensionNames[d] {
				if value == "" || len(value) > 256 || !legible(value) {
					return Subject{}, fmt.Errorf("subject %q: after %q come 1 to 256 bytes of text without control characters", s, kind+":")
				}
				return Subject{Kind: d, Value: value}, nil
			}
		}
	}
	p, err := prefix.ParsePrefix(s)
	if err != nil {
		return Subject{}, fmt.Errorf("subject %q is no address or prefix (%w) and does not begin with account:, api_key:, certificate:, session: or fingerprint:", s, err)
	}
	return Subject{Prefix: p}, nil
}

// legible reports whether a stranger's word is text that every store and page can hold.
func legible(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// String is what ParseSubject reads.
func (s Subject) String() string {
	if s.Value != "" {
		return s.Kind.String() + ":" + s.Value
	}
	if s.Prefix.IsSingleIP() {
		return s.Prefix.Addr().String()
	}
	return s.Prefix.String()
}

// subjectKey finds a principal's ban or allowance without building a string.
type subjectKey struct {
	kind  Dimension
	value string
}

// Whom names the subject of a ban that a verdict ordered.
func Whom(r *Request, d Dimension) string {
	switch d {
	case ByAddress:
		return Subject{Prefix: prefix.Group(r.Address)}.String()
	case ByNetwork:
		bits := 48
		if r.Address.Is4() {
			bits = 24
		}
		p, _ := r.Address.Prefix(bits)
		return p.String()
	}
	return Subject{Kind: d, Value: r.value(d)}.String()
}
