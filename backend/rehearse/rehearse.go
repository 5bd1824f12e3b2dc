// Package rehearse runs a draft rule over stored traffic with the very engine that guards use, and says whom it would
// have hurt.
package rehearse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/veil"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

// Report is what a rule would have done.
type Report struct {
	Rule     string         `json:"rule"`
	From     int64          `json:"from"`              // unix milliseconds: what was looked at
	To       int64          `json:"to"`                //
	Asked    int64          `json:"asked"`             // from when on it was asked for; earlier than From where that was too much
	Stored   int            `json:"stored"`            // requests since Asked, by the counts; 0 where nobody counted
	Stopped  bool           `json:"stopped"`           // time ran out: To is how far it came
	Requests int            `json:"requests"`          // looked at
	Refused  int            `json:"refused"`           // it would have refused, or marked where its answer refuses nobody
	Actions  map[string]int `json:"actions,omitempty"` // of those, by what would have been done
	Clients  int            `json:"clients"`           // of those
	SignedIn int            `json:"signed_in"`         // clients of those that people were behind: see Hurt
	Shared   int            `json:"shared"`            // of SignedIn, those that three or more accounts share
	First    int64          `json:"first,omitempty"`   // unix milliseconds: the first it would have refused
	Last     int64          `json:"last,omitempty"`
	Hurt     []Hurt         `json:"hurt"`
	Top      []Client       `json:"top"`               // that nobody is known to be behind
	Hashed   int            `json:"hashed,omitempty"`  // requests whose address nobody can bring back: they count by it, not by its prefix
	Bounded  bool           `json:"bounded,omitempty"` // there were more clients than are told apart
}

// Hurt is a client that would have been refused and that people are behind, perhaps customers: somebody signed in from it
// within an hour of a refusal, was known by account when refused, or was at work in a session that had lasted a while.
type Hurt struct {
	Client   string   `json:"client"`
	Refused  int      `json:"refused"`
	First    int64    `json:"first,omitempty"` // unix milliseconds
	Last     int64    `json:"last,omitempty"`
	Signed   []string `json:"accounts"`           // the first eight
	Accounts int      `json:"accounts_count"`     // all of them, up to a bound
	Sessions int      `json:"sessions,omitempty"` // that were at work when refused
	Shared   bool     `json:"shared,omitempty"`   // three or more accounts
	Network  []string `json:"networks,omitempty"`
}

// Client is one that would have been refused often.
type Client struct {
	Client  string   `json:"client"`
	Refused int      `json:"refused"`
	First   int64    `json:"first,omitempty"`
	Last    int64    `json:"last,omitempty"`
	Network []string `json:"networks,omitempty"`
}

// Events gives stored events in the order of time until f says no.
type Events func(ctx context.Context, from, to time.Time, f func(*wire.Event) error) error

const (
	maxClients  = 200_000 // told apart, some 250 bytes each; beyond that only counted
	maxSessions = 100_000 // whose beginning is known; of more it is not known that they lasted
	maxListed   = 20
	maxNamed    = 8  // accounts named of one client
	maxAccounts = 64 // told apart of one client
	sharedFrom  = 3  // accounts: as the ban list judges an address
	signWindow  = int64(time.Hour / time.Microsecond)
	atWork      = int64(10 * time.Minute / time.Microsecond) // a session this old is somebody's; few programs keep one so long
)

// Bounds of one rehearsal. A laptop looks at some 200,000 requests a second.
const (
	MaxRequests = 3_000_000
	MaxTime     = time.Minute
)

// client is what is remembered of one, whether refused or not: a sign-in may come before the refusal.
type client struct {
	refused     int
	first, last int64
	accounts    []string // that signed in, or were known when refused
	known       bool     // somebody known by account or session was refused
	sessions    []string // at work when refused
	networks    []string
	signAt      []int64
}

func (c *client) account(name string) {
	if name != "" && len(c.accounts) < maxAccounts && !slices.Contains(c.accounts, name) {
		c.accounts = append(c.accounts, name)
	}
}

// Progress is how far a rehearsal is.
type Progress struct {
	Requests int   `json:"requests"` // looked at
	At       int64 `json:"at"`       // unix milliseconds: the traffic's time
}

