// Package tls looks at the versions of TLS, the certificate and what browsers are told.
package tls

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/asn1"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/late"
)

//go:embed doc.md
var doc string

// Probe is the probe.
var Probe = api.Probe{
	Check: scan.Check{
		ID: "api/transport/tls", Title: "Encryption in transit is weak or missing", Severity: scan.Medium, CWE: []int{319, 326, 295},
		Standards: []string{"OWASP API8:2023", "PCI DSS 4.0 4.2.1", "PCI DSS 4.0 2.2.7", "SOC 2 CC6.7"}, Doc: doc,
	},
	Mode: api.Passive, Needs: api.TLS, Whole: true,
	Fix: "Offer TLS 1.2 and 1.3 only, renew certificates by a machine, and send Strict-Transport-Security with half a year or more.",
	Run: run,
}

// mustStaple is the extension by which a certificate says so (RFC 7633).
var mustStaple = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}

// Times that a certificate and a promise must last: two weeks to renew by hand, half a year for browsers to remember.
const (
	soon   = 14 * 24 * time.Hour
	halfYr = 180 * 24 * time.Hour
)

func run(ctx context.Context, l *api.Look) {
	found := func(key string, severity scan.Severity, message string, evidence ...*client.Exchange) {
		l.Found(api.Hit{Severity: severity, Confidence: scan.Confirmed, Key: key, Message: message, Evidence: evidence})
	}
	now := l.Client.Clock().Now()
	state, err := handshake(ctx, l, tls.VersionTLS12, tls.VersionTLS13)
	if err != nil {
		old, oldErr := handshake(ctx, l, tls.VersionTLS10, tls.VersionTLS11) //nolint:gosec // to see whether it is still offered
		if oldErr != nil {
			l.CannotTell("no handshake succeeded: "+err.Error(), "")
			return
		}
		found("old", scan.High, "Only TLS 1.1 or older is offered.")
		state = old
	} else if _, err := handshake(ctx, l, tls.VersionTLS10, tls.VersionTLS11); err == nil {
		found("old", scan.Medium, "TLS 1.1 or older is offered too. Both have been withdrawn since 2021.")
	}
	if cert := first(state); cert != nil {
		switch left := cert.NotAfter.Sub(now); {
		case left < 0:
			found("expiry", scan.Critical, fmt.Sprintf("The certificate ended on %s.", cert.NotAfter.Format(time.DateOnly)))
		case left < soon:
			found("expiry", scan.Medium, fmt.Sprintf("The certificate ends on %s, in %d days.", cert.NotAfter.Format(time.DateOnly), int(left.Hours()/24)))
		}
		if err := cert.VerifyHostname(l.Base.Hostname()); err != nil {
			found("name", scan.High, "The certificate is for another name: "+err.Error()+".")
		}
		if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
			found("key", scan.Medium, fmt.Sprintf("The certificate's key has %d bits; 2048 is the least.", key.N.BitLen()))
		}
		if cert.SignatureAlgorithm == x509.SHA1WithRSA || cert.SignatureAlgorithm == x509.ECDSAWithSHA1 {
			found("sha1", scan.Medium, "The certificate is signed with SHA-1.")
		}
	}
	if cert := first(state); cert != nil && len(state.OCSPResponse) == 0 {
		switch {
		case slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(mustStaple) }):
			found("staple", scan.Medium, "The certificate demands an OCSP answer with each handshake, and none is sent; clients that look refuse it.")
		case len(cert.OCSPServer) > 0:
			found("staple", scan.Info, "No OCSP answer is sent with the handshake, so a certificate that was withdrawn is believed until it ends.")
		}
	}
	x := l.Ask(ctx, "what browsers are told", client.Request{Method: "GET", URL: l.Base.String()})
	if x.Err == nil {
		if age := maxAge(x.Header.Get("Strict-Transport-Security")); age < halfYr {
			found("hsts", scan.Low, fmt.Sprintf("Strict-Transport-Security is missing or lasts %d days, less than half a year.", int(age.Hours()/24)), x)
		}
		for _, line := range x.Header.Values("Set-Cookie") {
			name, faults := cookie(line)
			if len(faults) > 0 && session.MatchString(name) {
				found("cookie "+name, scan.Medium, fmt.Sprintf("The cookie %s is without %s.", name, strings.Join(faults, ", ")), x)
			}
		}
	}
	if !l.Told() {
		l.Clear("TLS 1.2 or 1.3, a certificate in order, and browsers are told to stay")
	}
}

func handshake(ctx context.Context, l *api.Look, least, most uint16) (*tls.ConnectionState, error) {
	conn, err := l.Client.Dial(ctx, l.Base)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))                                                                           // the wire knows no clock but this one
	c := tls.Client(conn, &tls.Config{ServerName: l.Base.Hostname(), MinVersion: least, MaxVersion: most, InsecureSkipVerify: true}) //nolint:gosec // looked at below
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := c.ConnectionState()
	return &state, nil
}

func first(s *tls.ConnectionState) *x509.Certificate {
	if s == nil || len(s.PeerCertificates) == 0 {
		return nil
	}
	return s.PeerCertificates[0]
}

func maxAge(v string) time.Duration {
	for part := range strings.SplitSeq(strings.ToLower(v), ";") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			if s, err := strconv.Atoi(strings.Trim(n, `"`)); err == nil && s > 0 {
				return time.Duration(min(s, 1<<31)) * time.Second
			}
		}
	}
	return 0
}

// session are names of cookies that carry a session; what a shop counts with in another is its own affair.
var session = late.Pattern(`(?i)sess|sid$|^sid|auth|token|jwt|_key$|remember|login`)

func cookie(line string) (name string, faults []string) {
	name, _, _ = strings.Cut(line, "=")
	lower := strings.ToLower(line)
	for _, flag := range []string{"Secure", "HttpOnly", "SameSite"} {
		if !strings.Contains(lower, "; "+strings.ToLower(flag)) && !strings.Contains(lower, ";"+strings.ToLower(flag)) {
			faults = append(faults, flag)
		}
	}
	return name, faults
}
