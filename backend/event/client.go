package event

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/wire"
)

// Subject is what a client is looked at by.
type Subject struct {
	By    string // address, network, account, api_key, certificate or fingerprint
	Value string
}

// Client is what is known of a subject. It is counted from the newest segments that have it, at most maxScan: what a look
// costs is bounded, however much is stored, and Bounded says when there is more than was counted.
type Client struct {
	Subject
	Requests uint64
	First    time.Time // of what was counted; with Bounded, there is older
	Last     time.Time
	Actions  map[string]uint64
	Rules    map[string]uint64 // that acted
	Marks    map[string]uint64 // that would have
	SignIns  []SignIns         // by account, in the last seven days; the most attempts first
	Accounts []Entry           // signed in or named in an outcome, on the same events
	Others   []string          // other accounts on the addresses most used, for an account
	Used     []Entry           // addresses
	Events   []wire.Event      // the newest
	Timeline []Point           // hours of the last seven days in which there was anything: Start, Requests and Actions
	Segments int               // read
	Bounded  bool              // counts are of the newest segments only, since First
}

// SignIns counts the attempts to sign in to an account.
type SignIns struct {
	Account    string
	OK, Failed uint64
	Last       time.Time
}

const (
	signInDays   = 7
	clientEvents = 50
	clientList   = 100 // lines of the lists of a Client
	neighbours   = 4   // addresses of an account on which others are looked for
	nearby       = 8   // segments read for each
)

// query asks for a subject's events.
func (s Subject) query(site string) (Query, error) {
	q := Query{Site: site}
	switch s.By {
	case byAddress:
		q.Address = s.Value
	case byNetwork:
		q.Network = s.Value
	case byAccount:
		q.Account = s.Value
	case byKey:
		q.Key = s.Value
	case byCertificate:
		q.Certificate = s.Value
	case byFingerprint:
		q.Fingerprint = s.Value
	default:
		return q, fmt.Errorf("%w: a client is looked at by address, network, account, api_key, certificate or fingerprint, not by %q", ErrQuery, s.By)
	}
	if s.Value == "" {
		return q, fmt.Errorf("%w: which %s?", ErrQuery, s.By)
	}
	return q, nil
}

// Client says what is known of a subject.
func (s *Search) Client(ctx context.Context, site string, subject Subject, now time.Time) (Client, error) {
	q, err := subject.query(site)
	if err != nil {
		return Client{}, err
	}
	c, err := s.counted(ctx, q, maxScan, now)
	if err != nil {
		return Client{}, err
	}
	page, err := s.Find(ctx, Query{
		Site: site, Address: q.Address, Network: q.Network, Account: q.Account, Key: q.Key, Certificate: q.Certificate,
		Fingerprint: q.Fingerprint, Limit: clientEvents,
	})
	if err != nil {
		return Client{}, err
	}
	client := Client{
		Subject: subject, Requests: c.requests, Actions: c.actions, Rules: c.rules, Marks: c.marks, SignIns: c.signIns(),
		Accounts: c.accounts.entries(), Used: c.addresses.entries(), Events: page.Events, Timeline: c.timeline(), Segments: c.segments, Bounded: c.bounded,
	}
	if c.requests > 0 {
		client.First, client.Last = time.UnixMicro(c.first).UTC(), time.UnixMicro(c.last).UTC()
	}
	if subject.By == byAccount {
		if client.Others, err = s.others(ctx, site, subject.Value, client.Used, now); err != nil {
			return Client{}, err
		}
	}
	client.Accounts = client.Accounts[:min(len(client.Accounts), clientList)]
	client.Used = client.Used[:min(len(client.Used), clientList)]
	return client, nil
}

// others gives the accounts, other than one, on the addresses it used most.
func (s *Search) others(ctx context.Context, site, account string, used []Entry, now time.Time) ([]string, error) {
	seen := make(map[string]bool)
	for _, address := range used[:min(len(used), neighbours)] {
		c, err := s.counted(ctx, Query{Site: site, Address: address.Value}, nearby, now)
		if err != nil {
			return nil, err
		}
		for other := range c.accounts.of {
			if other != account {
				seen[other] = true
			}
		}
	}
	list := slices.Sorted(maps.Keys(seen))
	return list[:min(len(list), clientList)], nil
}

// tallies are a subject's counts, gathered from columns: no event is built for them.
type tallies struct {
	requests              uint64
	first, last           int64
	actions, rules, marks map[string]uint64
	accounts, addresses   top // exact here: what is counted is bounded by the segments read
	attempts              map[string]*SignIns
	hours                 map[int64]map[string]uint64 // actions, by the hour's start
	segments              int
	bounded               bool
}

