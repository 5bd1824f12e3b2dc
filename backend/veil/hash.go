package veil

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"net/netip"
)

// hasher makes one-way pseudonyms: eight bytes of a MAC of the network (a /24 or /64), eight of one of the address. It is
// one-way as long as the key is not known; who has the key can try all four billion v4 addresses.
type hasher struct {
	mac hash.Hash
	sum [sha256.Size]byte
	in  [18]byte
}

const (
	top = 0x80 // the first byte's bit that is always set: the bits then are no v4 address mapped into v6
	v6  = 0x01 // the bit of the last byte of the network that says which kind of address it was
)

func newHasher(key []byte) hasher { return hasher{mac: hmac.New(sha256.New, key)} }

func (h *hasher) address(a netip.Addr) netip.Addr {
	var out [16]byte
	whole, keep := a.AsSlice(), 3
	if len(whole) == 16 {
		keep = 8
	}
	h.write(out[:8], 'n', whole[:keep])
	h.write(out[8:], 'h', whole)
	out[0] |= top
	out[7] &^= v6
	if len(whole) == 16 {
		out[7] |= v6
	}
	return netip.AddrFrom16(out)
}

func (h *hasher) write(to []byte, part byte, of []byte) {
	h.mac.Reset()
	in := append(append(h.in[:0], part, byte(len(of))), of...)
	h.mac.Write(in)
	copy(to, h.mac.Sum(h.sum[:0]))
}
