// Package client sends the scanner's requests and sees to it that they do no harm: it speaks only to hosts in scope, at
// addresses resolved once, hands credentials to the target's own origin alone, keeps to a budget of requests, pace, bytes
// and time, reads no more of an answer than it must, and stops when the target suffers.
//
// It follows no redirects and keeps no cookies; what is asked is what was written.
package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"palisade.dev/scan/api/answer"
)

// Clock is time as the client sees it; tests hold one of their own.
type Clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration) error
}

// Wall is the clock on the wall.
type Wall struct{}

// Now is the present time.
func (Wall) Now() time.Time { return time.Now() }

// Sleep waits, or until the context ends.
func (Wall) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// The limits on one answer. 2 MB hold every list that ought to be one answer; 256 KB of headers are 30 times what
// servers usually allow themselves.
const (
	maxBody    = 2 << 20
	maxHeader  = 256 << 10
	patience   = 10 * time.Second // unless the budget says otherwise
	maxWait    = 10 * time.Second // that a Retry-After is obeyed
	distressed = 20               // exchanges in a row that are looked at for distress
)

// Options make a client.
type Options struct {
	Target   *url.URL
	Scope    []string // further hosts, "api.example.com" or "api.example.com:8443"
	Budget   Budget
	Clock    Clock
	Chance   *rand.Rand
	Insecure bool // do not verify the target's certificate
	Agent    string
	Resolve  func(ctx context.Context, host string) ([]netip.Addr, error)
	Permit   func(ctx context.Context, host string, addrs []netip.Addr) error // proof of ownership; see package own
	Sources  []netip.Addr                                                     // addresses of this machine to send from, for limits by address
}

// Client sends requests.
type Client struct {
	o      Options
	origin string
	slots  chan struct{}

	mu       sync.Mutex
	began    time.Time
	next     time.Time // when the next paced request may go
	paused   time.Time // asked for by a 429
	spent    Spent
	recent   []bool // of the last exchanges: whether the target failed
	healthy  int    // exchanges that went well
	distress error
	short    error // the last request that was not sent for want of budget
	pinned   map[string][]netip.Addr
	wires    map[string]*http.Transport
}

// What a request that was never sent fails with.
var (
	ErrSpent    = errors.New("the budget is spent")
	ErrScope    = errors.New("out of scope")
	ErrDistress = errors.New("the target is in distress")
)

// New makes a client. It sends nothing.
func New(o Options) (*Client, error) {
	if o.Target == nil || (o.Target.Scheme != "http" && o.Target.Scheme != "https") || o.Target.Hostname() == "" {
		return nil, fmt.Errorf("the target must be an address like https://api.example.com")
	}
	if o.Clock == nil {
		o.Clock = Wall{}
	}
	if o.Resolve == nil {
		o.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if o.Budget.Parallel <= 0 {
		o.Budget.Parallel = 8
	}
	if o.Budget.Patience <= 0 {
		o.Budget.Patience = patience
	}
	if o.Agent == "" {
		o.Agent = "palisade-scan"
	}
	c := &Client{
		o: o, origin: Origin(o.Target), slots: make(chan struct{}, o.Budget.Parallel),
		pinned: map[string][]netip.Addr{}, wires: map[string]*http.Transport{},
	}
	c.began = o.Clock.Now()
	return c, nil
}

// Origin is scheme, host and port, the port always said.
func Origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// Clock is the client's clock.
func (c *Client) Clock() Clock { return c.o.Clock }

// InScope says whether an address may be asked at all.
func (c *Client) InScope(u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if host == strings.ToLower(c.o.Target.Hostname()) {
		// Another port of the same host is another service, perhaps of somebody else; 80 and 443 are the same door.
		return Origin(u) == c.origin || (c.o.Target.Port() == "" && u.Port() == "") || slices.Contains(c.o.Scope, strings.ToLower(u.Host))
	}
	return slices.Contains(c.o.Scope, host) || slices.Contains(c.o.Scope, strings.ToLower(u.Host))
}

// Close lets go of all connections.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.wires {
		w.CloseIdleConnections()
	}
}

// Sources are the further addresses this machine can ask from.
func (c *Client) Sources() []netip.Addr { return c.o.Sources }

