package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/template"
	"palisade.dev/guard"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// base is what a new site gets.
var base = sync.OnceValues(template.Default)

// plan is a site's policy without bans, allowances, levers and keys. No rule depends on those, and there may be a hundred
// thousand of them, which a page of rules is not to wait for.
func (r *Rules) plan(ctx context.Context, s store.Site) (*wire.Policy, []store.Rule, error) {
	var settings feed.Settings
	if err := json.Unmarshal([]byte(s.Settings), &settings); err != nil {
		return nil, nil, fmt.Errorf("the settings of site %s: %w", s.Name, err)
	}
	p := &wire.Policy{Version: wire.Version, Site: s.Name, Revision: s.Revision, Secret: s.Secret, Identity: settings.Identity, Answer: settings.Answer}
	own, err := r.DB.Rules(ctx, s.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range own {
		x, err := kept(o)
		if err != nil {
			return nil, nil, fmt.Errorf("rule %s of site %s: %w", o.Name, s.Name, err)
		}
		p.Rules = append(p.Rules, x)
	}
	routes, err1 := documents[wire.Route](ctx, r.DB, s.ID, feed.KindRoute)
	blocks, err2 := documents[wire.Block](ctx, r.DB, s.ID, feed.KindBlock)
	traps, err3 := documents[wire.Trap](ctx, r.DB, s.ID, feed.KindTrap)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, nil, err
	}
	p.Routes, p.Blocks, p.Traps = routes, blocks, traps
	if settings.Defaults {
		set, err := base()
		if err != nil {
			return nil, nil, err
		}
		set.Onto(p)
	}
	return p, own, nil
}

// kept is a rule as it is in force.
func kept(o store.Rule) (x wire.Rule, err error) {
	err = json.Unmarshal([]byte(o.Body), &x)
	x.Name, x.Mode, x.Source = o.Name, o.Mode, o.Source
	return x, err
}

func documents[T any](ctx context.Context, db *store.DB, site, kind string) (all []T, err error) {
	docs, err := db.Documents(ctx, site, kind)
	for _, d := range docs {
		var v T
		if err := json.Unmarshal([]byte(d.Body), &v); err != nil {
			return nil, fmt.Errorf("%s %s: %w", kind, d.Name, err)
		}
		all = append(all, v)
	}
	return all, err
}

// maxBody bounds a rule as it is kept, in bytes.
const maxBody = 16 << 10

// Check reads a draft as guards would, beside the site's own rules, and gives each fault with its field. Notes are what
// is allowed and perhaps not meant.
func (r *Rules) Check(ctx context.Context, s store.Site, draft wire.Rule) (notes []string, faults Faults, err error) {
	p, _, err := r.plan(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	return r.check(p, draft)
}

func (r *Rules) check(p *wire.Policy, draft wire.Rule) (notes []string, faults Faults, err error) {
	nets, err := r.table.of(r.Networks.AtHand())
	if err != nil {
		return nil, nil, err
	}
	if text, err := json.Marshal(draft); err != nil || len(text) > maxBody {
		return nil, Faults{{Text: fmt.Sprintf("the rule is larger than %d bytes", maxBody)}}, err
	}
	for _, name := range sorted(draft.Match.Header) {
		if !token.MatchString(name) {
			faults = append(faults, Fault{Field: "header", Text: fmt.Sprintf("header: %q: want the name of a field, such as User-Agent", name)})
		}
	}
	// By itself first: so its faults cannot be taken for another rule's.
	alone := &wire.Policy{Version: p.Version, Site: p.Site, Revision: p.Revision, Secret: p.Secret, Identity: p.Identity, Answer: p.Answer, Routes: p.Routes, Rules: []wire.Rule{draft}}
	noted, err := guard.Check(alone, nets)
	prefix := fmt.Sprintf("rule %q: ", draft.Name)
	for _, n := range noted {
		if text, ok := strings.CutPrefix(n, prefix); ok {
			notes = append(notes, text)
		}
	}
	if draft.Spare == "shared-address" && !bans(draft.Then) {
		notes = append(notes, "spare: shared-address spares from a ban, and this rule bans nobody")
	}
	if err != nil {
		for l := range strings.Lines(err.Error()) {
			text := strings.TrimPrefix(strings.TrimSuffix(l, "\n"), prefix)
			faults = append(faults, Fault{Field: fieldOf(text), Text: text})
		}
	}
	if len(faults) > 0 {
		return notes, faults, nil
	}
	with := *p
	with.Rules = append(without(p.Rules, draft.Name), draft)
	if _, err := guard.Check(&with, nets); err != nil {
		faults = Faults{{Text: err.Error()}}
	}
	return notes, faults, nil
}
