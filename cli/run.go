package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"palisade.dev/backend"
	"palisade.dev/backend/access"
	"palisade.dev/backend/arrival"
	"palisade.dev/backend/people"
	"palisade.dev/config"
	"palisade.dev/console"
	"palisade.dev/guard"
	"palisade.dev/guard/link"
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
	return s.serveAll(ctx, conf, func() (*config.Config, error) { return s.config(c.Config) }, true, func(addr net.Addr, way wayIn) { s.welcome(conf, addr, demo, way) })
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
	s.file = path
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
	return s.serveAll(ctx, conf, func() (*config.Config, error) { return s.config(c.Config) }, false, func(_ net.Addr, way wayIn) {
		fmt.Fprintf(s.Err, "The back end listens on http://%s. Make a site with: palisade site add NAME\n", conf.Console)
		if way.setup != "" {
			fmt.Fprintf(s.Err, "Make your account (this link works once): %s\n", way.setup)
		} else {
			fmt.Fprintf(s.Err, "Its console: %s\n", way.console)
		}
	})
}

// serveAll runs the back end and, if asked for, the gateway over it, until the context ends.
func (s *session) serveAll(ctx context.Context, conf *config.Config, reread func() (*config.Config, error), withGateway bool, ready func(net.Addr, wayIn)) error {
	db, err := openStore(ctx, conf)
	if err != nil {
		return err
	}
	defer db.Close()
	mail, err := s.mailServer()
	if err != nil {
		return err
	}
	private, _ := s.Env("PALISADE_ALERT_PRIVATE")
	b, err := backend.Open(ctx, backend.Options{
		Mail: mail, Console: s.public(), Providers: providers(conf), Private: private == "1",
		DB: db, Dir: conf.Data, Networks: conf.Networks, Retention: conf.Retention.Std(), Version: Version, Now: s.Now, Log: s.log,
	})
	if err != nil {
		return err
	}
	b.Watch.Scanners = s.scanners(b)
	socket, err := net.Listen("tcp", conf.Console)
	if err != nil {
		return fmt.Errorf("the back end cannot listen on %s: %w; is palisade running already?", conf.Console, err)
	}
	front, err := arrival.Behind(conf.ConsoleProxies, conf.ConsoleHeader)
	if err != nil {
		return fmt.Errorf("console_proxies: %w", err)
	}
	if strings.HasPrefix(s.public(), "https:") && len(conf.ConsoleProxies) == 0 {
		s.log.Warn("PALISADE_URL says that the console is opened over TLS, which a proxy in front must speak: name it with console_proxies, or all people seem to come from its address, and cookies are not kept to TLS")
	}
	server := &http.Server{Handler: front.Handler(s.answer(b, conf)), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
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
	way, err := s.wayIn(ctx, b, conf)
	if err == nil {
		err = s.front(ctx, conf, reread, b, withGateway, func(a net.Addr) { ready(a, way) }, failed)
	}
	end()
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if server.Shutdown(closing) != nil {
		_ = server.Close()
	}
	wg.Wait()
	return errors.Join(err, b.Close(closing))
}

// wayIn is how people come into the console.
type wayIn struct {
	console string // its address
	setup   string // the link that makes the first owner; "" where there is one
}

func (s *session) wayIn(ctx context.Context, b *backend.Backend, conf *config.Config) (wayIn, error) {
	w := wayIn{console: s.public()}
	if w.console == "" {
		host, port, err := net.SplitHostPort(conf.Console)
		if err != nil {
			return w, err
		}
		if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || host == "" {
			host = "localhost" // browsers make passkeys for names only
		}
		w.console = "http://" + net.JoinHostPort(host, port)
	}
	code, err := b.People.SetupCode(ctx)
	if code != "" {
		w.setup = w.console + "/join/" + code
	}
	return w, err
}

// public is where people open the console, as they know it; "" if that was not said.
func (s *session) public() string {
	url, _ := s.Env("PALISADE_URL")
	return strings.TrimSuffix(url, "/")
}

// providers are the configuration's, as the back end knows them.
func providers(conf *config.Config) []people.Provider {
	var all []people.Provider
	for _, p := range conf.SignIn.Providers {
		all = append(all, people.Provider{
			Name: p.Name, Title: p.Title, Issuer: p.Issuer, ClientID: p.ClientID, ClientSecret: p.ClientSecret,
			Domains: p.Domains, Emails: p.Emails, Newcomers: access.Role(p.Newcomers),
		})
	}
	return all
}

// answer is what the back end's address serves: guards and the API, and the console for everybody else.
func (s *session) answer(b *backend.Backend, conf *config.Config) http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/guard/", "/api/", "/healthz"} {
		mux.Handle(path, b.Handler())
	}
	mux.Handle("/", console.New(console.Parts{
		DB: b.DB, Events: b.Events, Search: b.Search, Bans: b.Bans, Levers: b.Levers, Feed: b.Feed, Clients: b.Clients, Alerts: b.Alerts, Appeals: b.Appeals, Sites: b.Sites, Rules: b.Rules, Desk: b.Desk, Traps: b.Traps, Retention: b.Retention, Rand: rand.Reader, Here: s.installation(b, conf), Entry: b.Entry, People: b.People, Findings: b.Findings, Detections: b.Detections, Watch: b.Watch, Owner: b.OwnerToken, Docs: checkDoc, Public: s.public(),
		Operator: b.Operator, Seen: b.Steered, Key: b.Secret("console"), ID: b.NewID, Now: s.Now, Log: s.log,
	}))
	return mux
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
