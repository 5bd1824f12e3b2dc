// Package desk is where people ask about networks: what each list is used for on a site, everything that is known of an
// address, and lists of one's own that are written by hand. The lists themselves are kept in force by package network.
package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/network"
	"palisade.dev/backend/rule"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Lists are the network lists in force.
type Lists interface {
	Status() []network.Status
	Lists() []network.List
	Lookup(a netip.Addr) []network.Match
	Declared(name string) bool
	Reread(ctx context.Context) error
	Refresh(ctx context.Context, name string, anySize bool) error
}

// Desk answers.
type Desk struct {
	DB     *store.DB
	Feed   *feed.Feed
	Rules  *rule.Rules
	Search *event.Search
	Lists  Lists
	Now    func() time.Time
}

// ErrInvalid says what is wrong with what somebody asked for.
var ErrInvalid = errors.New("invalid")

// Use is one thing that a site does with a list.
type Use struct {
	What  string `json:"what" doc:"block or rule"`
	Name  string `json:"name"`
	Word  string `json:"word" doc:"by which it means the list: its name, or a kind"`
	Route string `json:"route"`
	Then  string `json:"then"`
	Mode  string `json:"mode"`
}

// State is a list and what a site does with it.
type State struct {
	network.Status
	Written bool   // by a person, here
	Uses    []Use  // on the site
	Day     uint64 // requests from it in the last 24 h, of the lists seen most; 0 is none or few
}

// Block is a network block of a site, with who put it there.
type Block struct {
	wire.Block
	Source  string `json:"source" doc:"default, file or person"`
	Author  string `json:"author,omitempty"`
	Updated int64  `json:"updated,omitempty" doc:"unix milliseconds"`
}

// Site is what a site does with networks.
type Site struct {
	Lists  []State
	Blocks []Block
	Routes []string // names of routes, with their @
}

// Show tells what a site does with each list.
func (d *Desk) Show(ctx context.Context, s store.Site) (Site, error) {
	p, err := d.Feed.Outline(ctx, s)
	if err != nil {
		return Site{}, err
	}
	var out Site
	if out.Blocks, err = d.blocks(ctx, s, p); err != nil {
		return Site{}, err
	}
	for _, r := range p.Routes {
		if r.Name != "" {
			out.Routes = append(out.Routes, "@"+r.Name)
		}
	}
	written, err := d.DB.OwnLists(ctx)
	if err != nil {
		return Site{}, err
	}
	now := d.Now()
	sum, err := d.Search.Summary(ctx, s.ID, now.Add(-24*time.Hour), now, 24*time.Hour)
	if err != nil {
		return Site{}, err
	}
	day := map[string]uint64{}
	for _, e := range sum.Total.Top(event.Networks, 64) {
		day[e.Value] = e.Count
	}
	for _, l := range d.Lists.Status() {
		st := State{Status: l, Uses: uses(p, l.Name, l.Kind), Day: day[l.Name]}
		st.Written = l.Own && slices.ContainsFunc(written, func(w store.OwnList) bool { return w.Name == l.Name }) && !d.Lists.Declared(l.Name)
		out.Lists = append(out.Lists, st)
	}
	return out, nil
}

func (d *Desk) blocks(ctx context.Context, s store.Site, p *wire.Policy) ([]Block, error) {
	docs, err := d.DB.Documents(ctx, s.ID, feed.KindBlock)
	if err != nil {
		return nil, err
	}
	out := []Block{}
	for _, b := range p.Blocks {
		have := Block{Block: b, Source: "default"}
		for _, doc := range docs {
			if doc.Name == b.Name {
				have.Source, have.Author, have.Updated = doc.Source, doc.Author, doc.Updated
			}
		}
		out = append(out, have)
	}
	return out, nil
}

// uses tells what a policy does with a list.
func uses(p *wire.Policy, name, kind string) []Use {
	out := []Use{}
	means := func(words []string) (string, bool) {
		i := slices.IndexFunc(words, func(w string) bool { return network.Means(w, name, kind) })
		if i < 0 {
			return "", false
		}
		return words[i], true
	}
	for _, b := range p.Blocks {
		if w, ok := means(b.Networks); ok {
			then := b.Then
			if then == "" {
				then = "label"
			}
			out = append(out, Use{"block", b.Name, w, b.Match, then, mode(b.Mode)})
		}
	}
	for _, r := range p.Rules {
		if w, ok := means(r.Match.Network); ok {
			route := r.Match.Route
			if route == "" {
				route = "*"
			}
			out = append(out, Use{"rule", r.Name, w, route, strings.Join(r.Then, ", "), mode(r.Mode)})
		}
	}
	return out
}

func mode(text string) string {
	if text == "" {
		return "on"
	}
	return text
}

// Block keeps a network block of a site. Without a name it gets one that says what it does.
func (d *Desk) Block(ctx context.Context, s store.Site, b wire.Block) (string, error) {
	if err := access.Check(ctx, s.ID, access.Change); err != nil {
		return "", err
	}
	known := d.Lists.Status()
	for _, w := range b.Networks {
		if !slices.ContainsFunc(known, func(l network.Status) bool { return network.Means(w, l.Name, l.Kind) }) {
			return "", fmt.Errorf("%w: networks: no list or kind is called %.80q", ErrInvalid, w)
		}
	}
	if b.Name == "" {
		b.Name = blockName(b)
	}
	name := b.Name
	body, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	return name, d.Rules.PutDocument(ctx, s, feed.KindBlock, name, body, access.Of(ctx).Name)
}

// blockName makes "tor-on-signup" of tor and @signup.
func blockName(b wire.Block) string {
	text := strings.NewReplacer("**", "all", "*", "all").Replace(strings.Join(b.Networks, "-") + "-on-" + b.Match)
	name := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			return c
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		}
		return '-'
	}, text)
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return strings.Trim(name[:min(len(name), 60)], "-")
}

// Unblock takes a block away; a default of its name comes back.
func (d *Desk) Unblock(ctx context.Context, s store.Site, name string) error {
	if err := access.Check(ctx, s.ID, access.Change); err != nil {
		return err
	}
	return d.Rules.DeleteDocument(ctx, s, feed.KindBlock, name, access.Of(ctx).Name)
}

// Renew renews a list now. What went wrong is in the list's status as well. AnySize believes a download however much smaller it
// is than the list there is.
func (d *Desk) Renew(ctx context.Context, name string, anySize bool) error {
	if err := access.Check(ctx, access.Everywhere, access.Change); err != nil {
		return err
	}
	return d.Lists.Refresh(ctx, name, anySize)
}

// Blocks gives a site's network blocks in the order in which they are looked at.
func (d *Desk) Blocks(ctx context.Context, s store.Site) ([]Block, error) {
	p, err := d.Feed.Outline(ctx, s)
	if err != nil {
		return nil, err
	}
	return d.blocks(ctx, s, p)
}
