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
func ByAccount(a *Act) string {
	if a.Subject != "" {
		return a.Subject
	}
	return a.Account
}

// Shape is what can be seen of a client's software: its fingerprint, or where there is none how it calls itself.
func Shape(a *Act) string {
	if a.Fingerprint != "" {
		return "fingerprint:" + a.Fingerprint
	}
	return "agent:" + a.Agent
}

// place is the network that an address shares with its neighbours. A pseudonym that hides them is a place of its own.
func place(a netip.Addr) string {
	bits := 24
	if veil.Of(a) == veil.Hashed {
		return a.String()
	}
	a = veil.Bits(a)
	if a.Is6() {
		bits = 48
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
