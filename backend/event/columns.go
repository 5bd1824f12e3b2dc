package event

import (
	"encoding/binary"
	"net/netip"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// A segment holds its events by column. Most columns have few distinct values, so each is a dictionary and, for every
// event, an index of fixed width into it: looking for one value reads one number per event and builds nothing. The order
// of the columns is the format; a new one goes to the end with a new version.
const (
	colMethod = iota
	colHost
	colPath
	colRoute
	colKind
	colAgent
	colFingerprint
	colAccount
	colKey
	colCertificate
	colSession
	colAction
	colRule
	colReason
	lastPlain  // the columns before are plain strings of an event
	colAddress = iota - 1
	colPeer
	colNetworks
	colMarks
	colOutcomes
	colBan
	colStatus
	colRevision
	colAlert
	columns
)

// plain gives the string columns in their order.
func plain(e *wire.Event) [lastPlain]*string {
	return [lastPlain]*string{
		&e.Method, &e.Host, &e.Path, &e.Route, &e.Kind, &e.Agent, &e.Fingerprint, &e.Account, &e.Key, &e.Certificate,
		&e.Session, &e.Action, &e.Rule, &e.Reason,
	}
}

// Composite values travel inside a dictionary entry in these small forms. The empty entry is the absent value.

// The first byte of a pseudonym, by which it is longer than any address.
const (
	tagEncrypted = 'e'
	tagHashed    = 'h'
)

func appendAddress(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	switch veil.Of(a) {
	case veil.Encrypted:
		b, a = append(b, tagEncrypted), veil.Bits(a)
	case veil.Hashed:
		b = append(b, tagHashed)
	case veil.Clear:
	}
	if a.Is4() {
		v := a.As4()
		return append(b, v[:]...)
	}
	v := a.As16()
	return append(b, v[:]...)
}

// parseAddress takes 0, 4 or 16 bytes, or the tag of a pseudonym and 4 or 16. A mapped address in 16 bytes stays mapped, so
// that what decodes encodes back; a pseudonym has no such form.
func parseAddress(b []byte) (netip.Addr, bool) {
	if len(b) == 0 {
		return netip.Addr{}, true
	}
	if len(b) != 5 && len(b) != 17 {
		return netip.AddrFromSlice(b)
	}
	a, _ := netip.AddrFromSlice(b[1:])
	switch {
	case b[0] == tagEncrypted && !a.Is4In6():
		return veil.Mark(a, veil.Encrypted), true
	case b[0] == tagHashed && a.Is6() && !a.Is4In6():
		return veil.Mark(a, veil.Hashed), true
	}
	return netip.Addr{}, false
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendList(b []byte, list []string) []byte {
	for _, s := range list {
		b = appendText(b, s)
	}
	return b
}

func appendOutcomes(b []byte, outcomes []wire.Outcome) []byte {
	for _, o := range outcomes {
		b = appendText(b, o.Kind)
		b = appendText(b, o.Result)
		b = appendText(b, o.Subject)
	}
	return b
}

func appendBan(b []byte, ban *wire.BanOrder) []byte {
	if ban == nil {
		return b
	}
	b = binary.AppendVarint(b, ban.Seconds)
	return append(b, ban.Subject...)
}

func appendNumber(b []byte, n uint64) []byte {
	if n == 0 {
		return b
	}
	return binary.AppendUvarint(b, n)
}

// text reads one length-prefixed string.
func text(b []byte) (s, rest []byte, ok bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 || n > uint64(len(b)-w) {
		return nil, nil, false
	}
	return b[w : w+int(n)], b[w+int(n):], true
}

// maxList bounds the strings of one entry. An entry is a few bytes and a string in memory sixteen more: without a bound
// a small segment could ask for a large slice.
const maxList = 64

func parseList(b []byte) ([]string, bool) {
	var list []string
	for len(b) > 0 {
		s, rest, ok := text(b)
		if !ok || len(list) == maxList {
			return nil, false
		}
		list, b = append(list, string(s)), rest
	}
	return list, true
}

func parseOutcomes(b []byte) ([]wire.Outcome, bool) {
	list, ok := parseList(b)
	if !ok || len(list)%3 != 0 || len(list) == 0 {
		return nil, ok && len(list) == 0
	}
	outcomes := make([]wire.Outcome, 0, len(list)/3)
	for i := 0; i < len(list); i += 3 {
		outcomes = append(outcomes, wire.Outcome{Kind: list[i], Result: list[i+1], Subject: list[i+2]})
	}
	return outcomes, true
}

func parseBan(b []byte) (*wire.BanOrder, bool) {
	if len(b) == 0 {
		return nil, true
	}
	seconds, w := binary.Varint(b)
	if w <= 0 {
		return nil, false
	}
	return &wire.BanOrder{Subject: string(b[w:]), Seconds: seconds}, true
}

func parseNumber(b []byte) (uint64, bool) {
	if len(b) == 0 {
		return 0, true
	}
	n, w := binary.Uvarint(b)
	return n, w == len(b)
}
