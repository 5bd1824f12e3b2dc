package people

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

const back = "https://palisade.example.org/sign-in/work"

// withProvider is an installation with a provider; change may change what is said of it.
func withProvider(t testing.TB, change func(*Provider)) (*house, *fakeProvider) {
	t.Helper()
	clock := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	now := func() time.Time { return clock }
	f := newFakeProvider(t, func() time.Time { return now() })
	c := Provider{Name: "work", Title: "Work", Issuer: f.server.URL, ClientID: "palisade", ClientSecret: "s3cret"}
	if change != nil {
		change(&c)
	}
	h := open(t, c)
	now = h.clock
	return h, f
}

// sso goes to the provider and comes back.
func (h *house) sso(f *fakeProvider, why Purpose, v Visit) (Entered, error) {
	h.t.Helper()
	address, browser, err := h.BeginSSO(h.t.Context(), "work", back, why, v)
	if err != nil {
		return Entered{}, err
	}
	return h.FinishSSO(h.t.Context(), "work", browser, f.visit(address), v)
}

// carl joins by an invitation and the provider.
func (h *house) carl(f *fakeProvider, ada Entered) Entered {
	h.t.Helper()
	_, code, err := h.Invite(as(h.t, ada.Session), "carl@example.org", map[string]access.Role{access.Everywhere: access.Viewer})
	must(h.t, err)
	e, err := h.sso(f, Purpose{Code: code}, home)
	must(h.t, err)
	return e
}

func TestSSO(t *testing.T) {
	h, f := withProvider(t, nil)
	ctx := t.Context()
	ada := h.owner()
	_, err := h.sso(f, Purpose{}, home)
	refused(t, err, ErrSSO, "carl@example.org is not known here", "ask an owner for an invitation")
	carl := h.carl(f, ada)
	equal(t, "name", carl.Session.Name, "Carl")
	equal(t, "role", carl.Session.Actor().Roles[access.Everywhere], access.Viewer)
	h.pass(time.Hour)
	e, err := h.sso(f, Purpose{}, home)
	must(t, err)
	equal(t, "whose", e.Session.Person, carl.Session.Person)
	equal(t, "method", e.Session.Method, BySSO)
	tied, err := h.Identities(ctx, carl.Session.Person)
	must(t, err)
	if len(tied) != 1 || tied[0].Used != h.millis() || tied[0].Email != "carl@example.org" {
		t.Errorf("%+v", tied)
	}
	refused(t, h.Untie(ctx, e.Session, tied[0].Issuer, tied[0].Subject), ErrLastWay)
	// It is the account that counts: Carl with another address is Carl, and another with his address is not.
	f.lie = func(c map[string]any) { c["email"] = "carl@elsewhere.example" }
	e, err = h.sso(f, Purpose{}, home)
	must(t, err)
	equal(t, "whose", e.Session.Person, carl.Session.Person)
	f.lie = func(c map[string]any) { c["sub"] = "carl-8" }
	_, err = h.sso(f, Purpose{}, home)
	refused(t, err, ErrSSO, "sign in as you are used to, and tie it")
	f.lie = nil
	must(t, h.Disable(as(t, ada.Session), carl.Session.Person))
	_, err = h.sso(f, Purpose{}, home)
	refused(t, err, ErrRefused)
	for _, p := range h.Providers() {
		if p.Title != "Work" || p.ClientSecret != "" {
			t.Errorf("%+v", p)
		}
	}
	_, _, err = h.BeginSSO(ctx, "none", back, Purpose{}, home)
	refused(t, err, store.ErrNotFound)
}

// Each of these is an ID token that must not be believed, though the code was good and the signature, but for one, is.
func TestSSOLies(t *testing.T) {
	h, f := withProvider(t, nil)
	h.carl(f, h.owner())
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	lies := map[string]struct {
		want string
		lie  func(c map[string]any)
	}{
		"wrong nonce":      {"of another sign-in", func(c map[string]any) { c["nonce"] = "x" }},
		"no nonce":         {"of another sign-in", func(c map[string]any) { delete(c, "nonce") }},
		"wrong issuer":     {"does not stand", func(c map[string]any) { c["iss"] = "https://evil.example" }},
		"wrong audience":   {"does not stand", func(c map[string]any) { c["aud"] = "another" }},
		"another party":    {"to another program", func(c map[string]any) { c["aud"] = []string{"palisade", "x"}; c["azp"] = "x" }},
		"two audiences":    {"to another program", func(c map[string]any) { c["aud"] = []string{"palisade", "x"} }},
		"expired":          {"does not stand", func(c map[string]any) { c["exp"] = h.clock().Unix() - 1 }},
		"unverified":       {"has not checked", func(c map[string]any) { c["email_verified"] = false }},
		"unverified, text": {"has not checked", func(c map[string]any) { c["email_verified"] = "false" }},
		"verified unsaid":  {"has not checked", func(c map[string]any) { delete(c, "email_verified") }},
		"no address":       {"has not checked", func(c map[string]any) { delete(c, "email") }},
		"no subject":       {"no subject", func(c map[string]any) { delete(c, "sub") }},
		"long subject":     {"no subject", func(c map[string]any) { c["sub"] = strings.Repeat("x", 256) }},
		"another's key":    {"does not stand", func(map[string]any) { f.as = other }},
	}
	for name, l := range lies {
		f.lie = l.lie
		_, err := h.sso(f, Purpose{}, home)
		f.as = nil
		refused(t, err, ErrSSO, l.want)
		_ = name
	}
	if len(lies) < 14 {
		t.Errorf("%d lies", len(lies))
	}
	f.lie = func(c map[string]any) { c["email_verified"] = "true" }
	_, err = h.sso(f, Purpose{}, home)
	must(t, err)
}

