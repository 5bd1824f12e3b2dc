// Package identity finds out who and what asks: the client's address, its API key, certificate, session or token, the
// device it was seen on before, and the kind of software it claims to be. Everything here reads what a stranger sent,
// so every parser has a limit and an answer for doubt: the nearest fact that is trusted.
package identity

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/textproto"
	"strings"

	"palisade.dev/guard/prefix"
)

// Proxies are the hops in front of a guard whose word is taken.
type Proxies struct {
	trusted *prefix.List[bool]
	header  string // canonical; "" means that no header is read
	chain   bool   // a list of hops rather than one address
}

// How tells where a client's address was found.
type How uint8

// The ways. Doubt means that a trusted peer's header made no sense and the nearest trusted fact was taken.
const (
	FromPeer How = iota
	FromHeader
	FromDoubt
)

func (h How) String() string { return [...]string{"peer", "header", "doubt"}[h] }

// Bounds of a forwarding header.
const (
	maxHops      = 64
	maxForwarded = 8 << 10
	maxHop       = 128 // of one address: the longest with port and zone has some 70 bytes
)

// NewProxies reads the trusted prefixes and the one header that they set: Forwarded, X-Forwarded-For, or any other name
// for one that holds a single address. Words may stand for prefixes: "loopback" and "private".
func NewProxies(trusted []string, header string) (*Proxies, error) {
	p := &Proxies{header: textproto.CanonicalMIMEHeaderKey(header)}
	p.chain = p.header == "Forwarded" || p.header == "X-Forwarded-For"
	var changes []prefix.Change[bool]
	for _, s := range trusted {
		words := []string{s}
		switch s {
		case "loopback":
			words = []string{"127.0.0.0/8", "::1"}
		case "private":
			words = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}
		}
		for _, w := range words {
			pre, err := prefix.ParsePrefix(w)
			if err != nil {
				return nil, fmt.Errorf("proxies: %w", err)
			}
			changes = append(changes, prefix.Change[bool]{Prefix: pre, Value: true})
		}
	}
	if len(changes) > 0 && header == "" {
		return nil, fmt.Errorf("proxies: trusted without a header: say which one they set, such as X-Forwarded-For")
	}
	if strings.ContainsAny(header, " :\r\n\t,") {
		return nil, fmt.Errorf("proxies: header %q is no header name", header)
	}
	p.trusted = (&prefix.List[bool]{}).With(changes)
	return p, nil
}

// Trusts reports whether an address is one of the proxies.
func (p *Proxies) Trusts(a netip.Addr) bool {
	_, _, ok := p.trusted.Lookup(a)
	return ok
}

// Client gives the address of the client. It is the socket peer unless that is trusted; then the one configured
// header is walked from the right over trusted hops, through all its values, until the first hop that is not trusted or
// makes no sense; in the second case the last good one is the answer. A header from an untrusted peer changes nothing.
func (p *Proxies) Client(peer netip.Addr, h http.Header) (netip.Addr, How) {
	peer = Clean(peer)
	if p.header == "" || !p.Trusts(peer) {
		return peer, FromPeer
	}
	values := h[p.header]
	if len(values) == 0 {
		return peer, FromPeer
	}
	if !p.chain {
		if a, ok := parseHop(values[0]); ok && len(values) == 1 {
			return a, FromHeader
		}
		return peer, FromDoubt
	}
	// Only what is walked counts against the bounds: a stranger who fills the left of the header must not be able to
	// make the walk fail and so pass for the proxy.
	last, hops, left := peer, 0, maxForwarded
	for i := len(values) - 1; i >= 0; i-- {
		rest := values[i]
		for more := true; more; {
			seen := rest[max(0, len(rest)-left):]
			j := p.lastHop(seen)
			if j < 0 && len(seen) < len(rest) {
				return last, FromDoubt
			}
			element := seen[j+1:]
			left -= len(element)
			more, rest = j >= 0, rest[:max(0, len(rest)-len(element)-1)]
			a, ok := p.hop(element)
			if hops++; !ok || hops > maxHops {
				return last, FromDoubt
			}
			if last = a; !p.Trusts(a) {
				return a, FromHeader
			}
		}
	}
	return last, FromHeader
}

