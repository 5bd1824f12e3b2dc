// Package prefix answers which network lists cover an address, and which ban or allowance does, in a bounded number of
// steps however many there are; large tables cost more only as they leave the caches. It is pure: prefixes in, answers
// out.
package prefix

import (
	"fmt"
	"net/netip"
	"strings"
)

// maxPrefix is longer than any prefix or range that people write; what is longer is not echoed in an error.
const maxPrefix = 96

const wantPrefix = "want 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32"

// ParsePrefix reads "203.0.113.7", "203.0.113.0/24" or "2001:db8::/32". An IPv4 address in IPv6 form becomes IPv4.
// Bits behind the prefix's length are an error, as they show that the writer meant something else.
func ParsePrefix(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxPrefix {
		return netip.Prefix{}, fmt.Errorf("prefix of %d bytes: the longest one has %d", len(s), maxPrefix)
	}
	if strings.Contains(s, "%") {
		return netip.Prefix{}, fmt.Errorf("%q has a zone, which means something on one machine only; %s", s, wantPrefix)
	}
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, fmt.Errorf("%q is no address or prefix: %s", s, wantPrefix)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address or prefix: %s", s, wantPrefix)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q reaches beyond the IPv4 addresses it is written in", s)
		}
		p = unmap(p)
	}
	if m := p.Masked(); m != p {
		return netip.Prefix{}, fmt.Errorf("%s has host bits set; did you mean %s?", s, m)
	}
	return p, nil
}

// ParseRange reads "203.0.113.10-203.0.113.20" and gives the fewest prefixes that cover just that, at most 254. A
// single prefix or address is a range too.
func ParseRange(s string) ([]netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if len(s) > maxPrefix {
		return nil, fmt.Errorf("range of %d bytes: the longest one has %d", len(s), maxPrefix)
	}
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		p, err := ParsePrefix(s)
		if err != nil {
			return nil, err
		}
		return []netip.Prefix{p}, nil
	}
	first, err1 := netip.ParseAddr(strings.TrimSpace(from))
	last, err2 := netip.ParseAddr(strings.TrimSpace(to))
	if err1 != nil || err2 != nil || first.Zone() != "" || last.Zone() != "" {
		return nil, fmt.Errorf("%q is no range of addresses: want 203.0.113.10-203.0.113.20", s)
	}
	first, last = first.Unmap(), last.Unmap()
	if first.Is4() != last.Is4() {
		return nil, fmt.Errorf("%q goes from one kind of address to another: want both IPv4 or both IPv6", s)
	}
	if last.Less(first) {
		return nil, fmt.Errorf("%q ends before it begins; did you mean %s-%s?", s, last, first)
	}
	return span(nil, netip.PrefixFrom(first, 0).Masked(), first, last), nil
}

// span adds what covers first to last within p. It goes down the tree of prefixes along the two edges only.
func span(out []netip.Prefix, p netip.Prefix, first, last netip.Addr) []netip.Prefix {
	low, high := p.Addr(), end(p)
	if high.Less(first) || last.Less(low) {
		return out
	}
	if !low.Less(first) && !last.Less(high) {
		return append(out, p)
	}
	left := netip.PrefixFrom(low, p.Bits()+1)
	out = span(out, left, first, last)
	return span(out, netip.PrefixFrom(end(left).Next(), p.Bits()+1), first, last)
}

// end is the last address of a prefix.
func end(p netip.Prefix) netip.Addr {
	b := p.Addr().As16()
	for i := p.Bits() + 128 - p.Addr().BitLen(); i < 128; i++ {
		b[i>>3] |= 0x80 >> (i & 7)
	}
	if p.Addr().Is4() {
		return netip.AddrFrom16(b).Unmap()
	}
	return netip.AddrFrom16(b)
}

// unmap writes a prefix of IPv4 addresses in IPv6 form as IPv4.
func unmap(p netip.Prefix) netip.Prefix {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p
}

// Group is the unit that is taken for one client: an IPv4 address, or the /64 that a provider gives one customer.
func Group(a netip.Addr) netip.Prefix { return GroupBits(a, 32, 64) }

// GroupBits is Group with other lengths, such as 24 and 48 for a network. Lengths out of range count as the nearest.
func GroupBits(a netip.Addr, v4bits, v6bits int) netip.Prefix {
	a = a.Unmap().WithZone("")
	n := v6bits
	if a.Is4() {
		n = v4bits
	}
	p, _ := a.Prefix(min(max(n, 0), a.BitLen())) // fails on the zero Addr only, which then gives the zero Prefix
	return p
}
