package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"palisade.dev/config"
	"palisade.dev/gateway"
	"palisade.dev/guard"
	"palisade.dev/guard/link"
	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
)

type gatewayCmd struct {
	Config   string `help:"Configuration file with back.url and each site's site_key." short:"c" env:"PALISADE_CONFIG" placeholder:"FILE"`
	Back     string `help:"Address of the back end." env:"PALISADE_BACK" placeholder:"URL"`
	SiteKey  string `help:"Key of the site." env:"PALISADE_SITE_KEY" placeholder:"KEY"`
	Upstream string `help:"The app to protect." env:"UPSTREAM" placeholder:"URL"`
	Listen   string `help:"Where to listen." env:"LISTEN" placeholder:"ADDRESS"`
}

func (c *gatewayCmd) Run(s *session) error {
	conf, err := s.config(c.Config)
	if err != nil {
		return err
	}
	if c.Back != "" {
		conf.Back.URL = c.Back
	}
	if conf.Back.URL == "" {
		return misuse{errors.New("where is the back end? Say --back https://palisade.internal:9090, or back.url in the configuration")}
	}
	if c.Listen != "" {
		conf.Gateway.Listen = []config.Listen{{Address: c.Listen}}
	}
	if len(conf.Gateway.Listen) == 0 && conf.Gateway.Forward == nil {
		conf.Gateway.Listen = []config.Listen{{Address: config.DefaultListen}}
	}
	if c.Upstream != "" {
		conf.Sites = []config.Site{{Name: "app", Hosts: wire.Words{"*"}, Upstreams: wire.Words{c.Upstream}, SiteKey: c.SiteKey}}
	}
	if len(conf.Sites) == 0 {
		return misuse{errors.New("which app? Say --upstream http://127.0.0.1:4000, or give a configuration")}
	}
	client := &http.Client{}
	if conf.Back.CA != "" {
		pool := x509.NewCertPool()
		pem, err := os.ReadFile(conf.Back.CA)
		if err != nil {
			return misuse{err}
		}
		if !pool.AppendCertsFromPEM(pem) {
			return misuse{fmt.Errorf("%s holds no certificate in PEM", conf.Back.CA)}
		}
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.TLSClientConfig.RootCAs = pool
		client.Transport = t
	}
	ctx, stop := signal.NotifyContext(s.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	bundled, err := bundledLists()
	if err != nil {
		return err
	}
	guards := newGuards(ctx, s, func(site config.Site, g *guard.Guard) (*link.Link, error) {
		return g.Connect(guard.Back{
			URL: conf.Back.URL, SiteKey: site.SiteKey, Name: guardName(conf), Kind: "gateway", Version: Version,
			Dir: guardDir(conf.Data, site.Name), Lists: bundled, Client: client,
		})
	})
	return s.gateway(ctx, conf, guards, func() (*config.Config, error) { return s.config(c.Config) }, func(*config.Config) error { return nil }, func(addr net.Addr) {
		fmt.Fprintf(s.Err, "The gateway listens on http://%s for the back end at %s.\n", addr, conf.Back.URL)
	}, nil)
}

// gateway runs the proxy; a hang-up signal makes it read the configuration again.
func (s *session) gateway(ctx context.Context, conf *config.Config, guards *guards, reread func() (*config.Config, error), declare func(*config.Config) error, ready func(net.Addr), failed chan error) error {
	defer guards.stop()
	gc, err := gatewayConfig(conf, guards, s)
	if err != nil {
		return err
	}
	guards.settle(ctx, 5*time.Second)
	g, err := gateway.New(gc)
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- g.Run(run) }()
	front, stop, err := s.forwardAuth(run, conf, guards)
	if err != nil {
		cancel()
		return errors.Join(err, <-done)
	}
	defer stop() // before the guards, which are yet to send its last events
	if len(conf.Gateway.Listen) > 0 {
		front = g.Addr(conf.Gateway.Listen[0].Address)
	}
	ready(front)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case err := <-done:
			return err
		case err := <-failed:
			cancel()
			return errors.Join(err, <-done)
		case <-hup:
			if err := s.reload(g, guards, reread, declare); err != nil {
				s.log.Error("the configuration was not reloaded; what was in force stays", "err", err)
			} else {
				s.log.Info("the configuration is reloaded")
			}
		}
	}
}

func (s *session) reload(g *gateway.Gateway, guards *guards, reread func() (*config.Config, error), declare func(*config.Config) error) error {
	next, err := reread()
	if err != nil {
		return err
	}
	if len(next.Sites) == 0 {
		return errors.New("there is no configuration file to read again")
	}
	if err := declare(next); err != nil {
		return err
	}
	gc, err := gatewayConfig(next, guards, s)
	if err != nil {
		return err
	}
	return g.Reload(gc)
}

func gatewayConfig(c *config.Config, guards *guards, s *session) (gateway.Config, error) {
	out := gateway.Config{Log: s.log, Now: s.Now, Limits: gateway.Limits{
		Header: int(c.Gateway.Limits.Header), HeaderTimeout: c.Gateway.Limits.HeaderTimeout.Std(), IdleTimeout: c.Gateway.Limits.IdleTimeout.Std(),
		BodyTimeout: c.Gateway.Limits.BodyTimeout.Std(), DrainTimeout: c.Gateway.Limits.DrainTimeout.Std(),
		Connections: c.Gateway.Limits.Connections, PerSource: c.Gateway.Limits.ConnectionsPer,
	}}
	for _, l := range c.Gateway.Listen {
		o := gateway.Listener{Address: l.Address}
		for _, p := range l.ProxyProtocol {
			pre, err := prefix.ParsePrefix(p)
			if err != nil {
				return out, misuse{fmt.Errorf("listen on %s: proxy_protocol: %w", l.Address, err)}
			}
			o.Proxies = append(o.Proxies, pre)
		}
		if len(l.Certificates) > 0 || l.ACME != nil {
			o.TLS = &gateway.TLS{ClientCA: l.ClientCA, RequireClient: l.RequireClient}
			for _, k := range l.Certificates {
				o.TLS.Files = append(o.TLS.Files, gateway.CertificateFiles{Certificate: k.Certificate, Key: k.Key})
			}
			if l.ACME != nil {
				o.TLS.ACME = &gateway.ACME{Email: l.ACME.Email, Directory: l.ACME.Directory, CA: l.ACME.CA, Folder: filepath.Join(c.Data, "acme")}
			}
		}
		out.Listen = append(out.Listen, o)
	}
	for _, site := range c.Sites {
		g, err := guards.of(site)
		if err != nil {
			return out, err
		}
		if len(site.Upstreams) == 0 && c.Gateway.Forward != nil {
			continue // only asked about, by a proxy in front of the app
		}
		o := gateway.Site{
			Name: site.Name, Hosts: site.Hosts, Upstreams: site.Upstreams, Guard: g,
			MaxBody: int64(site.MaxBody), Timeout: site.Timeout.Std(), Health: site.Health,
		}
		if site.Honeypot != nil {
			o.Honeypot = &gateway.Honeypot{Path: site.Honeypot.Path, Inject: site.Honeypot.Inject}
		}
		out.Sites = append(out.Sites, o)
	}
	return out, nil
}
