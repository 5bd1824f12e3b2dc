package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"palisade.dev/config"
	"palisade.dev/forwardauth"
	"palisade.dev/guard"
	"palisade.dev/guard/prefix"
)

// forwardAuth answers other proxies until it is stopped; it gives the address it listens on, nil where it is not asked
// for.
func (s *session) forwardAuth(ctx context.Context, c *config.Config, guards *guards) (at net.Addr, stop func(), err error) {
	f := c.Gateway.Forward
	if f == nil {
		return nil, func() {}, nil
	}
	conf := forwardauth.Config{Log: s.log, Now: s.Now, Guard: byHost(c.Sites, guards)}
	names := []string(f.Proxies)
	if len(names) == 0 {
		names = []string{"127.0.0.0/8", "::1"}
	}
	for _, name := range names {
		p, err := prefix.ParsePrefix(name)
		if err != nil {
			return nil, nil, misuse{fmt.Errorf("gateway.forward_auth.proxies: %w", err)}
		}
		conf.Proxies = append(conf.Proxies, p)
	}
	socket, err := net.Listen("tcp", f.Address)
	if err != nil {
		return nil, nil, fmt.Errorf("forward-auth cannot listen on %s: %w", f.Address, err)
	}
	endpoint := forwardauth.New(conf)
	server := &http.Server{Handler: endpoint, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(socket) })
	run, end := context.WithCancel(context.WithoutCancel(ctx))
	wg.Go(func() { endpoint.Run(run) })
	return socket.Addr(), func() {
		closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(closing) != nil {
			_ = server.Close()
		}
		end() // after the last request, so that none is left waiting for its app's word
		wg.Wait()
	}, nil
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
