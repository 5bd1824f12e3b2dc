// Package guard protects a web app from inside or in front: it finds out who and what asks, decides with the site's
// policy, refuses what must be refused and tells the back end what happened. A Go app puts [Guard.Middleware] round
// its handler; the gateway and the forward-auth endpoint are made of the same parts.
//
//	g := guard.New(guard.Options{})
//	link, err := g.Connect(guard.Back{URL: "https://palisade.internal:9090", SiteKey: os.Getenv("PALISADE_SITE_KEY")})
//	go link.Run(ctx)
//	http.ListenAndServe(":4000", g.Middleware(app))
//
// The app never waits for the back end and never falls with it.
package guard

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/outcome"
	"palisade.dev/guard/wire"
)

// Options of a Guard. The zero value is good.
type Options struct {
	Size      engine.Size // of the tables; engine.DefaultSize unless given
	Abilities engine.Abilities
	Networks  *engine.Networks // a table made before, of which the lists that a policy is installed with may be
	Delays    int              // requests held at once by `delay`, 1,000 unless given; more are throttled
	Closed    bool             // refuse everything until the first policy arrives; otherwise the app is served
	Now       func() time.Time
	Rand      *mathrand.Rand
	Log       *slog.Logger

	// Record gets every event; it must not block. The event is the guard's again when it returns.
	Record func(*wire.Event)
	// Away says whether the back end has been silent for so long that failure modes apply.
	Away func(time.Time) bool
}

// Guard stands in the path of one site's requests. It is safe for concurrent use.
type Guard struct {
	o       Options
	tally   *engine.Tally
	state   atomic.Pointer[state]
	change  sync.Mutex
	delays  chan struct{}
	visits  sync.Pool
	agents  agents
	records atomic.Pointer[func(*wire.Event)]
	away    atomic.Pointer[func(time.Time) bool]
}

// state is all that one policy brings with it, swapped as a whole.
type state struct {
	policy   *engine.Policy
	wire     *wire.Policy
	networks *engine.Networks
	lists    map[string]bool // names of the network lists at hand
	id       *identities
}

type identities struct {
	proxies    *identity.Proxies
	paths      identity.Paths
	keys       *identity.Keys
	decoys     *identity.Decoys // nil where no trap is a key
	certs      *identity.Certificates
	token      *identity.Tokens
	attest     *identity.Tokens
	devices    *identity.Devices
	watches    []*outcome.Watch
	principals map[string]string
}

// New makes a guard without a policy.
func New(o Options) *Guard {
	if o.Size == (engine.Size{}) {
		o.Size = engine.DefaultSize
	}
	if o.Delays == 0 {
		o.Delays = 1000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Abilities.Delay = true
	var seed [16]byte
	if o.Rand == nil {
		var s [32]byte
		_, _ = rand.Read(s[:]) // never fails: it ends the program rather than give no randomness
		o.Rand = mathrand.New(mathrand.NewChaCha8(s))
		_, _ = rand.Read(seed[:])
	} else {
		for i := range seed {
			seed[i] = byte(o.Rand.Uint32())
		}
	}
	g := &Guard{o: o, tally: engine.NewTally(o.Size, seed), delays: make(chan struct{}, o.Delays)}
	g.visits.New = func() any { return new(Visit) }
	g.Attach(o.Record, o.Away)
	return g
}

// Attach says where events go and who knows whether the back end is away.
func (g *Guard) Attach(record func(*wire.Event), away func(time.Time) bool) {
	if record == nil {
		record = func(*wire.Event) {}
	}
	if away == nil {
		away = func(time.Time) bool { return false }
	}
	g.records.Store(&record)
	g.away.Store(&away)
}

// Install puts a policy in force, whole. A policy with a fault is refused and the one in force stays.
func (g *Guard) Install(p *wire.Policy, lists []engine.NetworkList) error {
	g.change.Lock()
	defer g.change.Unlock()
	var networks *engine.Networks
	if old := g.state.Load(); old != nil && same(old.networks.Lists(), lists) {
		networks = old.networks // building the table again takes tens of milliseconds
	} else if same(g.o.Networks.Lists(), lists) {
		networks = g.o.Networks
	} else if len(lists) > 0 {
		var err error
		if networks, err = engine.NewNetworks(lists); err != nil {
			return fmt.Errorf("policy revision %d: %w", p.Revision, err)
		}
	}
	compiled, err := engine.Compile(p, networks, g.o.Abilities)
	if err != nil {
		return fmt.Errorf("policy revision %d: %w", p.Revision, err)
	}
	id, err := newIdentities(p)
	if err != nil {
		return fmt.Errorf("policy revision %d: %w", p.Revision, err)
	}
	for _, note := range compiled.Notes {
		g.o.Log.Warn("policy", "site", p.Site, "revision", p.Revision, "note", note)
	}
	names := map[string]bool{}
	for _, l := range networks.Lists() {
		names[l.Name] = true
	}
	g.state.Store(&state{compiled, p, networks, names, id})
	return nil
}

func same(a, b []engine.NetworkList) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Checksum != b[i].Checksum {
			return false
		}
	}
	return len(a) > 0
}

