package attack

import (
	"encoding/binary"
	"net/netip"
)

// Documentation are the ranges that belong to nobody: benchmarks, examples and the documentation of IPv6.
func Documentation() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
	}
}

// The honest customers live in 192.0.2.0/24, which is also nobody's and not in Documentation.
var (
	neighbourAddr = netip.AddrFrom4([4]byte{192, 0, 2, 10})
	newcomerAddr  = netip.AddrFrom4([4]byte{192, 0, 2, 77})
)

// Rotate gives the n-th address of a botnet that lives in the prefixes: one prefix after the other, and inside each all
// over the place. In IPv4 no address comes back before all of its prefix were seen; in IPv6 each has a /64 of its own for
// as long as the prefix has some. It panics without a prefix.
func Rotate(prefixes ...netip.Prefix) func(n int) netip.Addr {
	if len(prefixes) == 0 {
		panic("attack: nowhere to come from: Rotate needs a prefix")
	}
	return func(n int) netip.Addr {
		p := prefixes[n%len(prefixes)].Masked()
		// An odd factor permutes the numbers below any power of two; this one is 2^32 by the golden ratio (Knuth).
		k := uint64(n/len(prefixes)) * 2654435761
		if p.Addr().Is4() {
			raw := p.Addr().As4()
			host := uint32(k) & uint32(1<<(32-p.Bits())-1)
			binary.BigEndian.PutUint32(raw[:], binary.BigEndian.Uint32(raw[:])|host)
			return netip.AddrFrom4(raw)
		}
		raw := p.Addr().As16()
		high, low := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
		if p.Bits() < 64 {
			binary.BigEndian.PutUint64(raw[:8], high|k&(1<<(64-p.Bits())-1))
			binary.BigEndian.PutUint64(raw[8:], k<<16|1)
		} else {
			binary.BigEndian.PutUint64(raw[8:], low|k&(1<<(128-p.Bits())-1))
		}
		return netip.AddrFrom16(raw)
	}
}
