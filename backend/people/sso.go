package people

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// Provider is an OpenID Connect identity provider, as the configuration file names it.
type Provider struct {
	Name         string // short, for the address of its answers: google
	Title        string // as the page shows it; the name unless given
	Issuer       string // https://accounts.google.com
	ClientID     string
	ClientSecret string
	Domains      []string    // whose e-mail addresses may come in; none: any that is invited or tied
	Emails       []string    // single addresses that may, beside the domains
	Newcomers    access.Role // what somebody gets, on all sites, who comes without an invitation; "": they are sent away
}

var providerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// Check says what is wrong with it, and puts it into the form in which it is compared.
func (c *Provider) Check() error {
	fault := func(why string) error { return fmt.Errorf("identity provider %q: %s", c.Name, why) }
	u, err := url.Parse(c.Issuer)
	switch {
	case !providerName.MatchString(c.Name):
		return fault("name: want 1 to 32 of a-z, 0-9 and -")
	case err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u):
		return fault("issuer: want an address such as https://accounts.example.org")
	case c.ClientID == "":
		return fault("client_id: want what the provider gave you for this installation")
	case c.Newcomers != "" && !c.Newcomers.Valid():
		return fault(fmt.Sprintf("newcomers: want one of %v, or nothing", access.Roles))
	case c.Newcomers != "" && len(c.Domains)+len(c.Emails) == 0:
		return fault("newcomers: say whose in domains or emails; without, anybody with an account there could come in")
	}
	for i, d := range c.Domains {
		if _, err := ParseEmail("a@" + d); err != nil {
			return fault(fmt.Sprintf("domains: %q: want one such as example.org", d))
		}
		c.Domains[i] = strings.ToLower(d)
	}
	for i, e := range c.Emails {
		if c.Emails[i], err = ParseEmail(e); err != nil {
			return fault("emails: " + err.Error())
		}
	}
	if c.Title == "" {
		c.Title = c.Name
	}
	return nil
}

// loopback lets a provider on this machine be asked without TLS, for trying out.
func loopback(u *url.URL) bool {
	return u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
}

// lets reports whether an address may come in by the provider at all.
func (c Provider) lets(email string) bool {
	if len(c.Domains)+len(c.Emails) == 0 {
		return true
	}
	_, domain, _ := strings.Cut(email, "@")
	return slices.Contains(c.Domains, domain) || slices.Contains(c.Emails, email)
}

// provider asks an identity provider, from when it is first needed.
type provider struct {
	Provider
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	found *oidc.Provider
}

// What a provider's answers may cost.
const (
	providerWait    = 10 * time.Second
	providerLargest = 1 << 20
)

func newProvider(c Provider, client *http.Client, now func() time.Time) *provider {
	if client == nil {
		client = http.DefaultClient
	}
	bounded := *client
	if bounded.Timeout == 0 || bounded.Timeout > providerWait {
		bounded.Timeout = providerWait
	}
	inner := bounded.Transport
	if inner == nil {
		inner = http.DefaultTransport
	}
	bounded.Transport = bodies{inner}
	return &provider{Provider: c, http: &bounded, now: now}
}

// bodies cuts answers off: the library reads them whole.
type bodies struct{ inner http.RoundTripper }

func (b bodies) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.inner.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, providerLargest), res.Body}
	}
	return res, err
}

// discover reads what the provider says of itself, once it was there.
func (x *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.found != nil {
		return x.found, nil
	}
	// The library keeps the context for renewing keys: not one that ends with this request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), x.http), x.Issuer)
	if err != nil {
		return nil, fmt.Errorf("asking identity provider %s: %w; check its issuer, and that this machine reaches it", x.Name, err)
	}
	x.found = found
	return found, nil
}

func (x *provider) oauth(found *oidc.Provider, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: x.ClientID, ClientSecret: x.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
}

// Providers gives the identity providers that one can sign in by.
func (p *People) Providers() []Provider {
	all := make([]Provider, 0, len(p.providers))
	for _, x := range p.providers {
		c := x.Provider
		c.ClientSecret = ""
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Provider) int { return strings.Compare(a.Title, b.Title) })
	return all
}

// Purpose is why somebody is sent to a provider: to sign in, unless one of these is given.
type Purpose struct {
	Code  string   // they come by this link, to join
	Tie   *Session // they are signed in, and tie the account to themselves
	Prove *Session // they are signed in, and show again that it is them
}

// travelling is what is kept while somebody is at a provider.
type travelling struct {
	Provider string `json:"provider"`
	Redirect string `json:"redirect"`
	Browser  []byte `json:"browser"` // hash of the cookie of the browser that began
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Link     []byte `json:"link"` // hash of the link they came by, which is used up at the end
	Tie      string `json:"tie"`  // id of a session
	Prove    string `json:"prove"`
	Since    int64  `json:"since"`
}

