// Package feed makes each site's policy out of what is stored, signs it and hands it to guards that wait for it. A guard
// that is only behind by bans and allowances gets those; any other gets the whole.
package feed

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"palisade.dev/backend/template"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Store is what a policy is made of.
type Store interface {
	SiteByID(ctx context.Context, id string) (store.Site, error)
	Rules(ctx context.Context, site string) ([]store.Rule, error)
	Documents(ctx context.Context, site, kind string) ([]store.Document, error)
	Levers(ctx context.Context, site string, at int64) ([]store.Lever, error)
	StandingBans(ctx context.Context, site string, at int64, after string, limit int) ([]store.Ban, error)
	BansOf(ctx context.Context, site string, subjects []string, at int64) ([]store.Ban, error)
	Allowances(ctx context.Context, site string, at int64) ([]store.Allowance, error)
	Principals(ctx context.Context, site string) ([]store.Principal, error)
	Changes(ctx context.Context, site string, after uint64, limit int) ([]store.Change, error)
	OnChange(f func(site string, revision uint64))
}

// Networks gives the network lists that are in force.
type Networks interface {
	Refs() []wire.Network
	Prefixes(checksum string) ([]netip.Prefix, bool)
}

// Settings is what a site says once about itself; it is stored as the site's settings.
type Settings struct {
	Identity wire.Identity `json:"identity"`
	Answer   wire.Answer   `json:"answer"`
	Defaults bool          `json:"defaults"` // the template's rules, traps and outcomes are under its own
}

// The kinds of documents that a policy is made of.
const (
	KindRoute = "route"
	KindBlock = "block"
	KindTrap  = "trap"
)

// Feed serves policies.
type Feed struct {
	store     Store
	networks  Networks
	operators func(site string) []string
	key       ed25519.PrivateKey
	base      template.Set
	now       func() time.Time

	mu     sync.Mutex
	wake   map[string]chan struct{} // closed at the site's next change
	cached map[string]cached
}

type cached struct {
	revision uint64
	whole    wire.Envelope
}

// maxDelta is how many changes travel one by one; beyond that the whole policy is smaller than its history.
const maxDelta = 2000

// New makes a feed that signs with a key.
func New(s Store, n Networks, operators func(site string) []string, key ed25519.PrivateKey, base template.Set, now func() time.Time) *Feed {
	f := &Feed{store: s, networks: n, operators: operators, key: key, base: base, now: now, wake: map[string]chan struct{}{}, cached: map[string]cached{}}
	s.OnChange(func(site string, _ uint64) { f.changed(site) })
	return f
}

// Public is the key that guards check policies with.
func (f *Feed) Public() ed25519.PublicKey { return f.key.Public().(ed25519.PublicKey) }

func (f *Feed) changed(site string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c, ok := f.wake[site]; ok {
		close(c)
		delete(f.wake, site)
	}
}

// waiter gives a channel that closes at the site's next change.
func (f *Feed) waiter(site string) <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.wake[site]
	if !ok {
		c = make(chan struct{})
		f.wake[site] = c
	}
	return c
}

// recheck is how often a waiting guard's site is looked at without having been told of a change: a notification from
// another process may have been lost.
const recheck = 5 * time.Second

// Policy gives what leads a guard from a revision to the newest, waiting for something new as long as it may.
func (f *Feed) Policy(ctx context.Context, site string, after uint64, wait time.Duration) ([]wire.Envelope, error) {
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		woken := f.waiter(site) // before looking, so that no change falls between
		s, err := f.store.SiteByID(ctx, site)
		if err != nil {
			return nil, err
		}
		if s.Revision != after {
			return f.from(ctx, s, after)
		}
		look := time.NewTimer(recheck)
		select {
		case <-woken:
		case <-look.C:
		case <-end.C:
			look.Stop()
			return nil, nil
		case <-ctx.Done():
			look.Stop()
			return nil, ctx.Err()
		}
		look.Stop()
	}
}

