package event

import (
	"cmp"
	"slices"
	"strings"
)

// top is a list of the most frequent values of a dimension, of bounded length whatever comes: Space-Saving, kept as
// bounds. A value's true count lies between count and count+miss; one that is not listed was seen at most floor times, and
// floor is at most the total divided by the length of the list. Lists merge, and the bounds stay true.
type top struct {
	of    map[string]tally
	floor uint64
}

type tally struct{ count, miss uint64 }

func (t tally) most() uint64 { return t.count + t.miss }

// Entry is one line of a top list: the value was seen at least Count and at most Count+Miss times.
type Entry struct {
	Value string
	Count uint64
	Miss  uint64
}

func (t *top) add(value string, n uint64) {
	if t.of == nil {
		t.of = make(map[string]tally)
	}
	have, ok := t.of[value]
	if !ok {
		have.miss = t.floor
	}
	have.count += n
	t.of[value] = have
}

// merge adds another list. It does not cut: the caller does, once it has merged what it has.
func (t *top) merge(other *top) {
	if len(other.of) == 0 && other.floor == 0 {
		return
	}
	if t.of == nil {
		t.of = make(map[string]tally, len(other.of))
	}
	if other.floor > 0 {
		for value, have := range t.of {
			if _, ok := other.of[value]; !ok {
				have.miss += other.floor
				t.of[value] = have
			}
		}
	}
	for value, theirs := range other.of {
		have, ok := t.of[value]
		if !ok {
			have.miss = t.floor
		}
		have.count += theirs.count
		have.miss += theirs.miss
		t.of[value] = have
	}
	t.floor += other.floor
}

// cut drops the least entries beyond k and remembers how often what it dropped may have been seen.
func (t *top) cut(k int) {
	if len(t.of) <= k {
		return
	}
	list := t.entries()
	for _, e := range list[k:] {
		t.floor = max(t.floor, e.Count+e.Miss)
		delete(t.of, e.Value)
	}
}

// entries lists the values, the greatest possible count first. The order is total, so that equal lists look equal.
func (t *top) entries() []Entry {
	list := make([]Entry, 0, len(t.of))
	for value, n := range t.of {
		list = append(list, Entry{value, n.count, n.miss})
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Count+b.Miss, a.Count+a.Miss), cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return list
}

func (t *top) encode(b []byte) []byte {
	b = appendCount(b, t.floor)
	b = appendCount(b, uint64(len(t.of)))
	for _, e := range t.entries() {
		b = appendText(b, e.Value)
		b = appendCount(b, e.Count)
		b = appendCount(b, e.Miss)
	}
	return b
}

func (t *top) decode(r *reader, k int) error {
	floor, err := decodeTop(r, k, func(value []byte, n tally, _ uint64) {
		if t.of == nil {
			t.of = make(map[string]tally, k)
		}
		t.of[string(value)] = n
	})
	t.floor = floor
	return err
}

// decodeTop reads a list without building it.
func decodeTop(r *reader, k int, visit func(value []byte, n tally, floor uint64)) (floor uint64, err error) {
	floor = r.count(maxTotal)
	for range r.count(uint64(k)) {
		value := r.bytes(maxKey)
		n := tally{r.count(maxTotal), r.count(maxTotal)}
		if r.err != nil {
			break
		}
		visit(value, n, floor)
	}
	return floor, r.err
}