// BeginSSO gives the address at which the provider asks who it is, and the value of a cookie that the same browser must bring
// back, so that nobody can be made to finish what another began. redirect is where the provider sends them: a page of the
// console for each provider, which calls FinishSSO.
func (p *People) BeginSSO(ctx context.Context, name, redirect string, why Purpose, v Visit) (address, browser string, err error) {
	x := p.providers[name]
	if x == nil {
		return "", "", fmt.Errorf("%w: no identity provider is called %.40q", store.ErrNotFound, name)
	}
	if err := p.admitCeremony(v); err != nil {
		return "", "", err
	}
	t := travelling{Provider: name, Redirect: redirect, Since: p.now().Unix()}
	t.Nonce, _ = p.secret("nonce")
	t.Verifier, _ = p.secret("verifier") // 43 letters, the fewest that RFC 7636 takes
	person := ""
	switch {
	case why.Code != "":
		l, err := p.link(ctx, why.Code, v)
		if err != nil {
			return "", "", err
		}
		if !joinable(l) {
			return "", "", errLink
		}
		t.Link = l.Hash
	case why.Tie != nil:
		if err := p.fresh(*why.Tie); err != nil {
			return "", "", err
		}
		t.Tie, person = why.Tie.ID, why.Tie.Person
	case why.Prove != nil:
		t.Prove, person = why.Prove.ID, why.Prove.Person
	}
	found, err := x.discover(ctx)
	if err != nil {
		return "", "", err
	}
	browser, t.Browser = p.secret(secretBrowser)
	state, err := p.begin(ctx, ceremonySSO, person, t)
	if err != nil {
		return "", "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)}
	if why.Prove != nil { // who is still signed in over there would prove nothing
		options = append(options, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	}
	return x.oauth(found, redirect).AuthCodeURL(state, options...), browser, nil
}

// ErrSSO is what an identity provider's answer that does not stand comes to.
var ErrSSO = errors.New("single sign-on was not accepted")

func refusedSSO(format string, args ...any) error {
	return fmt.Errorf("%w: %w; begin again from the console's sign-in page", ErrSSO, fmt.Errorf(format, args...))
}

// claims is what is read of an ID token.
type claims struct {
	Email     string `json:"email"`
	Verified  any    `json:"email_verified"` // a bool, or a string from providers that know no better
	Name      string `json:"name"`
	Party     string `json:"azp"`
	LoginTime int64  `json:"auth_time"`
}

// FinishSSO takes what the provider sent the browser back with: the query of the address, and the cookie of BeginSSO. It
// signs in who the account is tied to; who came by a link joins; who wanted to tie or prove goes on with their session.
//
// An account is known by issuer and subject. Its e-mail address opens an invitation to that address, and never somebody's
// account here: whoever can have an address at a provider, or get one again, would be them.
func (p *People) FinishSSO(ctx context.Context, name, browser string, query url.Values, v Visit) (Entered, error) {
	if err := p.admitCeremony(v); err != nil {
		return Entered{}, err
	}
	c, err := p.take(ctx, ceremonySSO, query.Get("state"))
	if err != nil {
		return Entered{}, err
	}
	var t travelling
	if err := decode(c, &t); err != nil {
		return Entered{}, err
	}
	if subtle.ConstantTimeCompare(hashSecret(secretBrowser, browser), t.Browser) != 1 {
		return Entered{}, refusedSSO("it was begun in another browser")
	}
	x := p.providers[t.Provider]
	if t.Provider != name || x == nil {
		return Entered{}, refusedSSO("the answer is not from the provider that was asked")
	}
	token, said, err := x.redeem(ctx, t, query)
	if err != nil {
		p.note(ctx, c.Person, BySSO, outcomeWrong, v)
		return Entered{}, err
	}
	email, err := ParseEmail(said.Email)
	if err != nil || said.Verified != true && said.Verified != "true" {
		return Entered{}, refusedSSO("%s has not checked that the e-mail address is yours: do that there", x.Title)
	}
	if !x.lets(email) {
		return Entered{}, refusedSSO("%s may not come in by %s: an owner can allow its domain in the configuration file", email, x.Title)
	}
	now := p.millis()
	account := store.Identity{Issuer: token.Issuer, Subject: token.Subject, Email: email, Created: now, Used: now}
	tied, err := p.o.DB.Identity(ctx, token.Issuer, token.Subject)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Entered{}, err
	}
	switch {
	case t.Tie != "":
		return p.tie(ctx, t.Tie, account, known, v)
	case t.Prove != "":
		return p.proveSSO(ctx, t, tied, said.LoginTime, v)
	case known:
		return p.enterSSO(ctx, tied, v)
	}
	return p.joinSSO(ctx, x, t.Link, account, said.Name, v)
}

// redeem trades the code for an ID token and checks that.
func (x *provider) redeem(ctx context.Context, t travelling, query url.Values) (*oidc.IDToken, claims, error) {
	var said claims
	if fault := query.Get("error"); fault != "" {
		return nil, said, refusedSSO("%s says %.100q", x.Title, fault)
	}
	// RFC 9207: a provider that names itself in the answer must be the one that was asked.
	if issuer := query.Get("iss"); issuer != "" && issuer != x.Issuer {
		return nil, said, refusedSSO("the answer is not from the provider that was asked")
	}
	found, err := x.discover(ctx)
	if err != nil {
		return nil, said, err
	}
	ctx = oidc.ClientContext(ctx, x.http)
	answer, err := x.oauth(found, t.Redirect).Exchange(ctx, query.Get("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return nil, said, refusedSSO("%s did not take the code it had given: %w", x.Title, err)
	}
	raw, _ := answer.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: x.ClientID, Now: x.now}).Verify(ctx, raw)
	if err != nil {
		return nil, said, refusedSSO("the identity of %s does not stand: %w", x.Title, err)
	}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(t.Nonce)) != 1 {
		return nil, said, refusedSSO("the identity is of another sign-in")
	}
	if err := token.Claims(&said); err != nil {
		return nil, said, refusedSSO("the identity of %s cannot be read: %w", x.Title, err)
	}
	if len(token.Audience) > 1 && said.Party != x.ClientID || said.Party != "" && said.Party != x.ClientID {
		return nil, said, refusedSSO("the identity was given to another program")
	}
	if token.Subject == "" || len(token.Subject) > 255 {
		return nil, said, refusedSSO("the identity has no subject")
	}
	return token, said, nil
}

