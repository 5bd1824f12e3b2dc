package prefix

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
)

// Builder collects lists for a Classes. The zero Builder is empty.
type Builder struct {
	v4, v6 []entry
}

// entry is one prefix of one list; an IPv4 address is the high half of hi.
type entry struct {
	hi, lo uint64
	bits   uint8
	list   uint8
}

// NewBuilder makes an empty one.
func NewBuilder() *Builder { return &Builder{} }

// Add puts prefixes into the list of a number; it may be called again for the same list. Bits behind a prefix's length
// do not matter, and IPv4 in IPv6 form is IPv4.
func (b *Builder) Add(list uint16, prefixes []netip.Prefix) error {
	if list >= MaxLists {
		return fmt.Errorf("list number %d: a table takes %d lists", list, MaxLists)
	}
	if n := len(b.v4) + len(b.v6) + len(prefixes); n > MaxPrefixes {
		return fmt.Errorf("%d prefixes: a table takes %d", n, MaxPrefixes)
	}
	for _, p := range prefixes {
		if !p.IsValid() {
			return fmt.Errorf("prefix %v is not valid", p)
		}
		p = unmap(p).Masked()
		e := entry{bits: uint8(p.Bits()), list: uint8(list)}
		if p.Addr().Is4() {
			a := p.Addr().As4()
			e.hi = uint64(binary.BigEndian.Uint32(a[:])) << 32
			b.v4 = append(b.v4, e)
		} else {
			a := p.Addr().As16()
			e.hi, e.lo = binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:])
			b.v6 = append(b.v6, e)
		}
	}
	return nil
}

// Build makes the table. It fails when the lists overlap in more than 65,536 ways. The Builder may be added to and
// built from again.
func (b *Builder) Build() (*Classes, error) {
	c := &Classes{}
	s := sweep{classes: c, known: map[mask]Class{}}
	s.class(mask{})
	c.v4 = s.table(b.v4)
	c.v6 = s.table(b.v6)
	if len(c.masks) > maxClasses {
		return nil, fmt.Errorf("the lists overlap in more than %d ways: merge or drop some", maxClasses)
	}
	c.trie.clip()
	return c, nil
}

// sweep goes over sorted prefixes from the lowest address to the highest, with the prefixes that are open at that
// point on a stack, and notes where the set of lists turns.
type sweep struct {
	classes *Classes
	known   map[mask]Class
	latest  struct { // neighbours often have the same lists
		mask
		Class
	}
}

// class gives the number of a set of lists. Past maxClasses the numbers are of no use and Build fails.
func (s *sweep) class(m mask) Class {
	if m == s.latest.mask && len(s.classes.masks) > 0 {
		return s.latest.Class
	}
	k, ok := s.known[m]
	if !ok && len(s.classes.masks) <= maxClasses {
		k = Class(len(s.classes.masks))
		s.known[m] = k
		s.classes.masks = append(s.classes.masks, m)
		s.classes.members = append(s.classes.members, members(m))
	}
	s.latest.mask, s.latest.Class = m, k
	return k
}

func (s *sweep) leaf(m mask) ref { return leaf | ref(s.class(m))<<32 }

func members(m mask) []uint16 {
	var out []uint16
	for i, w := range m {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint16(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return out
}

func (s *sweep) table(entries []entry) ref {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b entry) int {
		if c := cmp.Compare(a.hi, b.hi); c != 0 {
			return c
		}
		if c := cmp.Compare(a.lo, b.lo); c != 0 {
			return c
		}
		return cmp.Compare(a.bits, b.bits)
	})
	return s.word(entries, mask{})
}

// open is a prefix that covers the point where a sweep is.
type open struct {
	last uint64
	mask
}

// word makes the table of one word of the address: hi, and for entries longer than 64 bits under one hi, lo. Around
// all of them lie the lists of base.
func (s *sweep) word(entries []entry, base mask) ref {
	first := s.leaf(base)
	turns := make([]turn, 0, 2*len(entries))
	note := func(at uint64, to ref) {
		if n := len(turns); n > 0 && turns[n-1].from == at {
			turns = turns[:n-1]
		}
		before := first
		if n := len(turns); n > 0 {
			before = turns[n-1].to
		}
		if at == 0 {
			first = to
		} else if to != before {
			turns = append(turns, turn{at, to})
		}
	}
	stack := []open{{^uint64(0), base}}
	closeUntil := func(at uint64, all bool) {
		for n := len(stack) - 1; n > 0 && (all || stack[n].last < at); n-- {
			last := stack[n].last
			stack = stack[:n]
			if last < ^uint64(0) {
				note(last+1, s.leaf(stack[n-1].mask))
			}
		}
	}
	for i := 0; i < len(entries); {
		e := entries[i]
		closeUntil(e.hi, false)
		top := stack[len(stack)-1]
		if e.bits > 64 {
			n := i
			for n < len(entries) && entries[n].hi == e.hi {
				n++
			}
			note(e.hi, s.word(low(entries[i:n]), top.mask)|second)
			if e.hi < ^uint64(0) {
				note(e.hi+1, s.leaf(top.mask))
			}
			i = n
			continue
		}
		m := top.mask
		for ; i < len(entries) && entries[i].hi == e.hi && entries[i].bits == e.bits; i++ {
			m[entries[i].list>>6] |= 1 << (entries[i].list & 63)
		}
		stack = append(stack, open{e.hi | ^uint64(0)>>e.bits, m})
		note(e.hi, s.leaf(m))
	}
	closeUntil(0, true)
	return s.classes.trie.root(first, turns)
}

// low moves entries longer than 64 bits to the second word.
func low(entries []entry) []entry {
	out := slices.Clone(entries)
	for i := range out {
		out[i].hi, out[i].lo, out[i].bits = out[i].lo, 0, out[i].bits-64
	}
	return out
}
