// Package veil puts pseudonyms in the place of clients' addresses, by a key that is kept apart from the database. What is
// stored can then be counted, grouped and searched, and a copy of the database says of nobody where they were. A pseudonym
// is a [netip.Addr] with a zone that no guard can send, so that it is never taken for an address, nor veiled twice; people
// see and type it with a tilde in front.
package veil

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// Mode is how the addresses in a site's events are kept.
type Mode string

// The modes.
const (
	Clear     Mode = "clear"
	Encrypted Mode = "encrypted" // prefix-preserving: networks stay networks, and the key brings the address back
	Hashed    Mode = "hashed"    // one-way: a /24 or /64 still joins, nothing brings the address back
)

// ParseMode reads a mode; nothing is clear.
func ParseMode(word string) (Mode, error) {
	switch m := Mode(word); m {
	case "":
		return Clear, nil
	case Clear, Encrypted, Hashed:
		return m, nil
	}
	return "", fmt.Errorf("privacy %.40q: want clear, encrypted or hashed", word)
}

// The zones of pseudonyms. The event log takes the zone off what guards send, so only this package makes them.
const (
	encryptedZone = "~"
	hashedZone    = "#"
)

// Of says what an address is: clear, or a pseudonym and of which kind.
func Of(a netip.Addr) Mode {
	switch a.Zone() {
	case encryptedZone:
		return Encrypted
	case hashedZone:
		return Hashed
	}
	return Clear
}

// Mark makes a pseudonym of the bits of one. A v4 address cannot have a zone, so it is kept mapped into v6.
func Mark(a netip.Addr, m Mode) netip.Addr {
	if !a.IsValid() {
		return a
	}
	switch m {
	case Encrypted:
		return netip.AddrFrom16(a.As16()).WithZone(encryptedZone)
	case Hashed:
		return netip.AddrFrom16(a.As16()).WithZone(hashedZone)
	case Clear:
	}
	return a
}

// MarkedNet reports whether a text is written as a network of pseudonyms.
func MarkedNet(text string) bool {
	return Marked(text) && !strings.ContainsAny(text, ".:") || Marked(text) && strings.Contains(text, "/")
}