// same is the session that began, if the browser still has it.
func (p *People) same(ctx context.Context, id string, v Visit) (Session, error) {
	s, err := p.Session(ctx, v.Session, v)
	if err == nil && s.ID != id {
		err = ErrUnauthorized
	}
	return s, err
}

// tie ties an account to who is signed in.
func (p *People) tie(ctx context.Context, session string, account store.Identity, known bool, v Visit) (Entered, error) {
	s, err := p.same(ctx, session, v)
	if err != nil {
		return Entered{}, err
	}
	if known {
		return Entered{}, fmt.Errorf("%w: this account is tied to a person already", store.ErrConflict)
	}
	account.Person = s.Person
	return Entered{Session: s}, p.o.DB.AddIdentity(ctx, account, p.by(s.Email))
}

// proveSSO makes a session fresh whose person has just signed in at the provider. Providers that leave max_age aside say so
// by an old auth_time, or none.
func (p *People) proveSSO(ctx context.Context, t travelling, tied store.Identity, loginTime int64, v Visit) (Entered, error) {
	s, err := p.same(ctx, t.Prove, v)
	if err != nil {
		return Entered{}, err
	}
	const skew = 60 // seconds, between the provider's clock and ours
	if tied.Person != s.Person || loginTime < t.Since-skew {
		return Entered{}, refusedSSO("it does not show that it is still you")
	}
	token, renewed, err := p.renew(ctx, s, p.millis())
	return Entered{Token: token, Session: renewed}, err
}

// enterSSO signs in whom an account is tied to. A second factor is the provider's to ask for.
func (p *People) enterSSO(ctx context.Context, tied store.Identity, v Visit) (Entered, error) {
	x, err := p.o.DB.Person(ctx, tied.Person)
	if err != nil {
		return Entered{}, err
	}
	if err := p.o.DB.UsedIdentity(ctx, tied.Issuer, tied.Subject, p.millis()); err != nil {
		return Entered{}, err
	}
	return p.enter(ctx, x, BySSO, outcomeOK, v, store.Entrance{})
}

// joinSSO makes a person of who came by a link, or of a newcomer where the provider lets those in.
func (p *People) joinSSO(ctx context.Context, x *provider, link []byte, account store.Identity, name string, v Visit) (Entered, error) {
	if name, _ = checkName(name); name == "" {
		name, _, _ = strings.Cut(account.Email, "@")
	}
	account.Person = p.id()
	n := store.Newcomer{Person: store.Person{ID: account.Person, Name: name, Email: account.Email}, Identity: &account}
	if link != nil {
		l, err := p.linkOf(ctx, link)
		if err != nil {
			return Entered{}, err
		}
		j := Joining{Name: name, Email: account.Email}
		if err := j.joins(l); err != nil {
			return Entered{}, err
		}
		return p.join(ctx, l, n, BySSO, v)
	}
	if _, err := p.o.DB.PersonByEmail(ctx, account.Email); err == nil {
		return Entered{}, refusedSSO("this account is not tied to you yet: sign in as you are used to, and tie it under Your account")
	} else if !errors.Is(err, store.ErrNotFound) {
		return Entered{}, err
	}
	if x.Newcomers == "" {
		return Entered{}, refusedSSO("%s is not known here: ask an owner for an invitation, and come by its link", account.Email)
	}
	n.Roles = []store.PersonRole{{Site: access.Everywhere, Role: string(x.Newcomers)}}
	return p.join(ctx, store.Link{}, n, BySSO, v)
}

// Identities gives a person's accounts at identity providers.
func (p *People) Identities(ctx context.Context, person string) ([]store.Identity, error) {
	return p.o.DB.Identities(ctx, person)
}

// Untie takes an account from who is signed in, if it is not their last way in.
func (p *People) Untie(ctx context.Context, s Session, issuer, subject string) error {
	if err := p.fresh(s); err != nil {
		return err
	}
	return p.o.DB.RemoveIdentity(ctx, s.Person, issuer, subject, p.by(s.Email))
}