// Apply puts a change to bans and allowances in force.
func (g *Guard) Apply(d *wire.Delta) error {
	g.change.Lock()
	defer g.change.Unlock()
	old := g.state.Load()
	if old == nil {
		return errors.New("a change came before any policy")
	}
	next, err := old.policy.Apply(d)
	if err != nil {
		return err
	}
	s := *old
	s.policy = next
	g.state.Store(&s)
	return nil
}

// Revision is that of the policy in force; 0 before the first.
func (g *Guard) Revision() uint64 {
	if s := g.state.Load(); s != nil {
		return s.policy.Revision
	}
	return 0
}

// Tally gives the guard's memory, for metrics.
func (g *Guard) Tally() *engine.Tally { return g.tally }

// Networks are the network lists in force.
func (g *Guard) Networks() *engine.Networks {
	if s := g.state.Load(); s != nil {
		return s.networks
	}
	return nil
}

// Check reads a policy as Install would and puts nothing in force.
func Check(p *wire.Policy, networks *engine.Networks) (notes []string, err error) {
	compiled, err := engine.Compile(p, networks, engine.Abilities{Delay: true})
	_, err2 := newIdentities(p)
	if err = errors.Join(err, err2); err != nil {
		return nil, err
	}
	return compiled.Notes, nil
}

func newIdentities(p *wire.Policy) (*identities, error) {
	var faults []error
	id := &identities{paths: identity.NewPaths(p.Identity.Path), devices: identity.NewDevices(p.Secret)}
	note := func(err error) { faults = append(faults, err) }
	var err error
	if id.proxies, err = identity.NewProxies(p.Identity.Proxies, p.Identity.Header); err != nil {
		note(err)
	}
	if id.certs, err = identity.NewCertificates(p.Identity.Cert, p.Identity.CertFrom); err != nil {
		note(err)
	}
	if p.Identity.Key != nil {
		if id.keys, err = identity.NewKeys(*p.Identity.Key, p.Secret, p.Site); err != nil {
			note(err)
		}
	}
	var decoys []string
	for _, t := range p.Traps {
		if t.Mode != "off" {
			decoys = append(decoys, t.Keys...)
		}
	}
	if len(decoys) > 0 {
		if id.decoys, err = identity.NewDecoys(decoys, p.Identity.Key, p.Secret, p.Site); err != nil {
			note(err)
		}
	}
	if p.Identity.Token != nil {
		if id.token, err = identity.NewTokens(*p.Identity.Token); err != nil {
			note(err)
		}
	}
	if p.Identity.Attest != nil {
		if id.attest, err = identity.NewTokens(*p.Identity.Attest); err != nil {
			note(err)
		}
	}
	for _, o := range p.Identity.Outcomes {
		w, err := outcome.New(o)
		if err != nil {
			note(err)
		}
		id.watches = append(id.watches, w)
	}
	id.principals = make(map[string]string, len(p.Principals))
	for _, pr := range p.Principals {
		id.principals[pr.Key] = pr.Account
	}
	return id, errors.Join(faults...)
}
