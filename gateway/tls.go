package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"

	"github.com/mholt/acmez/v3"

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

// certificates is what a listener answers handshakes with; a Reload swaps it whole.
type certificates struct {
	files  []tls.Certificate
	acme   *authority
	config *tls.Config
}

// newCertificates reads the files anew, and goes on with the authority of the ones in force where it is the same.
func newCertificates(t *TLS, hosts []string, old *certificates) (*certificates, error) {
	if t == nil {
		return nil, nil
	}
	c := &certificates{config: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}}
	c.config.GetCertificate = c.find
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
		c.config.ClientCAs, c.config.ClientAuth = pool, tls.VerifyClientCertIfGiven
		if t.RequireClient {
			c.config.ClientAuth = tls.RequireAndVerifyClientCert
		}
	} else if t.RequireClient {
		return nil, errors.New("require_client needs client_ca: whose certificates count?")
	}
	if t.ACME != nil {
		if old != nil && old.acme.serves(*t.ACME, hosts) {
			c.acme = old.acme
		} else {
			var err error
			if c.acme, err = newAuthority(*t.ACME, hosts); err != nil {
				return nil, err
			}
		}
		c.config.NextProtos = append(c.config.NextProtos, acmez.ACMETLS1Protocol)
	}
	if len(c.files) == 0 && c.acme == nil {
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

// start begins what goes on in the background; stop ends it, unless the next ones go on with it.
func (c *certificates) start(log *slog.Logger, at net.Addr) {
	if c != nil && c.acme != nil {
		c.acme.start(log, at)
	}
}

func (c *certificates) stop(next *certificates) {
	if c != nil && c.acme != nil && (next == nil || next.acme != c.acme) {
		c.acme.stop()
	}
}

// tls is the listener's configuration: what counts is looked up at the handshake, so that a Reload holds for the next.
// Session tickets are those of this outer configuration and outlive a Reload.
func (l *listening) tls() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			if in, ok := h.Conn.(*inbound); ok {
				in.ja4 = identity.JA4(h)
			}
			c := l.certs.Load()
			if c == nil {
				return nil, errors.New("this listener speaks TLS no longer")
			}
			return c.config, nil
		},
	}
}

func (c *certificates) find(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.acme != nil && slices.Contains(h.SupportedProtos, acmez.ACMETLS1Protocol) {
		return c.acme.certificate(h) // the authority checks that the name is ours
	}
	for i := range c.files {
		if h.SupportsCertificate(&c.files[i]) == nil {
			return &c.files[i], nil
		}
	}
	if c.acme != nil {
		return c.acme.certificate(h)
	}
	return &c.files[0], nil // a name we have no certificate for: the client will say so
}