// Bits takes the mark off: the bits alone, which say nothing of where somebody is.
func Bits(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Text is how people see an address: ~203.0.113.9 is an encrypted one, and ~9f86d081884c7d65.2cf24dba5fb0a30e, network and
// host, a hashed one, which nobody can take for an address.
func Text(a netip.Addr) string {
	switch Of(a) {
	case Encrypted:
		return "~" + Bits(a).String()
	case Hashed:
		b := a.As16()
		return "~" + hex.EncodeToString(b[:8]) + "." + hex.EncodeToString(b[8:])
	case Clear:
	}
	return a.String()
}

// Marked reports whether a text is written as a pseudonym.
func Marked(text string) bool { return strings.HasPrefix(text, "~") }

// Parse reads an address or what Text makes of a pseudonym. A zone is dropped: it would be a mark.
func Parse(text string) (netip.Addr, error) {
	word, marked := strings.CutPrefix(text, "~")
	if network, host, ok := strings.Cut(word, "."); marked && ok && len(network) == 16 {
		var b [16]byte
		if unhex(b[:8], network) && unhex(b[8:], host) && b[0] >= top {
			return netip.AddrFrom16(b).WithZone(hashedZone), nil
		}
	}
	a, err := netip.ParseAddr(word)
	if err != nil || a.Zone() != "" {
		if marked {
			return netip.Addr{}, fmt.Errorf("%.80q is no pseudonym: one is written like ~203.0.113.9, or ~ and two times 16 hexadecimal digits with a dot between", text)
		}
		return netip.Addr{}, fmt.Errorf("address %.80q is none: write it like 192.0.2.7 or 2001:db8::7", text)
	}
	if marked {
		return Mark(a.Unmap(), Encrypted), nil
	}
	return a.Unmap(), nil
}

func unhex(to []byte, text string) bool {
	if len(text) != 2*len(to) || strings.ToLower(text) != text {
		return false
	}
	_, err := hex.Decode(to, []byte(text))
	return err == nil
}

// Net is a network of pseudonyms.
type Net struct {
	Mode   Mode
	Prefix netip.Prefix // of the bits
}

// ParseNet reads ~203.0.113.0/24, or ~ and 16 digits: the network that hashed addresses share.
func ParseNet(text string) (Net, error) {
	word, marked := strings.CutPrefix(text, "~")
	var b [16]byte
	if marked && unhex(b[:8], word) && b[0] >= top {
		return Net{Hashed, netip.PrefixFrom(netip.AddrFrom16(b), 64)}, nil
	}
	if p, err := netip.ParsePrefix(word); marked && err == nil && !p.Addr().Is4In6() {
		return Net{Encrypted, p.Masked()}, nil
	}
	return Net{}, fmt.Errorf("%.80q is no network of pseudonyms: one is written like ~203.0.113.0/24, or ~ and 16 hexadecimal digits", text)
}

// String is what ParseNet reads.
func (n Net) String() string {
	if n.Mode == Hashed {
		b := n.Prefix.Addr().As16()
		return "~" + hex.EncodeToString(b[:8])
	}
	return "~" + n.Prefix.String()
}

// Contains reports whether a pseudonym is of the network.
func (n Net) Contains(a netip.Addr) bool { return Of(a) == n.Mode && n.Prefix.Contains(Bits(a)) }

// Group is what makes one client: a v4 address, or the /64 of a v6 one, as people would look it up.
func Group(a netip.Addr) string {
	switch Of(a) {
	case Encrypted:
		if b := Bits(a); b.Is6() {
			return Net{Encrypted, netip.PrefixFrom(b, 64).Masked()}.String()
		}
	case Hashed:
		if b := a.As16(); b[7]&v6 != 0 {
			return Net{Hashed, netip.PrefixFrom(Bits(a), 64).Masked()}.String()
		}
	case Clear:
		if a.Is6() {
			return netip.PrefixFrom(a, 64).Masked().String()
		}
	}
	return Text(a)
}

// Client is Group as an address: all of one client's are equal.
func Client(a netip.Addr) netip.Addr {
	m, b := Of(a), Bits(a)
	if wide := b.As16(); m != Hashed && b.Is6() || m == Hashed && wide[7]&v6 != 0 {
		b = netip.PrefixFrom(b, 64).Masked().Addr()
	}
	return Mark(b, m)
}

// Counted is an address by which an engine counts a pseudonym as it would have the address: a v4 client by itself, a v6
// one by its /64, and by network where the hashes join. In no public network list is any such address.
func Counted(a netip.Addr) netip.Addr {
	b := a.As16()
	if Of(a) == Hashed && b[7]&v6 == 0 {
		// A /64 is one client to the engine, but the 64 bits of a v4 network hold many: two bytes of the host tell them
		// apart, and the six that are left still join as a network.
		b[6], b[7] = b[8], b[9]
		return netip.AddrFrom16(b)
	}
	return Bits(a)
}

// Veil hides the addresses of one site. A nil Veil hides nothing. It is safe for concurrent use.
type Veil struct {
	mode Mode
	past []Mode // under which events may be stored, beside the present one; clear is taken for granted

	mu    sync.Mutex
	pfx   pfx
	hash  hasher
	whole [wholes]struct{ from, to netip.Addr }
	nets  [wholes / 4]struct {
		is   bool
		wide bool // v6
		from uint64
		to   uint64
	}
}

// wholes is how many addresses, each in the place of its hash, have their pseudonym at hand: 48 bytes each. A quarter as
// many networks are, for addresses that are new in one that is known.
const wholes = 4096

// Mode is the present mode.
func (v *Veil) Mode() Mode {
	if v == nil {
		return Clear
	}
	return v.mode
}

// Encrypts reports whether the site encrypts addresses, or did.
func (v *Veil) Encrypts() bool { return v != nil && slices.Contains(v.past, Encrypted) }

// Hide veils what an event says of where its client is.
func (v *Veil) Hide(e *wire.Event) {
	if v.Mode() == Clear {
		return
	}
	e.Address, e.Peer = v.Address(e.Address), v.Address(e.Peer)
	if e.Ban == nil {
		return
	}
	order := *e.Ban // the batch keeps its own: the ban itself must be enforced
	if p, err := prefix.ParsePrefix(order.Subject); err == nil {
		order.Subject = v.Name(p)
	}
	e.Ban = &order
}

// Address gives an address as it is to be stored from now on. What is a pseudonym stays the one it is.
func (v *Veil) Address(a netip.Addr) netip.Addr {
	if v.Mode() == Clear || !a.IsValid() || Of(a) != Clear {
		return a
	}
	a = Bits(a)
	v.mu.Lock()
	defer v.mu.Unlock()
	at := &v.whole[place(a)%wholes]
	if at.from != a {
		at.from, at.to = a, v.of(a, v.mode)
	}
	return at.to
}

// of makes a pseudonym; the lock is held.
func (v *Veil) of(a netip.Addr, m Mode) netip.Addr {
	if m == Hashed {
		return Mark(v.hash.address(a), Hashed)
	}
	x, bits := left(a), a.BitLen()
	near := near(bits)
	from := x.hi >> (64 - near)
	known := &v.nets[mix(from)%uint64(len(v.nets))]
	if !known.is || known.from != from || known.wide != (bits == 128) {
		known.is, known.wide, known.from = true, bits == 128, from
		known.to = v.pfx.turn(x, u128{}, 0, near, bits, false).hi
	}
	return Mark(right(v.pfx.turn(x, u128{hi: known.to}, near, bits, bits, false), bits), Encrypted)
}

// near is the network whose pseudonym is kept at hand, in bits.
func near(bits int) int {
	if bits == 128 {
		return 64
	}
	return 24
}

// Shadows gives the pseudonyms under which an address may be stored, in all modes that the site has had.
func (v *Veil) Shadows(a netip.Addr) []netip.Addr {
	if v == nil || !a.IsValid() || Of(a) != Clear {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []netip.Addr
	for _, m := range v.past {
		out = append(out, v.of(Bits(a), m))
	}
	return out
}

// Nets gives the networks of pseudonyms that stand for a prefix. Hashed addresses have none but for a single address, a
// /24 and, of v6, a /64: one that is asked for and cannot be had is told by whole being false.
func (v *Veil) Nets(p netip.Prefix) (nets []Net, whole bool) {
	whole = true
	if v == nil {
		return nil, true
	}
	for _, m := range v.past {
		n, ok := v.net(m, p)
		if ok {
			nets = append(nets, n)
		}
		whole = whole && ok
	}
	return nets, whole
}

func (v *Veil) net(m Mode, p netip.Prefix) (Net, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p = p.Masked()
	if m == Encrypted {
		return Net{Encrypted, netip.PrefixFrom(Bits(v.of(p.Addr(), Encrypted)), p.Bits()).Masked()}, true
	}
	a := v.hash.address(p.Addr())
	switch {
	case p.IsSingleIP():
		return Net{Hashed, netip.PrefixFrom(a, 128)}, true
	case p.Bits() == near(p.Addr().BitLen()):
		return Net{Hashed, netip.PrefixFrom(a, 64).Masked()}, true
	}
	return Net{}, false
}

// Names gives the pseudonyms of a prefix as people see them.
func (v *Veil) Names(p netip.Prefix) (names []string) {
	if p.IsValid() && p.IsSingleIP() {
		for _, a := range v.Shadows(p.Addr()) {
			names = append(names, Text(a))
		}
		return names
	}
	nets, _ := v.Nets(p)
	for _, n := range nets {
		names = append(names, n.String())
	}
	return names
}

// Name gives the pseudonym of a prefix in the present mode; "" where there is none.
func (v *Veil) Name(p netip.Prefix) string {
	switch {
	case v.Mode() == Clear || !p.IsValid():
		return ""
	case p.IsSingleIP():
		return Text(v.Address(p.Addr()))
	}
	if n, ok := v.net(v.mode, p); ok {
		return n.String()
	}
	return "~" // a hash of a network that has none
}

// Unveil gives the address behind a pseudonym, where it can be had: of an encrypted one, with the key it was made with. A
// clear address is given as it is.
func (v *Veil) Unveil(a netip.Addr) (netip.Addr, bool) {
	switch {
	case Of(a) == Clear:
		return a, true
	case Of(a) == Hashed || v == nil:
		return a, false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	b := Bits(a)
	return right(v.pfx.turn(left(b), u128{}, 0, b.BitLen(), b.BitLen(), true), b.BitLen()), true
}

// place is where an address is kept at hand.
func place(a netip.Addr) uint64 {
	x := left(a)
	return mix(x.hi ^ mix(x.lo))
}

// mix is the finish of MurmurHash3. Who chooses addresses that meet in it makes us work as if nothing were at hand, a
// few microseconds each.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	return h ^ h>>33
}

// left gives an address's bits from the left.
func left(a netip.Addr) u128 {
	if a.Is4() {
		b := a.As4()
		return u128{hi: uint64(binary.BigEndian.Uint32(b[:])) << 32}
	}
	b := a.As16()
	return u128{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func right(x u128, bits int) netip.Addr {
	if bits == 32 {
		return netip.AddrFrom4([4]byte{byte(x.hi >> 56), byte(x.hi >> 48), byte(x.hi >> 40), byte(x.hi >> 32)})
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], x.hi)
	binary.BigEndian.PutUint64(b[8:], x.lo)
	return netip.AddrFrom16(b)
}
