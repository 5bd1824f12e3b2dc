package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/caddyserver/certmagic"

	"palisade.dev/guard/identity"
)

// TLS of a listener: certificates from files, from an ACME authority, or both.
type TLS struct {
	Files         []CertificateFiles
	ACME          *ACME
	ClientCA      string // PEM file; certificates signed by it name their clients
	RequireClient bool
}

// CertificateFiles are a certificate chain and its key, in PEM.
type CertificateFiles struct{ Certificate, Key string }

// ACME obtains certificates for the sites' hosts and renews them.
type ACME struct {
	Email     string
	Directory string // Let's Encrypt unless given
	Folder    string // keeps account and certificates
	CA        string // PEM file of the directory's own root, for a private authority
}

// certificates is what a listener answers handshakes with; a Reload swaps it whole.
type certificates struct {
	files   []tls.Certificate
	magic   *certmagic.Config
	clients *x509.CertPool
	require bool
}

func newCertificates(t *TLS, hosts []string, log *slog.Logger) (*certificates, error) {
	if t == nil {
		return nil, nil
	}
	c := &certificates{require: t.RequireClient}
	for _, f := range t.Files {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", f.Certificate, f.Key, err)
		}
		c.files = append(c.files, pair)
	}
	if t.ClientCA != "" {
		pool, err := pemPool(t.ClientCA)
		if err != nil {
			return nil, err
		}
		c.clients = pool
	} else if t.RequireClient {
		return nil, errors.New("require_client needs client_ca: whose certificates count?")
	}
	if t.ACME != nil {
		var err error
		if c.magic, err = acme(*t.ACME, hosts, log); err != nil {
			return nil, err
		}
	}
	if len(c.files) == 0 && c.magic == nil {
		return nil, errors.New("tls without a certificate: give files or acme")
	}
	return c, nil
}

func pemPool(file string) (*x509.CertPool, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}

// acme prepares the library; it asks the authority in the background, so that a gateway whose authority is away serves
// with the certificates it has.
func acme(a ACME, hosts []string, log *slog.Logger) (*certmagic.Config, error) {
	var names []string
	for _, h := range hosts {
		if h != "*" && !strings.HasPrefix(h, "*.") {
			names = append(names, h)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("acme needs sites with host names: a certificate for * cannot be had without control of the zone")
	}
	if a.Folder == "" {
		return nil, errors.New("acme needs a folder to keep certificates in: without one each start would ask for new ones and soon be refused")
	}
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil },
	})
	magic = certmagic.New(cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: a.Folder}})
	issuer := certmagic.ACMEIssuer{CA: a.Directory, Email: a.Email, Agreed: true, DisableHTTPChallenge: true}
	if a.Directory == "" {
		issuer.CA = certmagic.LetsEncryptProductionCA
	}
	if a.CA != "" {
		pool, err := pemPool(a.CA)
		if err != nil {
			return nil, err
		}
		issuer.TrustedRoots = pool
	}
	magic.Issuers = []certmagic.Issuer{certmagic.NewACMEIssuer(magic, issuer)}
	if err := magic.ManageAsync(context.Background(), names); err != nil {
		return nil, fmt.Errorf("acme: %w", err)
	}
	log.Info("certificates are managed by an ACME authority", "directory", issuer.CA, "names", names)
	return magic, nil
}

// tls is the listener's configuration: everything is looked up at the handshake, so that a Reload holds for the next.
func (l *listening) tls() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1", "acme-tls/1"},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			c := l.certs.Load()
			if n, ok := h.Conn.(*counted); ok && n.hello != nil {
				n.hello.ja4 = identity.JA4(h)
			}
			conf := &tls.Config{
				MinVersion: tls.VersionTLS12,
				NextProtos: []string{"h2", "http/1.1"},
				GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
					return c.find(h)
				},
			}
			if c.magic != nil {
				conf.NextProtos = append(conf.NextProtos, "acme-tls/1")
			}
			if c.clients != nil {
				conf.ClientCAs, conf.ClientAuth = c.clients, tls.VerifyClientCertIfGiven
				if c.require {
					conf.ClientAuth = tls.RequireAndVerifyClientCert
				}
			}
			return conf, nil
		},
	}
}

func (c *certificates) find(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	for i := range c.files {
		if h.SupportsCertificate(&c.files[i]) == nil {
			return &c.files[i], nil
		}
	}
	if c.magic != nil {
		return c.magic.GetCertificate(h)
	}
	return &c.files[0], nil // a name we have no certificate for: the client will say so
}
