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

// The ways. Doubt means that a trusted peer's header made no sense and the last trusted fact was taken.
const (
	FromPeer How = iota
	FromHeader
	FromDoubt
)

// Bounds of a forwarding header.
const (
	maxHops      = 64
	maxForwarded = 8 << 10
)

// NewProxies reads the trusted prefixes and the one header that they set. Words may stand for prefixes: "loopback" and
// "private".
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
// header is walked from the right over trusted hops, through all its values. A header from an untrusted peer changes
// nothing.
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
	last, hops, bytes := peer, 0, 0
	for i := len(values) - 1; i >= 0; i-- {
		rest := values[i]
		if bytes += len(rest); bytes > maxForwarded {
			return last, FromDoubt
		}
		for more := true; more; {
			var element string
			if j := lastComma(rest); j >= 0 {
				rest, element = rest[:j], rest[j+1:]
			} else {
				element, more = rest, false
			}
			if hops++; hops > maxHops {
				return last, FromDoubt
			}
			if p.header == "Forwarded" {
				var ok bool
				if element, ok = forwardedFor(element); !ok {
					return last, FromDoubt
				}
			}
			a, ok := parseHop(element)
			if !ok {
				return last, FromDoubt
			}
			if last = a; !p.Trusts(a) {
				return a, FromHeader
			}
		}
	}
	return last, FromHeader
}

// lastComma finds the last comma outside quotes. A quote that is never closed makes an element that no parser takes.
func lastComma(s string) int {
	quoted := strings.IndexByte(s, '"') >= 0
	if !quoted {
		return strings.LastIndexByte(s, ',')
	}
	at, in := -1, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if in {
				i++
			}
		case '"':
			in = !in
		case ',':
			if !in {
				at = i
			}
		}
	}
	return at
}

// forwardedFor finds the for= of one element of RFC 7239.
func forwardedFor(element string) (string, bool) {
	found, n := "", 0
	for pair := range strings.SplitSeq(element, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if !ok {
			return "", false
		}
		if !strings.EqualFold(name, "for") {
			continue
		}
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
			if strings.ContainsAny(value, `"\`) {
				return "", false
			}
		}
		found = value
		n++
	}
	return found, n == 1
}

// parseHop reads one hop: an address, perhaps with a port or in brackets.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if len(s) == 0 || len(s) > 64 {
		return netip.Addr{}, false
	}
	if s[0] == '[' {
		if i := strings.IndexByte(s, ']'); i > 0 && (i == len(s)-1 || s[i+1] == ':' && port(s[i+2:])) {
			s = s[1:i]
		} else {
			return netip.Addr{}, false
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i+1:], ':') < 0 {
		if !port(s[i+1:]) {
			return netip.Addr{}, false
		}
		s = s[:i]
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}, false
	}
	return Clean(a), true
}

func port(s string) bool {
	if len(s) == 0 || len(s) > 5 {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
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