func (f *Feed) from(ctx context.Context, s store.Site, after uint64) ([]wire.Envelope, error) {
	if after > 0 && after < s.Revision && s.Revision-after <= maxDelta {
		d, ok, err := f.delta(ctx, s, after)
		if err != nil {
			return nil, err
		}
		if ok {
			e, err := wire.Seal(wire.KindDelta, d, f.key)
			return []wire.Envelope{e}, err
		}
	}
	e, err := f.whole(ctx, s)
	return []wire.Envelope{e}, err
}

// delta gathers the changes since a revision, if all of them are of lists.
func (f *Feed) delta(ctx context.Context, s store.Site, after uint64) (*wire.Delta, bool, error) {
	changes, err := f.store.Changes(ctx, s.ID, after, maxDelta+1)
	if err != nil || len(changes) == 0 || len(changes) > maxDelta {
		return nil, false, err
	}
	d := &wire.Delta{Version: wire.Version, Site: s.Name, From: after, To: after, Issued: f.now().UnixMilli()}
	bans, unbanned := map[string]wire.Ban{}, map[string]bool{}
	allowed, unallowed := map[string]wire.Allowance{}, map[string]bool{}
	for _, c := range changes {
		if c.Revision > d.To+1 {
			return nil, false, nil // older ones were forgotten
		}
		d.To = c.Revision
		switch c.Kind {
		case store.ChangeBan:
			var b wire.Ban
			if err := json.Unmarshal([]byte(c.Body), &b); err != nil {
				return nil, false, fmt.Errorf("change %d of site %s: %w", c.Revision, s.Name, err)
			}
			bans[c.Subject] = b
			delete(unbanned, c.Subject)
		case store.ChangeUnban:
			delete(bans, c.Subject)
			unbanned[c.Subject] = true
		case store.ChangeAllow:
			var a wire.Allowance
			if err := json.Unmarshal([]byte(c.Body), &a); err != nil {
				return nil, false, fmt.Errorf("change %d of site %s: %w", c.Revision, s.Name, err)
			}
			allowed[c.Subject] = a
			delete(unallowed, c.Subject)
		case store.ChangeUnallow:
			delete(allowed, c.Subject)
			unallowed[c.Subject] = true
		default:
			return nil, false, nil
		}
	}
	for _, b := range bans {
		d.Bans = append(d.Bans, b)
	}
	for subject := range unbanned {
		d.Unbanned = append(d.Unbanned, subject)
	}
	for _, a := range allowed {
		d.Allowances = append(d.Allowances, a)
	}
	for subject := range unallowed {
		d.Unallowed = append(d.Unallowed, subject)
	}
	return d, true, nil
}

func (f *Feed) whole(ctx context.Context, s store.Site) (wire.Envelope, error) {
	f.mu.Lock()
	c, ok := f.cached[s.ID]
	f.mu.Unlock()
	if ok && c.revision == s.Revision {
		return c.whole, nil
	}
	p, err := f.Build(ctx, s)
	if err != nil {
		return wire.Envelope{}, err
	}
	e, err := wire.Seal(wire.KindPolicy, p, f.key)
	if err != nil {
		return wire.Envelope{}, err
	}
	f.mu.Lock()
	f.cached[s.ID] = cached{s.Revision, e}
	f.mu.Unlock()
	return e, nil
}

// maxBans bounds the bans in one policy: beyond it the oldest are left out, which the console tells.
const maxBans = 200_000

