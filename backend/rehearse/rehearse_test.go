package rehearse

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"palisade.dev/guard/wire"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func event(second int, address, path string, status int, outcomes ...wire.Outcome) wire.Event {
	return wire.Event{
		At: noon.Add(time.Duration(second) * time.Second).UnixMicro(), Method: "POST", Path: path, Status: status,
		Address: netip.MustParseAddr(address), Action: "allow", Outcomes: outcomes,
	}
}

func login(result, who string) wire.Outcome {
	return wire.Outcome{Kind: "login", Result: result, Subject: who}
}

func over(events ...wire.Event) Events {
	return func(_ context.Context, _, _ time.Time, f func(*wire.Event) error) error {
		for i := range events {
			if err := f(&events[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestWhomItWouldHaveHurt: an office where three of four sign-ins fail, and an attacker. The rule would refuse both;
// the report tells who of them signed in.
func TestWhomItWouldHaveHurt(t *testing.T) {
	var events []wire.Event
	for i := range 6 {
		events = append(events, event(i, "203.0.113.7", "/login", 401, login("failed", "alice")))
	}
	for i := range 4 {
		events = append(events, event(10+i, "198.51.100.1", "/login", 401, login("failed", "bob")))
	}
	events = append(events,
		event(20, "198.51.100.1", "/login", 303, login("ok", "bob")),
		event(30, "198.51.100.9", "/login", 303, login("ok", "carol")),
		event(31, "198.51.100.9", "/other", 404),
	)
	p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}
	rule := wire.Rule{Name: "fails", Match: wire.Match{Route: "POST /login"}, Count: "login.failed", By: wire.Words{"address"}, Limit: "3 per 1h", Then: wire.Words{"block"}}
	rep, err := Run(context.Background(), p, nil, rule, noon, noon.Add(time.Hour), over(events...))
	if err != nil {
		t.Fatal(err)
	}
	// 203.0.113.7: three pass, three are refused. 198.51.100.1: three pass, the fourth and the good sign-in are refused.
	if rep.Requests != 13 || rep.Refused != 5 || rep.Clients != 2 || rep.SignedIn != 1 {
		t.Errorf("%+v", rep)
	}
	if len(rep.Hurt) != 1 || rep.Hurt[0].Client != "198.51.100.1" || rep.Hurt[0].Refused != 2 || rep.Hurt[0].Signed[0] != "bob" {
		t.Errorf("hurt %+v", rep.Hurt)
	}
	if len(rep.Top) != 1 || rep.Top[0].Client != "203.0.113.7" || rep.Top[0].Refused != 3 || rep.Top[0].First != noon.Add(3*time.Second).UnixMilli() {
		t.Errorf("top %+v", rep.Top)
	}
	if rep.Actions["block"] != 5 || rep.First != noon.Add(3*time.Second).UnixMilli() || rep.Last != noon.Add(20*time.Second).UnixMilli() {
		t.Errorf("%+v", rep)
	}
}

// TestWhatWouldHaveBeenRefusedHasNoOutcome: a sign-in that the rule had kept from the app could not have failed there.
func TestWhatWouldHaveBeenRefusedHasNoOutcome(t *testing.T) {
	var events []wire.Event
	for i := range 100 {
		events = append(events, event(i*60, "203.0.113.7", "/login", 401, login("failed", "alice")))
	}
	rule := wire.Rule{Name: "fails", Match: wire.Match{Route: "/login"}, Count: "login.failed", Limit: "1 per 10m", Then: wire.Words{"throttle"}}
	rep, err := Run(context.Background(), &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}, nil, rule, noon, noon.Add(2*time.Hour), over(events...))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Refused != 90 { // one passes every ten minutes, as it would have
		t.Errorf("refused %d of 100", rep.Refused)
	}
}

func TestOldSignInsAreNotNear(t *testing.T) {
	events := []wire.Event{
		event(0, "203.0.113.7", "/login", 303, login("ok", "alice")),
		event(7300, "203.0.113.7", "/x", 200), event(7301, "203.0.113.7", "/x", 200),
	}
	rule := wire.Rule{Name: "few", Match: wire.Match{Route: "/x"}, Limit: "1 per 1h"}
	rep, err := Run(context.Background(), &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}, nil, rule, noon, noon.Add(3*time.Hour), over(events...))
	if err != nil || rep.Refused != 1 || rep.SignedIn != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestAllowedAndObservingRules(t *testing.T) {
	events := []wire.Event{event(0, "203.0.113.7", "/x", 200), event(1, "203.0.113.7", "/x", 200), event(2, "203.0.113.8", "/x", 200), event(3, "203.0.113.8", "/x", 200)}
	p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1, Allowances: []wire.Allowance{{ID: "1", Subject: "203.0.113.8"}}}
	rule := wire.Rule{Name: "few", Limit: "1 per 1h", Then: wire.Words{"observe"}}
	rep, err := Run(context.Background(), p, nil, rule, noon, noon.Add(time.Hour), over(events...))
	if err != nil || rep.Refused != 2 {
		// The allow list lets 203.0.113.8 pass; the rule still marks it.
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestAFaultyDraftIsRefused(t *testing.T) {
	_, err := Run(context.Background(), &wire.Policy{Version: wire.Version, Site: "shop"}, nil, wire.Rule{Name: "x", Limit: "much"}, noon, noon, over())
	if err == nil {
		t.Error("it ran")
	}
}

// TestABanGoesOn: what a rule bans stays out for as long as the ban lasts, whatever it asks for; that is where most of the
// harm is done.
func TestABanGoesOn(t *testing.T) {
	var events []wire.Event
	for i := range 3 {
		events = append(events, event(i, "203.0.113.7", "/login", 401, login("failed", "alice")))
	}
	for i := range 4 {
		events = append(events, event(60+i, "203.0.113.7", "/cart", 200))
	}
	events = append(events, event(1200, "203.0.113.7", "/cart", 200))
	rule := wire.Rule{Name: "fails", Match: wire.Match{Route: "/login"}, Count: "login.failed", Limit: "2 per 1h", Then: wire.Words{"ban 10m"}}
	rep, err := Run(context.Background(), &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}, nil, rule, noon, noon.Add(time.Hour), over(events...))
	if err != nil || rep.Refused != 5 || rep.Actions["ban"] != 5 {
		t.Errorf("%+v, %v", rep, err)
	}
}

// TestPeopleAtWork: who is known by account, or has been in a session for a while, is hurt without signing in again.
func TestPeopleAtWork(t *testing.T) {
	var events []wire.Event
	for i := range 4 {
		known := event(i, "203.0.113.1", "/search", 200)
		known.Account = "alice"
		events = append(events, known)
	}
	for i, who := range []string{"bob", "carol", "dave", "dave"} {
		events = append(events, event(10+i, "203.0.113.2", "/login", 303, login("ok", who)))
	}
	for _, at := range []int{20, 700, 701, 702} {
		lasting := event(at, "203.0.113.3", "/search", 200)
		lasting.Session = "0123456789abcdef"
		fresh := event(at, "203.0.113.4", "/search", 200)
		fresh.Session = "session of second " + time.Duration(at).String()
		events = append(events, lasting, fresh, event(at, "203.0.113.2", "/search", 200))
	}
	rule := wire.Rule{Name: "searches", Match: wire.Match{Route: "/search"}, Limit: "1 per 1h"}
	rep, err := Run(context.Background(), &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}, nil, rule, noon, noon.Add(time.Hour), over(events...))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Hurt{}
	for _, h := range rep.Hurt {
		got[h.Client] = h
	}
	if rep.SignedIn != 3 || rep.Shared != 1 || len(got) != 3 {
		t.Fatalf("%+v", rep)
	}
	if h := got["203.0.113.1"]; h.Refused != 3 || h.Accounts != 1 || h.Signed[0] != "alice" || h.Shared {
		t.Errorf("known by account: %+v", h)
	}
	if h := got["203.0.113.2"]; !h.Shared || h.Accounts != 3 || len(h.Signed) != 3 || rep.Hurt[0].Client != "203.0.113.2" {
		t.Errorf("an office: %+v", h)
	}
	if h := got["203.0.113.3"]; h.Sessions != 1 || h.Accounts != 0 {
		t.Errorf("in a session: %+v", h)
	}
	if len(rep.Top) != 1 || rep.Top[0].Client != "203.0.113.4" {
		t.Errorf("others: %+v", rep.Top)
	}
}

// TestItEnds: at a number of requests, and when the time is up; and says where.
func TestItEnds(t *testing.T) {
	events := make([]wire.Event, 10_000)
	for i := range events {
		events[i] = event(i, "203.0.113.7", "/x", 200)
	}
	r := Rehearsal{
		Policy: &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}, Rule: wire.Rule{Name: "few", Limit: "1 per 1h"},
		From: noon, To: noon.Add(24 * time.Hour), Events: over(events...), Most: 500,
	}
	rep, err := r.Run(context.Background())
	if err != nil || rep.Requests != 500 || !rep.Stopped || rep.To != noon.Add(500*time.Second).UnixMilli() {
		t.Errorf("%+v, %v", rep, err)
	}
	now := noon
	var told []Progress
	r.Most, r.Now = 0, func() time.Time { now = now.Add(25 * time.Second); return now }
	r.Told = func(p Progress) { told = append(told, p) }
	rep, err = r.Run(context.Background())
	if err != nil || rep.Requests != 8192 || !rep.Stopped || len(told) != 3 || told[1].Requests != 4096 {
		t.Errorf("%+v, %v, told %v", rep.Requests, err, told)
	}
	r.Events = func(context.Context, time.Time, time.Time, func(*wire.Event) error) error { return context.Canceled }
	if _, err := r.Run(context.Background()); err == nil {
		t.Error("a reading that failed is a report")
	}
}

// BenchmarkRun is what a rehearsal costs for each request, besides reading it.
func BenchmarkRun(b *testing.B) {
	events := make([]wire.Event, 1<<16)
	for i := range events {
		events[i] = event(i/100, "10.0."+[]string{"1", "2", "3", "4"}[i&3]+".7", "/x", 200)
	}
	p := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 1}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Run(context.Background(), p, nil, wire.Rule{Name: "few", Limit: "10 per 1m"}, noon, noon.Add(time.Hour), over(events...)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(events)), "ns/request")
}