// hop reads one element of the header.
func (p *Proxies) hop(element string) (netip.Addr, bool) {
	if p.header == "Forwarded" {
		var ok bool
		if element, ok = forwardedFor(element); !ok {
			return netip.Addr{}, false
		}
	}
	return parseHop(element)
}

// lastHop finds the comma before the last hop. X-Forwarded-For has no quotes: one in it is a stranger's.
func (p *Proxies) lastHop(s string) int {
	if p.header == "Forwarded" {
		return lastOutside(s, ',')
	}
	return strings.LastIndexByte(s, ',')
}

// lastOutside finds the last separator outside quoted strings, or -1. It reads from the right, since the right is what a
// trusted hop wrote: a quote that a stranger opened on the left and never closed must not swallow it.
func lastOutside(s string, separator byte) int {
	in := false
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case '"':
			if !in || !escapedAt(s, i) {
				in = !in
			}
		case separator:
			if !in {
				return i
			}
		}
	}
	return -1
}

// escapedAt reports whether an odd number of backslashes stands before s[i].
func escapedAt(s string, i int) bool {
	n := i
	for n > 0 && s[n-1] == '\\' {
		n--
	}
	return (i-n)%2 == 1
}

// lastPair takes the last name=value off a list that ";" separates, without the quotes round the value. An empty pair is
// one with no name.
func lastPair(s string) (rest, name, value string, ok bool) {
	pair := s
	if i := lastOutside(s, ';'); i >= 0 {
		rest, pair = s[:i], s[i+1:]
	}
	pair = strings.Trim(pair, " \t")
	if pair == "" {
		return rest, "", "", true
	}
	name, value, ok = strings.Cut(pair, "=")
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	return rest, name, value, ok && name != ""
}

// forwardedFor finds the for= of one element of RFC 7239. An element with two of them says nothing.
func forwardedFor(element string) (string, bool) {
	found, n := "", 0
	for element != "" {
		rest, name, value, ok := lastPair(element)
		if !ok {
			return "", false
		}
		if strings.EqualFold(name, "for") {
			found = value
			n++
		}
		element = rest
	}
	return found, n == 1
}

// parseHop reads one hop: an address, perhaps with a port, an IPv6 one perhaps in brackets.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if len(s) == 0 || len(s) > maxHop {
		return netip.Addr{}, false
	}
	bracketed := s[0] == '['
	if bracketed {
		i := strings.IndexByte(s, ']')
		if i < 0 || i < len(s)-1 && (s[i+1] != ':' || !port(s[i+2:])) {
			return netip.Addr{}, false
		}
		s = s[1:i]
	} else if i := strings.IndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		if !port(s[i+1:]) {
			return netip.Addr{}, false
		}
		s = s[:i]
	}
	// The zone goes before parsing: netip keeps each one it meets, and a stranger could send many.
	s, zone, zoned := strings.Cut(s, "%")
	a, err := netip.ParseAddr(s)
	if err != nil || bracketed && a.Is4() || zoned && (a.Is4() || zone == "") {
		return netip.Addr{}, false
	}
	return Clean(a), true
}

// port reads a port, which RFC 7239 lets a proxy hide as "_" and some letters.
func port(s string) bool {
	hidden := strings.HasPrefix(s, "_")
	if len(s) == 0 || !hidden && len(s) > 5 || s == "_" {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && !(hidden && (alphanumeric(c) || c == '.' || c == '_' || c == '-')) {
			return false
		}
	}
	return true
}

// Clean unmaps an IPv4 address from its IPv6 form and strips a zone.
func Clean(a netip.Addr) netip.Addr {
	if a.Is4() {
		return a
	}
	return a.Unmap().WithZone("")
}

// Peer reads the address of http.Request.RemoteAddr; an address that cannot be read is the zero Addr.
func Peer(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return Clean(ap.Addr())
}
