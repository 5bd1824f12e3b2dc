// Package people keeps who comes in, and how: people and their roles, links that let somebody in once, passwords with
// one-time codes, passkeys, single sign-on, sessions and tokens. It draws no page and sets no cookie; it says what a page
// must show and what a cookie must hold. Everything that a stranger can try is counted by our own limiter, with the numbers
// in limits.go; README.md tells each flow.
package people

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// What a caller can decide on.
var (
	ErrInvalid      = errors.New("invalid")                                     // what was asked for is the person's to mend
	ErrRefused      = errors.New("the e-mail address or the password is wrong") // whichever it was
	ErrCode         = errors.New("this code is not right")                      // a second factor's
	ErrGone         = errors.New("this was used, has ended or was withdrawn")   // a link, or something begun
	ErrUnauthorized = errors.New("not signed in")                               // no session or token of anybody
	ErrStale        = errors.New("show again that it is you")                   // a sensitive act needs Session.Fresh
	ErrLimited      = errors.New("too many tries")                              // as a *Limited, which says how long
	ErrLastOwner    = store.ErrLastOwner                                        // nobody would own the installation
	ErrLastWay      = store.ErrLastWay                                          // the person could not come in again
)

// Options of People.
type Options struct {
	DB        *store.DB
	Key       [32]byte // the installation's: encrypts one-time secrets, signs device cookies. With another, both are lost
	Name      string   // as authenticators show it; "Palisade" unless given
	Providers []Provider
	Idle      time.Duration // a session ends unseen after this; 7 days unless given
	Longest   time.Duration // and in any case after this; 30 days unless given
	Now       func() time.Time
	Rand      io.Reader
	HTTP      *http.Client // asks identity providers
	Log       *slog.Logger
}

// People is all of it.
type People struct {
	o         Options
	limits    *limits
	hashing   chan struct{} // holds one of each hash under way
	dummy     string        // hash of a password that nobody has
	totpKey   []byte
	deviceKey []byte
	codeKey   []byte
	providers map[string]*provider
	issuers   []string
}

// New makes it. It asks no provider yet: a provider that is away keeps nobody out but its own people.
func New(o Options) (*People, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Name == "" {
		o.Name = "Palisade"
	}
	if o.Idle == 0 {
		o.Idle = 7 * day
	}
	if o.Longest == 0 {
		o.Longest = 30 * day
	}
	if o.Key == ([32]byte{}) {
		return nil, errors.New("people: no installation key was given: it encrypts one-time secrets")
	}
	p := &People{o: o, hashing: make(chan struct{}, hashers()), providers: map[string]*provider{}}
	for _, k := range []struct {
		key  *[]byte
		what string
	}{{&p.totpKey, "one-time secrets"}, {&p.deviceKey, "device cookies"}, {&p.codeKey, "recovery codes"}} {
		key, err := hkdf.Key(sha256.New, o.Key[:], nil, "palisade people: "+k.what, 32)
		if err != nil {
			return nil, fmt.Errorf("deriving the key of %s: %w", k.what, err)
		}
		*k.key = key
	}
	p.limits = newLimits([16]byte(p.random(16)))
	p.dummy = p.hashNow(string(p.random(32)))
	for _, c := range o.Providers {
		if err := c.Check(); err != nil {
			return nil, err
		}
		if p.providers[c.Name] != nil || slices.Contains(p.issuers, c.Issuer) {
			return nil, fmt.Errorf("identity provider %s: there are two of this name or issuer", c.Name)
		}
		p.providers[c.Name] = newProvider(c, o.HTTP, o.Now)
		p.issuers = append(p.issuers, c.Issuer)
	}
	return p, nil
}

const day = 24 * time.Hour

func (p *People) now() time.Time { return p.o.Now() }

func (p *People) millis() int64 { return p.now().UnixMilli() }

// random gives bytes of chance. There is nothing to go on with where there are none.
func (p *People) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(p.o.Rand, b); err != nil {
		panic("people: the operating system's randomness ended: " + err.Error())
	}
	return b
}

func (p *People) id() string {
	return store.NewID(p.now(), func() uint64 { return binary.LittleEndian.Uint64(p.random(8)) })
}

// by says that somebody does something now.
func (p *People) by(author string) store.By {
	return store.By{Author: author, At: p.millis(), Issuers: p.issuers}
}

// acting is by, of the context's actor.
func (p *People) acting(ctx context.Context) store.By { return p.by(access.Of(ctx).Name) }

// Visit is where a request comes from, and what its browser kept.
type Visit struct {
	Address netip.Addr
	Agent   string // as the browser calls itself
	Device  string // the device cookie of an earlier sign-in; "" if none
	Session string // the session cookie; a sign-in ends that session
}

// agent is cut to what a table of sessions shows, between letters.
func (v Visit) agent() string {
	s := strings.ToValidUTF8(strings.ReplaceAll(v.Agent, "\x00", ""), "\uFFFD")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "")
	}
	return s
}

func (v Visit) address() string {
	if !v.Address.IsValid() {
		return ""
	}
	return v.Address.Unmap().WithZone("").String()
}

// Member is a person as lists show them.
type Member struct {
	ID         string                 `json:"id"`
	Name       string                 `json:"name"`
	Email      string                 `json:"email"`
	Created    int64                  `json:"created"`
	Disabled   int64                  `json:"disabled,omitempty"`
	Roles      map[string]access.Role `json:"roles"` // by the site's id, or access.Everywhere
	Password   bool                   `json:"password"`
	Codes      bool                   `json:"codes"`          // one-time codes are on
	Recovery   int                    `json:"recovery_codes"` // left
	Passkeys   int                    `json:"passkeys"`
	Identities int                    `json:"identities"` // accounts at identity providers
}