func (s *Search) counted(ctx context.Context, q Query, most int, now time.Time) (*tallies, error) {
	cs, err := s.conditions(ctx, q)
	if err != nil {
		return nil, err
	}
	w, err := s.walk(ctx, q, cs, newest)
	if err != nil {
		return nil, err
	}
	t := &tallies{attempts: make(map[string]*SignIns), hours: make(map[int64]map[string]uint64)}
	since := now.Add(-signInDays * 24 * time.Hour).UnixMicro()
	for {
		seg, _, ok, err := w.next(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			t.bounded = w.more()
			return t, nil
		}
		if t.segments == most {
			t.bounded = true
			return t, nil
		}
		t.segments++
		err = s.visit(ctx, q.Site, seg, func(f *frame, _ int) error { return t.add(f, cs, since) })
		if err != nil {
			return nil, err
		}
	}
}

// add counts a frame's matching events by dictionary entry first, so that a string is made once per frame.
func (t *tallies) add(f *frame, cs []condition, since int64) error {
	times, err := f.number(numAt)
	if err != nil {
		return err
	}
	var hits [columns][]uint64
	for _, c := range []int{colAction, colRule, colMarks, colAccount, colAddress, colOutcomes} {
		hits[c] = make([]uint64, len(f.columns[c].entries))
	}
	actions := &f.columns[colAction]
	inHours := make(map[int64][]uint64)
	var hour int64
	var inHour []uint64
	err = f.sieve(cs, func(i int) error {
		if times[i] >= since {
			if start := floor(times[i], hourMicros); inHour == nil || start != hour {
				if hour, inHour = start, inHours[start]; inHour == nil {
					inHour = make([]uint64, len(actions.entries))
					inHours[hour] = inHour
				}
			}
			inHour[actions.at(i)]++
		}
		for c, counts := range hits {
			if counts != nil {
				counts[f.columns[c].at(i)]++
			}
		}
		if t.requests == 0 {
			t.first, t.last = times[i], times[i]
		}
		t.requests++
		t.first, t.last = min(t.first, times[i]), max(t.last, times[i])
		if len(f.bytes(colOutcomes, i)) > 0 && times[i] >= since {
			return t.signIn(f, i, times[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	for start, counts := range inHours {
		of := t.hours[start]
		for k, n := range counts {
			if n > 0 {
				bump(&of, string(actions.entries[k]), n)
			}
		}
		t.hours[start] = of
	}
	each(f, hits[:], colAction, func(v []byte, n uint64) { bump(&t.actions, string(v), n) })
	each(f, hits[:], colRule, func(v []byte, n uint64) { bump(&t.rules, string(v), n) })
	each(f, hits[:], colAccount, func(v []byte, n uint64) { t.accounts.add(string(v), n) })
	each(f, hits[:], colMarks, func(v []byte, n uint64) {
		list, _ := parseList(v)
		for _, rule := range list {
			bump(&t.marks, rule, n)
		}
	})
	each(f, hits[:], colAddress, func(v []byte, n uint64) {
		if a, ok := parseAddress(v); ok {
			t.addresses.add(veil.Text(a), n)
		}
	})
	each(f, hits[:], colOutcomes, func(v []byte, n uint64) {
		outcomes, _ := parseOutcomes(v)
		for _, o := range outcomes {
			if o.Kind == loginKind && o.Subject != "" {
				t.accounts.add(o.Subject, n)
			}
		}
	})
	return nil
}

// each visits the entries of a column that were hit.
func each(f *frame, hits [][]uint64, column int, visit func(value []byte, n uint64)) {
	for k, n := range hits[column] {
		if value := f.columns[column].entries[k]; n > 0 && len(value) > 0 {
			visit(value, n)
		}
	}
}

const (
	loginKind = "login"
	loginOK   = "ok"
)

func (t *tallies) signIn(f *frame, i int, at int64) error {
	outcomes, _ := once(&f.columns[colOutcomes], &f.results, i, parseOutcomes)
	for _, o := range outcomes {
		if o.Kind != loginKind {
			continue
		}
		account := cmp.Or(o.Subject, f.text(colAccount, i))
		a := t.attempts[account]
		if a == nil {
			a = &SignIns{Account: account}
			t.attempts[account] = a
		}
		if o.Result == loginOK {
			a.OK++
		} else {
			a.Failed++
		}
		if last := time.UnixMicro(at).UTC(); last.After(a.Last) {
			a.Last = last
		}
	}
	return nil
}

func (t *tallies) timeline() []Point {
	list := make([]Point, 0, len(t.hours))
	for _, start := range slices.Sorted(maps.Keys(t.hours)) {
		p := Point{Start: time.UnixMicro(start).UTC(), Actions: t.hours[start]}
		for _, n := range p.Actions {
			p.Requests += n
		}
		list = append(list, p)
	}
	return list
}

func (t *tallies) signIns() []SignIns {
	list := make([]SignIns, 0, len(t.attempts))
	for _, a := range t.attempts {
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b SignIns) int {
		return cmp.Or(cmp.Compare(b.OK+b.Failed, a.OK+a.Failed), strings.Compare(a.Account, b.Account))
	})
	return list[:min(len(list), clientList)]
}
