package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/guard/prefix"
)

// Index answers which lists cover an address. It is immutable: a change makes a new one.
type Index struct {
	classes *prefix.Classes
	matches [][]Match // by class
}

// Match is one list that covers an address.
type Match struct {
	Name  string
	Kind  string
	Title string
}

// NewIndex builds an index. It takes at most prefix.MaxLists lists and prefix.MaxPrefixes prefixes in all.
func NewIndex(lists []List) (*Index, error) {
	lists = slices.SortedFunc(slices.Values(lists), Compare)
	b := prefix.NewBuilder()
	for i, l := range lists {
		if i >= prefix.MaxLists {
			return nil, fmt.Errorf("%d network lists: at most %d can be looked up together, so remove some of your own", len(lists), prefix.MaxLists)
		}
		if err := b.Add(uint16(i), l.Prefixes); err != nil {
			return nil, fmt.Errorf("network list %s: %w", l.Name, err)
		}
	}
	classes, err := b.Build()
	if err != nil {
		return nil, fmt.Errorf("building the table of network lists: %w", err)
	}
	x := &Index{classes: classes}
	x.matches = make([][]Match, x.classes.Len())
	for c := range x.matches {
		for _, i := range x.classes.Members(prefix.Class(c)) {
			x.matches[c] = append(x.matches[c], Match{Name: lists[i].Name, Kind: lists[i].Kind, Title: lists[i].Title})
		}
	}
	return x, nil
}

// Means reports whether a word of a rule or a block means a list: by its name, its kind, or the first part of its name.
func Means(word, name, kind string) bool {
	return word == name || word == kind || strings.HasPrefix(name, word+"/")
}

// Lookup names the lists that cover an address, in rank order. The caller must not change the slice. A nil Index holds
// no list.
func (x *Index) Lookup(a netip.Addr) []Match {
	if x == nil || !a.IsValid() {
		return nil
	}
	return x.matches[x.classes.Lookup(a.Unmap().WithZone(""))]
}
