// Package cipher offers nothing but weak ciphers to a server, and asks whether its chain of certificates holds.
package cipher

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/ssrf"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/transport/cipher", Title: "TLS with weak ciphers, or a chain that nobody trusts", Severity: scan.Medium, CWE: []int{326, 327, 295},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 4.2.1", "PCI DSS 4.0 2.2.7", "SOC 2 CC6.7"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.TLS, Whole: true,
	Fix: "Leave the choice of ciphers to your TLS library and set no list of your own, or one of ECDHE with AES-GCM and ChaCha20 only; send the certificate with all between it and a root.",
	Run: run,
}

// kind is a group of ciphers that are offered together and alone.
type kind struct {
	name, why string
	severity  scan.Severity
	is        func(name string) bool
}

var kinds = []kind{
	{"RC4 or 3DES", "both can be broken by who records enough", scan.Medium, func(n string) bool { return strings.Contains(n, "RC4") || strings.Contains(n, "3DES") }},
	{"a key exchange without forward secrecy", "who gets the server's key later reads what was recorded before", scan.Low, func(n string) bool {
		return strings.HasPrefix(n, "TLS_RSA_") && !strings.Contains(n, "RC4") && !strings.Contains(n, "3DES")
	}},
}

func run(ctx context.Context, l *api.Look) {
	state, err := handshake(ctx, l, nil)
	if err != nil {
		l.CannotTell("no handshake succeeded: "+err.Error(), "")
		return
	}
	for _, k := range kinds {
		var ids []uint16
		for _, s := range append(tls.InsecureCipherSuites(), tls.CipherSuites()...) {
			if k.is(s.Name) {
				ids = append(ids, s.ID)
			}
		}
		weak, err := handshake(ctx, l, ids)
		if errors.Is(err, client.ErrSpent) || errors.Is(err, client.ErrDistress) {
			l.CannotTell("the scan was cut short: "+err.Error(), "")
			return
		}
		if err != nil {
			continue
		}
		l.Found(api.Hit{
			Title: "TLS offers weak ciphers", Severity: k.severity, Confidence: scan.Confirmed, Key: k.name,
			Message: fmt.Sprintf("The server takes %s (%s) where nothing else is offered; %s.", k.name, tls.CipherSuiteName(weak.CipherSuite), k.why),
		})
	}
	if fault := chain(state, l.Base.Hostname(), l.Client.Clock().Now()); fault != "" {
		h := api.Hit{Title: "Certificate is trusted by nobody", Severity: scan.High, Confidence: scan.Confirmed, Key: "chain", Message: "The certificate leads to no root that this machine trusts: " + fault + "."}
		if ssrf.Near(l.Base.String()) || l.Base.Hostname() == "localhost" {
			// Inside a network an authority of one's own is usual, and this machine need not know it.
			h.Severity, h.Confidence = scan.Info, scan.Tentative
		}
		l.Found(h)
	}
	if !l.Told() {
		l.Clear("weak ciphers are refused, and the chain of certificates holds")
	}
}

// handshake speaks TLS 1.2 with some ciphers, or whatever is best with none.
func handshake(ctx context.Context, l *api.Look, ids []uint16) (*tls.ConnectionState, error) {
	conn, err := l.Client.Dial(ctx, l.Base)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))                                                                        // the wire knows no clock but this one
	conf := &tls.Config{ServerName: l.Base.Hostname(), MinVersion: tls.VersionTLS12, CipherSuites: ids, InsecureSkipVerify: true} //nolint:gosec // the chain is looked at below
	if ids != nil {
		conf.MaxVersion = tls.VersionTLS12 // those of 1.3 cannot be chosen, and none of them is weak
	}
	c := tls.Client(conn, conf)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := c.ConnectionState()
	return &state, nil
}

// chain says what is wrong with the way to a root; a name or a time that does not fit is told by transport/tls.
func chain(s *tls.ConnectionState, host string, now time.Time) string {
	if len(s.PeerCertificates) == 0 {
		return ""
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Intermediates: between, CurrentTime: now})
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return ""
	}
	if len(s.PeerCertificates) == 1 && string(s.PeerCertificates[0].RawIssuer) != string(s.PeerCertificates[0].RawSubject) {
		return "it was sent alone, and those between it and a root are missing"
	}
	return "it is of an authority that is not known here"
}
