// Package rule keeps a site's rules and the other small things that a policy is made of: it reads a draft as a guard
// would, tries it on one request or on last week's traffic, keeps it, tells its history and takes a change back.
package rule

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
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
	Desk     *rehearse.Desk

	table table
}

// ErrInvalid says what is wrong with a draft.
var ErrInvalid = errors.New("invalid")

// State is a rule with where it came from.
type State struct {
	wire.Rule
	Author  string `json:"author,omitempty"`
	Updated int64  `json:"updated,omitempty" doc:"unix milliseconds"`
	Says    string `json:"says" doc:"the rule in plain words"`
	Version string `json:"version" doc:"of the rule as it is; given back with a change, it is made only if nobody else changed the rule meanwhile"`
}

func state(x wire.Rule, author string, updated int64) State {
	return State{x, author, updated, Sentence(x), version(x)}
}

// None is the version of a rule that there is not.
const None = "none"

// version tells one form of a rule from another.
func version(x wire.Rule) string {
	if x.Mode == "" {
		x.Mode = "on"
	}
	x.Source = ""
	text, err := json.Marshal(x)
	if err != nil {
		panic(err) // strings, lists and a map of strings always have a JSON form
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// List gives a site's rules in the order in which they are looked at, defaults included.
func (r *Rules) List(ctx context.Context, s store.Site) ([]State, error) {
	p, own, err := r.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	by := map[string]store.Rule{}
	for _, o := range own {
		by[o.Name] = o
	}
	states := []State{}
	for _, x := range p.Rules {
		states = append(states, state(x, by[x.Name].Author, by[x.Name].Updated))
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

// Hits is how often a rule acted within a day, and would have.
type Hits struct {
	Acted uint64 `json:"acted"`
	Would uint64 `json:"would"`
}

// Day counts what the rules did in the last 24 hours. It reads the counts by the hour, never events.
func (r *Rules) Day(ctx context.Context, s store.Site) (map[string]Hits, error) {
	now := r.Now()
	sum, err := r.Search.Summary(ctx, s.ID, now.Add(-24*time.Hour), now, 24*time.Hour)
	if err != nil {
		return nil, err
	}
	hits := map[string]Hits{}
	for _, e := range sum.Total.Top(event.Rules, 1000) {
		h := hits[e.Value]
		h.Acted = e.Count
		hits[e.Value] = h
	}
	for _, e := range sum.Total.Top(event.Marks, 1000) {
		h := hits[e.Value]
		h.Would = e.Count
		hits[e.Value] = h
	}
	return hits, nil
}

// Changed says that somebody else was quicker; Now is what the rule is by now, None of it nil.
type Changed struct {
	Name string
	Now  *State
}

func (c *Changed) Error() string {
	if c.Now == nil {
		return fmt.Sprintf("rule %s was deleted meanwhile; nothing was kept", c.Name)
	}
	if c.Now.Author != "" {
		return fmt.Sprintf("rule %s was changed meanwhile by %s; nothing was kept", c.Name, c.Now.Author)
	}
	return fmt.Sprintf("there is a rule %s already; nothing was kept", c.Name)
}

// Unwrap makes it a conflict.
func (c *Changed) Unwrap() error { return store.ErrConflict }

// errFile keeps people's hands off what the file says: the next reading of it would find its rule taken, and refuse.
func errFile(name string) error {
	return fmt.Errorf("%w: rule %s stands in the configuration file; change it there, or make one of another name", store.ErrConflict, name)
}

// Put adds a rule, or replaces the one of its name. One that no guard could read is refused.
func (r *Rules) Put(ctx context.Context, s store.Site, draft wire.Rule, author string) (State, error) {
	return r.PutIf(ctx, s, draft, "", author)
}

// PutIf is Put where the rule still is of a version; None: where there is none. Otherwise the error is a Changed.
func (r *Rules) PutIf(ctx context.Context, s store.Site, draft wire.Rule, was, author string) (State, error) {
	p, have, err := r.plan(ctx, s)
	if err != nil {
		return State{}, err
	}
	if err := r.fits(p, draft); err != nil {
		return State{}, err
	}
	draft.Source = store.SourcePerson
	draft.Mode = cmp.Or(draft.Mode, "on")
	text, err := json.Marshal(draft)
	if err != nil {
		return State{}, err
	}
	var standard *wire.Rule // that there is where the site has none of its own
	for i, x := range p.Rules {
		if x.Name == draft.Name && x.Source == store.SourceDefault {
			standard = &p.Rules[i]
		}
	}
	last := last(have)
	at := r.Now().UnixMilli()
	err = r.DB.ReviseRule(ctx, s.ID, draft.Name, author, at, func(have *store.Rule) (store.Rule, error) {
		if have != nil && have.Source == store.SourceFile {
			return store.Rule{}, errFile(draft.Name)
		}
		if err := unchanged(draft.Name, have, standard, was); err != nil {
			return store.Rule{}, err
		}
		next := store.Rule{ID: r.ID(), Body: string(text), Position: last, Mode: draft.Mode, Source: store.SourcePerson}
		if have != nil {
			next.ID, next.Position = have.ID, have.Position
		}
		return next, nil
	})
	if err != nil {
		return State{}, err
	}
	return state(draft, author, at), nil
}

// unchanged compares a rule with the version that somebody knew.
func unchanged(name string, have *store.Rule, standard *wire.Rule, was string) error {
	if was == "" {
		return nil
	}
	var now *State
	switch {
	case have != nil:
		x, err := kept(*have)
		if err != nil {
			return err
		}
		st := state(x, have.Author, have.Updated)
		now = &st
	case standard != nil:
		st := state(*standard, "", 0)
		now = &st
	}
	if now == nil && was == None || now != nil && now.Version == was {
		return nil
	}
	return &Changed{name, now}
}

// place is where rules that people made begin: behind those of the file, before the defaults.
const place = 1000

// last is where a new rule goes. Two made at the same moment may share a place, and stand there by name.
func last(rules []store.Rule) int {
	at := place
	for _, x := range rules {
		if x.Source == store.SourcePerson {
			at = max(at, x.Position+1)
		}
	}
	return at
}

// SetMode switches a rule on, off, or to rehearsal. A default becomes the site's own by that.
func (r *Rules) SetMode(ctx context.Context, s store.Site, name, mode, was, author string) (State, error) {
	now, err := r.Get(ctx, s, name)
	if err != nil {
		return State{}, err
	}
	if mode != "on" && mode != "rehearse" && mode != "off" {
		return State{}, fmt.Errorf("%w: mode %q: want on, rehearse or off", ErrInvalid, mode)
	}
	if cmp.Or(now.Mode, "on") == mode && (was == "" || was == now.Version) {
		return now, nil // pressing twice is pressing once
	}
	now.Mode = mode
	return r.PutIf(ctx, s, now.Rule, cmp.Or(was, now.Version), author)
}

// Move puts a rule that people made one place up or down among those that people made. What the file says is looked at
// before them, in the file's order, and defaults after them.
func (r *Rules) Move(ctx context.Context, s store.Site, name string, up bool, author string) error {
	return r.DB.OrderRules(ctx, s.ID, author, r.Now().UnixMilli(), place, func(have []store.Rule) ([]string, error) {
		var names []string
		for _, x := range have {
			if x.Source == store.SourcePerson {
				names = append(names, x.Name)
			}
		}
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("%w: no rule %s of your own; the order of what the file says is the file's, and defaults come last", store.ErrNotFound, name)
		}
		j := i + 1
		if up {
			j = i - 1
		}
		if j < 0 || j >= len(names) {
			return nil, fmt.Errorf("%w: rule %s cannot go farther", ErrInvalid, name)
		}
		names[i], names[j] = names[j], names[i]
		return names, nil
	})
}

// Delete takes a rule away; a default of its name comes back.
func (r *Rules) Delete(ctx context.Context, s store.Site, name, author string) error {
	have, err := r.DB.Rules(ctx, s.ID)
	if err != nil {
		return err
	}
	for _, x := range have {
		if x.Name == name && x.Source == store.SourceFile {
			return errFile(name)
		}
	}
	return r.DB.DeleteRule(ctx, s.ID, name, author, r.Now().UnixMilli())
}

// Fits reads a rule as guards would, beside the site's own.
func (r *Rules) Fits(ctx context.Context, s store.Site, draft wire.Rule) error {
	p, _, err := r.plan(ctx, s)
	if err != nil {
		return err
	}
	return r.fits(p, draft)
}

func (r *Rules) fits(p *wire.Policy, draft wire.Rule) error {
	if draft.Name == "" {
		return fmt.Errorf("%w: a rule needs a name", ErrInvalid)
	}
	_, faults, err := r.check(p, draft)
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("%w: rule %q: %w", ErrInvalid, draft.Name, faults)
	}
	return err
}

func (r *Rules) sound(p *wire.Policy) error {
	nets, err := r.table.of(r.Networks.AtHand())
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
	address, err := netip.ParseAddr(strings.TrimSpace(probe.Address))
	if err != nil {
		return Tested{}, fmt.Errorf("%w: address %q: want one such as 203.0.113.7", ErrInvalid, probe.Address)
	}
	p, err := r.around(ctx, s, address.Unmap(), probe)
	if err != nil {
		return Tested{}, err
	}
	if probe.Rule != nil {
		if err := r.fits(p, *probe.Rule); err != nil {
			return Tested{}, err
		}
		p.Rules = append([]wire.Rule{*probe.Rule}, without(p.Rules, probe.Rule.Name)...)
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
	lists := r.Networks.AtHand()
	nets, err := r.table.of(lists)
	if err != nil {
		return Tested{}, err
	}
	g := guard.New(guard.Options{Now: func() time.Time { return now }, Networks: nets, Size: engine.Size{Clients: 1 << 10, Keys: 1 << 10, Distinct: 1 << 8, Bans: 1 << 8}})
	p.Identity.Proxies, p.Identity.Header = nil, "" // the address given is the client's
	if err := g.Install(p, lists); err != nil {
		return Tested{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return attempt(g, req, address, probe.Times), nil
}

// around gives the policy that a probe is tried on. One that only has an address can meet the bans of that address only; one
// with headers may be a key's or an account's.
func (r *Rules) around(ctx context.Context, s store.Site, address netip.Addr, probe Probe) (*wire.Policy, error) {
	for name := range probe.Header {
		if !strings.EqualFold(name, "User-Agent") {
			return r.Feed.Build(ctx, s)
		}
	}
	return r.Feed.Around(ctx, s, address)
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
