package people

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// Token lets a program act for a person, within scopes and until a day.
type Token struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Sites   []string `json:"sites,omitempty"` // ids; none: all that the person has a role on
	Created int64    `json:"created"`
	Expires int64    `json:"expires"`
	Used    int64    `json:"used,omitempty"`
	Revoked int64    `json:"revoked,omitempty"`
}

// How long a token works.
const (
	usualToken   = 90 * day
	longestToken = 365 * day
)

// mostTokens is how many of a person's work at once.
const mostTokens = 50

// NewToken makes a token for who is signed in, and shows it this once. lasts is 90 days if 0, and a year at most. A token
// may no more than its person, whose roles are looked at each time it is used.
func (p *People) NewToken(ctx context.Context, s Session, name string, scopes, sites []string, lasts time.Duration) (text string, t Token, err error) {
	if err := p.fresh(s); err != nil {
		return "", Token{}, err
	}
	if name, err = checkName(name); err != nil {
		return "", Token{}, err
	}
	if set, err := access.ParseScopes(scopes); err != nil {
		return "", Token{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	} else if set == 0 {
		return "", Token{}, fmt.Errorf("%w: a token without scopes may nothing: want one or more of %s", ErrInvalid, strings.Join(access.Scopes(), ", "))
	}
	if lasts == 0 {
		lasts = usualToken
	}
	if lasts < time.Minute || lasts > longestToken {
		return "", Token{}, fmt.Errorf("%w: for %s: a token lasts from a minute to 365 days", ErrInvalid, lasts)
	}
	for _, site := range sites {
		if !s.Actor().May(site, access.See) || site == access.Everywhere {
			return "", Token{}, fmt.Errorf("%w: site %.40q: want ids of sites that you have a role on; none for all of them", ErrInvalid, site)
		}
	}
	text = formatToken([32]byte(p.random(32)))
	hash := sha256.Sum256([]byte(text))
	now := p.now()
	t = Token{ID: p.id(), Name: name, Scopes: scopes, Sites: sites, Created: now.UnixMilli(), Expires: now.Add(lasts).UnixMilli()}
	err = p.o.DB.AddToken(ctx, store.Token{
		ID: t.ID, Hash: hash[:], Person: s.Person, Name: name, Scopes: encode(scopes), Sites: encode(sites), Created: t.Created, Expires: t.Expires,
	}, mostTokens, p.by(s.Email))
	if err != nil {
		return "", Token{}, err
	}
	return text, t, nil
}

// Tokens gives a person's, newest first.
func (p *People) Tokens(ctx context.Context, person string) ([]Token, error) {
	kept, err := p.o.DB.Tokens(ctx, person)
	if err != nil {
		return nil, err
	}
	all := make([]Token, 0, len(kept))
	for _, k := range kept {
		t, err := token(k)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func token(k store.Token) (Token, error) {
	t := Token{ID: k.ID, Name: k.Name, Created: k.Created, Expires: k.Expires, Used: k.Used, Revoked: k.Revoked}
	err := errors.Join(json.Unmarshal([]byte(k.Scopes), &t.Scopes), json.Unmarshal([]byte(k.Sites), &t.Sites))
	if err != nil {
		return Token{}, fmt.Errorf("reading token %s: %w", k.ID, err)
	}
	return t, nil
}

// RevokeToken ends a person's token: their own, or another's if an owner of the installation does it.
func (p *People) RevokeToken(ctx context.Context, person, id string) error {
	if access.Of(ctx).ID != person || person == "" {
		if err := access.Check(ctx, access.Everywhere, access.Own); err != nil {
			return err
		}
	}
	return p.o.DB.RevokeToken(ctx, person, id, p.acting(ctx))
}

// TokenActor says who a token acts for and what it may: what its scopes and sites allow of its person's roles as they are
// now. The database looks a hash up, so how long that takes tells nothing of other tokens.
func (p *People) TokenActor(ctx context.Context, text string) (access.Actor, error) {
	if _, err := parseToken(text); err != nil {
		return access.Actor{}, fmt.Errorf("%w: %w", ErrUnauthorized, err)
	}
	hash := sha256.Sum256([]byte(text))
	k, bearer, err := p.o.DB.TokenByHash(ctx, hash[:])
	if errors.Is(err, store.ErrNotFound) {
		return access.Actor{}, fmt.Errorf("%w: no such token, or its person is disabled", ErrUnauthorized)
	}
	if err != nil {
		return access.Actor{}, err
	}
	now := p.now()
	switch {
	case k.Revoked != 0:
		return access.Actor{}, fmt.Errorf("%w: this token was revoked; make another in the console under Your account", ErrUnauthorized)
	case k.Expires <= now.UnixMilli():
		return access.Actor{}, fmt.Errorf("%w: this token ended on %s; make another in the console under Your account", ErrUnauthorized, time.UnixMilli(k.Expires).UTC().Format(time.DateOnly))
	}
	t, err := token(k)
	if err != nil {
		return access.Actor{}, err
	}
	a := actor(k.Person, bearer)
	a.Token, a.Sites = k.ID, t.Sites
	if a.Scope, err = access.ParseScopes(t.Scopes); err != nil {
		return access.Actor{}, fmt.Errorf("reading token %s: %w", k.ID, err)
	}
	if now.UnixMilli()-k.Used >= seenEvery.Milliseconds() {
		if err := p.o.DB.UsedToken(ctx, k.ID, now.UnixMilli()); err != nil {
			p.o.Log.Warn("noting the use of a token", "err", err)
		}
	}
	return a, nil
}
