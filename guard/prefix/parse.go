// Package prefix answers which network lists cover an address, and which ban or allowance does, at a cost that does
// not grow with their number. It is pure: prefixes in, answers out.
package prefix

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// ParsePrefix reads "203.0.113.7", "203.0.113.0/24" or "2001:db8::/32". An IPv4 address in IPv6 form becomes IPv4.
func ParsePrefix(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if len(s) > 64 {
		return netip.Prefix{}, fmt.Errorf("prefix of %d bytes: the longest one has 43", len(s))
	}
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is no address or prefix: want 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32", s)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is no address or prefix: want 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32", s)
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%q reaches beyond the IPv4 addresses it is written in", s)
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	if m := p.Masked(); m != p {
		return netip.Prefix{}, fmt.Errorf("%s has host bits set; did you mean %s?", s, m)
	}
	return p, nil
}

// Group is the unit that is taken for one client: an IPv4 address, or the /64 that a provider gives one customer.
func Group(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return netip.PrefixFrom(a, 32)
	}
	p, _ := a.Prefix(64)
	return p
}

// Bounds of a list file.
const (
	MaxLines = 2_000_000
	maxLine  = 512
)

// Parse reads a list: a prefix or address a line, comments after # or ;. Up to ten faults are reported together.
func Parse(r io.Reader) ([]netip.Prefix, error) {
	var out []netip.Prefix
	var faults []error
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	for sc.Scan() {
		if n++; n > MaxLines {
			return nil, fmt.Errorf("line %d: a list has at most %d lines", n, MaxLines)
		}
		text := sc.Text()
		if i := strings.IndexAny(text, "#;"); i >= 0 {
			text = text[:i]
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := ParsePrefix(text)
		if err != nil {
			if faults = append(faults, fmt.Errorf("line %d: %w", n, err)); len(faults) == 10 {
				return nil, errors.Join(append(faults, errors.New("and perhaps more: reading stopped"))...)
			}
			continue
		}
		out = append(out, p)
	}
	if err := sc.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("line %d: longer than %d bytes", n+1, maxLine)
		}
		faults = append(faults, err)
	}
	return out, errors.Join(faults...)
}

// Merge gives the fewest prefixes that cover the same addresses, sorted.
func Merge(in []netip.Prefix) []netip.Prefix {
	ps := make([]netip.Prefix, 0, len(in))
	for _, p := range in {
		ps = append(ps, p.Masked())
	}
	slices.SortFunc(ps, compare)
	out := ps[:0]
	for _, p := range ps {
		if n := len(out); n > 0 && out[n-1].Overlaps(p) {
			continue // sorted by address, then shorter first: the earlier one covers it
		}
		out = append(out, p)
		for n := len(out); n > 1; n = len(out) {
			a, b := out[n-2], out[n-1]
			if a.Bits() != b.Bits() || a.Bits() == 0 || a.Addr().BitLen() != b.Addr().BitLen() {
				break
			}
			parent := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
			if parent.Addr() != a.Addr() || !parent.Contains(b.Addr()) {
				break
			}
			out = append(out[:n-2], parent)
		}
	}
	return slices.Clip(out)
}

func compare(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}
