package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/network"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Clients that somebody wants challenged stand in a list of the site's own, and a block challenges that list on every route:
// between letting a client pass and banning it. Until a guard can challenge, it tells them to slow down.

// mostChallenged is how many a site challenges at once; a whole provider is a list's business.
const mostChallenged = 500

func challengedName(s store.Site) string { return "challenged-" + s.ID }

// Challenged gives the addresses and prefixes that a site challenges.
func (d *Desk) Challenged(ctx context.Context, s store.Site) ([]netip.Prefix, error) {
	l, err := d.Own(ctx, challengedName(s))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return network.ReadOwn(l.Text)
}

// Challenge challenges an address or prefix on every route of a site, or with off no longer.
func (d *Desk) Challenge(ctx context.Context, s store.Site, subject string, off bool) error {
	if err := access.Check(ctx, s.ID, access.Respond); err != nil {
		return err
	}
	parsed, err := engine.ParseSubject(subject)
	p := parsed.Prefix
	if err != nil || !p.IsValid() {
		return fmt.Errorf("%w: %.80q: only addresses and prefixes can be challenged", ErrInvalid, subject)
	}
	l, err := d.Own(ctx, challengedName(s))
	if errors.Is(err, store.ErrNotFound) {
		l, err = Draft{Name: challengedName(s), Title: "Challenged on " + s.Name}, nil
	}
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(l.Text), "\n")
	kept := slices.DeleteFunc(lines, func(line string) bool {
		word, _, _ := strings.Cut(line, "#")
		word = strings.TrimSpace(word)
		return word == "" || word == p.String()
	})
	if !off {
		if len(kept) >= mostChallenged {
			return fmt.Errorf("%w: %d clients are challenged already: take some off, or block a network list", ErrInvalid, len(kept))
		}
		kept = append(kept, fmt.Sprintf("%s # %s, %s", p, access.Of(ctx).Name, d.Now().UTC().Format("2006-01-02")))
	}
	if len(kept) == 0 {
		return d.unchallenge(ctx, s)
	}
	l.Text = strings.Join(kept, "\n") + "\n"
	if _, err := d.write(ctx, l); err != nil {
		return err
	}
	body, err := json.Marshal(wire.Block{Name: "challenged", Match: "/**", Networks: []string{ownPrefix + l.Name}, Then: "challenge", Mode: "on"})
	if err != nil {
		return err
	}
	return d.Rules.PutDocument(ctx, s, feed.KindBlock, "challenged", body, access.Of(ctx).Name)
}

// unchallenge takes the block away and then its list, which is empty.
func (d *Desk) unchallenge(ctx context.Context, s store.Site) error {
	by := access.Of(ctx).Name
	err := d.Rules.DeleteDocument(ctx, s, feed.KindBlock, "challenged", by)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	err = d.DB.DeleteOwnList(ctx, ownPrefix+challengedName(s), by, d.Now().UnixMilli())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return d.Lists.Reread(ctx)
}