// Do sends a request. The exchange always comes back; where nothing was answered, its Err says why.
func (c *Client) Do(ctx context.Context, r Request) *Exchange {
	x := &Exchange{Request: r, Answer: &answer.Answer{}}
	for try := 0; ; try++ {
		x.Answer = c.once(ctx, r)
		if r.Burst || try > 0 || x.Answer.Kind() != answer.Throttled {
			return x
		}
		wait, ok := RetryAfter(x.Header, c.o.Clock.Now())
		if !ok {
			wait = time.Second
		}
		if wait > maxWait {
			return x
		}
		// Everybody waits, not only this request: the others would be refused just the same.
		c.mu.Lock()
		if until := c.o.Clock.Now().Add(wait); until.After(c.paused) {
			c.paused = until
		}
		c.mu.Unlock()
	}
}

// RetryAfter reads how long to wait, in seconds or as a date.
func RetryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0, false
	}
	if n, err := strconv.Atoi(v); err == nil {
		return time.Duration(max(n, 0)) * time.Second, n >= 0 && n < 1<<31
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(t.Sub(now), 0), true
	}
	return 0, false
}

func (c *Client) once(ctx context.Context, r Request) *answer.Answer {
	u, leave, err := c.enter(ctx, r)
	if err != nil {
		return lost(err)
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, c.o.Budget.Patience)
	defer cancel()
	begin := c.o.Clock.Now()
	var a *answer.Answer
	if r.Target != "" || r.Lines != nil || r.OldProto {
		a = c.raw(ctx, r, u)
	} else {
		a = c.send(ctx, r, u)
	}
	a.Took = c.o.Clock.Now().Sub(begin)
	c.note(a, r.Burst)
	return a
}

// enter says whether a request may be sent, and waits for its turn. The caller leaves when it is done.
func (c *Client) enter(ctx context.Context, r Request) (u *url.URL, leave func(), err error) {
	if u, err = url.Parse(r.URL); err != nil {
		return nil, nil, fmt.Errorf("the address %q cannot be read: %w", r.URL, err)
	}
	if !c.InScope(u) {
		return nil, nil, fmt.Errorf("%w: %s. Name it with --scope if it is yours", ErrScope, u.Host)
	}
	addrs, err := c.resolve(ctx, u.Hostname())
	if err != nil {
		return nil, nil, err
	}
	if r.As != nil {
		if err := c.mayTell(u, addrs); err != nil {
			return nil, nil, err
		}
	}
	if err := c.take(ctx, r.Burst); err != nil {
		return nil, nil, err
	}
	select {
	case c.slots <- struct{}{}:
		return u, func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

func lost(err error) *answer.Answer { return &answer.Answer{Err: err, Header: http.Header{}} }

// mayTell keeps credentials from strangers: they go to the target's own origin only, and over a line that others can
// read only within this machine or a private network.
func (c *Client) mayTell(u *url.URL, addrs []netip.Addr) error {
	if Origin(u) != c.origin {
		return fmt.Errorf("%w: credentials are for %s only, not for %s", ErrScope, c.origin, Origin(u))
	}
	if u.Scheme == "http" && !slices.ContainsFunc(addrs, func(a netip.Addr) bool { return a.Unmap().IsLoopback() || a.Unmap().IsPrivate() }) {
		return fmt.Errorf("%w: credentials are not sent to a public host over plain http. Use https", ErrScope)
	}
	return nil
}

// resolve looks a name up once and keeps the answer for the whole scan, so a name that changes its mind halfway cannot
// lead the scanner elsewhere.
func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	c.mu.Lock()
	addrs, ok := c.pinned[host]
	c.mu.Unlock()
	if ok {
		return addrs, nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	} else {
		addrs, err = c.o.Resolve(ctx, host)
		if err != nil {
			return nil, fmt.Errorf("looking up %s: %w", host, err)
		}
		if len(addrs) == 0 {
			return nil, fmt.Errorf("looking up %s: it has no address", host)
		}
	}
	if c.o.Permit != nil {
		if err := c.o.Permit(ctx, host, addrs); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pinned[host] = addrs
	return addrs, nil
}
