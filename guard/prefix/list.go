package prefix

import (
	"iter"
	"net/netip"

	"github.com/gaissmai/bart"
)

// List maps prefixes to values and is never changed: With gives a new one, so readers need no lock. The zero and the
// nil List are empty. Addresses asked about must be unmapped and without a zone.
type List[V any] struct {
	table *bart.Table[V]
}

// Change puts a value at a prefix, or takes the prefix away. Bits behind the prefix's length do not matter, and a
// prefix that is not valid changes nothing.
type Change[V any] struct {
	Prefix netip.Prefix
	Value  V
	Delete bool
}

// With gives the list after the changes, in their order.
func (l *List[V]) With(changes []Change[V]) *List[V] {
	if len(changes) == 0 {
		return l
	}
	t := &bart.Table[V]{}
	if l != nil && l.table != nil {
		t = l.table
	}
	// A change on its own shares all but its path with the old table, at the price of one path; a copy of the whole
	// pays for every entry once.
	if len(changes) <= 1+t.Size()/few {
		for _, c := range changes {
			if p := unmap(c.Prefix); c.Delete {
				t = t.DeletePersist(p)
			} else {
				t = t.InsertPersist(p, c.Value)
			}
		}
		return &List[V]{t}
	}
	t = t.Clone()
	for _, c := range changes {
		if p := unmap(c.Prefix); c.Delete {
			t.Delete(p)
		} else {
			t.Insert(p, c.Value)
		}
	}
	return &List[V]{t}
}

// few: one change on its own costs about as much as copying this many entries (14 µs among 1,000, 35 among 100,000).
const few = 50

// Contains reports whether some prefix covers the address.
func (l *List[V]) Contains(a netip.Addr) bool {
	return l != nil && l.table != nil && l.table.Contains(a)
}

// Lookup gives the value of the longest prefix that covers the address.
func (l *List[V]) Lookup(a netip.Addr) (V, netip.Prefix, bool) {
	return l.Find(a, func(V) bool { return true })
}

// Find gives the longest covering prefix whose value is good, so that an entry past its time does not hide a wider one
// that still holds. An address that nothing covers costs one look; each value that is not good costs one more.
func (l *List[V]) Find(a netip.Addr, good func(V) bool) (v V, p netip.Prefix, ok bool) {
	if !l.Contains(a) {
		return v, p, false
	}
	for n := a.BitLen(); n >= 0; n = p.Bits() - 1 {
		p, v, ok = l.table.LookupPrefixLPM(netip.PrefixFrom(a, n))
		if !ok {
			break
		}
		if good(v) {
			return v, p, true
		}
	}
	var none V
	return none, netip.Prefix{}, false
}

// Covering goes through all prefixes that cover the address, from the longest to the shortest.
func (l *List[V]) Covering(a netip.Addr) iter.Seq2[netip.Prefix, V] {
	return func(yield func(netip.Prefix, V) bool) {
		if l == nil || l.table == nil || !a.IsValid() {
			return
		}
		l.table.Supernets(netip.PrefixFrom(a, a.BitLen()))(yield)
	}
}

// Len is the number of prefixes.
func (l *List[V]) Len() int {
	if l == nil || l.table == nil {
		return 0
	}
	return l.table.Size()
}

// All goes through the prefixes in order, IPv4 first.
func (l *List[V]) All() iter.Seq2[netip.Prefix, V] {
	if l == nil || l.table == nil {
		return func(func(netip.Prefix, V) bool) {}
	}
	return l.table.AllSorted()
}
