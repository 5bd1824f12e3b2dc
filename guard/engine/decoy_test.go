package engine

import (
	"net/netip"
	"strings"
	"testing"

	"palisade.dev/guard/wire"
)

// hashOf is a stand-in for a key's hash, of its form.
func hashOf(c string) string { return strings.Repeat(c, 64) }

func decoyed(t testing.TB, traps ...wire.Trap) *Policy {
	t.Helper()
	p, err := Compile(&wire.Policy{Version: wire.Version, Site: "shop", Traps: traps}, nil, Abilities{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A decision costs no memory, whether the policy has decoys or not, and whoever asks.
func TestDecoysAllocateNothing(t *testing.T) {
	p := decoyed(t, wire.Trap{Name: "d", Keys: []string{hashOf("a")}, Accounts: []string{"marta@shop.example"}, Then: wire.Words{"block"}})
	tally := NewTally(Size{Clients: 1 << 6, Keys: 1 << 6, Distinct: 1 << 4, Bans: 1 << 6}, [16]byte{1})
	for name, r := range map[string]Request{
		"somebody":        {Account: "Anna@shop.example", Key: strings.Repeat("b", 12)},
		"a decoy key":     {Key: strings.Repeat("a", 12)},
		"a decoy sign-in": {Subject: "MARTA@shop.example"},
	} {
		r.At, r.Method, r.Path, r.Address = day, "GET", "/", netip.MustParseAddr("203.0.113.7")
		if n := testing.AllocsPerRun(100, func() { one := r; p.Decide(tally, &one) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestDecoyFaultsAreTold(t *testing.T) {
	many := make([]string, maxDecoys+1)
	for i := range many {
		many[i] = "nobody-" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
	}
	for says, trap := range map[string]wire.Trap{
		"not the key: lay it with":         {Keys: []string{"shop_live_secret"}},
		"1 to 128 bytes":                   {Accounts: []string{" "}},
		"without control":                  {Accounts: []string{"a\nb"}},
		"at most 256 of each":              {Accounts: many},
		"a key or an account that is nobo": {Accounts: []string{"a"}, When: "missing"},
		"or else keys or accounts":         {},
	} {
		trap.Name = "d"
		_, err := Compile(&wire.Policy{Version: wire.Version, Site: "shop", Traps: []wire.Trap{trap}}, nil, Abilities{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if err != nil && strings.Contains(err.Error(), "live_secret") {
			t.Errorf("the error shows the whole key: %v", err)
		}
	}
}

// What the app tells springs a trap once, and not for who is allowed, was refused, or touched it before the app was asked.
func TestToldAfterwards(t *testing.T) {
	p := decoyed(t, wire.Trap{Name: "d", Accounts: []string{"marta"}, Then: wire.Words{"ban 1h", "alert"}})
	failed := []wire.Outcome{{Kind: "login", Result: "failed", Subject: "Marta"}}
	for _, c := range []struct {
		name     string
		v        Verdict
		subject  string
		account  string
		outcomes []wire.Outcome
		sprung   bool
	}{
		{"a failed sign-in", Verdict{}, "", "", failed, true},
		{"who is signed in", Verdict{}, "", "marta", nil, true},
		{"somebody else", Verdict{}, "", "anna", []wire.Outcome{{Kind: "login", Result: "failed", Subject: "anna"}}, false},
		{"a trap of that name", Verdict{}, "", "", []wire.Outcome{{Kind: "trap", Result: "touched", Subject: "marta"}}, false},
		{"who is allowed", Verdict{Allowed: true}, "", "", failed, false},
		{"who was refused", Verdict{Action: Throttle}, "", "", failed, false},
		{"who was known before", Verdict{Action: Observe}, "marta", "", failed, false},
	} {
		tally := NewTally(Size{Clients: 1 << 6, Keys: 1 << 6, Distinct: 1 << 4, Bans: 1 << 6}, [16]byte{1})
		r := Request{At: day, Method: "GET", Path: "/", Address: netip.MustParseAddr("203.0.113.7"), Subject: c.subject}
		p.Route(&r)
		v := c.v
		p.Told(tally, &r, &v, c.account, c.outcomes)
		if sprung := v.BanFor > 0; sprung != c.sprung || v.Action != c.v.Action || sprung && (v.Rule != "d" || v.Reason != Trapped || !v.Alert) {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}