// Outline makes the part of a site's policy that people write: identity, answers, routes, rules, blocks and traps. It costs the
// same however many bans and allowances there are.
func (f *Feed) Outline(ctx context.Context, s store.Site) (*wire.Policy, error) {
	now := f.now()
	p := &wire.Policy{
		Version: wire.Version, Site: s.Name, Revision: s.Revision, Issued: now.UnixMilli(), Secret: s.Secret,
		Networks: f.networks.Refs(), Operators: f.operators(s.ID),
	}
	var settings Settings
	if err := json.Unmarshal([]byte(s.Settings), &settings); err != nil {
		return nil, fmt.Errorf("the settings of site %s: %w", s.Name, err)
	}
	p.Identity, p.Answer = settings.Identity, settings.Answer
	rules, err := f.store.Rules(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		var w wire.Rule
		if err := json.Unmarshal([]byte(r.Body), &w); err != nil {
			return nil, fmt.Errorf("rule %s of site %s: %w", r.Name, s.Name, err)
		}
		w.Name, w.Mode, w.Source = r.Name, r.Mode, r.Source
		p.Rules = append(p.Rules, w)
	}
	err = errors.Join(
		documents(ctx, f.store, s.ID, KindRoute, &p.Routes),
		documents(ctx, f.store, s.ID, KindBlock, &p.Blocks),
		documents(ctx, f.store, s.ID, KindTrap, &p.Traps),
	)
	if err != nil {
		return nil, err
	}
	if settings.Defaults {
		f.base.Onto(p)
	}
	return p, nil
}

// Build makes a site's policy from what is stored.
func (f *Feed) Build(ctx context.Context, s store.Site) (*wire.Policy, error) {
	return f.with(ctx, s, func(now int64) ([]store.Ban, error) { return f.store.StandingBans(ctx, s.ID, now, "", maxBans) })
}

// Around is Build with those bans only that cover an address: enough to try what becomes of a request from there, and as quick
// with 100,000 bans as with none.
func (f *Feed) Around(ctx context.Context, s store.Site, a netip.Addr) (*wire.Policy, error) {
	subjects := Covering(netip.PrefixFrom(a, a.BitLen()))
	return f.with(ctx, s, func(now int64) ([]store.Ban, error) { return f.store.BansOf(ctx, s.ID, subjects, now) })
}

// Covering writes a prefix and all wider ones as the subjects of bans are written.
func Covering(p netip.Prefix) []string {
	out := make([]string, 0, p.Bits()+1)
	for bits := p.Bits(); bits >= 0; bits-- {
		wider := netip.PrefixFrom(p.Addr(), bits).Masked()
		if wider.IsSingleIP() {
			out = append(out, wider.Addr().String())
		} else {
			out = append(out, wider.String())
		}
	}
	return out
}

// with makes a policy with some of the bans.
func (f *Feed) with(ctx context.Context, s store.Site, standing func(now int64) ([]store.Ban, error)) (*wire.Policy, error) {
	now := f.now()
	p, err := f.Outline(ctx, s)
	if err != nil {
		return nil, err
	}
	levers, err := f.store.Levers(ctx, s.ID, now.UnixMilli())
	if err != nil {
		return nil, err
	}
	for _, l := range levers {
		p.Levers = append(p.Levers, wire.Lever{ID: l.ID, Match: l.Match, Position: l.Position, Since: l.Since, Until: l.Until})
	}
	principals, err := f.store.Principals(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	for _, pr := range principals {
		p.Principals = append(p.Principals, wire.Principal{Key: pr.Key, Account: pr.Account})
	}
	bans, err := standing(now.UnixMilli())
	if err != nil {
		return nil, err
	}
	for _, b := range bans {
		p.Bans = append(p.Bans, wire.Ban{ID: b.ID, Subject: b.Subject, Until: b.Until, Rule: b.Rule})
	}
	allowances, err := f.store.Allowances(ctx, s.ID, now.UnixMilli())
	if err != nil {
		return nil, err
	}
	for _, a := range allowances {
		p.Allowances = append(p.Allowances, wire.Allowance{ID: a.ID, Subject: a.Subject, Until: a.Until})
	}
	return p, nil
}

func documents[T any](ctx context.Context, s Store, site, kind string, into *[]T) error {
	docs, err := s.Documents(ctx, site, kind)
	if err != nil {
		return err
	}
	for _, d := range docs {
		var v T
		if err := json.Unmarshal([]byte(d.Body), &v); err != nil {
			return fmt.Errorf("%s %s: %w", kind, d.Name, err)
		}
		*into = append(*into, v)
	}
	return nil
}