// Rehearsal is a rule of a site to be run over the traffic between two times. The policy gives the named routes and how
// clients are told apart.
type Rehearsal struct {
	Policy   *wire.Policy
	Networks []engine.NetworkList
	Rule     wire.Rule
	From, To time.Time
	Events   Events
	Most     int              // requests looked at, MaxRequests unless given
	Now      func() time.Time // nil: it may take as long as it takes
	Told     func(Progress)   // called now and then, if given
	Veil     *veil.Veil       // brings addresses back that were encrypted, so that they count as they did at the guard
}

// Run rehearses a rule of a site between two times.
func Run(ctx context.Context, p *wire.Policy, networks []engine.NetworkList, rule wire.Rule, from, to time.Time, events Events) (Report, error) {
	return Rehearsal{Policy: p, Networks: networks, Rule: rule, From: from, To: to, Events: events}.Run(ctx)
}

// errEnough ends the reading of events early.
var errEnough = errors.New("enough")

// run is a rehearsal under way.
type run struct {
	Rehearsal
	Report
	nets     *engine.Networks
	policy   *engine.Policy
	tally    *engine.Tally
	clients  map[string]*client
	sessions map[string]int64        // when each began
	labels   map[string]prefix.Class // by the names of lists; made for the first hashed address
}

// Run does it. It stops after Most requests, and after MaxTime; the report says where.
func (r Rehearsal) Run(ctx context.Context) (Report, error) {
	draft := *r.Policy
	r.Rule.Mode = "on"
	draft.Rules = []wire.Rule{r.Rule}
	draft.Bans, draft.Levers, draft.Blocks, draft.Operators = nil, nil, nil, nil
	// A trap would decide before the rule; here it only lets rules that count traps count.
	draft.Traps = slices.Clone(draft.Traps)
	for i := range draft.Traps {
		draft.Traps[i].Mode = "rehearse"
	}
	w := &run{Rehearsal: r, clients: map[string]*client{}, sessions: map[string]int64{}, Report: Report{
		Rule: r.Rule.Name, From: r.From.UnixMilli(), To: r.To.UnixMilli(), Asked: r.From.UnixMilli(), Actions: map[string]int{}, Hurt: []Hurt{}, Top: []Client{},
	}}
	var err error
	if len(r.Networks) > 0 {
		if w.nets, err = engine.NewNetworks(r.Networks); err != nil {
			return Report{}, err
		}
	}
	if w.policy, err = engine.Compile(&draft, w.nets, engine.Abilities{Delay: true, Challenge: true}); err != nil {
		return Report{}, err
	}
	w.tally = engine.NewTally(engine.DefaultSize, [16]byte{1})
	most := cmp.Or(r.Most, MaxRequests)
	var end time.Time
	if r.Now != nil {
		end = r.Now().Add(MaxTime)
	}
	err = r.Events(ctx, r.From, r.To, func(e *wire.Event) error {
		if w.Requests == most || w.Requests%4096 == 0 && w.late(e, end) {
			w.Stopped, w.Report.To = true, e.At/1000
			return errEnough
		}
		w.see(e)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return Report{}, fmt.Errorf("rehearsing rule %s: %w", r.Rule.Name, err)
	}
	w.sum()
	return w.Report, nil
}

// late tells how far it is and reports whether the time is up.
func (w *run) late(e *wire.Event, end time.Time) bool {
	if w.Told != nil {
		w.Told(Progress{w.Requests, e.At / 1000})
	}
	return w.Now != nil && w.Now().After(end)
}

// see decides about one event as a guard with the rule would have.
func (w *run) see(e *wire.Event) {
	w.Requests++
	r := w.request(e)
	w.policy.Route(&r)
	v := w.policy.Decide(w.tally, &r)
	// The draft has no bans but those of the rule itself, so whoever is banned has broken it before.
	hit := v.Reason == engine.RuleTripped || v.Reason == engine.RuleSpared || v.Reason == engine.Banned || len(w.policy.Marked(v.Marks)) > 0
	c := w.client(e)
	old := w.old(e)
	if hit {
		w.Refused++
		action := v.Action
		if action == engine.Pass { // only marked: the allow list lets it through
			action = engine.Observe
		}
		w.Actions[action.String()]++
		if w.First == 0 {
			w.First = e.At / 1000
		}
		w.Last = e.At / 1000
		if c != nil {
			c.hit(e, old)
		}
	}
	for _, o := range e.Outcomes {
		if c != nil && o.Kind == "login" && o.Result == "ok" {
			if len(c.signAt) < 64 {
				c.signAt = append(c.signAt, e.At)
			}
			c.account(o.Subject)
		}
	}
	// A request that the rule would have refused did not reach the app, so nothing came of it.
	if !hit || !v.Action.Refuses() {
		w.policy.Settle(w.tally, &r, e.Status, e.Outcomes, e.At*1000)
	}
}

// client finds what is remembered of who sent an event.
func (w *run) client(e *wire.Event) *client {
	name := name(e)
	c := w.clients[name]
	if c == nil {
		if len(w.clients) >= maxClients {
			w.Bounded = true
			return nil
		}
		c = &client{networks: e.Networks}
		w.clients[name] = c
	}
	return c
}

// old reports whether an event is of a session that has lasted for a while.
func (w *run) old(e *wire.Event) bool {
	if e.Session == "" {
		return false
	}
	began, ok := w.sessions[e.Session]
	if !ok && len(w.sessions) < maxSessions {
		w.sessions[e.Session] = e.At
	}
	return ok && e.At-began >= atWork
}

// hit notes a refusal. An account in the event is known by a token, a key or the app's own word: what a form only claims is
// in the outcome.
func (c *client) hit(e *wire.Event, old bool) {
	if c.refused == 0 {
		c.first = e.At
	}
	c.refused++
	c.last = e.At
	if e.Account != "" {
		c.known = true
		c.account(e.Account)
	}
	if old {
		c.known = true
		if len(c.sessions) < maxAccounts && !slices.Contains(c.sessions, e.Session) {
			c.sessions = append(c.sessions, e.Session)
		}
	}
}

func (w *run) sum() {
	for name, c := range w.clients {
		if c.refused == 0 {
			continue
		}
		w.Clients++
		near := slices.ContainsFunc(c.signAt, func(at int64) bool { return at >= c.first-signWindow && at <= c.last+signWindow })
		if near || c.known {
			h := Hurt{
				Client: name, Refused: c.refused, First: c.first / 1000, Last: c.last / 1000, Signed: append([]string{}, c.accounts[:min(len(c.accounts), maxNamed)]...),
				Accounts: len(c.accounts), Sessions: len(c.sessions), Shared: len(c.accounts) >= sharedFrom, Network: c.networks,
			}
			w.SignedIn++
			if h.Shared {
				w.Shared++
			}
			w.Hurt = append(w.Hurt, h)
			continue
		}
		w.Top = append(w.Top, Client{name, c.refused, c.first / 1000, c.last / 1000, c.networks})
	}
	slices.SortFunc(w.Hurt, func(a, b Hurt) int {
		return cmp.Or(cmp.Compare(b.Accounts, a.Accounts), cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Client, b.Client))
	})
	slices.SortFunc(w.Top, func(a, b Client) int {
		return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Client, b.Client))
	})
	w.Hurt = w.Hurt[:min(len(w.Hurt), maxListed)]
	w.Top = w.Top[:min(len(w.Top), maxListed)]
}

// name is who a refused request is counted for: the address, as a person would look it up. A pseudonym stays one.
func name(e *wire.Event) string {
	return veil.Group(e.Address)
}

// where gives the address that an event is counted by, and its lists. Of a hashed one those are what the guard noted.
func (w *run) where(e *wire.Event) (netip.Addr, prefix.Class) {
	a, ok := w.Veil.Unveil(e.Address)
	if ok {
		return a, w.nets.Class(a)
	}
	w.Hashed++
	if w.labels == nil {
		w.labels = map[string]prefix.Class{}
		for c := range math.MaxUint16 + 1 {
			if names := w.nets.Names(prefix.Class(c)); len(names) > 0 {
				w.labels[strings.Join(slices.Sorted(slices.Values(names)), " ")] = prefix.Class(c)
			}
		}
	}
	return veil.Counted(a), w.labels[strings.Join(slices.Sorted(slices.Values(e.Networks)), " ")]
}

// request makes the facts of a stored event what they were.
func (w *run) request(e *wire.Event) engine.Request {
	address, class := w.where(e)
	r := engine.Request{
		At: e.At * 1000, Method: e.Method, Host: e.Host, Path: e.Path, Address: address, Class: class,
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
