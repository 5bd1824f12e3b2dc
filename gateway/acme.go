package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3/acme"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// ACME obtains certificates for the sites' hosts and renews them. The authority looks at port 443 of each (TLS-ALPN-01),
// which must lead to this listener, whatever its own port is.
type ACME struct {
	Email     string
	Directory string        // Let's Encrypt unless given
	Folder    string        // keeps account and certificates
	CA        string        // PEM file of the directory's own root, for a private authority
	Every     time.Duration // between two looks at what is due for renewal; 10 minutes unless given
}

// authority is an ACME authority with the names that it is asked for.
type authority struct {
	conf   ACME
	names  []string
	roots  *x509.CertPool
	magic  *certmagic.Config
	cache  *certmagic.Cache
	cancel context.CancelFunc // nil before start
}

// newAuthority checks what is asked for and starts nothing.
func newAuthority(a ACME, hosts []string) (*authority, error) {
	if a.Directory == "" {
		a.Directory = certmagic.LetsEncryptProductionCA
	}
	out := &authority{conf: a, names: nameable(hosts)}
	if len(out.names) == 0 {
		return nil, errors.New("acme needs sites with host names: a certificate for * cannot be had without control of the zone")
	}
	if a.Folder == "" {
		return nil, errors.New("acme needs a folder to keep certificates in: without one each start would ask for new ones and soon be refused")
	}
	if u, err := url.Parse(a.Directory); err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("acme directory %q: want an https address", a.Directory)
	}
	if a.CA != "" {
		var err error
		if out.roots, err = pemPool(a.CA); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nameable are the hosts that can prove themselves on a connection.
func nameable(hosts []string) []string {
	var names []string
	for _, h := range hosts {
		if h != "*" && !strings.HasPrefix(h, "*.") {
			names = append(names, strings.ToLower(h))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// serves reports whether the authority is already asked for just this.
func (a *authority) serves(c ACME, hosts []string) bool {
	if a == nil {
		return false
	}
	if c.Directory == "" {
		c.Directory = certmagic.LetsEncryptProductionCA
	}
	return a.conf == c && slices.Equal(a.names, nameable(hosts))
}

// start asks the authority in the background, so that a gateway whose authority is away serves with the certificates it
// has. What fails is tried again for thirty days, and logged. at is our listener, which answers the challenges: the
// library opens one of its own unless it finds that address taken, and may not be allowed to.
func (a *authority) start(log *slog.Logger, at net.Addr) {
	if a.cancel != nil {
		return
	}
	words := zap.New(&zapCore{log: log})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		RenewCheckInterval: a.conf.Every,
		Logger:             words,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: a.conf.Folder}, Logger: words,
		OnEvent: func(_ context.Context, event string, data map[string]any) error {
			a.tell(log, event, data)
			return nil
		},
	})
	host, port := "", 0
	if t, ok := at.(*net.TCPAddr); ok {
		host, port = t.IP.String(), t.Port
	}
	a.magic.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(a.magic, certmagic.ACMEIssuer{
		CA: a.conf.Directory, TestCA: a.conf.Directory, Email: a.conf.Email, Agreed: true,
		TrustedRoots: a.roots, DisableHTTPChallenge: true, ListenHost: host, AltTLSALPNPort: port, Logger: words,
	})}
	var ctx context.Context
	ctx, a.cancel = context.WithCancel(context.Background())
	if err := a.magic.ManageAsync(ctx, a.names); err != nil {
		log.Error("certificates cannot be asked for", "directory", a.conf.Directory, "names", a.names, "err", err)
		return
	}
	log.Info("certificates are managed by an ACME authority", "directory", a.conf.Directory, "names", a.names)
}

func (a *authority) stop() {
	if a.cancel != nil {
		a.cancel()
		a.cache.Stop()
	}
}

// tell says what came of asking, where a person has an interest in it.
func (a *authority) tell(log *slog.Logger, event string, data map[string]any) {
	switch event {
	case "cert_obtained":
		log.Info("a certificate was issued", "name", data["identifier"], "renewal", data["renewal"], "directory", a.conf.Directory)
	case "cert_failed":
		err, _ := data["error"].(error)
		if errors.Is(err, context.Canceled) {
			return // the gateway stops, or no longer wants it
		}
		log.Error("no certificate was issued; it is asked for again by and by", "name", data["identifier"], "renewal", data["renewal"],
			"directory", a.conf.Directory, "err", err, "do", a.remedy(err))
	}
}

// remedy is what a person can do about a refusal.
func (a *authority) remedy(err error) string {
	var p acme.Problem
	if !errors.As(err, &p) {
		return "see that the directory can be reached from here, and that acme.ca names its root where it has one of its own"
	}
	if _, challenged := p.Resource.(acme.Authorization); challenged && p.Type == acme.ProblemTypeUnauthorized {
		p.Type = acme.ProblemTypeIncorrectResponse // some say so whatever went wrong with the connection
	}
	switch p.Type {
	case acme.ProblemTypeConnection, acme.ProblemTypeTLS, acme.ProblemTypeIncorrectResponse:
		return "have port 443 of all the name's addresses, IPv6 too, lead to this listener, past firewalls and whatever else ends TLS"
	case acme.ProblemTypeUnauthorized:
		return "ask whoever runs the directory to let this account in"
	case acme.ProblemTypeDNS:
		return "give the name an address in the DNS that the authority asks, or take it out of the site's hosts"
	case acme.ProblemTypeCAA:
		return "let this authority into the zone's CAA record, or choose one that is in it by acme.directory"
	case acme.ProblemTypeRateLimited:
		return "wait, and keep " + a.conf.Folder + " from one start to the next: without it each start asks anew"
	case acme.ProblemTypeRejectedIdentifier, acme.ProblemTypeUnsupportedIdentifier:
		return "take the name out of the site's hosts, or give the listener a certificate for it: this authority never will"
	case acme.ProblemTypeInvalidContact, acme.ProblemTypeUnsupportedContact:
		return "correct acme.email"
	case acme.ProblemTypeExternalAccountRequired:
		return "choose another acme.directory: this one wants accounts made with it beforehand, which cannot be said here"
	}
	return "see what the authority says"
}

func (a *authority) certificate(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.magic.GetCertificate(h)
}

// zapCore hands what the ACME library says to our log, where its talk of each step is of interest for debugging only.
type zapCore struct {
	log    *slog.Logger
	fields []zapcore.Field
}

func (c *zapCore) level(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelError
	case l == zapcore.WarnLevel:
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

func (c *zapCore) Enabled(l zapcore.Level) bool {
	return c.log.Enabled(context.Background(), c.level(l))
}

func (c *zapCore) With(fields []zapcore.Field) zapcore.Core {
	return &zapCore{c.log, append(slices.Clip(c.fields), fields...)}
}

func (c *zapCore) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return to.AddCore(e, c)
	}
	return to
}

func (c *zapCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	values := zapcore.NewMapObjectEncoder()
	for _, f := range append(slices.Clip(c.fields), fields...) {
		f.AddTo(values)
	}
	var args []any
	for _, name := range slices.Sorted(maps.Keys(values.Fields)) {
		args = append(args, name, values.Fields[name])
	}
	c.log.Log(context.Background(), c.level(e.Level), "acme: "+e.Message, args...)
	return nil
}

func (c *zapCore) Sync() error { return nil }
