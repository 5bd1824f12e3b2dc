// Package rehearse runs a draft rule over stored traffic with the very engine that guards use, and says whom it would
// have hurt.
package rehearse

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// Report is what a rule would have done.
type Report struct {
	Rule     string   `json:"rule"`
	From     int64    `json:"from"` // unix milliseconds
	To       int64    `json:"to"`
	Requests int      `json:"requests"`  // looked at
	Refused  int      `json:"refused"`   // it would have refused, or marked where its answer refuses nobody
	Clients  int      `json:"clients"`   // of those
	SignedIn int      `json:"signed_in"` // clients of those that signed in successfully within an hour of a refusal
	Hurt     []Hurt   `json:"hurt"`
	Top      []Client `json:"top"`
	Bounded  bool     `json:"bounded,omitempty"` // there was more than was looked at
}

// Hurt is a client that signed in and would have been refused: perhaps a customer.
type Hurt struct {
	Client  string   `json:"client"`
	Refused int      `json:"refused"`
	Signed  []string `json:"accounts"`
	Network []string `json:"networks,omitempty"`
}

// Client is one that would have been refused often.
type Client struct {
	Client  string   `json:"client"`
	Refused int      `json:"refused"`
	Network []string `json:"networks,omitempty"`
}

// Events gives stored events in the order of time until f says no.
type Events func(ctx context.Context, from, to time.Time, f func(*wire.Event) error) error

const (
	maxClients = 200_000 // told apart; beyond that only counted
	maxListed  = 20
	signWindow = int64(time.Hour / time.Microsecond)
)

type client struct {
	refused  int
	first    int64
	last     int64
	signed   []string
	networks []string
	signAt   []int64
}

// Run rehearses a rule of a site between two times. The policy gives the named routes and how clients are told apart.
func Run(ctx context.Context, p *wire.Policy, networks []engine.NetworkList, rule wire.Rule, from, to time.Time, events Events) (Report, error) {
	draft := *p
	rule.Mode = "on"
	draft.Rules = []wire.Rule{rule}
	draft.Bans, draft.Levers, draft.Blocks, draft.Operators = nil, nil, nil, nil
	// A trap would decide before the rule; here it only lets rules that count traps count.
	draft.Traps = slices.Clone(p.Traps)
	for i := range draft.Traps {
		draft.Traps[i].Mode = "rehearse"
	}
	var nets *engine.Networks
	var err error
	if len(networks) > 0 {
		if nets, err = engine.NewNetworks(networks); err != nil {
			return Report{}, err
		}
	}
	compiled, err := engine.Compile(&draft, nets, engine.Abilities{Delay: true, Challenge: true})
	if err != nil {
		return Report{}, err
	}
	tally := engine.NewTally(engine.DefaultSize, [16]byte{1})
	rep := Report{Rule: rule.Name, From: from.UnixMilli(), To: to.UnixMilli(), Hurt: []Hurt{}, Top: []Client{}}
	clients := map[string]*client{}
	err = events(ctx, from, to, func(e *wire.Event) error {
		rep.Requests++
		r := request(e, nets)
		compiled.Route(&r)
		v := compiled.Decide(tally, &r)
		hit := v.Reason == engine.RuleTripped || v.Reason == engine.RuleSpared || len(compiled.Marked(v.Marks)) > 0
		name := name(e)
		c := clients[name]
		if c == nil {
			if len(clients) >= maxClients {
				rep.Bounded = true
			} else {
				c = &client{networks: e.Networks}
				clients[name] = c
			}
		}
		if hit {
			rep.Refused++
			if c != nil {
				if c.refused == 0 {
					c.first = e.At
				}
				c.refused++
				c.last = e.At
			}
		}
		for _, o := range e.Outcomes {
			if c != nil && o.Kind == "login" && o.Result == "ok" && len(c.signAt) < 64 {
				c.signAt = append(c.signAt, e.At)
				if !slices.Contains(c.signed, o.Subject) && len(c.signed) < 8 {
					c.signed = append(c.signed, o.Subject)
				}
			}
		}
		// A request that the rule would have refused did not reach the app, so nothing came of it.
		if !hit || !v.Action.Refuses() {
			compiled.Settle(tally, &r, e.Status, e.Outcomes, e.At*1000)
		}
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("rehearsing rule %s: %w", rule.Name, err)
	}
	rep.sum(clients)
	return rep, nil
}

func (rep *Report) sum(clients map[string]*client) {
	for name, c := range clients {
		if c.refused == 0 {
			continue
		}
		rep.Clients++
		near := slices.ContainsFunc(c.signAt, func(at int64) bool { return at >= c.first-signWindow && at <= c.last+signWindow })
		if near {
			rep.SignedIn++
			rep.Hurt = append(rep.Hurt, Hurt{name, c.refused, c.signed, c.networks})
		}
		rep.Top = append(rep.Top, Client{name, c.refused, c.networks})
	}
	slices.SortFunc(rep.Hurt, func(a, b Hurt) int { return order(a.Refused, b.Refused, a.Client, b.Client) })
	slices.SortFunc(rep.Top, func(a, b Client) int { return order(a.Refused, b.Refused, a.Client, b.Client) })
	rep.Hurt = rep.Hurt[:min(len(rep.Hurt), maxListed)]
	rep.Top = rep.Top[:min(len(rep.Top), maxListed)]
}

func order(a, b int, x, y string) int {
	if a != b {
		return b - a
	}
	if x < y {
		return -1
	}
	return 1
}

// name is who a refused request is counted for: the address, as a person would look it up.
func name(e *wire.Event) string {
	return engine.Whom(&engine.Request{Address: e.Address}, engine.ByAddress)
}

// request makes the facts of a stored event what they were.
func request(e *wire.Event, nets *engine.Networks) engine.Request {
	r := engine.Request{
		At: e.At * 1000, Method: e.Method, Host: e.Host, Path: e.Path, Address: e.Address, Class: nets.Class(e.Address),
		Header: http.Header{"User-Agent": {e.Agent}}, Account: e.Account, Key: e.Key, Certificate: e.Certificate,
		Session: e.Session, Fingerprint: e.Fingerprint, Kind: e.Kind,
	}
	if r.Account == "" { // what a sign-in form claimed is in its outcome
		for _, o := range e.Outcomes {
			if o.Kind == "login" || o.Kind == "signup" || o.Kind == "reset" || o.Kind == "token" {
				r.Account = o.Subject
			}
		}
	}
	return r
}
