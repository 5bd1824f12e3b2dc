package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/rehearse"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// RuleState is a rule with where it came from.
type RuleState struct {
	wire.Rule
	Author  string `json:"author,omitempty"`
	Updated int64  `json:"updated,omitempty"`
}

// Tested is what a policy would do with a request.
type Tested struct {
	Action   string   `json:"action"`
	Reason   string   `json:"reason,omitempty"`
	Rule     string   `json:"rule,omitempty"`
	Status   int      `json:"status,omitempty"`
	Route    string   `json:"route"`
	Networks []string `json:"networks"`
	After    int      `json:"after" doc:"how many such requests at once pass before one is refused; -1: all that were tried"`
}

// Named is one thing of a site that has a name.
type Named struct {
	On
	Name string `path:"name" maxLength:"200"`
}

func (a *api) rules() {
	op(a, "GET", "/sites/{site}/rules", "list-rules", "Rules in the order in which they are looked at", func(ctx context.Context, in *On) ([]RuleState, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		p, err := a.Feed.Build(ctx, s)
		if err != nil {
			return nil, err
		}
		own, err := a.DB.Rules(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		states := []RuleState{}
		for _, r := range p.Rules {
			state := RuleState{Rule: r}
			for _, o := range own {
				if o.Name == r.Name {
					state.Author, state.Updated = o.Author, o.Updated
				}
			}
			states = append(states, state)
		}
		return states, nil
	})
	op(a, "PUT", "/sites/{site}/rules/{name}", "put-rule", "Add a rule, or replace the one of its name", func(ctx context.Context, in *struct {
		Named
		Body wire.Rule
	},
	) (RuleState, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return RuleState{}, err
		}
		in.Body.Name, in.Body.Source = in.Name, store.SourcePerson
		p, err := a.Feed.Build(ctx, s)
		if err != nil {
			return RuleState{}, err
		}
		if err := a.fits(p, in.Body); err != nil {
			return RuleState{}, err
		}
		text, err := json.Marshal(in.Body)
		if err != nil {
			return RuleState{}, err
		}
		mode := in.Body.Mode
		if mode == "" {
			mode = "on"
		}
		r := store.Rule{ID: a.ID(), Site: s.ID, Name: in.Name, Body: string(text), Position: 1000, Mode: mode, Source: store.SourcePerson, Author: author, Updated: a.Now().UnixMilli()}
		return RuleState{in.Body, author, r.Updated}, a.DB.PutRule(ctx, r)
	})
	op(a, "DELETE", "/sites/{site}/rules/{name}", "delete-rule", "Take a rule away; a default of its name comes back", func(ctx context.Context, in *Named) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"rule " + in.Name + " is deleted"}, a.DB.DeleteRule(ctx, s.ID, in.Name, author, a.Now().UnixMilli())
	})
	op(a, "POST", "/sites/{site}/rules/rehearse", "rehearse-rule", "Run a draft rule over stored traffic and say whom it would have hurt", func(ctx context.Context, in *struct {
		On
		Body struct {
			Rule  wire.Rule `json:"rule"`
			Since string    `json:"since,omitempty" doc:"how far back, 24h unless given"`
		}
	},
	) (rehearse.Report, error) {
		return a.rehearse(ctx, in.Site, in.Body.Rule, in.Body.Since)
	})
	op(a, "POST", "/sites/{site}/rules/test", "test-rule", "What the site's policy, with a draft rule if one is given, does with a request", func(ctx context.Context, in *struct {
		On
		Body struct {
			Rule    *wire.Rule        `json:"rule,omitempty"`
			Method  string            `json:"method" default:"GET"`
			Target  string            `json:"target" minLength:"1" maxLength:"2048"`
			Address string            `json:"address" minLength:"1"`
			Host    string            `json:"host,omitempty"`
			Header  map[string]string `json:"header,omitempty"`
			Times   int               `json:"times,omitempty" minimum:"1" maximum:"1000" default:"100"`
		}
	},
	) (Tested, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return Tested{}, err
		}
		p, err := a.Feed.Build(ctx, s)
		if err != nil {
			return Tested{}, err
		}
		if in.Body.Rule != nil {
			if err := a.fits(p, *in.Body.Rule); err != nil {
				return Tested{}, err
			}
			p.Rules = append([]wire.Rule{*in.Body.Rule}, without(p.Rules, in.Body.Rule.Name)...)
		}
		address, err := netip.ParseAddr(in.Body.Address)
		if err != nil {
			return Tested{}, fmt.Errorf("%w: address %q: want one such as 203.0.113.7", errInvalid, in.Body.Address)
		}
		r, err := http.NewRequest(in.Body.Method, in.Body.Target, nil)
		if err != nil {
			return Tested{}, fmt.Errorf("%w: %w", errInvalid, err)
		}
		if in.Body.Host != "" {
			r.Host = in.Body.Host
		}
		for name, value := range in.Body.Header {
			r.Header.Set(name, value)
		}
		return a.try(p, r, address, in.Body.Times)
	})
	a.documents(feed.KindBlock, "/blocks", "network blocks")
	a.documents(feed.KindTrap, "/traps", "traps")
	a.documents(feed.KindRoute, "/routes", "named routes")
}

func without(rules []wire.Rule, name string) []wire.Rule {
	var out []wire.Rule
	for _, r := range rules {
		if r.Name != name {
			out = append(out, r)
		}
	}
	return out
}

