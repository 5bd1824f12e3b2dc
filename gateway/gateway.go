// Package gateway is the guard round a reverse proxy: it stands on the sites' ports, decides on each request with the
// same module that a Go app imports, and passes on what may pass.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"palisade.dev/guard"
)

// Config is all that a gateway needs; it is read whole, at start and at each Reload.
type Config struct {
	Listen []Listener
	Sites  []Site
	Limits Limits
	Log    *slog.Logger
	Now    func() time.Time
}

// Listener is one address the gateway stands on.
type Listener struct {
	Address string
	TLS     *TLS
	// Proxies are the peers that must send the PROXY protocol; from all others it is refused.
	Proxies []netip.Prefix
}

// Site is one app behind the gateway.
type Site struct {
	Name      string
	Hosts     []string // "shop.example", "*.shop.example" or "*" for any
	Upstreams []string // "http://127.0.0.1:4000"; more than one take turns
	Guard     *guard.Guard
	MaxBody   int64         // bytes, 100 MiB unless given
	Timeout   time.Duration // until the app answers with its header, 60 s unless given
	Health    string        // path asked every 5 s; "" trusts what requests meet
	Honeypot  *Honeypot
}

// Limits protect the gateway itself. What is zero gets the default in its comment.
type Limits struct {
	Header        int           // 32 KiB of request header
	HeaderTimeout time.Duration // 10 s from connection to whole header
	IdleTimeout   time.Duration // 2 min between requests
	BodyTimeout   time.Duration // 30 s without a byte of a request's body, and before its rate counts
	BodyRate      int           // 500 bytes a second that a body must bring on average, as Apache asks; -1 asks for none
	WriteTimeout  time.Duration // 1 min until the client has taken what is written to it
	Connections   int           // 20,000 in all
	PerSource     int           // 512 from one IPv4 address or IPv6 /64
	CheckEvery    time.Duration // 5 s between two looks at an upstream's health path
	DrainTimeout  time.Duration // 30 s for requests under way at the end
}

func (l Limits) filled() Limits {
	fill := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	fillInt := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	fill(&l.HeaderTimeout, 10*time.Second)
	fill(&l.IdleTimeout, 2*time.Minute)
	fill(&l.BodyTimeout, 30*time.Second)
	fill(&l.WriteTimeout, time.Minute)
	fill(&l.CheckEvery, 5*time.Second)
	fill(&l.DrainTimeout, 30*time.Second)
	fillInt(&l.BodyRate, 500)
	fillInt(&l.Header, 32<<10)
	fillInt(&l.Connections, 20_000)
	fillInt(&l.PerSource, 512)
	return l
}

// Gateway serves sites. Make it with New, then Run it.
type Gateway struct {
	log     *slog.Logger
	now     func() time.Time
	sites   atomic.Pointer[table]
	buffers sync.Pool
	metrics Metrics
	sources sources

	mu        sync.Mutex // held by Reload
	limits    Limits
	listening map[string]*listening
	failed    chan error
	closed    bool
}

// New opens the listeners; nothing is served before Run.
func New(c Config) (*Gateway, error) {
	g := &Gateway{log: c.Log, now: c.Now, limits: c.Limits.filled(), listening: map[string]*listening{}, failed: make(chan error, 1)}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	if g.now == nil {
		g.now = time.Now
	}
	g.sources.limit(g.limits.Connections, g.limits.PerSource)
	g.buffers.New = func() any { b := make([]byte, shortBody); return &b }
	if err := g.Reload(c); err != nil {
		g.closeAll()
		return nil, err
	}
	return g, nil
}

// Reload puts another configuration in force. Sites, upstreams and certificates change between two requests; sockets
// that stay are kept, new ones are opened before old ones close, and requests under way end as they began. A
// configuration with a fault changes nothing. Limits are those of New: they hold for sockets, which stay.
func (g *Gateway) Reload(c Config) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return errors.New("the gateway has stopped")
	}
	next, err := newTable(c.Sites, g.sites.Load(), g.now, g.log)
	if err != nil {
		return err
	}
	var faults []error
	opened := map[string]*listening{}
	wanted := map[string]Listener{}
	certs := map[string]*certificates{}
	for _, l := range c.Listen {
		if _, twice := wanted[l.Address]; twice {
			faults = append(faults, fmt.Errorf("listen on %s twice", l.Address))
			continue
		}
		wanted[l.Address] = l
		var kept *certificates
		if have := g.listening[l.Address]; have != nil {
			kept = have.certs.Load()
		} else if o, err := g.open(l); err != nil {
			faults = append(faults, err)
		} else {
			opened[l.Address] = o
		}
		if certs[l.Address], err = newCertificates(l.TLS, next.hosts(), kept); err != nil {
			faults = append(faults, fmt.Errorf("listen on %s: %w", l.Address, err))
		}
	}
	if len(faults) > 0 {
		for _, o := range opened {
			_ = o.Close()
		}
		next.retire(g.sites.Load())
		return errors.Join(faults...)
	}
	// From here on nothing can fail.
	old := g.sites.Swap(next)
	for address, l := range wanted {
		o := opened[address]
		if o == nil {
			o = g.listening[address]
		}
		certs[address].start(g.log, o.Addr())
		before := o.certs.Swap(certs[address])
		before.stop(certs[address])
		o.conf.Store(&l)
		if g.listening[address] == nil {
			g.listening[address] = o
			o.serve(g)
		}
	}
	for address, have := range g.listening {
		if _, stays := wanted[address]; !stays {
			have.drain(g.limits.DrainTimeout)
			have.certs.Load().stop(nil)
			delete(g.listening, address)
		}
	}
	next.watch(g.limits.CheckEvery, g.log)
	if old != nil {
		old.retire(next)
	}
	return nil
}

// Run serves until the context ends, then lets requests under way end within DrainTimeout. Upgraded connections, which
// have no end of their own, are closed after that.
func (g *Gateway) Run(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-g.failed:
	}
	g.closeAll()
	return err
}

func (g *Gateway) closeAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	var wg sync.WaitGroup
	for _, l := range g.listening {
		wg.Go(func() {
			l.shutdown(g.limits.DrainTimeout)
			l.cut()
			l.certs.Load().stop(nil)
		})
	}
	wg.Wait()
	if t := g.sites.Load(); t != nil {
		t.retire(nil)
	}
}

// Addr is where a configured address really listens, for those with port 0.
func (g *Gateway) Addr(address string) net.Addr {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.listening[address]; l != nil {
		return l.Addr()
	}
	return nil
}

// Metrics are counters since the start.
type Metrics struct {
	Requests, Refused, UpstreamErrors, UnknownHost, Malformed atomic.Uint64

	Upgrades atomic.Int64 // open now
}

// Metrics gives the gateway's counters.
func (g *Gateway) Metrics() *Metrics { return &g.metrics }

// Connections says how many clients are connected, and how many were turned away at the bounds since the start.
func (g *Gateway) Connections() (open int, refused uint64) {
	return g.sources.count(), g.sources.refused.Load()
}

var _ http.Handler = (*Gateway)(nil)
