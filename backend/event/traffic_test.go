package event

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"palisade.dev/guard/wire"
)

// noon is when the tests' traffic starts.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// traffic makes events as a shop of middling size sees them: clients by Zipf, fifty routes, two hundred agents, a few
// attackers, signed-in accounts. The same seed makes the same events.
type traffic struct {
	chance  *rand.Rand
	clients *rand.Zipf
	seq     uint64
	at      int64
	gap     float64 // microseconds between two requests, on average
	agents  []string
	routes  []string
}

func newTraffic(seed uint64, gap time.Duration) *traffic {
	chance := rand.New(rand.NewPCG(seed, 7))
	t := &traffic{
		chance: chance, clients: rand.NewZipf(chance, 1.1, 8, 50_000), at: noon.UnixMicro(),
		gap: float64(gap.Microseconds()),
	}
	for i := range 200 {
		t.agents = append(t.agents, fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36",
			[]string{"Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64", "Linux; Android 14; Pixel 8"}[i%4],
			100+i%40, 4000+i*7, i%190))
	}
	for i := range 50 {
		t.routes = append(t.routes, fmt.Sprintf("%s /%s", []string{"GET", "GET", "GET", "POST"}[i%4],
			[]string{"products/:id", "cart", "users/log_in", "api/orders/:id", "search", "account/settings", "checkout", "static/:file"}[i%8]+fmt.Sprint(i/8)))
	}
	return t
}

func (t *traffic) next() wire.Event {
	client := t.clients.Uint64()
	c := rand.New(rand.NewPCG(client, 1)) // the client's own, unchanging traits
	t.seq++
	t.at += int64(t.chance.ExpFloat64() * t.gap)
	route := t.routes[min(int(t.chance.ExpFloat64()*8), 49)]
	agent := t.agents[c.IntN(200)]
	e := wire.Event{
		Seq: t.seq, At: t.at, Duration: 300 + int64(t.chance.ExpFloat64()*20_000),
		Method: route[:4], Host: "shop.example.org", Route: route, Status: 200, Bytes: int64(500 + 37*t.chance.IntN(400)),
		Address: netip.AddrFrom4([4]byte{byte(c.IntN(200) + 10), byte(c.Uint32()), byte(c.Uint32()), byte(c.Uint32())}),
		Agent:   agent, Fingerprint: fmt.Sprintf("t13d1516h2_%06x_%06x", len(agent)*7919, c.IntN(40)*104729),
		Kind: "unknown", Action: "allow", Revision: 412,
	}
	e.Path = route[4:] + fmt.Sprint(t.chance.IntN(2000))
	if c.IntN(8) == 0 {
		e.Address = netip.MustParsePrefix("2001:db8::/32").Addr()
		b := e.Address.As16()
		b[5], b[6], b[7], b[15] = byte(c.Uint32()), byte(c.Uint32()), byte(c.Uint32()), byte(c.Uint32())
		e.Address = netip.AddrFrom16(b)
	}
	if c.IntN(5) == 0 {
		e.Networks = []string{[]string{"cloud/aws", "cloud/gcp", "vpn", "tor"}[c.IntN(4)]}
		e.Kind = "cloud script"
	}
	if c.IntN(3) == 0 {
		e.Account = fmt.Sprintf("user-%d", client)
		e.Session = fmt.Sprintf("%012x", client*2654435761)
	}
	if c.IntN(20) == 0 {
		e.Key = fmt.Sprintf("%012x", client*40503)
	}
	switch t.chance.IntN(40) {
	case 0:
		e.Status = 404
	case 1:
		e.Action, e.Rule, e.Reason, e.Status = "throttle", "search-flood", "rule", 429
	case 2:
		e.Action, e.Rule, e.Reason, e.Status = "block", "bad-network", "rule", 403
		e.Marks = []string{"draft-rule"}
	case 3:
		e.Outcomes = []wire.Outcome{{Kind: "login", Result: []string{"ok", "failed", "failed"}[t.chance.IntN(3)], Subject: fmt.Sprintf("user-%d", client)}}
	case 4:
		if t.chance.IntN(10) == 0 {
			e.Action, e.Rule, e.Reason, e.Status, e.Alert = "ban", "login-stuffing", "rule", 403, true
			e.Ban = &wire.BanOrder{Subject: e.Address.String(), Seconds: 600}
		}
	}
	return e
}

func (t *traffic) take(n int) []wire.Event {
	events := make([]wire.Event, n)
	for i := range events {
		events[i] = t.next()
	}
	return events
}