// fits reads a rule as guards would, beside the site's own.
func (a *api) fits(p *wire.Policy, r wire.Rule) error {
	draft := *p
	draft.Rules = append(without(p.Rules, r.Name), r)
	return a.sound(&draft)
}

func (a *api) sound(p *wire.Policy) error {
	nets, err := engine.NewNetworks(a.Networks.AtHand())
	if err != nil {
		return err
	}
	if _, err := guard.Check(p, nets); err != nil {
		return fmt.Errorf("%w: %w", errInvalid, err)
	}
	return nil
}

// try sends the same request at one instant until one is refused. Only the draft's own counts are in play.
func (a *api) try(p *wire.Policy, r *http.Request, address netip.Addr, times int) (Tested, error) {
	now := a.Now()
	g := guard.New(guard.Options{Now: func() time.Time { return now }, Size: engine.Size{Clients: 1 << 10, Keys: 1 << 10, Distinct: 1 << 8, Bans: 1 << 8}})
	p.Identity.Proxies, p.Identity.Header = nil, "" // the address given is the client's
	if err := g.Install(p, a.Networks.AtHand()); err != nil {
		return Tested{}, fmt.Errorf("%w: %w", errInvalid, err)
	}
	t := Tested{After: -1}
	for i := range times {
		v := g.Begin(r, guard.Facts{Peer: address})
		t.Action, t.Reason, t.Rule, t.Status = v.Verdict.Action.String(), string(v.Verdict.Reason), v.Verdict.Rule, v.Verdict.Status
		t.Route, t.Networks = v.Route(), append([]string{}, v.Networks()...)
		refused := v.Refused()
		v.End(200, 0)
		if refused {
			t.After = i
			break
		}
	}
	return t, nil
}

func (a *api) rehearse(ctx context.Context, name string, r wire.Rule, since string) (rehearse.Report, error) {
	s, err := a.site(ctx, name)
	if err != nil {
		return rehearse.Report{}, err
	}
	if since == "" {
		since = "24h"
	}
	back, err := duration(since)
	if err != nil {
		return rehearse.Report{}, err
	}
	p, err := a.Feed.Build(ctx, s)
	if err != nil {
		return rehearse.Report{}, err
	}
	if err := a.fits(p, r); err != nil {
		return rehearse.Report{}, err
	}
	now := a.Now()
	return rehearse.Run(ctx, p, a.Networks.AtHand(), r, now.Add(-back), now, a.stored(s.ID))
}

// documents serves one kind of what a policy is made of.
func (a *api) documents(kind, path, what string) {
	op(a, "GET", "/sites/{site}"+path, "list-"+kind+"s", "The site's "+what, func(ctx context.Context, in *On) (any, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		p, err := a.Feed.Build(ctx, s)
		if err != nil {
			return nil, err
		}
		switch kind {
		case feed.KindBlock:
			return append([]wire.Block{}, p.Blocks...), nil
		case feed.KindTrap:
			return append([]wire.Trap{}, p.Traps...), nil
		}
		return append([]wire.Route{}, p.Routes...), nil
	})
	op(a, "PUT", "/sites/{site}"+path+"/{name}", "put-"+kind, "Add or replace one of the site's "+what, func(ctx context.Context, in *struct {
		Named
		Body json.RawMessage
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		p, err := a.Feed.Build(ctx, s)
		if err != nil {
			return done{}, err
		}
		text, err := draftWith(kind, in.Name, in.Body, p)
		if err != nil {
			return done{}, fmt.Errorf("%w: %w", errInvalid, err)
		}
		if err := a.sound(p); err != nil {
			return done{}, err
		}
		d := store.Document{Site: s.ID, Kind: kind, Name: in.Name, Body: string(text), Source: store.SourcePerson, Author: author, Updated: a.Now().UnixMilli()}
		return done{kind + " " + in.Name + " is kept"}, a.DB.PutDocument(ctx, d)
	})
	op(a, "DELETE", "/sites/{site}"+path+"/{name}", "delete-"+kind, "Take one of the site's "+what+" away", func(ctx context.Context, in *Named) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{kind + " " + in.Name + " is deleted"}, a.DB.DeleteDocument(ctx, s.ID, kind, in.Name, author, a.Now().UnixMilli())
	})
}

// draftWith reads a document strictly, gives it its name and puts it into a draft of the policy.
func draftWith(kind, name string, body json.RawMessage, p *wire.Policy) ([]byte, error) {
	switch kind {
	case feed.KindBlock:
		b, err := strict[wire.Block](body)
		b.Name = name
		p.Blocks = append(p.Blocks, b)
		text, err2 := json.Marshal(b)
		return text, errors.Join(err, err2)
	case feed.KindTrap:
		t, err := strict[wire.Trap](body)
		t.Name = name
		p.Traps = append(p.Traps, t)
		text, err2 := json.Marshal(t)
		return text, errors.Join(err, err2)
	}
	r, err := strict[wire.Route](body)
	r.Name = name
	var routes []wire.Route
	for _, have := range p.Routes {
		if have.Name != name {
			routes = append(routes, have)
		}
	}
	p.Routes = append(routes, r)
	text, err2 := json.Marshal(r)
	return text, errors.Join(err, err2)
}
