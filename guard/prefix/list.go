package prefix

import (
	"iter"
	"net/netip"

	"github.com/gaissmai/bart"
)

// List maps prefixes to values and is never changed: With gives a new one, so readers need no lock. The zero List is
// empty.
type List[V any] struct {
	table *bart.Table[V]
}

// Change puts a value at a prefix, or takes the prefix away.
type Change[V any] struct {
	Prefix netip.Prefix
	Value  V
	Delete bool
}

// few is how many changes are cheaper one by one, sharing all else with the old table, than in a copy of the whole.
const few = 64

// With gives the list after the changes, in their order.
func (l *List[V]) With(changes []Change[V]) *List[V] {
	if len(changes) == 0 {
		return l
	}
	t := l.table
	if t == nil {
		t = &bart.Table[V]{}
	}
	if len(changes) <= few {
		for _, c := range changes {
			if c.Delete {
				t = t.DeletePersist(c.Prefix)
			} else {
				t = t.InsertPersist(c.Prefix, c.Value)
			}
		}
		return &List[V]{t}
	}
	t = t.Clone()
	for _, c := range changes {
		if c.Delete {
			t.Delete(c.Prefix)
		} else {
			t.Insert(c.Prefix, c.Value)
		}
	}
	return &List[V]{t}
}

// Lookup gives the value of the longest prefix that covers the address.
func (l *List[V]) Lookup(a netip.Addr) (v V, p netip.Prefix, ok bool) {
	if l.table == nil {
		return v, p, false
	}
	p, v, ok = l.table.LookupPrefixLPM(netip.PrefixFrom(a, a.BitLen()))
	return v, p, ok
}

// Find gives the longest covering prefix whose value is good, so that an entry past its time does not hide a wider one
// that still holds.
func (l *List[V]) Find(a netip.Addr, good func(V) bool) (v V, p netip.Prefix, ok bool) {
	if l.table == nil {
		return v, p, false
	}
	v, ok = l.table.Lookup(a)
	if !ok {
		return v, p, false // the usual case costs one look
	}
	if good(v) {
		return v, p, true
	}
	return l.wider(a, good)
}

func (l *List[V]) wider(a netip.Addr, good func(V) bool) (v V, p netip.Prefix, ok bool) {
	for p, v := range l.table.Supernets(netip.PrefixFrom(a, a.BitLen())) {
		if good(v) {
			return v, p, true
		}
	}
	return v, p, false
}

// Len is the number of prefixes.
func (l *List[V]) Len() int {
	if l == nil || l.table == nil {
		return 0
	}
	return l.table.Size()
}

// All goes through the prefixes in order.
func (l *List[V]) All() iter.Seq2[netip.Prefix, V] {
	if l.table == nil {
		return func(func(netip.Prefix, V) bool) {}
	}
	return l.table.AllSorted()
}
