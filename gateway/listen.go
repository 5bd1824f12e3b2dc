package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"

	"palisade.dev/guard/identity"
	"palisade.dev/guard/prefix"
)

// listening is one open socket with its server.
type listening struct {
	listener Listener
	socket   net.Listener
	server   *http.Server
	certs    atomic.Pointer[certificates]
	done     sync.WaitGroup
}

// samePort reports whether a new configuration can go on with the socket: certificates may change, what wraps the
// connection may not.
func (l *listening) samePort(o Listener) bool {
	return (l.listener.TLS == nil) == (o.TLS == nil) && slices.Equal(l.listener.Proxies, o.Proxies)
}

func (g *Gateway) open(l Listener) (*listening, error) {
	socket, err := net.Listen("tcp", l.Address)
	if err != nil {
		if have := g.listening[l.Address]; have == nil {
			return nil, fmt.Errorf("listening on %s: %w; is another program there?", l.Address, err)
		}
		return nil, fmt.Errorf("listening on %s in another way needs a restart: %w", l.Address, err)
	}
	o := &listening{listener: l, socket: socket}
	o.server = &http.Server{
		Handler:           g,
		ReadHeaderTimeout: g.limits.HeaderTimeout,
		IdleTimeout:       g.limits.IdleTimeout,
		MaxHeaderBytes:    g.limits.Header,
		ConnContext:       connContext,
		ErrorLog:          slog.NewLogLogger(g.log.Handler(), slog.LevelDebug), // what strangers do wrong is no news
		Protocols:         new(http.Protocols),
	}
	o.server.Protocols.SetHTTP1(true)
	o.server.Protocols.SetHTTP2(l.TLS != nil)
	return o, nil
}

// peerKey and helloKey hold, in a connection's context, what its first bytes said.
type (
	peerKey  struct{}
	helloKey struct{}
)

// hello is filled by the TLS handshake, which is over before the first request.
type hello struct{ ja4 string }

func connContext(ctx context.Context, c net.Conn) context.Context {
	h := &hello{}
	if t, ok := c.(*tls.Conn); ok {
		if n, ok := t.NetConn().(*counted); ok {
			n.hello = h
		}
		c = t.NetConn()
	}
	ctx = context.WithValue(ctx, helloKey{}, h)
	if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil {
		ctx = context.WithValue(ctx, peerKey{}, identity.Clean(a.Addr()))
	}
	return ctx
}

func (l *listening) serve(g *Gateway) {
	socket := l.socket
	if len(l.listener.Proxies) > 0 {
		socket = &proxyproto.Listener{
			Listener:          socket,
			ReadHeaderTimeout: g.limits.HeaderTimeout,
			ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
				a, err := netip.ParseAddrPort(o.Upstream.String())
				if err != nil {
					return proxyproto.REJECT, nil
				}
				peer := identity.Clean(a.Addr())
				for _, p := range l.listener.Proxies {
					if p.Contains(peer) {
						return proxyproto.REQUIRE, nil
					}
				}
				return proxyproto.REJECT, nil
			},
		}
	}
	socket = &counting{socket, &g.sources}
	if l.listener.TLS != nil {
		socket = tls.NewListener(socket, l.tls())
	}
	l.done.Go(func() {
		if err := l.server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			select {
			case g.failed <- fmt.Errorf("serving on %s: %w", l.listener.Address, err):
			default:
			}
		}
	})
}

func (l *listening) close() { _ = l.socket.Close() }

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

// sources bounds connections, in all and from one source.
type sources struct {
	mu        sync.Mutex
	all, each int
	open      int
	from      map[netip.Prefix]int
	refused   atomic.Uint64
}

func (s *sources) limit(all, each int) {
	s.all, s.each, s.from = all, each, map[netip.Prefix]int{}
}

func (s *sources) enter(p netip.Prefix) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.all || s.from[p] >= s.each {
		s.refused.Add(1)
		return false
	}
	s.open++
	s.from[p]++
	return true
}

func (s *sources) leave(p netip.Prefix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.from[p]--; s.from[p] <= 0 {
		delete(s.from, p)
	}
}

// counting closes connections beyond the bounds before a byte of them is read. Peers behind a load balancer share its
// address here; the PROXY protocol's is not read yet, so a trusted one is only bound by the total.
type counting struct {
	net.Listener
	s *sources
}

func (l *counting) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		var source netip.Prefix
		if _, proxied := c.(*proxyproto.Conn); !proxied {
			if a, err := netip.ParseAddrPort(c.RemoteAddr().String()); err == nil && !a.Addr().IsLoopback() {
				source = prefix.Group(a.Addr())
			}
		}
		if source.IsValid() && !l.s.enter(source) {
			_ = c.Close()
			continue
		}
		return &counted{Conn: c, s: l.s, source: source}, nil
	}
}

type counted struct {
	net.Conn
	s      *sources
	source netip.Prefix
	once   sync.Once
	hello  *hello
}

func (c *counted) Close() error {
	if c.source.IsValid() {
		c.once.Do(func() { c.s.leave(c.source) })
	}
	return c.Conn.Close()
}
