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
	if len(rep.Top) != 2 || rep.Top[0].Client != "203.0.113.7" || rep.Top[0].Refused != 3 {
		t.Errorf("top %+v", rep.Top)
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
