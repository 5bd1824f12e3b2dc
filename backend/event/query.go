package event

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"
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

// condition is met when one of its tests is.
type condition struct {
	tests []test
	term  int64
	found bool // there is a term
}

// test looks at an entry of one column's dictionary.
type test struct {
	column int
	meets  func(entry []byte) bool
}

func equals(column int, name, value string) condition {
	return condition{[]test{{column, func(b []byte) bool { return string(b) == value }}}, hash(name, value), name != ""}
}

// conditions turns a query's words into tests and terms. Faults of the query are told, not taken for "nothing found".
func (q Query) conditions() ([]condition, error) {
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
		a, err := netip.ParseAddr(q.Address)
		if err != nil {
			return nil, fmt.Errorf("address %q is none: write it like 192.0.2.7 or 2001:db8::7", q.Address)
		}
		a = bare(a)
		cs = append(cs, equals(colAddress, byAddress, string(appendAddress(nil, a))))
	}
	if q.Network != "" {
		cs = append(cs, network(q.Network))
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
		c := condition{term: hash(byOutcome, q.Outcome), found: true}
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
		cs = append(cs, textCondition(q.Text))
	}
	return cs, nil
}

// network tests for a list's name or a prefix. A prefix no longer than what addresses are entered under has no term.
func network(word string) condition {
	p, err := netip.ParsePrefix(word)
	if err != nil {
		return condition{[]test{{colNetworks, func(b []byte) bool { return hasText(b, word) }}}, hash(byNetwork, word), true}
	}
	p = p.Masked()
	c := condition{tests: []test{{colAddress, func(b []byte) bool {
		a, ok := parseAddress(b)
		return ok && p.Contains(a)
	}}}}
	if block := Block(p.Addr()); p.Bits() >= block.Bits() {
		c.term, c.found = blockTerm(p.Addr()), true
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
	return condition{[]test{{colStatus, func(b []byte) bool {
		got, ok := parseNumber(b)
		return ok && got == uint64(n)
	}}}, statusTerm(n), n != 0}, nil
}

func textCondition(word string) condition {
	word = strings.ToLower(word)
	within := func(b []byte) bool { return strings.Contains(strings.ToLower(string(b)), word) }
	var c condition
	for _, column := range []int{colPath, colAgent, colAccount, colHost} {
		c.tests = append(c.tests, test{column, within})
	}
	c.tests = append(c.tests, test{colAddress, func(b []byte) bool {
		a, ok := parseAddress(b)
		return ok && a.IsValid() && strings.Contains(a.String(), word)
	}})
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