func TestSSOOnTheWay(t *testing.T) {
	h, f := withProvider(t, nil)
	ctx := t.Context()
	h.carl(f, h.owner())
	begin := func() (query url.Values, browser string) {
		t.Helper()
		address, browser, err := h.BeginSSO(ctx, "work", back, Purpose{}, home)
		must(t, err)
		return f.visit(address), browser
	}
	query, browser := begin()
	_, err := h.FinishSSO(ctx, "work", browser, query, home)
	must(t, err)
	_, err = h.FinishSSO(ctx, "work", browser, query, home)
	refused(t, err, ErrGone)

	// An attacker who gets somebody to open the end of the attacker's own sign-in: the browser is another.
	query, _ = begin()
	_, other := begin()
	_, err = h.FinishSSO(ctx, "work", other, query, home)
	refused(t, err, ErrSSO, "another browser")
	query, _ = begin()
	_, err = h.FinishSSO(ctx, "work", "", query, home)
	refused(t, err, ErrSSO, "another browser")

	// Mix-up: an answer on another provider's page, or of another issuer.
	query, browser = begin()
	_, err = h.FinishSSO(ctx, "other", browser, query, home)
	refused(t, err, ErrSSO, "not from the provider that was asked")
	query, browser = begin()
	query.Set("iss", "https://evil.example")
	_, err = h.FinishSSO(ctx, "work", browser, query, home)
	refused(t, err, ErrSSO, "not from the provider that was asked")

	// A code that was given to another browser is not taken: the verifier is not its.
	query, browser = begin()
	stolen, _ := begin()
	query.Set("code", stolen.Get("code"))
	_, err = h.FinishSSO(ctx, "work", browser, query, home)
	refused(t, err, ErrSSO, "did not take the code")

	query, browser = begin()
	h.pass(unfinished)
	_, err = h.FinishSSO(ctx, "work", browser, query, home)
	refused(t, err, ErrGone)
	query, browser = begin()
	query.Set("error", "access_denied")
	_, err = h.FinishSSO(ctx, "work", browser, query, home)
	refused(t, err, ErrSSO, `Work says "access_denied"`)
	_, err = h.FinishSSO(ctx, "work", browser, url.Values{"state": {"x"}}, home)
	refused(t, err, ErrGone)
}

func TestSSODoesNotTakeAPasswordsAccount(t *testing.T) {
	h, f := withProvider(t, func(c *Provider) { c.Newcomers, c.Domains = access.Viewer, []string{"Example.org"} })
	ctx := t.Context()
	ada := h.owner()
	// Somebody at the provider has Ada's address.
	f.lie = func(c map[string]any) { c["sub"], c["email"] = "evil", "ada@example.org" }
	_, err := h.sso(f, Purpose{}, home)
	refused(t, err, ErrSSO, "not tied to you yet")
	// An invitation to another address does not help them.
	_, code, err := h.Invite(as(t, ada.Session), "bob@example.org", map[string]access.Role{access.Everywhere: access.Owner})
	must(t, err)
	_, err = h.sso(f, Purpose{Code: code}, home)
	refused(t, err, ErrInvalid, "for another e-mail address")
	// Ada, signed in, ties her account, and comes in by it.
	f.lie = func(c map[string]any) { c["sub"], c["email"] = "ada-1", "ada@example.org" }
	v := home
	v.Session = ada.Token
	e, err := h.sso(f, Purpose{Tie: &ada.Session}, v)
	must(t, err)
	equal(t, "the session goes on", e.Token+e.Session.ID, ada.Session.ID)
	_, err = h.sso(f, Purpose{Tie: &ada.Session}, v)
	refused(t, err, store.ErrConflict, "tied to a person already")
	e, err = h.sso(f, Purpose{}, from("192.0.2.9"))
	must(t, err)
	equal(t, "whose", e.Session.Person, ada.Session.Person)
	// What was begun in a session is not finished in another.
	bob := h.member(ada.Session, "bobby", map[string]access.Role{access.Everywhere: access.Viewer})
	f.lie = func(c map[string]any) { c["sub"], c["email"] = "x", "x@example.org" }
	v.Session = bob.Token
	_, err = h.sso(f, Purpose{Tie: &ada.Session}, v)
	refused(t, err, ErrUnauthorized)
	// A newcomer of the domain comes in; one of another does not.
	f.lie = nil
	e, err = h.sso(f, Purpose{}, home)
	must(t, err)
	equal(t, "role", e.Session.Actor().Roles[access.Everywhere], access.Viewer)
	for _, email := range []string{"x@evil.example", "x@example.org.evil.example", "x@notexample.org"} {
		f.lie = func(c map[string]any) { c["sub"], c["email"] = email, email }
		_, err = h.sso(f, Purpose{}, home)
		refused(t, err, ErrSSO, "may not come in by Work")
	}
	h.pass(FreshFor)
	_, _, err = h.BeginSSO(ctx, "work", back, Purpose{Tie: &ada.Session}, v)
	refused(t, err, ErrStale)
}

