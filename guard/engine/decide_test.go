package engine

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

var stranger = netip.MustParseAddr("203.0.113.8")

func TestDecideAllocatesNothing(t *testing.T) {
	nets := manyNetworks(t, 2000)
	w := fiveRules(1000)
	w.Rules = append(w.Rules,
		wire.Rule{Name: "by-site", Limit: "1000000 per 1s", By: wire.Words{"site"}},
		wire.Rule{Name: "missing", Count: "status.404", Distinct: "path", Limit: "60 per 1m"},
		wire.Rule{Name: "pair", Limit: "1000000 per 1s", By: wire.Words{"address", "account"}})
	tally := NewTally(Size{1 << 10, 1 << 10, 1 << 8, 1 << 10}, [16]byte{1})
	for _, c := range []struct {
		name  string
		rules int
		want  Action
		r     Request
	}{
		{"five rules of one key", 5, Pass, Request{Method: "POST", Path: "/users/log_in", Address: stranger}},
		{"rules of several keys", 8, Pass, Request{Method: "POST", Path: "/users/log_in", Address: stranger, Account: "alice"}},
		{"an IPv6 address", 8, Pass, Request{Method: "GET", Path: "/", Address: netip.MustParseAddr("2001:db8::1")}},
		{"a ban", 8, Ban, Request{Method: "GET", Path: "/", Address: netip.MustParseAddr(w.Bans[7].Subject)}},
		{"a trap", 8, Ban, Request{Method: "GET", Path: "/.env", Address: netip.MustParseAddr("203.0.113.66")}},
		{"a malformed path", 8, Block, Request{PathFault: true}},
	} {
		part := *w
		part.Rules = w.Rules[:c.rules]
		p, err := Compile(&part, nets, Abilities{})
		if err != nil {
			t.Fatal(err)
		}
		at := day
		if n := testing.AllocsPerRun(200, func() {
			at += int64(time.Millisecond)
			r := c.r
			r.At = at
			r.Class = nets.Class(r.Address)
			if v := p.Decide(tally, &r); v.Action != c.want {
				t.Fatalf("%s: %s %s %s", c.name, v.Action, v.Reason, v.Rule)
			}
			p.Settle(tally, &r, 404, nil, at)
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// TestNoOvershoot: however many ask at once, a limit lets through what it says and not one more.
func TestNoOvershoot(t *testing.T) {
	for _, rules := range [][]wire.Rule{
		{{Name: "one", Limit: "100 per 1h"}},
		{{Name: "tight", Limit: "100 per 1h"}, {Name: "wide", Limit: "1000 per 1h"}},
	} {
		p, err := Compile(&wire.Policy{Version: wire.Version, Rules: rules}, nil, Abilities{})
		if err != nil {
			t.Fatal(err)
		}
		tally := NewTally(Size{64, 64, 64, 64}, [16]byte{1})
		var passed atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 200 {
					if p.Decide(tally, &Request{At: day, Method: "GET", Path: "/", Address: stranger}).Action == Pass {
						passed.Add(1)
					}
				}
			})
		}
		wg.Wait()
		if n := passed.Load(); n != 100 {
			t.Errorf("%d rules: %d passed, want 100", len(rules), n)
		}
	}
}

// TestConcurrentUse has requests decided and settled while bans come and go; the race detector is what watches.
func TestConcurrentUse(t *testing.T) {
	first, err := Compile(fiveRules(100), nil, Abilities{})
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Pointer[Policy]
	now.Store(first)
	tally := NewTally(Size{64, 64, 64, 64}, [16]byte{1}) // small, so that clients push each other out
	addrs := clients(1 << 10)
	outcomes := []wire.Outcome{{Kind: "login", Result: "failed", Subject: "alice"}, {Kind: "login", Result: "ok", Subject: "bob"}}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 4000 {
				p := now.Load()
				r := Request{At: day + int64(i)*1000, Method: "POST", Path: "/users/log_in", Address: addrs[(i*7+g)%len(addrs)]}
				if i%97 == 0 {
					r.Path = "/.env"
				}
				v := p.Decide(tally, &r)
				p.Settle(tally, &r, 200, outcomes, r.At)
				p.Marked(v.Marks)
				p.Template(&r)
			}
		})
	}
	wg.Go(func() {
		for i := range 200 {
			p := now.Load()
			a := addrs[i%len(addrs)].String()
			d := &wire.Delta{Site: "bench", From: p.Revision, To: p.Revision + 1, Bans: []wire.Ban{{ID: a, Subject: a}}}
			if i%2 == 1 {
				d.Bans, d.Unbanned = nil, []string{addrs[i-1].String()}
			}
			next, err := p.Apply(d)
			if err != nil {
				t.Error(err)
				return
			}
			now.Store(next)
		}
	})
	wg.Wait()
}

// TestApply holds that a change speaks of the revision it is for, and that the policy before it stays as it was.
func TestApply(t *testing.T) {
	p, err := Compile(fiveRules(10), nil, Abilities{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(p *Policy) Reason {
		return p.Decide(NewTally(Size{64, 64, 64, 64}, [16]byte{1}), &Request{At: day, Method: "GET", Path: "/", Address: stranger}).Reason
	}
	next, err := p.Apply(&wire.Delta{Site: "bench", From: 1, To: 2, Bans: []wire.Ban{{ID: "x", Subject: stranger.String()}}})
	if err != nil {
		t.Fatal(err)
	}
	if ask(p) != NothingAgainst || ask(next) != Banned {
		t.Errorf("before %q, after %q", ask(p), ask(next))
	}
	lifted, err := next.Apply(&wire.Delta{Site: "bench", From: 2, To: 3, Unbanned: []string{stranger.String()}, Allowances: []wire.Allowance{{ID: "y", Subject: "203.0.113.0/24"}}})
	if err != nil {
		t.Fatal(err)
	}
	if ask(lifted) != AllowList {
		t.Errorf("lifted and allowed: %q", ask(lifted))
	}
	for _, d := range []*wire.Delta{
		{Site: "bench", From: 2, To: 4},
		{Site: "other", From: 3, To: 4},
		{Site: "bench", From: 3, To: 4, Bans: []wire.Ban{{Subject: "nobody"}}},
	} {
		if _, err := lifted.Apply(d); err == nil {
			t.Errorf("%+v was taken", d)
		}
	}
}
