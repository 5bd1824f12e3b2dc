package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"palisade.dev/backend"
	"palisade.dev/config"
	"palisade.dev/gateway"
	"palisade.dev/guard"
	"palisade.dev/guard/link"
	"palisade.dev/guard/prefix"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func address(server string) string {
	if u, err := url.Parse(server); err == nil {
		return u.Host
	}
	return server
}

type runCmd struct {
	Config   string `help:"Configuration file." short:"c" env:"PALISADE_CONFIG" placeholder:"FILE"`
	Upstream string `help:"The app to protect; the demo shop without it and without a configuration." env:"UPSTREAM" placeholder:"URL"`
	Listen   string `help:"Where the gateway listens." env:"LISTEN" placeholder:"ADDRESS"`
	Console  string `help:"Where the back end listens." env:"CONSOLE" placeholder:"ADDRESS"`
	Name     string `help:"Name of the site, where there is no configuration." default:"app"`
}

func (c *runCmd) Run(s *session) error {
	conf, err := s.config(c.Config)
	if err != nil {
		return err
	}
	if c.Console != "" {
		conf.Console = c.Console
	}
	if c.Listen != "" {
		conf.Gateway.Listen = []config.Listen{{Address: c.Listen}}
	}
	if len(conf.Gateway.Listen) == 0 && conf.Gateway.Forward == nil {
		conf.Gateway.Listen = []config.Listen{{Address: config.DefaultListen}}
	}
	ctx, stop := signal.NotifyContext(s.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	demo := ""
	if len(conf.Sites) == 0 || c.Upstream != "" {
		if c.Upstream == "" {
			shop, err := startShop(ctx, s)
			if err != nil {
				return err
			}
			c.Upstream, demo = shop.url, shop.url
			if c.Name == "app" {
				c.Name = "demo-shop"
			}
		}
		conf.Sites = []config.Site{{
			Name: c.Name, Hosts: wire.Words{"*"}, Upstreams: wire.Words{c.Upstream},
			Honeypot: &config.Honeypot{Path: "/contact-form"},
		}}
		if demo != "" {
			conf.Sites[0].Honeypot.Inject = true
			// So that the demo attack can come from many addresses of this machine's own making.
			conf.Sites[0].Identity.Proxies, conf.Sites[0].Identity.Header = []string{"loopback"}, "X-Forwarded-For"
		}
	}
	return s.serveAll(ctx, conf, func() (*config.Config, error) { return s.config(c.Config) }, true, func(addr net.Addr) { s.welcome(conf, addr, demo) })
}

// config reads the configuration and lets the data flag win over its default.
func (s *session) config(path string) (*config.Config, error) {
	conf, err := config.Load(path, s.Env, checkSites)
	if err != nil {
		return nil, err
	}
	if conf.Data == config.DefaultData {
		conf.Data = s.Data
	}
	return conf, nil
}

type serveCmd struct {
	Config  string `help:"Configuration file." short:"c" env:"PALISADE_CONFIG" placeholder:"FILE"`
	Console string `help:"Where it listens." env:"CONSOLE" placeholder:"ADDRESS"`
}

func (c *serveCmd) Run(s *session) error {
	conf, err := s.config(c.Config)
	if err != nil {
		return err
	}
	if c.Console != "" {
		conf.Console = c.Console
	}
	ctx, stop := signal.NotifyContext(s.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	return s.serveAll(ctx, conf, func() (*config.Config, error) { return s.config(c.Config) }, false, func(net.Addr) {
		fmt.Fprintf(s.Err, "The back end listens on http://%s. Make a site with: palisade site add NAME\n", conf.Console)
	})
}

// serveAll runs the back end and, if asked for, the gateway over it, until the context ends.
func (s *session) serveAll(ctx context.Context, conf *config.Config, reread func() (*config.Config, error), withGateway bool, ready func(net.Addr)) error {
	db, err := openStore(ctx, conf)
	if err != nil {
		return err
	}
	defer db.Close()
	b, err := backend.Open(ctx, backend.Options{
		DB: db, Dir: conf.Data, Networks: conf.Networks, Retention: conf.Retention.Std(), Version: Version, Now: s.Now, Log: s.log,
	})
	if err != nil {
		return err
	}
	socket, err := net.Listen("tcp", conf.Console)
	if err != nil {
		return fmt.Errorf("the back end cannot listen on %s: %w; is palisade running already?", conf.Console, err)
	}
	server := &http.Server{Handler: b.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	inner, end := context.WithCancel(context.WithoutCancel(ctx)) // the back end outlives the gateway, whose last events it takes
	defer end()
	server.BaseContext = func(net.Listener) context.Context { return inner }
	var wg sync.WaitGroup
	failed := make(chan error, 1)
	wg.Go(func() {
		if err := server.Serve(socket); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	wg.Go(func() { b.Run(inner) })
	err = s.front(ctx, conf, reread, b, withGateway, ready, failed)
	end()
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(closing) != nil {
		_ = server.Close()
	}
	wg.Wait()
	return errors.Join(err, b.Close(closing))
}

// front declares the file's sites and stands in front of them.
func (s *session) front(ctx context.Context, conf *config.Config, reread func() (*config.Config, error), b *backend.Backend, withGateway bool, ready func(net.Addr), failed chan error) error {
	sites := map[string]store.Site{}
	for _, c := range conf.Sites {
		made, err := b.Sites.Declare(ctx, c)
		if err != nil {
			return fmt.Errorf("site %s: %w", c.Name, err)
		}
		sites[c.Name] = made
	}
	if !withGateway {
		ready(nil)
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		}
	}
	guards := newGuards(ctx, s, func(c config.Site, g *guard.Guard) (*link.Link, error) {
		made, ok := sites[c.Name]
		if !ok {
			var err error
			if made, err = b.Sites.Declare(ctx, c); err != nil {
				return nil, err
			}
			sites[c.Name] = made
		}
		key := wire.SiteKey{Public: b.Feed.Public()}
		return g.Join(guard.Back{Name: guardName(conf), Kind: "gateway", Version: Version, Dir: guardDir(conf.Data, c.Name), Lists: b.Networks.AtHand()}, b.Local(made), key)
	})
	declare := func(next *config.Config) error {
		for _, c := range next.Sites {
			made, err := b.Sites.Declare(ctx, c)
			if err != nil {
				return fmt.Errorf("site %s: %w", c.Name, err)
			}
			sites[c.Name] = made
		}
		return nil
	}
	return s.gateway(ctx, conf, guards, reread, declare, ready, failed)
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
	front, err := s.forwardAuth(run, conf, guards)
	if err != nil {
		cancel()
		return errors.Join(err, <-done)
	}
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
