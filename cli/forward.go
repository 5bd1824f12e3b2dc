package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"palisade.dev/config"
	"palisade.dev/forwardauth"
	"palisade.dev/guard"
	"palisade.dev/guard/prefix"
)

// forwardAuth answers other proxies until the context ends; it gives the address it listens on, nil where it is not
// asked for.
func (s *session) forwardAuth(ctx context.Context, c *config.Config, guards *guards) (net.Addr, error) {
	f := c.Gateway.Forward
	if f == nil {
		return nil, nil
	}
	conf := forwardauth.Config{Log: s.log, Now: s.Now, Guard: byHost(c.Sites, guards)}
	names := []string(f.Proxies)
	if len(names) == 0 {
		names = []string{"127.0.0.0/8", "::1"}
	}
	for _, name := range names {
		p, err := prefix.ParsePrefix(name)
		if err != nil {
			return nil, misuse{fmt.Errorf("gateway.forward_auth.proxies: %w", err)}
		}
		conf.Proxies = append(conf.Proxies, p)
	}
	socket, err := net.Listen("tcp", f.Address)
	if err != nil {
		return nil, fmt.Errorf("forward-auth cannot listen on %s: %w", f.Address, err)
	}
	server := &http.Server{Handler: forwardauth.New(conf), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	go func() { _ = server.Serve(socket) }()
	context.AfterFunc(ctx, func() {
		closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(closing) != nil {
			_ = server.Close()
		}
	})
	return socket.Addr(), nil
}

// byHost finds the guard of a host name, as the gateway finds its site: the name, then the longest pattern, then any.
func byHost(sites []config.Site, guards *guards) func(string) *guard.Guard {
	exact := map[string]*guard.Guard{}
	var anyHost *guard.Guard
	type pattern struct {
		suffix string
		guard  *guard.Guard
	}
	var patterns []pattern
	for _, site := range sites {
		g := guards.have[site.Name]
		for _, h := range site.Hosts {
			switch h = strings.ToLower(h); {
			case h == "*":
				anyHost = g
			case strings.HasPrefix(h, "*."):
				patterns = append(patterns, pattern{h[1:], g})
			default:
				exact[h] = g
			}
		}
	}
	return func(host string) *guard.Guard {
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		if g := exact[host]; g != nil {
			return g
		}
		best, length := anyHost, 0
		for _, p := range patterns {
			if strings.HasSuffix(host, p.suffix) && len(p.suffix) > length {
				best, length = p.guard, len(p.suffix)
			}
		}
		return best
	}
}