// List gives people by address, from after one on. Who may see that is the caller's to check.
func (p *People) List(ctx context.Context, after string, limit int) ([]Member, error) {
	kept, err := p.o.DB.People(ctx, after, limit)
	if err != nil || len(kept) == 0 {
		return nil, err
	}
	roles, err := p.o.DB.Roles(ctx, after, kept[len(kept)-1].Person.Email)
	if err != nil {
		return nil, err
	}
	of := map[string][]store.PersonRole{}
	for _, r := range roles {
		of[r.Person] = append(of[r.Person], r)
	}
	members := make([]Member, 0, len(kept))
	for _, k := range kept {
		members = append(members, member(k, of[k.Person.ID]))
	}
	return members, nil
}

func member(k store.Member, roles []store.PersonRole) Member {
	x := k.Person
	return Member{
		ID: x.ID, Name: x.Name, Email: x.Email, Created: x.Created, Disabled: x.Disabled, Roles: roleMap(roles), Password: x.Password != "",
		Codes: len(x.TOTP) > 0, Recovery: k.Codes, Passkeys: k.Passkeys, Identities: k.Identities,
	}
}

// Find gives a person by id or e-mail address.
func (p *People) Find(ctx context.Context, who string) (Member, error) {
	if email, err := ParseEmail(who); err == nil {
		x, err := p.o.DB.PersonByEmail(ctx, email)
		if err != nil {
			return Member{}, err
		}
		who = x.ID
	}
	k, err := p.o.DB.Member(ctx, who)
	if err != nil {
		return Member{}, err
	}
	roles, err := p.o.DB.PersonRoles(ctx, k.Person.ID)
	return member(k, roles), err
}

func roleMap(roles []store.PersonRole) map[string]access.Role {
	m := make(map[string]access.Role, len(roles))
	for _, r := range roles {
		m[r.Site] = access.Role(r.Role)
	}
	return m
}

// Actor gives a person as they may act now. One who is disabled is nobody.
func (p *People) Actor(ctx context.Context, person string) (access.Actor, error) {
	x, err := p.o.DB.Person(ctx, person)
	if errors.Is(err, store.ErrNotFound) || err == nil && x.Disabled != 0 {
		return access.Actor{}, ErrUnauthorized
	}
	if err != nil {
		return access.Actor{}, err
	}
	roles, err := p.o.DB.PersonRoles(ctx, person)
	return actor(x.ID, store.Bearer{Name: x.Name, Email: x.Email, Roles: roles}), err
}

// actor is a person with all that their roles allow. The audit log names people by address: two may have one name.
func actor(id string, b store.Bearer) access.Actor {
	return access.Actor{ID: id, Name: b.Email, Roles: roleMap(b.Roles), Scope: access.Operator.Scope}
}

// checkRole refuses a role or site that there is not.
func (p *People) checkRole(ctx context.Context, site string, role access.Role) error {
	if !role.Valid() {
		return fmt.Errorf("%w: role %.40q: want one of %v", ErrInvalid, role, access.Roles)
	}
	if site == access.Everywhere {
		return nil
	}
	_, err := p.o.DB.SiteByID(ctx, site)
	return err
}

// Grant gives a person a role on a site, or Everywhere, instead of the one they have there. It takes an owner of that site.
func (p *People) Grant(ctx context.Context, person, site string, role access.Role) error {
	if err := access.Check(ctx, site, access.Own); err != nil {
		return err
	}
	if err := p.checkRole(ctx, site, role); err != nil {
		return err
	}
	return p.o.DB.Grant(ctx, person, site, string(role), p.acting(ctx))
}

// Revoke takes a person's role on a site, or Everywhere.
func (p *People) Revoke(ctx context.Context, person, site string) error {
	if err := access.Check(ctx, site, access.Own); err != nil {
		return err
	}
	return p.o.DB.RevokeRole(ctx, person, site, p.acting(ctx))
}

// Disable keeps a person out, at once and until they are enabled.
func (p *People) Disable(ctx context.Context, person string) error {
	if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
		return err
	}
	return p.o.DB.DisablePerson(ctx, person, p.acting(ctx))
}

// Enable lets a disabled person in again.
func (p *People) Enable(ctx context.Context, person string) error {
	if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
		return err
	}
	return p.o.DB.EnablePerson(ctx, person, p.acting(ctx))
}

// Remove forgets a person; what they did stays in the audit log.
func (p *People) Remove(ctx context.Context, person string) error {
	if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
		return err
	}
	return p.o.DB.RemovePerson(ctx, person, p.acting(ctx))
}

// Rename gives a signed-in person another name.
func (p *People) Rename(ctx context.Context, s Session, name string) error {
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return p.o.DB.RenamePerson(ctx, s.Person, name, p.by(s.Email))
}

// checkName trims a name and refuses one that no list could show.
func checkName(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 100 || !printable(s) {
		return "", fmt.Errorf("%w: name %.100q: want 1 to 100 bytes that can be printed", ErrInvalid, s)
	}
	return s, nil
}

// Forget forgets what has ended; call it each hour.
func (p *People) Forget(ctx context.Context) error {
	now := p.now()
	return p.o.DB.ForgetPeople(ctx, now.UnixMilli(), now.Add(-p.o.Idle).UnixMilli(), now.Add(-keepSignins).UnixMilli())
}

// keepSignins is how long tries to sign in are kept, and tokens after they have ended.
const keepSignins = 90 * day

func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("people: " + err.Error()) // what is kept here is made of strings, numbers and bytes
	}
	return string(text)
}
