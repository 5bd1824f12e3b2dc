package alert_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/backend/alert/post"
	"palisade.dev/backend/alert/slack"
	"palisade.dev/backend/rehearse"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func TestClean(t *testing.T) {
	cases := []struct{ in, want string }{
		{"plain – ünïcode 漢字 🦊", "plain – ünïcode 漢字 🦊"},
		{"a\r\nb\tc\x00", "a␍␊b␉c␀"},
		{"\x1b[2J\x7f\u009b", "␛[2J␡⟨U+009B⟩"},
		{"\u202egnp\u202c \u2066x\u2069 \u200e\u061c", "⟨U+202E⟩gnp⟨U+202C⟩ ⟨U+2066⟩x⟨U+2069⟩ ⟨U+200E⟩⟨U+061C⟩"},
		{"a\u200bb\ufeff\u2028\u2029\u00ad", "a⟨U+200B⟩b⟨U+FEFF⟩⟨U+2028⟩⟨U+2029⟩⟨U+00AD⟩"},
		{"\xff\xc3", "\ufffd\ufffd"},
		{"\U000e0041", "⟨U+E0041⟩"}, // a tag: text that no eye sees and some programs read
		{strings.Repeat("x", 10_000), strings.Repeat("x", 80) + "… (cut, 10000 bytes)"},
		{strings.Repeat("é", 10_000), strings.Repeat("é", 40) + "… (cut, 20000 bytes)"},
	}
	for _, c := range cases {
		if got := alert.Clean(c.in, 102); got != c.want {
			t.Errorf("%.40q is %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzClean(f *testing.F) {
	seeds := []string{"", "plain", "\x1b[2J", "\u202e", strings.Repeat("é", 500), strings.Repeat("\xff", 500), strings.Repeat("\u202e", 500), "🦊" + strings.Repeat("x", 98), "\u0085", strings.Repeat("a", 100) + "\n"}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 10 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := alert.Clean(s, 100)
		if len(once) > 100 || !utf8.ValidString(once) || strings.ContainsAny(once, "\r\n\x00\x1b\x7f\u202e\u2028") {
			t.Fatalf("%q is %q", s, once)
		}
		if twice := alert.Clean(once, 100); twice != once {
			t.Fatalf("%q is cleaned to %q and that to %q", s, once, twice)
		}
	})
}

// What is kept is bounded, whoever tells it, and what to do next is never cut off.
func TestWhatIsKeptIsCleanAndBounded(t *testing.T) {
	h := newHouse(t)
	h.channel("phone", alert.Hears{})
	a := one("a")
	a.Title, a.Subject, a.Link = "x\x1b"+strings.Repeat("y", 10_000), "\u202e", "//evil.example/"
	a.Facts = nil
	for i := range 100 {
		a.Facts = append(a.Facts, alert.Fact{Label: fmt.Sprint("l", i), Value: strings.Repeat("v", 10_000)})
	}
	a.Facts = append(a.Facts, alert.Fact{Label: "What to do", Value: "Look."})
	h.tell(a)
	h.deliver()
	m := h.spies["phone"].Sent()[0]
	kept, err := json.Marshal(m.Newest)
	if err != nil {
		t.Fatal(err)
	}
	if last := m.Newest.Facts[len(m.Newest.Facts)-1]; len(kept) > 30_000 || len(m.Newest.Facts) != 20 || last.Value != "Look." || !strings.HasPrefix(m.Newest.Title, "x␛y") || m.Newest.Subject != "⟨U+202E⟩" {
		t.Errorf("%d bytes, %d facts, the last %q", len(kept), len(m.Newest.Facts), last)
	}
	if m.Link != "https://palisade.example.com" {
		t.Errorf("link %q", m.Link)
	}
	err = h.Tell(t.Context(), alert.Alert{Title: "x"}, one("b"))
	if err == nil || !strings.Contains(err.Error(), "wants a kind, a group and a title") {
		t.Errorf("got %v", err)
	}
	h.deliver()
	h.expect("phone", "opened 1 a, opened 1 b") // one that is wrong keeps none from the others
}

var shop = store.Site{ID: "s1", Name: "shop-prod", Zone: "Europe/Berlin"}

// The words, as a person reads them.
func TestWords(t *testing.T) {
	ms, noon := alerttest.Noon.UnixMilli(), alerttest.Noon
	guard := store.Guard{Site: "s1", ID: "gw-1", Kind: "gateway", Version: "1.4", Host: "web-1", LastSeen: ms - 95_000, Dropped: 1234}
	trap := &wire.Event{
		Seq: 7, At: noon.UnixMicro(), Method: "GET", Path: "/.env", Status: 404, Address: netip.MustParseAddr("203.0.113.7"), Networks: []string{"cloud/aws"}, Agent: "curl/8", Rule: "dotfiles", Reason: "trap", Action: "allow",
	}
	decoy, stolen := *trap, *trap
	decoy.Seq, stolen.Seq = 8, 9
	decoy.Rule, decoy.Path, decoy.Outcomes = "decoy-key-12ab", "/api/v1/orders", []wire.Outcome{{Kind: "trap", Result: "touched", Subject: "decoy-key-12ab"}, {Kind: "decoy", Result: "key", Subject: "decoy-key-12ab"}}
	stolen.Rule, stolen.Path, stolen.Outcomes = "decoy-account-34cd", "/login", []wire.Outcome{{Kind: "decoy", Result: "account", Subject: "decoy-account-34cd"}}
	banned := *trap
	banned.Ban = &wire.BanOrder{Subject: "203.0.113.7", Seconds: 600}
	all := []alert.Alert{
		alert.BanImposed(shop, store.Ban{ID: "b1", Subject: "203.0.113.7", Source: "rule", Rule: "login", Created: ms, Until: ms + 600_000, Strikes: 2}),
		alert.BanImposed(shop, store.Ban{ID: "b2", Subject: "account:ada", Source: "trap", Rule: "dotfiles", Created: ms, Until: ms + 600_000}),
		alert.BanImposed(shop, store.Ban{ID: "b3", Subject: "203.0.113.0/24", Source: "person", Author: "ada", Note: "credential stuffing", Created: ms}),
		alert.LeverMoved(shop, store.Lever{ID: "l1", Match: "POST /signup", Position: "closed", Author: "ada", Note: "flood", Since: ms, Until: ms + 900_000}),
		alert.LeverMoved(shop, store.Lever{ID: "l2", Match: "@login", Position: "known", Author: "ada", Since: ms, Until: ms + 900_000}),
		alert.LeverMoved(shop, store.Lever{ID: "l1", Match: "POST /signup", Position: "closed", Author: "bob", Since: ms, Until: ms + 900_000, Ended: ms + 60_000}),
		alert.TrapTouched(shop, "gw-1", "boot", trap),
		alert.TrapTouched(shop, "gw-1", "boot", &banned),
		alert.TrapTouched(shop, "gw-1", "boot", &decoy),
		alert.TrapTouched(shop, "gw-1", "boot", &stolen),
		alert.GuardLost(shop, guard, 2, noon),
		alert.GuardLost(shop, guard, 0, noon),
		alert.GuardBack(shop, guard, noon.Add(-10*time.Minute), noon),
		alert.AppealSent(shop, store.Appeal{ID: "a1", Subject: "203.0.113.7", Said: "I was <b>shopping</b>", Contact: "ada@example.org", Sent: ms}),
		alert.MonitorFailed(shop, store.Monitor{ID: "m1", Kind: "api", Target: "https://api.example", Last: ms, Failed: 2, Fault: "the target did not answer"}),
		alert.MonitorFailed(shop, store.Monitor{ID: "m1", Kind: "api", Target: "https://api.example", Last: ms + 60_000}),
		alert.ScanBrought(shop, store.Scan{ID: "s1", Kind: "code", Target: "shop", Ended: ms}, store.Brought{
			New:       []store.Finding{{Severity: 4, Title: "SQL from a request", Place: "lib/shop/search.ex:12:5"}},
			Regressed: []store.Finding{{Severity: 2, Title: "Cookie without <b>Secure</b>", Place: "lib/shop_web/endpoint.ex:20:3"}},
		}),
		alert.RehearsalSummary(shop, rehearse.Report{Rule: "login", From: ms - 86_400_000, To: ms, Requests: 120_000}, noon),
		alert.RehearsalSummary(shop, rehearse.Report{Rule: "login", From: ms - 86_400_000, To: ms, Requests: 120_000, Refused: 311, Clients: 1}, noon),
		alert.RehearsalSummary(shop, rehearse.Report{
			Rule: "login", From: ms - 86_400_000, To: ms, Requests: 120_000, Refused: 5311, Clients: 42, SignedIn: 2, Bounded: true,
			Hurt: []rehearse.Hurt{{Client: "203.0.113.9", Refused: 4, Signed: []string{"ada", "bob"}}, {Client: "203.0.113.10", Refused: 1, Signed: []string{"eve"}}},
		}, noon),
	}
	var b strings.Builder
	ids, groups := map[string]bool{}, map[string]bool{}
	for _, a := range all {
		fmt.Fprintf(&b, "%s (%s, group %q, id %q)\n%s\n  many: 312 %s\n", a.Kind, a.Severity, a.Group, a.ID, a.Title, a.Several)
		for _, f := range a.Facts {
			fmt.Fprintf(&b, "  %s: %s\n", f.Label, f.Value)
		}
		fmt.Fprintf(&b, "  %s\n\n", a.Link)
		if a.Facts[len(a.Facts)-1].Label != "What to do" || !strings.Contains(a.Title, "shop-prod") {
			t.Errorf("%q does not say where, or what to do", a.Title)
		}
		ids[a.ID], groups[string(a.Kind)+a.Group] = true, true
	}
	// The two touches are one event here, the two losses one loss, and the rehearsals are of one rule and time.
	if len(ids) != len(all)-4 || len(groups) != 16 {
		t.Errorf("%d ids and %d groups of %d alerts", len(ids), len(groups), len(all))
	}
	alerttest.Golden(t, "words.txt", []byte(b.String()))
}

func TestChannels(t *testing.T) {
	h := newHouse(t)
	client := post.NewClient(post.Options{})
	h.more = map[string]alert.Sink{"slack": slack.New(client, h.clock.now)}
	h.Alerts = h.another(h.db)
	ctx := t.Context()
	c, err := h.AddChannel(ctx, alert.Draft{Kind: "slack", Name: " Ops ", Settings: json.RawMessage(`{"url":"https://hooks.slack.com/services/T0/B0/SECRETSECRET"}`), Hears: alert.Hears{Severity: alert.High}})
	if err != nil {
		t.Fatal(err)
	}
	all, err := h.Channels(ctx)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	text, err := json.Marshal(all)
	if err != nil || strings.Contains(string(text), "SECRETSECRET") || !strings.Contains(string(text), `"name":"Ops"`) || !strings.Contains(string(text), `"severity":"high"`) {
		t.Errorf("%s, %v", text, err)
	}
	changed, err := h.ChangeChannel(ctx, c.ID, alert.Draft{Name: "Night"})
	if err != nil || changed.Name != "Night" || string(changed.Settings) != string(c.Settings) || changed.Hears.Severity != alert.Info {
		t.Errorf("%+v, %v", changed, err)
	}
	if _, err := h.ChangeChannel(ctx, c.ID, alert.Draft{Kind: "phone", Name: "x"}); !errors.Is(err, alert.ErrInvalid) || !strings.Contains(err.Error(), "kind stays slack") {
		t.Errorf("got %v", err)
	}
	_, err = h.AddChannel(ctx, alert.Draft{Kind: "slack", Name: "a\nb", Settings: json.RawMessage(`{}`), Hears: alert.Hears{Kinds: []alert.Kind{"bans"}, Severity: 9}})
	for _, want := range []string{"name: want 1 to 60", `hears.kinds: "bans": want some of ban, lever`, "hears.severity: want one of info, low", "url: want the address"} {
		if !errors.Is(err, alert.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := h.AddChannel(ctx, alert.Draft{Kind: "pager", Name: "x"}); !errors.Is(err, alert.ErrInvalid) || !strings.Contains(err.Error(), `"pager": want one of phone, program, slack`) {
		t.Errorf("got %v", err)
	}
	if _, err := h.AddChannel(ctx, alert.Draft{Kind: "slack", Name: "Night", Settings: json.RawMessage(`{"url":"https://example.com/"}`)}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("got %v", err)
	}
	if _, err := h.AddChannel(ctx, alert.Draft{Kind: "slack", Name: "Big", Settings: json.RawMessage(`"` + strings.Repeat("x", 20_000) + `"`)}); err == nil || !strings.Contains(err.Error(), "more than 16384 bytes") {
		t.Errorf("got %v", err)
	}
	for range 49 {
		h.channel("phone", alert.Hears{})
	}
	if _, err := h.AddChannel(ctx, alert.Draft{Kind: "phone", Name: "x"}); !errors.Is(err, alert.ErrInvalid) || !strings.Contains(err.Error(), "there are 50 channels") {
		t.Errorf("got %v", err)
	}
	if err := h.DeleteChannel(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"channel": second(h.Channel(ctx, c.ID)), "change": second(h.ChangeChannel(ctx, c.ID, alert.Draft{})), "mute": second(h.MuteChannel(ctx, c.ID, time.Time{})),
		"delete": h.DeleteChannel(ctx, c.ID), "test": second(h.Test(ctx, c.ID, "ada")),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestTheTestButtonGivesWhatTheOtherSideSaid(t *testing.T) {
	h := newHouse(t)
	c := h.channel("phone", alert.Hears{Kinds: []alert.Kind{alert.Lever}})
	if _, err := h.MuteChannel(t.Context(), c, h.clock.now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if said, err := h.Test(t.Context(), c, "ada"); err != nil || said != "taken" {
		t.Errorf("%q, %v", said, err)
	}
	if m := h.spies["phone"].Sent()[0]; m.Newest.Kind != alert.Test || !strings.Contains(m.Newest.Title, "test of the channel phone") || m.Newest.Facts[0].Value != "ada" {
		t.Errorf("%+v", m)
	}
	h.spies["phone"].Answer = func(*alert.Message) (alert.Answer, error) {
		return alert.Answer{}, &alert.Failure{Said: "404 Not Found: no_service\x1b", Never: true}
	}
	said, err := h.Test(t.Context(), c, "ada")
	var f *alert.Failure
	if said != "404 Not Found: no_service␛" || !errors.As(err, &f) || f.Said != said {
		t.Errorf("%q, %v", said, err)
	}
	if got := h.log(c); got != `delivered 1 "taken", refused 1 "404 Not Found: no_service␛"` {
		t.Errorf("log: %s", got)
	}
	h.live(time.Hour, time.Minute)
	if n := len(h.spies["phone"].Sent()); n != 2 {
		t.Errorf("%d messages", n)
	}
}

func TestSeverities(t *testing.T) {
	for s := alert.Info; s <= alert.Critical; s++ {
		var back alert.Severity
		text, err := json.Marshal(s)
		if err != nil || json.Unmarshal(text, &back) != nil || back != s {
			t.Errorf("%v is %s, %v", s, text, err)
		}
	}
	var s alert.Severity
	if err := json.Unmarshal([]byte(`"worst"`), &s); err == nil || !strings.Contains(err.Error(), "want one of info, low, medium, high, critical") {
		t.Errorf("got %v", err)
	}
	if _, err := json.Marshal(alert.Severity(9)); err == nil {
		t.Error("severity 9 has a name")
	}
}

func TestTheConsolesAddress(t *testing.T) {
	for console, ok := range map[string]bool{"": true, "https://p.example.com": true, "http://127.0.0.1:9090/x/": true, "p.example.com": false, "javascript:alert(1)": false, "https://p.example.com/?x": false} {
		_, err := alert.New(alert.Options{Console: console})
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "want one such as") {
			t.Errorf("%q: %v", console, err)
		}
	}
}
