// Package rule keeps a site's rules and the other small things that a policy is made of: it reads a draft as a guard
// would, tries it on one request or on last week's traffic, keeps it, tells its history and takes a change back.
package rule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/rehearse"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Rules is the room.
type Rules struct {
	DB       *store.DB
	Feed     *feed.Feed
	Search   *event.Search
	Networks interface{ AtHand() []engine.NetworkList }
	Now      func() time.Time
	ID       func() string
}

// ErrInvalid says what is wrong with a draft.
var ErrInvalid = errors.New("invalid")

// State is a rule with where it came from.
type State struct {
	wire.Rule
	Author  string `json:"author,omitempty"`
	Updated int64  `json:"updated,omitempty" doc:"unix milliseconds"`
}

// List gives a site's rules in the order in which they are looked at, defaults included.
func (r *Rules) List(ctx context.Context, s store.Site) ([]State, error) {
	p, err := r.Feed.Build(ctx, s)
	if err != nil {
		return nil, err
	}
	own, err := r.DB.Rules(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	states := []State{}
	for _, x := range p.Rules {
		state := State{Rule: x}
		for _, o := range own {
			if o.Name == x.Name {
				state.Author, state.Updated = o.Author, o.Updated
			}
		}
		states = append(states, state)
	}
	return states, nil
}

// Get gives one rule of a site.
func (r *Rules) Get(ctx context.Context, s store.Site, name string) (State, error) {
	all, err := r.List(ctx, s)
	if err != nil {
		return State{}, err
	}
	for _, x := range all {
		if x.Name == name {
			return x, nil
		}
	}
	return State{}, fmt.Errorf("%w: no rule %s", store.ErrNotFound, name)
}

// Put adds a rule, or replaces the one of its name. One that no guard could read is refused.
func (r *Rules) Put(ctx context.Context, s store.Site, draft wire.Rule, author string) (State, error) {
	draft.Source = store.SourcePerson
	if err := r.Fits(ctx, s, draft); err != nil {
		return State{}, err
	}
	text, err := json.Marshal(draft)
	if err != nil {
		return State{}, err
	}
	mode := draft.Mode
	if mode == "" {
		mode = "on"
	}
	kept := store.Rule{
		ID: r.ID(), Site: s.ID, Name: draft.Name, Body: string(text), Position: 1000, Mode: mode,
		Source: store.SourcePerson, Author: author, Updated: r.Now().UnixMilli(),
	}
	return State{draft, author, kept.Updated}, r.DB.PutRule(ctx, kept)
}

// Delete takes a rule away; a default of its name comes back.
func (r *Rules) Delete(ctx context.Context, s store.Site, name, author string) error {
	return r.DB.DeleteRule(ctx, s.ID, name, author, r.Now().UnixMilli())
}

// Fits reads a rule as guards would, beside the site's own.
func (r *Rules) Fits(ctx context.Context, s store.Site, draft wire.Rule) error {
	p, err := r.Feed.Build(ctx, s)
	if err != nil {
		return err
	}
	return r.fits(p, draft)
}

func (r *Rules) fits(p *wire.Policy, draft wire.Rule) error {
	if draft.Name == "" {
		return fmt.Errorf("%w: a rule needs a name", ErrInvalid)
	}
	with := *p
	with.Rules = append(without(p.Rules, draft.Name), draft)
	return r.sound(&with)
}

func (r *Rules) sound(p *wire.Policy) error {
	nets, err := engine.NewNetworks(r.Networks.AtHand())
	if err != nil {
		return err
	}
	if _, err := guard.Check(p, nets); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
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

// Version is one step of a rule's history.
type Version struct {
	N       int64      `json:"n" doc:"number of the entry in the audit log; what undo asks for"`
	At      int64      `json:"at" doc:"unix milliseconds"`
	Author  string     `json:"author"`
	Action  string     `json:"action"`
	Earlier *wire.Rule `json:"earlier,omitempty"`
	Later   *wire.Rule `json:"later,omitempty"`
}

// History tells who changed a rule and how, newest first, as far back as the audit log goes.
func (r *Rules) History(ctx context.Context, s store.Site, name string, before int64, limit int) ([]Version, error) {
	log, err := r.DB.AuditLog(ctx, store.AuditQuery{Site: s.ID, Subject: "rule " + name, Before: before, Limit: limit})
	if err != nil {
		return nil, err
	}
	versions := []Version{}
	for _, e := range log {
		v := Version{N: e.N, At: e.At, Author: e.Author, Action: e.Action}
		if v.Earlier, err = parse(e.Earlier); err != nil {
			return nil, fmt.Errorf("entry %d of the audit log: %w", e.N, err)
		}
		if v.Later, err = parse(e.Later); err != nil {
			return nil, fmt.Errorf("entry %d of the audit log: %w", e.N, err)
		}
		versions = append(versions, v)
	}
	return versions, nil
}

func parse(body string) (*wire.Rule, error) {
	if body == "" {
		return nil, nil
	}
	var x wire.Rule
	return &x, json.Unmarshal([]byte(body), &x)
}

// Undo makes a rule what it was before an entry of its history.
func (r *Rules) Undo(ctx context.Context, s store.Site, name string, n int64, author string) error {
	e, err := r.DB.AuditEntry(ctx, n)
	if err != nil {
		return err
	}
	if e.Site != s.ID || e.Subject != "rule "+name {
		return fmt.Errorf("%w: entry %d of the audit log is not about rule %s", store.ErrNotFound, n, name)
	}
	earlier, err := parse(e.Earlier)
	if err != nil {
		return fmt.Errorf("entry %d of the audit log: %w", n, err)
	}
	if earlier == nil {
		return r.Delete(ctx, s, name, author)
	}
	earlier.Name = name
	_, err = r.Put(ctx, s, *earlier, author)
	return err
}

// Rehearse runs a draft over stored traffic and says whom it would have hurt.
func (r *Rules) Rehearse(ctx context.Context, s store.Site, draft wire.Rule, back time.Duration) (rehearse.Report, error) {
	p, err := r.Feed.Build(ctx, s)
	if err != nil {
		return rehearse.Report{}, err
	}
	if err := r.fits(p, draft); err != nil {
		return rehearse.Report{}, err
	}
	now := r.Now()
	return rehearse.Run(ctx, p, r.Networks.AtHand(), draft, now.Add(-back), now, func(ctx context.Context, from, to time.Time, f func(*wire.Event) error) error {
		return r.Search.Export(ctx, event.Query{Site: s.ID, From: from, To: to}, func(e wire.Event) error { return f(&e) })
	})
}

// Probe is a request to try a policy on.
type Probe struct {
	Rule    *wire.Rule        `json:"rule,omitempty" doc:"a draft to put in front of the site's rules"`
	Method  string            `json:"method,omitempty" default:"GET"`
	Target  string            `json:"target" minLength:"1" maxLength:"2048"`
	Address string            `json:"address" minLength:"1"`
	Host    string            `json:"host,omitempty"`
	Header  map[string]string `json:"header,omitempty"`
	Times   int               `json:"times,omitempty" minimum:"1" maximum:"1000" default:"100"`
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

// Try says what a site's policy, with a draft rule if one is given, does with a request. It sends the same one at one
// instant until one is refused; only the draft's own counts are in play.
func (r *Rules) Try(ctx context.Context, s store.Site, probe Probe) (Tested, error) {
	p, err := r.Feed.Build(ctx, s)
	if err != nil {
		return Tested{}, err
	}
	if probe.Rule != nil {
		if err := r.fits(p, *probe.Rule); err != nil {
			return Tested{}, err
		}
		p.Rules = append([]wire.Rule{*probe.Rule}, without(p.Rules, probe.Rule.Name)...)
	}
	address, err := netip.ParseAddr(strings.TrimSpace(probe.Address))
	if err != nil {
		return Tested{}, fmt.Errorf("%w: address %q: want one such as 203.0.113.7", ErrInvalid, probe.Address)
	}
	req, err := http.NewRequestWithContext(ctx, probe.Method, probe.Target, nil)
	if err != nil {
		return Tested{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if probe.Host != "" {
		req.Host = probe.Host
	}
	for name, value := range probe.Header {
		req.Header.Set(name, value)
	}
	now := r.Now()
	g := guard.New(guard.Options{Now: func() time.Time { return now }, Size: engine.Size{Clients: 1 << 10, Keys: 1 << 10, Distinct: 1 << 8, Bans: 1 << 8}})
	p.Identity.Proxies, p.Identity.Header = nil, "" // the address given is the client's
	if err := g.Install(p, r.Networks.AtHand()); err != nil {
		return Tested{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return attempt(g, req, address, probe.Times), nil
}

func attempt(g *guard.Guard, req *http.Request, address netip.Addr, times int) Tested {
	t := Tested{After: -1}
	for i := range times {
		v := g.Begin(req, guard.Facts{Peer: address})
		t.Action, t.Reason, t.Rule, t.Status = v.Verdict.Action.String(), string(v.Verdict.Reason), v.Verdict.Rule, v.Verdict.Status
		t.Route, t.Networks = v.Route(), append([]string{}, v.Networks()...)
		refused := v.Refused()
		v.End(200, 0)
		if refused {
			t.After = i
			break
		}
	}
	return t
}
