package engine

import (
	"fmt"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

// TestFaultsTogether holds that someone who made ten mistakes reads of all ten at once.
func TestFaultsTogether(t *testing.T) {
	p := &wire.Policy{
		Version: wire.Version, Site: "shop",
		Answer:   wire.Answer{Status: 200},
		Identity: wire.Identity{Key: &wire.Key{Required: []string{"api"}}, Outcomes: []wire.Observed{{Route: "@nowhere", Kind: "login"}}},
		Routes:   []wire.Route{{}, {Match: wire.Words{"/a"}, Fail: "maybe"}, {Name: "two words", Match: wire.Words{"/b"}}},
		Rules: []wire.Rule{
			{Name: "Bad Name", Limit: "5 per 1m"},
			{Name: "limit", Limit: "five"},
			{Name: "by", Limit: "5 per 1m", By: wire.Words{"moon"}},
			{Name: "count", Limit: "5 per 1m", Count: "status.abc"},
			{Name: "distinct", Limit: "5 per 1m", Distinct: "moon"},
			{Name: "then", Limit: "5 per 1m", Then: wire.Words{"ban soon"}},
			{Name: "nobody", Limit: "5 per 1m", By: wire.Words{"site"}, Then: wire.Words{"ban"}},
			{Name: "spare", Limit: "5 per 1m", Spare: "me"},
			{Name: "mode", Limit: "5 per 1m", Mode: "perhaps"},
			{Name: "route", Limit: "5 per 1m", Match: wire.Match{Route: "users"}},
			{Name: "twice", Limit: "5 per 1m"},
			{Name: "twice", Limit: "5 per 1m"},
		},
		Blocks:     []wire.Block{{Name: "empty", Match: "*"}, {Name: "mode", Match: "*", Networks: []string{"tor"}, Mode: "x"}},
		Traps:      []wire.Trap{{}, {Name: "bare"}, {Name: "when", Paths: []string{".x"}, When: "never"}, {Name: "sign", Paths: []string{"a*b"}}},
		Levers:     []wire.Lever{{Match: "/a", Position: "closed", Since: 5, Until: 5}},
		Bans:       []wire.Ban{{Subject: "nobody"}},
		Allowances: []wire.Allowance{{Subject: "1.2.3.4/8"}},
		Operators:  []string{"me"},
	}
	_, err := Compile(p, nil, Abilities{})
	if err == nil {
		t.Fatal("no fault found")
	}
	want := []string{
		"answer: status 200: want 400 to 599",
		`api_key: required: route "api": a path begins with /`,
		`outcomes: route "@nowhere": no route of this site has that name`,
		"routes: : match: want at least one route",
		`routes: /a: fail: "maybe": want local, open or closed`,
		`routes: /b: name "@two words": want a word`,
		`rule "Bad Name": name: want 1 to 64 of`,
		`rule "limit": limit: rate "five"`,
		`rule "by": by: "moon": want one or more of address, network`,
		`rule "count": count: "status.abc": want status.404 or status.4xx`,
		`rule "distinct": distinct: "moon": want path, address`,
		`rule "then": then: "ban soon"`,
		`rule "nobody": then: a ban needs a client to hold`,
		`rule "spare": spare: "me": want shared-address or known-device`,
		`rule "mode": mode: "perhaps": want on, rehearse or off`,
		`rule "route": match: route "users": a path begins with /`,
		`rule "twice": the name is taken by an earlier rule`,
		`block "empty": networks: want at least one list or kind`,
		`block "mode": mode: "x"`,
		`trap "": name: a trap needs one`,
		`trap "bare": paths: want at least one signature`,
		`trap "when": when: "never": want always or missing`,
		`trap "sign": signature "a*b"`,
		`lever "/a": until: a lever always has a timer`,
		`bans: subject "nobody"`,
		`allowances: subject "1.2.3.4/8"`,
		`operators: "me" is no address`,
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("not told: %s", w)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func TestNewerWordsAreStricter(t *testing.T) {
	p, err := Compile(&wire.Policy{
		Version: wire.Version,
		Rules:   []wire.Rule{{Name: "r", Limit: "1 per 1m", Then: wire.Words{"quarantine"}}},
		Blocks:  []wire.Block{{Name: "b", Match: "*", Networks: []string{"tor"}, Then: "quarantine"}},
		Traps:   []wire.Trap{{Name: "t", Paths: []string{".env"}, Then: []string{"quarantine"}}},
		Levers:  []wire.Lever{{Match: "*", Position: "ajar", Until: 1}},
	}, nil, Abilities{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Notes) != 5 { // and that no list is called tor
		t.Errorf("notes: %q", p.Notes)
	}
	if p.rules[0].answer != Block || p.blocks[0].action != Block || p.traps[0].answer != Block || p.levers[0].position != LeverShut {
		t.Error("a word of a newer version became something laxer than a block")
	}
}

func TestOtherFormatIsRefused(t *testing.T) {
	_, err := Compile(&wire.Policy{Version: wire.Version + 1}, nil, Abilities{})
	if err == nil || !strings.Contains(err.Error(), "upgrade the older of the two") {
		t.Error(err)
	}
}

func TestBoundsOfAPolicy(t *testing.T) {
	many := &wire.Policy{Version: wire.Version}
	for i := range maxRules + 1 {
		many.Rules = append(many.Rules, wire.Rule{Name: fmt.Sprint("r", i), Limit: "1 per 1m"})
	}
	if _, err := Compile(many, nil, Abilities{}); err == nil || !strings.Contains(err.Error(), "257 rules: a policy holds at most 256") {
		t.Error(err)
	}
	many.Rules = many.Rules[:maxRules]
	if _, err := Compile(many, nil, Abilities{}); err == nil || !strings.Contains(err.Error(), "a policy holds at most 24") {
		t.Error(err) // 256 rules of one key need 37 cards
	}
	many.Rules = many.Rules[:maxGroups*perCard]
	if _, err := Compile(many, nil, Abilities{}); err != nil {
		t.Error(err)
	}
}

// TestChangeOfOneRuleKeepsTheOthers: whoever edits one limit does not hand everybody a fresh budget of all.
func TestChangeOfOneRuleKeepsTheOthers(t *testing.T) {
	make := func(limit string) *Policy {
		p, err := Compile(&wire.Policy{Version: wire.Version, Rules: []wire.Rule{
			{Name: "a", Match: wire.Match{Route: "/a"}, Limit: limit},
			{Name: "b", Match: wire.Match{Route: "/b"}, By: wire.Words{"network"}, Limit: "1 per 1h"},
		}}, nil, Abilities{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	tally := NewTally(Size{64, 64, 64, 64}, [16]byte{1})
	ask := func(p *Policy) Action {
		return p.Decide(tally, &Request{At: day, Method: "GET", Path: "/b", Address: stranger}).Action
	}
	if a := ask(make("5 per 1m")); a != Pass {
		t.Fatal(a)
	}
	if a := ask(make("6 per 1m")); a != Throttle {
		t.Errorf("the count of an untouched rule began anew: %s", a)
	}
}
