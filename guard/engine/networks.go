package engine

import (
	"fmt"
	"net/netip"
	"strings"

	"palisade.dev/guard/prefix"
)

// Networks are all network lists a guard holds, ready to be asked which of them cover an address.
type Networks struct {
	classes *prefix.Classes
	lists   []NetworkList
	names   [][]string // by class
	honest  mask       // crawlers, monitors and webhooks: a block of their host's cloud is not meant for them
}

// NetworkList is one list, as a guard got it.
type NetworkList struct {
	Name     string // "cloud/aws"
	Kind     string // "cloud"
	Checksum string
	Prefixes []netip.Prefix
}

type mask = [4]uint64

func overlap(a, b mask) bool { return a[0]&b[0]|a[1]&b[1]|a[2]&b[2]|a[3]&b[3] != 0 }

// honestKinds hold machines that are known by name and welcome on ordinary pages.
var honestKinds = map[string]bool{"crawler": true, "monitor": true, "webhook": true}

// NewNetworks builds the table. The lists are named in the order given, so the caller puts what matters most first.
func NewNetworks(lists []NetworkList) (*Networks, error) {
	b := prefix.NewBuilder()
	n := &Networks{lists: lists}
	for i, l := range lists {
		if err := b.Add(uint16(i), l.Prefixes); err != nil {
			return nil, fmt.Errorf("network list %s: %w", l.Name, err)
		}
		if honestKinds[l.Kind] {
			n.honest[i>>6] |= 1 << (i & 63)
		}
	}
	var err error
	if n.classes, err = b.Build(); err != nil {
		return nil, fmt.Errorf("network lists: %w", err)
	}
	for c := range n.classes.Len() {
		var names []string
		for _, i := range n.classes.Members(prefix.Class(c)) {
			names = append(names, lists[i].Name)
		}
		n.names = append(n.names, names)
	}
	return n, nil
}

// Class finds which lists cover an address. A nil Networks holds none.
func (n *Networks) Class(a netip.Addr) prefix.Class {
	if n == nil {
		return 0
	}
	return n.classes.Lookup(a)
}

// Names are the lists of a class. The caller must not change the slice.
func (n *Networks) Names(c prefix.Class) []string {
	if n == nil || int(c) >= len(n.names) {
		return nil
	}
	return n.names[c]
}

// Lists are the lists in the table.
func (n *Networks) Lists() []NetworkList {
	if n == nil {
		return nil
	}
	return n.lists
}

func (n *Networks) mask(c prefix.Class) mask {
	if n == nil {
		return mask{}
	}
	return n.classes.Mask(c)
}

// named gives the lists that the words mean: a list's name, or a kind.
func (n *Networks) named(words []string) mask {
	var m mask
	if n == nil {
		return m
	}
	for i, l := range n.lists {
		for _, w := range words {
			if l.Name == w || l.Kind == w || strings.HasPrefix(l.Name, w+"/") {
				m[i>>6] |= 1 << (i & 63)
			}
		}
	}
	return m
}
