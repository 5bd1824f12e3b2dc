package event

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/veil"
)

// Query says which events are looked for. Empty fields ask for nothing; an event must meet all the others.
type Query struct {
	Site        string
	From, To    time.Time // From <= time < To; zero: unbounded
	Address     string
	Network     string // a network list's name, or a prefix
	Account     string // signed in, or the subject of an outcome
	Key         string
	Certificate string
	Fingerprint string
	Route       string
	Status      string // "404", or a class: "4xx"
	Action      string
	Rule        string // acted, or would have
	Reason      string
	Kind        string
	Session     string
	Host        string
	Outcome     string // "login.failed"
	Text        string // within path, agent, account, host or address, in either case
	Limit       int    // events per page; default 100, at most 1,000
	Cursor      string // of the page before
}

// condition is met when one of its tests is. What meets it is entered under one of its terms, if it has any.
type condition struct {
	tests []test
	terms []int64
}

// test looks at an entry of one column's dictionary.
type test struct {
	column int
	meets  func(entry []byte) bool
}

func equals(column int, name, value string) condition {
	c := condition{tests: []test{{column, func(b []byte) bool { return string(b) == value }}}}
	if name != "" {
		c.terms = []int64{hash(name, value)}
	}
	return c
}

// conditions turns a query's words into tests and terms. Faults of the query are told, not taken for "nothing found".
func (q Query) conditions(v *veil.Veil) ([]condition, error) {
	var cs []condition
	for _, w := range []struct {
		value  string
		column int
	}{
		{q.Key, colKey},
		{q.Certificate, colCertificate},
		{q.Fingerprint, colFingerprint},
		{q.Route, colRoute},
		{q.Action, colAction},
		{q.Reason, colReason},
		{q.Kind, colKind},
		{q.Session, colSession},
		{q.Host, colHost},
	} {
		if w.value != "" {
			cs = append(cs, equals(w.column, found[w.column], w.value))
		}
	}
	if q.Address != "" {
		a, err := veil.Parse(q.Address)
		if err != nil {
			return nil, err
		}
		cs = append(cs, address(a, v))
	}
	if q.Network != "" {
		c, err := network(q.Network, v)
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	if q.Account != "" {
		c := equals(colAccount, byAccount, q.Account)
		c.tests = append(c.tests, test{colOutcomes, func(b []byte) bool {
			return anyText(b, func(i int, s []byte) bool { return i%3 == 2 && string(s) == q.Account })
		}})
		cs = append(cs, c)
	}
	if q.Rule != "" {
		c := equals(colRule, byRule, q.Rule)
		c.tests = append(c.tests, test{colMarks, func(b []byte) bool { return hasText(b, q.Rule) }})
		cs = append(cs, c)
	}
	if q.Outcome != "" {
		kind, result, ok := strings.Cut(q.Outcome, ".")
		if !ok {
			return nil, fmt.Errorf("outcome %q: write kind and result, like login.failed", q.Outcome)
		}
		c := condition{terms: []int64{hash(byOutcome, q.Outcome)}}
		c.tests = []test{{colOutcomes, func(b []byte) bool { return hasOutcome(b, kind, result) }}}
		cs = append(cs, c)
	}
	if q.Status != "" {
		c, err := statusCondition(q.Status)
		if err != nil {
			return nil, err
		}
		cs = append(cs, c)
	}
	if q.Text != "" {
		cs = append(cs, textCondition(q.Text, v))
	}
	return cs, nil
}

// address tests for an address and the pseudonyms that stand for it; for a pseudonym, for it alone.
func address(a netip.Addr, v *veil.Veil) condition {
	c := equals(colAddress, byAddress, string(appendAddress(nil, a)))
	for _, x := range v.Shadows(a) {
		also := equals(colAddress, byAddress, string(appendAddress(nil, x)))
		c.tests, c.terms = append(c.tests, also.tests...), append(c.terms, also.terms...)
	}
	return c
}

// network tests for a list's name or a prefix, and the networks of pseudonyms that stand for it. A prefix no longer than
// what addresses are entered under has no term.
func network(word string, v *veil.Veil) (condition, error) {
	if veil.Marked(word) {
		n, err := veil.ParseNet(word)
		if err != nil {
			return condition{}, err
		}
		return prefixes(netip.Prefix{}, []veil.Net{n}), nil
	}
	p, err := netip.ParsePrefix(word)
	if err != nil { // a list's name
		return condition{[]test{{colNetworks, func(b []byte) bool { return hasText(b, word) }}}, []int64{hash(byNetwork, word)}}, nil //nolint:nilerr // as said
	}
	nets, whole := v.Nets(p)
	if !whole && v.Mode() == veil.Hashed {
		return condition{}, fmt.Errorf("network %q: this site's addresses are kept as hashes, which can be looked for by a single address, a /24, or a /64 of IPv6", word)
	}
	return prefixes(p.Masked(), nets), nil
}

// prefixes tests for clear addresses of one and pseudonyms of others.
func prefixes(clear netip.Prefix, veiled []veil.Net) condition {
	c := condition{tests: []test{{colAddress, func(b []byte) bool {
		a, ok := parseAddress(b)
		return ok && (clear.Contains(a) || slices.ContainsFunc(veiled, func(n veil.Net) bool { return n.Contains(a) }))
	}}}}
	all := []netip.Prefix{clear}
	for _, n := range veiled {
		all = append(all, n.Prefix)
	}
	for _, p := range all {
		if !p.IsValid() {
			continue
		}
		if p.Bits() < Block(p.Addr()).Bits() {
			c.terms = nil // some are entered under many
			break
		}
		c.terms = append(c.terms, blockTerm(p.Addr()))
	}
	return c
}

func statusCondition(word string) (condition, error) {
	if len(word) == 3 && strings.HasSuffix(word, "xx") && word[0] >= '1' && word[0] <= '5' {
		class := uint64(word[0] - '0')
		return condition{tests: []test{{colStatus, func(b []byte) bool {
			n, ok := parseNumber(b)
			return ok && n/100 == class
		}}}}, nil
	}
	var n int
	if _, err := fmt.Sscanf(word, "%d", &n); err != nil || n < 0 || n > 999 || fmt.Sprint(n) != word {
		return condition{}, fmt.Errorf("status %q: write a number like 404, or a class like 4xx", word)
	}
	c := condition{tests: []test{{colStatus, func(b []byte) bool {
		got, ok := parseNumber(b)
		return ok && got == uint64(n)
	}}}}
	if n != 0 {
		c.terms = []int64{statusTerm(n)}
	}
	return c, nil
}

func textCondition(word string, v *veil.Veil) condition {
	whole, err := veil.Parse(word)
	word = strings.ToLower(word)
	within := func(b []byte) bool { return strings.Contains(strings.ToLower(string(b)), word) }
	var c condition
	for _, column := range []int{colPath, colAgent, colAccount, colHost} {
		c.tests = append(c.tests, test{column, within})
	}
	c.tests = append(c.tests, test{colAddress, func(b []byte) bool {
		a, ok := parseAddress(b)
		return ok && a.IsValid() && strings.Contains(veil.Text(a), word)
	}})
	if err == nil {
		c.tests = append(c.tests, address(whole, v).tests...)
	}
	return c
}

// anyText visits the strings of a composite entry until one is it.
func anyText(b []byte, is func(i int, s []byte) bool) bool {
	for i := 0; len(b) > 0; i++ {
		s, rest, ok := text(b)
		if !ok {
			return false
		}
		if is(i, s) {
			return true
		}
		b = rest
	}
	return false
}

func hasText(b []byte, word string) bool {
	return anyText(b, func(_ int, s []byte) bool { return string(s) == word })
}

// hasOutcome looks for a kind that is followed by a result. Kinds have no dot, results may.
func hasOutcome(b []byte, kind, result string) bool {
	want := append(appendText(nil, kind), appendText(nil, result)...)
	for i := 0; len(b) > 0; i++ {
		if i%3 == 0 && bytes.HasPrefix(b, want) {
			return true
		}
		n, w := binary.Uvarint(b)
		if w <= 0 || n > uint64(len(b)-w) {
			return false
		}
		b = b[w+int(n):]
	}
	return false
}

// sieve visits, in order, the indexes of a frame's events that meet all conditions. It looks at each dictionary entry once
// and then only at numbers.
func (f *frame) sieve(cs []condition, visit func(i int) error) error {
	type choice struct {
		of   *column
		good []bool
	}
	var all [][]choice
	for _, c := range cs {
		var any []choice
		for _, t := range c.tests {
			of := &f.columns[t.column]
			good, hit := make([]bool, len(of.entries)), false
			for k, entry := range of.entries {
				good[k] = t.meets(entry)
				hit = hit || good[k]
			}
			if hit {
				any = append(any, choice{of, good})
			}
		}
		if len(any) == 0 {
			return nil
		}
		all = append(all, any)
	}
next:
	for i := range f.count {
	conditions:
		for _, any := range all {
			for _, c := range any {
				if c.good[c.of.at(i)] {
					continue conditions
				}
			}
			continue next
		}
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}

// between gives the bounds of a query's time.
func (q Query) between() (from, to int64) {
	from, to = math.MinInt64/2, math.MaxInt64/2
	if !q.From.IsZero() {
		from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		to = q.To.UnixMicro()
	}
	return from, to
}
