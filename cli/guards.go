package cli

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"palisade.dev/config"
	"palisade.dev/guard"
	"palisade.dev/guard/link"
)

// guards are the gateway's, one for each site; they stay through reloads.
type guards struct {
	ctx   context.Context
	s     *session
	have  map[string]*guard.Guard
	wg    sync.WaitGroup
	tie   func(config.Site, *guard.Guard) (*link.Link, error)
	close context.CancelFunc
}

func newGuards(ctx context.Context, s *session, tie func(config.Site, *guard.Guard) (*link.Link, error)) *guards {
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	return &guards{ctx: inner, s: s, have: map[string]*guard.Guard{}, tie: tie, close: cancel}
}

func (g *guards) of(c config.Site) (*guard.Guard, error) {
	if have := g.have[c.Name]; have != nil {
		return have, nil
	}
	made := guard.New(guard.Options{Now: g.s.Now, Log: g.s.log.With("site", c.Name)})
	l, err := g.tie(c, made)
	if err != nil {
		return nil, fmt.Errorf("site %s: %w", c.Name, err)
	}
	g.wg.Go(func() { l.Run(g.ctx) })
	g.have[c.Name] = made
	return made, nil
}

// stop ends the links after they have sent what they have.
func (g *guards) stop() {
	g.close()
	g.wg.Wait()
}

// settle waits until the guards have their policies, so that the first request is decided on.
func (g *guards) settle(ctx context.Context, limit time.Duration) {
	end := time.Now().Add(limit)
	for _, one := range g.have {
		for one.Revision() == 0 && time.Now().Before(end) && ctx.Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// guardName tells gateways apart: by host, and by what they listen on where one host has several.
func guardName(c *config.Config) string {
	host, _ := os.Hostname()
	at, kind := "", "gateway"
	if len(c.Gateway.Listen) > 0 {
		at = c.Gateway.Listen[0].Address
	} else if c.Gateway.Forward != nil {
		at, kind = c.Gateway.Forward.Address, "forward-auth"
	}
	_, port, _ := net.SplitHostPort(at)
	return kind + "@" + host + ":" + port
}

func guardDir(data, site string) string { return filepath.Join(data, "guard", site) }
