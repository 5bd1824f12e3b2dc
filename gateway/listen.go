package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"

	"palisade.dev/guard/identity"
)

// listening is one open socket with its server. How its connections are spoken to is looked up at each accept, so that
// a Reload may change all but the address.
type listening struct {
	socket  net.Listener
	server  *http.Server
	conf    atomic.Pointer[Listener]
	certs   atomic.Pointer[certificates]
	secure  *tls.Config
	limits  Limits
	sources *sources
	cut     context.CancelFunc // ends upgraded connections, which the server no longer knows
	done    sync.WaitGroup
}

func (g *Gateway) open(l Listener) (*listening, error) {
	socket, err := net.Listen("tcp", l.Address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; is another program there?", l.Address, err)
	}
	o := &listening{socket: socket, limits: g.limits, sources: &g.sources}
	o.conf.Store(&l)
	o.secure = o.tls()
	base, cut := context.WithCancel(context.Background())
	o.cut = cut
	o.server = &http.Server{
		Handler:           g,
		ReadHeaderTimeout: g.limits.HeaderTimeout,
		IdleTimeout:       g.limits.IdleTimeout,
		MaxHeaderBytes:    g.limits.Header,
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext:       connContext,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelDebug), // what strangers do wrong is no news
		Protocols:         new(http.Protocols),
	}
	o.server.Protocols.SetHTTP1(true)
	o.server.Protocols.SetHTTP2(true) // where TLS agrees on it; never in the clear
	return o, nil
}

func (l *listening) serve(g *Gateway) {
	l.done.Go(func() {
		if err := l.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			select {
			case g.failed <- fmt.Errorf("serving on %s: %w", l.socket.Addr(), err):
			default:
			}
		}
	})
}

// Addr and Close make listening the net.Listener of its server.
func (l *listening) Addr() net.Addr { return l.socket.Addr() }

// Close stops accepting.
func (l *listening) Close() error { return l.socket.Close() }

// Accept closes connections beyond the bounds before a byte of them is read, and never reads one itself: a peer that
// is slow to say who it is must not keep the others waiting.
func (l *listening) Accept() (net.Conn, error) {
	for {
		c, err := l.socket.Accept()
		if err != nil {
			return nil, err
		}
		conf := l.conf.Load()
		in := &inbound{Conn: c, sources: l.sources, patience: l.limits.WriteTimeout}
		peer := addressOf(c)
		in.proxied = contains(conf.Proxies, peer)
		if in.counted = l.sources.enter(); in.counted && !in.proxied {
			in.known.Do(func() { in.is(peer) })
		}
		if !in.counted || in.over {
			_ = in.Close()
			continue
		}
		if in.proxied {
			in.Conn = proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.REQUIRE), proxyproto.SetReadHeaderTimeout(l.limits.HeaderTimeout))
		}
		if conf.TLS != nil {
			return tls.Server(in, l.secure), nil
		}
		return in, nil
	}
}

func contains(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func addressOf(c net.Conn) netip.Addr {
	if t, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return identity.Clean(t.AddrPort().Addr())
	}
	return netip.Addr{}
}

// drain stops accepting at once and lets what is under way end, without anybody waiting for it.
func (l *listening) drain(limit time.Duration) { go l.shutdown(limit) }

func (l *listening) shutdown(limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		_ = l.server.Close()
	}
	_ = l.socket.Close()
	l.done.Wait()
}

// inbound is one connection of a client. It knows who is at the other end, and gives up on who takes no bytes.
type inbound struct {
	net.Conn
	sources  *sources
	patience time.Duration
	renewed  atomic.Int64 // unix nanoseconds of the last write deadline
	ja4      string       // of the TLS handshake, which is over before the first request

	proxied bool
	known   sync.Once
	peer    netip.Addr
	source  netip.Prefix
	over    bool
	counted bool
	closed  sync.Once
}

type inboundKey struct{}

func connContext(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	in, _ := c.(*inbound)
	return context.WithValue(ctx, inboundKey{}, in)
}

// from is the address at the other end: the socket's, or what a trusted proxy said first. It has been read by the time
// that a request has. ok is false for one connection too many from one source.
func (c *inbound) from() (peer netip.Addr, ok bool) {
	c.known.Do(func() { c.is(addressOf(c.Conn)) })
	return c.peer, !c.over
}

func (c *inbound) is(peer netip.Addr) {
	c.peer = peer
	// A load balancer and the machine itself bring many clients over few addresses.
	if peer.IsValid() && (c.proxied || !peer.IsLoopback() && !peer.IsPrivate()) {
		if source := group(peer); c.sources.enterFrom(source) {
			c.source = source
		} else {
			c.over = true
		}
	}
}

// Write gives each write its own time. The deadline is moved at most once in a quarter of it, and nothing but a write
// looks at it, so that a stream may be silent for as long as it likes.
func (c *inbound) Write(b []byte) (int, error) {
	now := time.Now()
	if last := c.renewed.Load(); now.UnixNano()-last > int64(c.patience/4) && c.renewed.CompareAndSwap(last, now.UnixNano()) {
		_ = c.Conn.SetWriteDeadline(now.Add(c.patience))
	}
	return c.Conn.Write(b)
}

// SetWriteDeadline is how net/http and TLS bound what they write by the way; theirs holds until they take it back.
func (c *inbound) SetWriteDeadline(t time.Time) error {
	c.yield(t)
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is SetWriteDeadline for both directions.
func (c *inbound) SetDeadline(t time.Time) error {
	c.yield(t)
	return c.Conn.SetDeadline(t)
}

func (c *inbound) yield(t time.Time) {
	if t.IsZero() {
		c.renewed.Store(0)
	} else {
		c.renewed.Store(math.MaxInt64)
	}
}

// Close gives the places back that the connection held.
func (c *inbound) Close() error {
	c.closed.Do(func() {
		if c.counted {
			c.sources.leave()
		}
		// A header that comes while the connection closes must not take a place for ever.
		c.known.Do(func() {})
		if c.source.IsValid() {
			c.sources.leaveFrom(c.source)
		}
	})
	return c.Conn.Close()
}
