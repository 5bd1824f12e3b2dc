// Package config reads Palisade's one file: what the gateway stands on, which sites there are, and what is said of
// them. Every fault is reported at once, with its line.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"palisade.dev/guard/wire"
)

// Config is the whole file. Every field has a default that works.
type Config struct {
	Data     string `yaml:"data"`     // folder for the database, keys and kept policies
	Database string `yaml:"database"` // "postgres://…"; SQLite in the data folder unless given
	Console  string `yaml:"console"`  // where the back end listens for guards, the command line and the console

	ConsoleProxies wire.Words `yaml:"console_proxies"` // whose word is taken for who opens the console; nobody's unless given
	ConsoleHeader  string     `yaml:"console_header"`  // the one that they say it in, X-Forwarded-For unless given

	Gateway   Gateway  `yaml:"gateway"`
	Back      Back     `yaml:"back"`
	SignIn    SignIn   `yaml:"sign_in"`
	Sites     []Site   `yaml:"sites"`
	Networks  Networks `yaml:"networks"`
	Retention Duration `yaml:"retention"` // of events
}

// Gateway is where it stands and what protects it.
type Gateway struct {
	Listen  []Listen     `yaml:"listen"`
	Forward *ForwardAuth `yaml:"forward_auth"`
	Limits  Limits       `yaml:"limits"`
}

// ForwardAuth answers nginx, Traefik, Caddy and HAProxy about requests that they hold.
type ForwardAuth struct {
	Address string     `yaml:"address"`
	Proxies wire.Words `yaml:"proxies"` // who may ask, loopback unless given
}

// Listen is one address.
type Listen struct {
	Address       string     `yaml:"address"`
	Certificates  []KeyPair  `yaml:"certificates"`
	ACME          *ACME      `yaml:"acme"`
	ClientCA      string     `yaml:"client_ca"`
	RequireClient bool       `yaml:"require_client"`
	ProxyProtocol wire.Words `yaml:"proxy_protocol"` // peers that must send it
}

// KeyPair is a certificate chain and its key, in PEM files.
type KeyPair struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

// ACME obtains certificates.
type ACME struct {
	Email     string `yaml:"email"`
	Directory string `yaml:"directory"`
	CA        string `yaml:"ca"`
}

// Limits of the gateway itself; zero means the gateway's own default.
type Limits struct {
	Header         Size     `yaml:"header"`
	HeaderTimeout  Duration `yaml:"header_timeout"`
	IdleTimeout    Duration `yaml:"idle_timeout"`
	BodyTimeout    Duration `yaml:"body_timeout"`
	DrainTimeout   Duration `yaml:"drain_timeout"`
	Connections    int      `yaml:"connections"`
	ConnectionsPer int      `yaml:"connections_per_source"`
}

// Back is the back end of a gateway that runs apart from it.
type Back struct {
	URL string `yaml:"url"`
	CA  string `yaml:"ca"` // PEM file of a private authority
}

// SignIn is how people come into the console beside passwords and passkeys.
type SignIn struct {
	Providers []Provider `yaml:"providers"`
}

// Provider is an OpenID Connect identity provider. Its answers come to /sso/NAME/back of the console, which has to be
// registered there.
type Provider struct {
	Name         string     `yaml:"name"`  // of the address: google
	Title        string     `yaml:"title"` // as the page shows it; the name unless given
	Issuer       string     `yaml:"issuer"`
	ClientID     string     `yaml:"client_id"`
	ClientSecret string     `yaml:"client_secret"`
	Domains      wire.Words `yaml:"domains"`   // whose e-mail addresses may come in; any that is invited unless given
	Emails       wire.Words `yaml:"emails"`    // single addresses beside them
	Newcomers    string     `yaml:"newcomers"` // role on all sites of who comes uninvited; unless given they are sent away
}

// Site is one app in one environment.
type Site struct {
	Name         string     `yaml:"name"`
	Hosts        wire.Words `yaml:"hosts"`
	Upstreams    wire.Words `yaml:"upstreams"`
	SiteKey      string     `yaml:"site_key"` // for a gateway that runs apart from the back end
	Environment  string     `yaml:"environment"`
	Zone         string     `yaml:"zone"`
	WebFacing    *bool      `yaml:"web_facing"`
	PersonalData bool       `yaml:"personal_data"`
	MaxBody      Size       `yaml:"max_body"`
	Timeout      Duration   `yaml:"timeout"`
	Health       string     `yaml:"health"`
	Honeypot     *Honeypot  `yaml:"honeypot"`
	Privacy      string     `yaml:"privacy"`  // of clients' addresses in events: clear (default), encrypted or hashed
	Defaults     *bool      `yaml:"defaults"` // the rules, traps and outcomes of a new site; true unless given

	Identity wire.Identity `yaml:"identity"`
	Answer   wire.Answer   `yaml:"answer"`
	Routes   []wire.Route  `yaml:"routes"`
	Rules    []wire.Rule   `yaml:"rules"`
	Blocks   []wire.Block  `yaml:"blocks"`
	Traps    []wire.Trap   `yaml:"traps"`
}

