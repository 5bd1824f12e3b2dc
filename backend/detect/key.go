package detect

import (
	"net/netip"

	"palisade.dev/backend/veil"
)

// ByClient counts an address together, or the /64 of a v6 one: who asks, as far as that can be known of a stranger.
func ByClient(a *Act) string { return a.Client }

// BySite counts all of a site together.
func BySite(*Act) string { return "site" }

// ByShape counts what is alike in its software, wherever it comes from: what asks.
func ByShape(a *Act) string { return Shape(a) }

// ByAccount counts one account together, whoever asks.
func ByAccount(a *Act) string { return a.who() }

// Shape is what can be seen of a client's software: its fingerprint, or where there is none how it calls itself.
func Shape(a *Act) string {
	if a.Fingerprint != "" {
		return "fingerprint:" + a.Fingerprint
	}
	return "agent:" + a.Agent
}

// place is the network that an address shares with its neighbours, in words. A pseudonym that hides them is a place of its
// own.
func place(a netip.Addr) string {
	if veil.Of(a) == veil.Hashed {
		return a.String()
	}
	var b [16]byte
	if a = veil.Bits(a); a.Is4() {
		four := a.As4()
		return string(append(b[:0], four[:3]...))
	}
	b = a.As16()
	return string(b[:6])
}
