// Package ban keeps clients out and lets them in again. Bans come from people and from guards whose rules tripped; each
// repeat lasts longer, and none may hold whoever is at work on this site's console.
package ban

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/limit"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Store is what bans need remembered.
type Store interface {
	ImposeBan(ctx context.Context, b store.Ban, until func(strikes int) int64, also ...string) (store.Ban, error)
	LiftBan(ctx context.Context, site, subject, author string, at int64) error
	Allow(ctx context.Context, a store.Allowance) error
	Disallow(ctx context.Context, site, subject, author string, at int64) error
}

// Bans imposes and lifts.
type Bans struct {
	Store     Store
	Now       func() time.Time
	ID        func() string
	Operators func(site string) []string
	// Names, if given, says by which pseudonyms past bans of an address may be kept.
	Names func(ctx context.Context, site string, p netip.Prefix) ([]string, error)
	// Told, if given, hears of each ban that was kept, before it is confirmed to who asked for it. It may hear of one twice.
	Told func(ctx context.Context, b store.Ban) error
}

// ErrOperator says that a ban would hold whoever is at work here.
var ErrOperator = errors.New("that holds an address from which somebody is working on this site now; a ban of it would lock them out")

// ErrInvalid says what is wrong with a request; it is the person's to mend.
var ErrInvalid = errors.New("invalid")

// subject reads whom something is about. Guards see addresses, so a pseudonym means nobody to them.
func subject(text string) (engine.Subject, error) {
	if veil.Marked(text) {
		return engine.Subject{}, fmt.Errorf("%w: %.80q is a pseudonym, which no guard can enforce; where it is an encrypted one, reveal the address first", ErrInvalid, text)
	}
	s, err := engine.ParseSubject(text)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return s, nil
}

// Impose puts a ban down; a length of 0 stands until lifted.
func (b *Bans) Impose(ctx context.Context, site, text string, length time.Duration, note, author string) (store.Ban, error) {
	s, err := subject(text)
	if err != nil {
		return store.Ban{}, err
	}
	if err := b.harmless(site, s); err != nil {
		return store.Ban{}, err
	}
	now := b.Now()
	until := int64(0)
	if length > 0 {
		until = now.Add(length).UnixMilli()
	}
	return b.impose(ctx, store.Ban{
		ID: b.ID(), Site: site, Subject: s.String(), Source: "person", Note: note, Author: author, Created: now.UnixMilli(),
	}, func(int) int64 { return until })
}

func (b *Bans) impose(ctx context.Context, draft store.Ban, until func(strikes int) int64) (store.Ban, error) {
	var also []string
	if s, err := engine.ParseSubject(draft.Subject); err == nil && s.Value == "" && b.Names != nil {
		if also, err = b.Names(ctx, draft.Site, s.Prefix); err != nil {
			return draft, fmt.Errorf("finding past bans of %s: %w", draft.Subject, err)
		}
	}
	kept, err := b.Store.ImposeBan(ctx, draft, until, also...)
	if err == nil && b.Told != nil {
		err = b.Told(ctx, kept)
	}
	return kept, err
}

// harmless refuses a ban that would hold an operator, or half the Internet.
func (b *Bans) harmless(site string, s engine.Subject) error {
	if s.Value != "" {
		return nil
	}
	for _, o := range b.Operators(site) {
		if a, err := netip.ParseAddr(o); err == nil && s.Prefix.Contains(a) {
			return fmt.Errorf("%s: %w", s, ErrOperator)
		}
	}
	if s.Prefix.Bits() < 8 || s.Prefix.Addr().Is6() && s.Prefix.Bits() < 16 {
		return fmt.Errorf("%w: %s holds a great part of the Internet; the widest ban is a /8, or a /16 of IPv6", ErrInvalid, s)
	}
	return nil
}

// proof is what a ban by rule is shown with.
type proof struct {
	Event wire.Event `json:"event"`
	Guard string     `json:"guard"`
}

// Ordered imposes the ban that a guard asked for with an event. It is longer for each that came before.
func (b *Bans) Ordered(ctx context.Context, site, guard string, e *wire.Event) error {
	if e.Ban == nil || e.Ban.Seconds <= 0 {
		return nil
	}
	s, err := engine.ParseSubject(e.Ban.Subject)
	if err != nil {
		return fmt.Errorf("%w: a ban ordered by guard %s: %w", ErrInvalid, guard, err)
	}
	if err := b.harmless(site, s); err != nil {
		return nil //nolint:nilerr // the guard spares operators too; one that signed in since is spared here
	}
	text, err := json.Marshal(proof{*e, guard})
	if err != nil {
		return err
	}
	source := "rule"
	if e.Reason == string(engine.Trapped) {
		source = "trap"
	}
	created := time.UnixMicro(e.At)
	if now := b.Now(); created.After(now) || now.Sub(created) > limit.MaxBan {
		created = now // a guard's clock may be off
	}
	length := time.Duration(e.Ban.Seconds) * time.Second
	_, err = b.impose(ctx, store.Ban{
		ID: b.ID(), Site: site, Subject: s.String(), Source: source, Rule: e.Rule, Revision: e.Revision, Created: created.UnixMilli(), Proof: string(text),
	}, func(strikes int) int64 {
		// What the guard's own memory made of it already counts; ours remembers longer.
		return created.Add(max(length, limit.Escalate(min(length, engine.DefaultBan), strikes))).UnixMilli()
	})
	return err
}

// Lift ends a ban.
func (b *Bans) Lift(ctx context.Context, site, text, author string) error {
	s, err := subject(text)
	if err != nil {
		return err
	}
	return b.Store.LiftBan(ctx, site, s.String(), author, b.Now().UnixMilli())
}

// Allow puts a subject on the allow list; a length of 0 stands until taken back.
func (b *Bans) Allow(ctx context.Context, site, text string, length time.Duration, note, author string) (store.Allowance, error) {
	s, err := subject(text)
	if err != nil {
		return store.Allowance{}, err
	}
	now := b.Now()
	a := store.Allowance{ID: b.ID(), Site: site, Subject: s.String(), Note: note, Author: author, Created: now.UnixMilli()}
	if length > 0 {
		a.Until = now.Add(length).UnixMilli()
	}
	return a, b.Store.Allow(ctx, a)
}

// Disallow takes a subject off it.
func (b *Bans) Disallow(ctx context.Context, site, text, author string) error {
	s, err := subject(text)
	if err != nil {
		return err
	}
	return b.Store.Disallow(ctx, site, s.String(), author, b.Now().UnixMilli())
}
