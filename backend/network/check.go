package network

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"

	"palisade.dev/backend/outside"
)

// MaxShare is the part of the IPv4 address space, and of the allocated IPv6 space, that one list may cover. All hosting
// companies together have 9 %, the largest cloud has 2.4 %.
const MaxShare = 0.20

// Sane tells why prefixes cannot be a network list. Own lists may hold private ranges, others not.
func Sane(canonical []netip.Prefix, own bool) error {
	if len(canonical) == 0 {
		return fmt.Errorf("it holds no prefixes")
	}
	s := sizeOf(canonical)
	if share := float64(s.v4Addresses) / (1 << 32); share > MaxShare {
		return fmt.Errorf("it covers %.0f %% of all IPv4 addresses, and %.0f %% is the most that is believed", share*100, MaxShare*100)
	}
	if s.v6Share > MaxShare {
		return fmt.Errorf("it covers %.0f %% of the IPv6 addresses in use, and %.0f %% is the most that is believed", min(s.v6Share, 1)*100, MaxShare*100)
	}
	if own {
		return nil
	}
	for _, p := range canonical { // a rule against it would meet the operator's own network
		for _, r := range outside.Inner {
			if p.Overlaps(r) {
				return fmt.Errorf("it holds %s, which is not a public address", p)
			}
		}
	}
	return nil
}

// Public is Canonical without the ranges that nobody can send from. Operators publish those by mistake (Vultr does).
func Public(in []netip.Prefix) []netip.Prefix {
	kept := make([]netip.Prefix, 0, len(in))
	for _, p := range in {
		if !outside.Within(p, outside.Nobody) {
			kept = append(kept, p)
		}
	}
	return Canonical(kept)
}

// Shrunk tells why a new list is too small to be believed in place of the old one.
func Shrunk(old, fresh []netip.Prefix) error {
	a, b := sizeOf(old), sizeOf(fresh)
	for _, c := range []struct {
		verb, noun    string
		before, after uint64
	}{
		{"has", "prefixes", a.v4 + a.v6, b.v4 + b.v6},
		{"has", "IPv4 prefixes", a.v4, b.v4},
		{"has", "IPv6 prefixes", a.v6, b.v6},
		{"covers", "IPv4 addresses", a.v4Addresses, b.v4Addresses},
	} {
		if c.after*2 < c.before {
			return fmt.Errorf("the download %s %s %s, %s before", c.verb, thousands(c.after), c.noun, thousands(c.before))
		}
	}
	return nil
}

// Covers is how many addresses prefixes hold, for people: IPv6 in networks of /64, one household each.
type Covers struct {
	V4       uint64 // addresses
	V6       uint64 // networks of /64, begun ones included
	Prefixes int
}

// Extent counts what canonical prefixes cover.
func Extent(canonical []netip.Prefix) Covers {
	c := Covers{Prefixes: len(canonical)}
	for _, p := range canonical {
		if p.Addr().Is4() {
			c.V4 += 1 << (32 - p.Bits())
		} else {
			c.V6 += 1 << max(0, 64-max(1, p.Bits()))
		}
	}
	return c
}

type size struct {
	v4, v6      uint64
	v4Addresses uint64
	v6Share     float64 // of 2000::/3, from which all public addresses come
}

func sizeOf(ps []netip.Prefix) (s size) {
	for _, p := range ps {
		if p.Addr().Is4() {
			s.v4++
			s.v4Addresses += 1 << (32 - p.Bits())
			continue
		}
		s.v6++
		s.v6Share += math.Ldexp(1, 3-p.Bits())
	}
	return s
}

func thousands(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
