package desk

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/network"
	"palisade.dev/guard/wire"
)

// The quick answer is that of looking at every address.
func TestHeldAgainstAll(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	some := func() netip.Prefix {
		bits := 24 + r.IntN(9)
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(r.IntN(256))}), bits).Masked()
	}
	for range 2000 {
		var list []netip.Prefix
		for range r.IntN(6) {
			list = append(list, some())
		}
		list = append(network.Canonical(list), netip.MustParsePrefix("2001:db8::/32"))
		p := some()
		n, all := 0, 1<<(32-p.Bits())
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			if slices.ContainsFunc(list, func(l netip.Prefix) bool { return l.Contains(a) }) {
				n++
			}
		}
		if whole, part := held(list, p); whole != (n == all) || part != (n > 0) {
			t.Fatalf("%v in %v: whole %v, some %v, but %d of %d", p, list, whole, part, n, all)
		}
	}
	if whole, part := held(nil, some()); whole || part {
		t.Error("an empty list holds something")
	}
	if _, part := held([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, netip.MustParsePrefix("2001:db8::/64")); part {
		t.Error("an IPv4 list holds an IPv6 network")
	}
}

func TestCovering(t *testing.T) {
	got := feed.Covering(netip.MustParsePrefix("203.0.113.0/30"))
	if len(got) != 31 || got[0] != "203.0.113.0/30" || got[6] != "203.0.113.0/24" || got[30] != "0.0.0.0/0" {
		t.Errorf("%d: %v", len(got), got)
	}
	if got := feed.Covering(netip.MustParsePrefix("2001:db8::1/128")); len(got) != 129 || got[0] != "2001:db8::1" || got[64] != "2001:db8::/64" {
		t.Errorf("%d: %v", len(got), got[:3])
	}
}

func TestUses(t *testing.T) {
	p := &wire.Policy{
		Blocks: []wire.Block{{Name: "a", Match: "@signup", Networks: []string{"tor", "cloud"}, Then: "block"}, {Name: "b", Match: "*", Networks: []string{"cloud/gcp"}}},
		Rules:  []wire.Rule{{Name: "r", Match: wire.Match{Network: wire.Words{"cloud/aws", "own"}}, Then: wire.Words{"throttle"}, Mode: "rehearse"}},
	}
	for name, want := range map[string]string{
		"cloud/aws":  "[{block a cloud @signup block on} {rule r cloud/aws * throttle rehearse}]",
		"cloud/gcp":  "[{block a cloud @signup block on} {block b cloud/gcp * label on}]",
		"own/office": "[{rule r own * throttle rehearse}]",
		"vpn":        "[]",
	} {
		kind, _, _ := cutKind(name)
		if got := fmt.Sprint(uses(p, name, kind)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func cutKind(name string) (kind, rest string, ok bool) {
	for i := range name {
		if name[i] == '/' {
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}

func TestBlockName(t *testing.T) {
	for want, b := range map[string]wire.Block{
		"tor-cloud-aws-on-signup":     {Networks: []string{"tor", "cloud/aws"}, Match: "@signup"},
		"tor-on-post-users-register":  {Networks: []string{"tor"}, Match: "POST /users/register"},
		"vpn-on-all":                  {Networks: []string{"vpn"}, Match: "*"},
		"own-office-on-get-admin-all": {Networks: []string{"own/office"}, Match: "GET /admin/**"},
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": {Networks: []string{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, Match: "/"},
	} {
		if got := blockName(b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
