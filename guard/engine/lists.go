package engine

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// entry is one ban or allowance.
type entry struct {
	id    string
	rule  string
	until int64 // unix nanoseconds
}

// lists holds bans, or allowances: by prefix and by principal. A change makes a new one, so readers need no lock.
type lists struct {
	prefixes   *prefix.List[entry]
	principals map[subjectKey]entry
	kinds      uint16 // dimensions that some principal entry is about
	some       bool   // there is an entry
}

// nanos turns unix milliseconds, 0 for ever, into unix nanoseconds.
func nanos(ms int64) int64 {
	if ms <= 0 || ms > math.MaxInt64/int64(time.Millisecond) {
		return math.MaxInt64
	}
	return ms * int64(time.Millisecond)
}

// change is one entry put down or, with until 0, taken away.
type change struct {
	subject string
	entry
	gone bool
}

// with gives the lists after some changes.
func (l lists) with(changes []change) (lists, error) {
	var faults []error
	var prefixes []prefix.Change[entry]
	fresh := l.principals
	copied := false
	for _, c := range changes {
		s, err := ParseSubject(c.subject)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if s.Value == "" {
			prefixes = append(prefixes, prefix.Change[entry]{Prefix: s.Prefix, Value: c.entry, Delete: c.gone})
			continue
		}
		if !copied {
			fresh, copied = make(map[subjectKey]entry, len(l.principals)+1), true
			for k, v := range l.principals {
				fresh[k] = v
			}
		}
		if k := (subjectKey{s.Kind, s.Value}); c.gone {
			delete(fresh, k)
		} else {
			fresh[k] = c.entry
		}
	}
	next := lists{prefixes: l.prefixes, principals: fresh}
	if next.prefixes == nil {
		next.prefixes = &prefix.List[entry]{}
	}
	if len(prefixes) > 0 {
		next.prefixes = next.prefixes.With(prefixes)
	}
	for k := range fresh {
		next.kinds |= 1 << k.kind
	}
	next.some = next.kinds != 0 || next.prefixes.Len() > 0
	return next, errors.Join(faults...)
}

// touch reports whether some entry may hold the client. It is the quick question of which the answer is nearly always
// no.
func (l *lists) touch(r *Request) bool { return l.kinds != 0 || l.prefixes.Contains(r.Address) }

// find gives an entry that holds the client now. An entry past its time is as if it were not there, whether or not
// the back end can be reached to say so.
func (l *lists) find(r *Request) (entry, Dimension, bool) {
	if l.prefixes.Len() > 0 {
		now := r.At
		if e, _, ok := l.prefixes.Find(r.Address, func(e entry) bool { return e.until > now }); ok {
			return e, ByAddress, true
		}
	}
	if l.kinds == 0 {
		return entry{}, 0, false
	}
	for d := ByAccount; d <= ByFingerprint; d++ {
		if l.kinds>>d&1 == 0 {
			continue
		}
		if v := r.value(d); v != "" {
			if e, ok := l.principals[subjectKey{d, v}]; ok && e.until > r.At {
				return e, d, true
			}
		}
	}
	return entry{}, 0, false
}

// holds reports whether find finds something.
func (l *lists) holds(r *Request) bool {
	if !l.touch(r) {
		return false
	}
	_, _, ok := l.find(r)
	return ok
}

// value is the request's word for a dimension that names a principal.
func (r *Request) value(d Dimension) string {
	switch d {
	case ByAccount:
		return r.Account
	case ByKey:
		return r.Key
	case ByCertificate:
		return r.Certificate
	case BySession:
		return r.Session
	case ByFingerprint:
		return r.Fingerprint
	}
	return ""
}

func (p *Policy) addSubjects(w *wire.Policy) error {
	bans := make([]change, 0, len(w.Bans))
	for _, b := range w.Bans {
		bans = append(bans, change{b.Subject, entry{b.ID, b.Rule, nanos(b.Until)}, false})
	}
	allow := make([]change, 0, len(w.Allowances))
	for _, a := range w.Allowances {
		allow = append(allow, change{a.Subject, entry{a.ID, "", nanos(a.Until)}, false})
	}
	var err1, err2 error
	if p.bans, err1 = (lists{}).with(bans); err1 != nil {
		err1 = fmt.Errorf("bans: %w", err1)
	}
	if p.allowances, err2 = (lists{}).with(allow); err2 != nil {
		err2 = fmt.Errorf("allowances: %w", err2)
	}
	var operators []prefix.Change[entry]
	for _, o := range w.Operators {
		a, err := netip.ParseAddr(o)
		if err != nil {
			return errors.Join(err1, err2, fmt.Errorf("operators: %q is no address: want one such as 203.0.113.7", o))
		}
		operators = append(operators, prefix.Change[entry]{Prefix: prefix.Group(a)})
	}
	p.operators = (&prefix.List[entry]{}).With(operators)
	return errors.Join(err1, err2)
}

// Apply gives the policy of the next revision, after changes to bans and allowances only.
func (p *Policy) Apply(d *wire.Delta) (*Policy, error) {
	if d.From != p.Revision || d.Site != p.Site {
		return nil, fmt.Errorf("change from revision %d of %s: this guard is at revision %d of %s", d.From, d.Site, p.Revision, p.Site)
	}
	next := *p
	next.Revision = d.To
	var bans, allow []change
	for _, b := range d.Bans {
		bans = append(bans, change{b.Subject, entry{b.ID, b.Rule, nanos(b.Until)}, false})
	}
	for _, s := range d.Unbanned {
		bans = append(bans, change{subject: s, gone: true})
	}
	for _, a := range d.Allowances {
		allow = append(allow, change{a.Subject, entry{a.ID, "", nanos(a.Until)}, false})
	}
	for _, s := range d.Unallowed {
		allow = append(allow, change{subject: s, gone: true})
	}
	var err1, err2 error
	if len(bans) > 0 {
		next.bans, err1 = p.bans.with(bans)
	}
	if len(allow) > 0 {
		next.allowances, err2 = p.allowances.with(allow)
	}
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &next, nil
}
