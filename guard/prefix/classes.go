package prefix

import (
	"encoding/binary"
	"net/netip"
)

// Class stands for a set of lists: all those that cover an address. Class 0 is no list.
type Class uint16

// Bounds of what one table takes.
const (
	MaxLists    = 256
	MaxPrefixes = 2_000_000
	maxClasses  = 1 << 16
)

// Classes finds all lists that cover an address in one look. It is immutable.
type Classes struct {
	trie    trie
	v4, v6  ref
	masks   []mask
	members [][]uint16
}

// mask has a bit for each list.
type mask = [4]uint64

// Lookup finds the class of an address, which must be unmapped and without a zone. It allocates nothing.
func (c *Classes) Lookup(a netip.Addr) Class {
	if a.Is4() {
		b := a.As4()
		return c.trie.find(c.v4, uint64(binary.BigEndian.Uint32(b[:]))<<32, 0)
	}
	if !a.IsValid() {
		return 0
	}
	// As16 is written as two halves and copied as a whole, which stalls for longer than the look takes.
	var b [16]byte
	_, _ = a.AppendBinary(b[:0]) // an address fits
	return c.trie.find(c.v6, binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:]))
}

// LookupWords is Lookup for an address as two words, big end first; an IPv4 address is the low half of lo. It spares
// the detour over bytes, which costs as much as a part of the look.
func (c *Classes) LookupWords(hi, lo uint64, is4 bool) Class {
	if is4 {
		return c.trie.find(c.v4, lo<<32, 0)
	}
	return c.trie.find(c.v6, hi, lo)
}

// Members are the numbers of a class's lists, ascending. The caller must not change the slice. A class that this table
// never gave has none.
func (c *Classes) Members(k Class) []uint16 {
	if int(k) >= len(c.members) {
		return nil
	}
	return c.members[k]
}

// Mask is the class's lists as bits: list i is bit i&63 of word i>>6. A class that this table never gave has none.
func (c *Classes) Mask(k Class) [4]uint64 {
	if int(k) >= len(c.masks) {
		return mask{}
	}
	return c.masks[k]
}

// Len is how many classes there are.
func (c *Classes) Len() int { return len(c.masks) }
