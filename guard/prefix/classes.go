package prefix

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// Class stands for a set of lists: all those that cover an address. Class 0 is no list.
type Class uint16

// Bounds of what one table takes.
const (
	MaxLists    = 256
	MaxPrefixes = 2_000_000
)

// Classes finds all lists that cover an address in one look. It is immutable.
type Classes struct {
	table   bart.Table[Class]
	members [][]uint16
	masks   [][4]uint64
}

// Builder collects lists for a Classes. The zero Builder is empty.
type Builder struct {
	lists map[netip.Prefix][4]uint64
	n     int
}

// NewBuilder makes an empty one.
func NewBuilder() *Builder { return &Builder{} }

// Add puts prefixes into the list of a number; it may be called again for the same list. Bits behind a prefix's length
// do not matter, and IPv4 in IPv6 form is IPv4.
func (b *Builder) Add(list uint16, prefixes []netip.Prefix) error {
	if list >= MaxLists {
		return fmt.Errorf("list number %d: a table takes %d lists", list, MaxLists)
	}
	if b.n+len(prefixes) > MaxPrefixes {
		return fmt.Errorf("%d prefixes: a table takes %d", b.n+len(prefixes), MaxPrefixes)
	}
	if b.lists == nil {
		b.lists = map[netip.Prefix][4]uint64{}
	}
	for _, p := range prefixes {
		if !p.IsValid() {
			return fmt.Errorf("prefix %v is not valid", p)
		}
		p = unmap(p).Masked()
		m := b.lists[p]
		m[list>>6] |= 1 << (list & 63)
		b.lists[p] = m
	}
	b.n += len(prefixes)
	return nil
}

// Build makes the table. Shorter prefixes go first, so that each finds in the table what covers it. It fails when the
// lists overlap in more than 65,536 ways.
func (b *Builder) Build() (*Classes, error) {
	c := &Classes{}
	known := map[[4]uint64]Class{}
	intern := func(m [4]uint64) (Class, error) {
		if id, ok := known[m]; ok {
			return id, nil
		}
		if len(c.masks) > int(^Class(0)) {
			return 0, fmt.Errorf("the lists overlap in more than %d ways: merge or drop some", int(^Class(0))+1)
		}
		id := Class(len(c.masks))
		known[m] = id
		c.masks = append(c.masks, m)
		var members []uint16
		for i := range uint16(MaxLists) {
			if m[i>>6]>>(i&63)&1 == 1 {
				members = append(members, i)
			}
		}
		c.members = append(c.members, members)
		return id, nil
	}
	intern([4]uint64{})
	prefixes := make([]netip.Prefix, 0, len(b.lists))
	for p := range b.lists {
		prefixes = append(prefixes, p)
	}
	slices.SortFunc(prefixes, func(x, y netip.Prefix) int {
		if d := cmp.Compare(x.Bits(), y.Bits()); d != 0 {
			return d
		}
		return x.Addr().Compare(y.Addr())
	})
	for _, p := range prefixes {
		m := b.lists[p]
		if above, ok := c.table.LookupPrefix(p); ok {
			for i, w := range c.masks[above] {
				m[i] |= w
			}
		}
		id, err := intern(m)
		if err != nil {
			return nil, err
		}
		c.table.Insert(p, id)
	}
	return c, nil
}

// Lookup finds the class of an address, which must be unmapped and without a zone.
func (c *Classes) Lookup(a netip.Addr) Class {
	class, _ := c.table.Lookup(a)
	return class
}

// LookupWords is Lookup for an address as two words, big end first; an IPv4 address is the low half of lo.
func (c *Classes) LookupWords(hi, lo uint64, is4 bool) Class {
	if is4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(lo))
		return c.Lookup(netip.AddrFrom4(b))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], hi)
	binary.BigEndian.PutUint64(b[8:], lo)
	return c.Lookup(netip.AddrFrom16(b))
}

// Members are the numbers of a class's lists, ascending. The caller must not change the slice.
func (c *Classes) Members(k Class) []uint16 { return c.members[k] }

// Mask is the class's lists as bits.
func (c *Classes) Mask(k Class) [4]uint64 { return c.masks[k] }

// Len is how many classes there are.
func (c *Classes) Len() int { return len(c.masks) }