func TestProveBySSO(t *testing.T) {
	h, f := withProvider(t, nil)
	ctx := t.Context()
	carl := h.carl(f, h.owner())
	h.pass(FreshFor)
	v := home
	v.Session = carl.Token
	address, _, err := h.BeginSSO(ctx, "work", back, Purpose{Prove: &carl.Session}, v)
	must(t, err)
	if u, err := url.Parse(address); err != nil || u.Query().Get("max_age") != "0" || u.Query().Get("prompt") != "login" {
		t.Error(address)
	}
	for _, when := range []any{nil, h.clock().Unix() - 3600} { // signed in over there long ago, or it will not say
		f.lie = func(c map[string]any) { c["auth_time"] = when }
		_, err = h.sso(f, Purpose{Prove: &carl.Session}, v)
		refused(t, err, ErrSSO, "that it is still you")
	}
	f.lie = func(c map[string]any) { c["sub"] = "another" }
	_, err = h.sso(f, Purpose{Prove: &carl.Session}, v)
	refused(t, err, ErrSSO, "that it is still you")
	f.lie = nil
	e, err := h.sso(f, Purpose{Prove: &carl.Session}, v)
	must(t, err)
	equal(t, "fresh", e.Session.Fresh(h.clock()), true)
	equal(t, "the old cookie", h.in(carl.Token), false)
	equal(t, "the new", h.in(e.Token), true)
}

// An owner by a provider that is no longer in the configuration file is no owner who can sign in.
func TestOwnerByAProvider(t *testing.T) {
	h, f := withProvider(t, nil)
	ctx := t.Context()
	code, err := h.SetupCode(ctx)
	must(t, err)
	carl, err := h.sso(f, Purpose{Code: code}, home)
	must(t, err)
	equal(t, "role", carl.Session.Actor().Roles[access.Everywhere], access.Owner)
	bob := h.member(carl.Session, "bob", map[string]access.Role{access.Everywhere: access.Owner})
	without, err := New(Options{DB: h.db, Key: [32]byte{1}, Now: h.clock})
	must(t, err)
	refused(t, without.Remove(as(t, carl.Session), bob.Session.Person), ErrLastOwner)
	must(t, h.Remove(as(t, carl.Session), bob.Session.Person))
}

func TestProviderThatIsAway(t *testing.T) {
	h, f := withProvider(t, nil)
	h.owner()
	f.server.Close()
	_, _, err := h.BeginSSO(t.Context(), "work", back, Purpose{}, home)
	if err == nil || !strings.Contains(err.Error(), "check its issuer, and that this machine reaches it") {
		t.Error(err)
	}
	e, err := h.SignIn(t.Context(), "ada@example.org", goodPassword, home)
	must(t, err)
	equal(t, "others come in", h.in(e.Token), true)
}

func TestProviderConfiguration(t *testing.T) {
	good := Provider{Name: "work", Issuer: "https://id.example", ClientID: "palisade"}
	for want, change := range map[string]func(*Provider){
		"name: want 1 to 32":             func(c *Provider) { c.Name = "Work!" },
		"issuer: want an address":        func(c *Provider) { c.Issuer = "http://id.example" },
		"client_id: want":                func(c *Provider) { c.ClientID = "" },
		"newcomers: want one of":         func(c *Provider) { c.Newcomers = "root" },
		"anybody with an account there":  func(c *Provider) { c.Newcomers = access.Viewer },
		`domains: "@": want one such as`: func(c *Provider) { c.Domains = []string{"@"} },
		"emails: invalid: e-mail":        func(c *Provider) { c.Emails = []string{"x"} },
	} {
		c := good
		change(&c)
		if _, err := New(Options{Key: [32]byte{1}, Providers: []Provider{c}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	if _, err := New(Options{Key: [32]byte{1}, Providers: []Provider{good, good}}); err == nil || !strings.Contains(err.Error(), "two of this name") {
		t.Error(err)
	}
	c := good
	c.Emails = []string{"Ada@example.org"}
	must(t, c.Check())
	if !c.lets("ada@example.org") || c.lets("bob@example.org") {
		t.Error(fmt.Sprint(c.Emails))
	}
}
