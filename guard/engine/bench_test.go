package engine

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"palisade.dev/guard/limit"
	"palisade.dev/guard/wire"
)

const (
	hotClients  = 256
	coldClients = 1 << 20
)

// day is when the tests begin.
var day = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).UnixNano()

// fiveRules is five rules by address that one request to POST /users/log_in all meets: four with limits, one that counts
// outcomes.
func fiveRules(bans int) *wire.Policy {
	p := &wire.Policy{
		Version: wire.Version, Site: "bench", Revision: 1,
		Rules: []wire.Rule{
			{Name: "login", Match: wire.Match{Route: "POST /users/log_in"}, Limit: "1000000 per 1s"},
			{Name: "login-hour", Match: wire.Match{Route: "POST /users/log_in"}, Limit: "100000000 per 1h"},
			{Name: "users", Match: wire.Match{Route: "/users/**"}, Limit: "1000000 per 1s"},
			{Name: "all", Match: wire.Match{Route: "*"}, Limit: "1000000 per 1s", Then: wire.Words{"ban 10m"}},
			{Name: "failures", Match: wire.Match{Route: "POST /users/log_in"}, Count: "login.failed", Limit: "10 per 5m"},
		},
		Traps: []wire.Trap{{Name: "secrets", Paths: []string{".env", ".git", "*.php", "*.bak"}, Then: []string{"ban 10m"}}},
		Blocks: []wire.Block{
			{Match: "*", Networks: []string{"cloud"}, Then: "label"},
		},
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range bans {
		a := netip.AddrFrom4([4]byte{198, byte(r.UintN(256)), byte(i >> 8), byte(i)})
		p.Bans = append(p.Bans, wire.Ban{ID: fmt.Sprint(i), Subject: a.String()})
	}
	return p
}

// manyNetworks makes n prefixes in sixteen lists, with the lengths that clouds' lists mostly have.
func manyNetworks(tb testing.TB, n int) *Networks {
	tb.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	lists := make([]NetworkList, 16)
	for i := range lists {
		lists[i] = NetworkList{Name: fmt.Sprintf("cloud/%d", i), Kind: "cloud", Checksum: fmt.Sprint(i)}
	}
	for i := range n {
		var p netip.Prefix
		if i%4 == 0 {
			b := [16]byte{0x20, 0x01, byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256))}
			p = netip.PrefixFrom(netip.AddrFrom16(b), 32+int(r.UintN(17)))
		} else {
			b := [4]byte{byte(20 + r.UintN(180)), byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256))}
			p = netip.PrefixFrom(netip.AddrFrom4(b), 16+int(r.UintN(13)))
		}
		l := &lists[i%len(lists)]
		l.Prefixes = append(l.Prefixes, p.Masked())
	}
	nets, err := NewNetworks(lists)
	if err != nil {
		tb.Fatal(err)
	}
	return nets
}

// clients gives n addresses that no ban of fiveRules holds, in random order.
func clients(n int) []netip.Addr {
	r := rand.New(rand.NewPCG(5, 6))
	out := make([]netip.Addr, n)
	for i := range out {
		out[i] = netip.AddrFrom4([4]byte{byte(20 + r.UintN(170)), byte(i >> 16), byte(i >> 8), byte(i)})
	}
	r.Shuffle(n, func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// BenchmarkDecide is one decision with its network lookup: five matching rules, 80,000 network prefixes, over 256
// clients (hot) or a million live ones (cold), with few and many bans. The other path is one that no pattern spells out,
// which has to be walked, and meets two of the rules. Beside it in the same run is the least that any such decision must
// do: one prefix lookup and one step of a limit.
func BenchmarkDecide(b *testing.B) {
	nets := manyNetworks(b, 80_000)
	size := Size{Clients: coldClients * 2, Keys: coldClients, Distinct: 1 << 10, Bans: 1 << 17}
	for _, temperature := range []struct {
		name    string
		clients int
	}{{"hot", hotClients}, {"cold", coldClients}} {
		addrs := clients(temperature.clients)
		b.Run(temperature.name+"/yardstick", func(b *testing.B) {
			table, key := limit.NewTable(size.Keys), limit.NewKey([16]byte{1})
			l := limit.Rate{Count: 1_000_000, Per: time.Second}.Limit()
			step := func(i int) {
				a := addrs[i&(len(addrs)-1)]
				hi, lo := words(a)
				sink += uint64(nets.Class(a))
				sink += uint64(table.Take(key.Addr(hi, lo, 7), &l, day+int64(i)*1000, 1).Left)
			}
			for i := range addrs {
				step(i)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				step(i)
			}
		})
		for _, c := range []struct {
			bans int
			path string
		}{{100, "/users/log_in"}, {10_000, "/users/log_in"}, {100_000, "/users/log_in"}, {10_000, "/users/1234/settings"}} {
			name := fmt.Sprintf("%s/bans=%d", temperature.name, c.bans)
			if c.path != "/users/log_in" {
				name += "-other-path"
			}
			b.Run(name, func(b *testing.B) {
				p, err := Compile(fiveRules(c.bans), nets, Abilities{})
				if err != nil {
					b.Fatal(err)
				}
				t := NewTally(size, [16]byte{1})
				for i := range c.bans { // of this guard's own, beside those of the back end
					t.bans.Set(t.key.Addr(0, uint64(i), 99), day+int64(time.Hour))
				}
				step := func(i int) {
					a := addrs[i&(len(addrs)-1)]
					var r Request // filled in place, as a guard fills its own
					r.At, r.Method, r.Path, r.Host = day+int64(i)*1000, "POST", c.path, "shop.example"
					r.Address, r.Class = a, nets.Class(a)
					if v := p.Decide(t, &r); v.Action != Pass {
						b.Fatalf("%s: %s by %s", a, v.Action, v.Rule)
					}
				}
				for i := range addrs {
					step(i)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					step(i)
				}
			})
		}
	}
}

var sink uint64