// Honeypot is a form that only programs see.
type Honeypot struct {
	Path   string `yaml:"path"`
	Inject bool   `yaml:"inject"`
}

// Networks are the network lists beside those that come with Palisade.
type Networks struct {
	Refresh *bool     `yaml:"refresh"` // from the operators' own addresses; true unless given
	Own     []OwnList `yaml:"own"`
}

// OwnList is a list of yours.
type OwnList struct {
	Name     string     `yaml:"name"`
	Title    string     `yaml:"title"`
	Kind     string     `yaml:"kind"` // cloud, crawler …: rules about that kind mean this list too; own unless given
	File     string     `yaml:"file"`
	URL      string     `yaml:"url"`
	Format   string     `yaml:"format"` // of the answer, plain unless given
	Every    Duration   `yaml:"every"`  // between two looks at the address
	Prefixes wire.Words `yaml:"prefixes"`
	Private  bool       `yaml:"private"` // the address may be inside your own network
}

// Defaults of what the file does not say.
const (
	DefaultData    = "palisade-data"
	DefaultConsole = "127.0.0.1:9090"
	DefaultListen  = "127.0.0.1:8080"
	DefaultKeep    = Duration(30 * 24 * 60 * 60 * 1e9)
)

// Load reads a file; "" gives the defaults alone.
func Load(path string, env func(string) (string, bool), check Check) (*Config, error) {
	c := &Config{Data: DefaultData, Console: DefaultConsole, Retention: DefaultKeep}
	if path == "" {
		return c, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration at %s; write one like: palisade config example > %s", path, path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return c, Read(c, path, text, env, check)
}

// Check looks at what only the rest of Palisade knows to be right; it gives faults by path, such as
// "sites[0].rules[2]".
type Check func(*Config) map[string]error

// Read reads a file's text.
func Read(c *Config, name string, text []byte, env func(string) (string, bool), check Check) error {
	d := &document{file: name, env: env}
	d.read(text, c)
	if d.lines == nil {
		return d.sorted()
	}
	for path, err := range c.faults() {
		d.fault(d.at(path), "%s: %v", path, err)
	}
	if check != nil {
		for path, err := range check(c) {
			for one := range strings.Lines(err.Error()) { // joined errors stand on lines of their own
				d.fault(d.at(path), "%s: %s", path, strings.TrimSuffix(one, "\n"))
			}
		}
	}
	return d.sorted()
}

// faults are those that can be told from the file alone.
func (c *Config) faults() map[string]error {
	out := map[string]error{}
	if _, _, err := net.SplitHostPort(c.Console); err != nil {
		out["console"] = fmt.Errorf("%q: want an address such as 127.0.0.1:9090", c.Console)
	}
	for i, l := range c.Gateway.Listen {
		if _, _, err := net.SplitHostPort(l.Address); err != nil {
			out[fmt.Sprintf("gateway.listen[%d].address", i)] = fmt.Errorf("%q: want an address such as :443", l.Address)
		}
	}
	if f := c.Gateway.Forward; f != nil {
		if _, _, err := net.SplitHostPort(f.Address); err != nil {
			out["gateway.forward_auth.address"] = fmt.Errorf("%q: want an address such as 127.0.0.1:9080", f.Address)
		}
	}
	if c.Retention != 0 && c.Retention < Duration(24*60*60*1e9) {
		out["retention"] = errors.New("events are kept by the day: want at least 1d")
	}
	names := map[string]bool{}
	for i, s := range c.Sites {
		at := fmt.Sprintf("sites[%d]", i)
		if !Name(s.Name) {
			out[at+".name"] = fmt.Errorf("%q: want 1 to 40 of a-z, 0-9 and -", s.Name)
		} else if names[s.Name] {
			out[at+".name"] = fmt.Errorf("there is a site %s above", s.Name)
		}
		names[s.Name] = true
		switch s.Privacy {
		case "", "clear", "encrypted", "hashed":
		default:
			out[at+".privacy"] = fmt.Errorf("%.40q: want clear, encrypted or hashed", s.Privacy)
		}
	}
	for i, o := range c.Networks.Own {
		at := fmt.Sprintf("networks.own[%d]", i)
		given := 0
		for _, g := range []bool{o.File != "", o.URL != "", len(o.Prefixes) > 0} {
			if g {
				given++
			}
		}
		if !Name(o.Name) {
			out[at+".name"] = fmt.Errorf("%q: want 1 to 40 of a-z, 0-9 and -", o.Name)
		}
		if given != 1 {
			out[at] = errors.New("want one of file, url and prefixes")
		}
	}
	return out
}

// Name reports whether a word can name a site or a list.
func Name(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}
