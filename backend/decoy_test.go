package backend

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/backend/site"
	"palisade.dev/backend/trap"
	"palisade.dev/guard"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// asks sends a request through a guard, with what the app answers.
func asks(g *guard.Guard, address, method, target string, header http.Header, tells ...wire.Outcome) (reason string, refused bool) {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	if header == nil {
		header = http.Header{}
	}
	r := &http.Request{Method: method, URL: u, Host: "shop.example", Header: header, RemoteAddr: address + ":1", Body: http.NoBody}
	v := g.Begin(r, guard.Facts{})
	reason, refused = string(v.Verdict.Reason), v.Refused()
	if !refused {
		for _, o := range tells {
			v.Outcome(o)
		}
	}
	v.End(200, 0)
	return reason, refused
}

// lays makes a decoy up and keeps it.
func (h *house) lays(t *testing.T, ctx context.Context, kind trap.Kind, then ...string) (x wire.Trap, word string) { //nolint:revive // the test comes first
	t.Helper()
	x, err := h.Traps.Invent(kind)
	if err != nil {
		t.Fatal(err)
	}
	if word, err = h.Traps.Word(h.site, kind); err != nil {
		t.Fatal(err)
	}
	if err := h.Traps.Bear(ctx, h.site, &x, kind, word); err != nil {
		t.Fatal(err)
	}
	if len(then) > 0 {
		x.Then = then
	}
	if err := h.Traps.Set(ctx, h.site, x); err != nil {
		t.Fatal(err)
	}
	return x, word
}

// A key and an account that are nobody's reach a guard over the wire, catch who comes with them, and tell of it: in the list
// of traps, to people, and in the list of bans. The key itself is kept nowhere.
func TestDecoyKeysAndAccounts(t *testing.T) {
	h := newHouse(t)
	ctx := access.With(context.Background(), access.Operator)
	h.Traps.Rand = rand.Reader
	channel, err := h.Alerts.AddChannel(ctx, alert.Draft{Kind: "slack", Name: "x", Settings: json.RawMessage(`{"url":"https://hooks.slack.com/services/T0/B0/SECRETSECRET"}`), Hears: alert.Hears{Severity: alert.Medium}})
	if err != nil {
		t.Fatal(err)
	}
	g := h.guard(t, "one")
	key, secret := h.lays(t, ctx, trap.Key)
	account, name := h.lays(t, ctx, trap.Account)
	if !strings.HasPrefix(secret, "shop_live_") || !strings.Contains(name, "@") {
		t.Errorf("%s, %s", secret, name)
	}

	bears := http.Header{"Authorization": {"Bearer " + secret}}
	until(t, "the key catches", func() bool {
		reason, refused := asks(g, "203.0.113.1", "GET", "http://shop.example/api/v1/orders", bears)
		return refused && reason == "trap"
	})
	signsIn := wire.Outcome{Kind: "login", Result: "failed", Subject: strings.ToUpper(name)}
	until(t, "the account catches, on the next request", func() bool {
		asks(g, "203.0.113.2", "POST", "http://shop.example/users/log_in", nil, signsIn)
		reason, refused := asks(g, "203.0.113.2", "GET", "http://shop.example/", nil)
		return refused && reason == "ban"
	})
	for _, c := range []struct {
		trap    wire.Trap
		address string
		kind    trap.Kind
	}{{key, "203.0.113.1", trap.Key}, {account, "203.0.113.2", trap.Account}} {
		until(t, string(c.kind)+" tells of its touch", func() bool {
			s, err := h.Traps.Get(ctx, h.site, c.trap.Name)
			if err != nil {
				t.Fatal(err)
			}
			return s.Kind == c.kind && s.Touched != nil && s.Touched.Address == c.address
		})
	}
	until(t, "the ban is kept with its proof", func() bool {
		b, err := h.DB.StandingBan(ctx, h.site.ID, "203.0.113.2", h.o.Now().UnixMilli())
		return err == nil && b.Source == "trap" && b.Rule == account.Name && strings.Contains(b.Proof, "decoy")
	})

	// Whoever hears of what matters is told of both, and of the ban beside.
	until(t, "people are told", func() bool {
		n, err := h.DB.AlertsWaiting(ctx, channel.ID)
		return err == nil && n == 3
	})

	// The key is in no document, policy, event or audit entry.
	p, err := h.Feed.Build(ctx, h.site)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := h.DB.Documents(ctx, h.site.ID, "trap")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := h.DB.AuditLog(ctx, store.AuditQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	states, err := h.Traps.List(ctx, h.site)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{p, docs, entries, states})
	if err != nil || strings.Contains(string(text), secret) || !strings.Contains(string(text), key.Keys[0]) {
		t.Errorf("the key is kept somewhere, or not even its hash: %v", err)
	}
}

// A key that is somebody's, and an account with which somebody signs in, are no decoys.
func TestWhatIsSomebodys(t *testing.T) {
	h := newHouse(t)
	ctx := access.With(context.Background(), access.Operator)
	h.Traps.Rand = rand.Reader
	s, err := h.Sites.Change(ctx, h.site, "test", func(d *site.Document) {
		d.Identity.Key = &wire.Key{From: []string{"header:X-Shop-Key"}, Prefix: "sk_", Alphabet: "hex", MinLength: 23, MaxLength: 23, CaseInsensitive: true}
	})
	if err != nil {
		t.Fatal(err)
	}
	h.site = s
	const real = "sk_00112233445566778899"
	if _, err := h.Sites.Tie(ctx, s, real, "acme", "", "test"); err != nil {
		t.Fatal(err)
	}
	_, word := h.lays(t, ctx, trap.Key)
	if !strings.HasPrefix(word, "sk_") || len(word) != 23 || strings.ToLower(word) != word {
		t.Errorf("%s is not of the site's own format", word)
	}
	snippets, err := trap.KeySnippets(s, word)
	if err != nil || !strings.Contains(snippets[3].Text, "X-Shop-Key: "+word) {
		t.Errorf("%+v, %v", snippets, err)
	}
	g := h.guard(t, "one")
	until(t, "somebody signs in, and the event is there", func() bool {
		asks(g, "203.0.113.7", "POST", "http://shop.example/users/log_in", nil, wire.Outcome{Kind: "login", Result: "ok", Subject: "anna@shop.example"})
		var x wire.Trap
		return errors.Is(h.Traps.Bear(ctx, s, &x, trap.Account, "Anna@shop.example"), trap.ErrInvalid)
	})
	for _, c := range []struct {
		kind       trap.Kind
		word, says string
	}{
		{trap.Key, "SK_00112233445566778899", "tied to account \"acme\""},
		{trap.Key, "short", "8 to 512"},
		{trap.Key, "two words of it", "without spaces"},
		{trap.Account, " anna@shop.example ", "somebody signed in"},
		{trap.Account, "  ", "want a name"},
	} {
		var x wire.Trap
		if err := h.Traps.Bear(ctx, s, &x, c.kind, c.word); !errors.Is(err, trap.ErrInvalid) || !strings.Contains(err.Error(), c.says) || len(x.Keys)+len(x.Accounts) > 0 {
			t.Errorf("%s %q: %v", c.kind, c.word, err)
		}
	}
}
