// Package tls looks at the versions, ciphers and certificates of everything that begins with a handshake, not of web
// servers alone.
package tls

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
)

//go:embed doc.md
var doc string

// Check is the check.
var Check = exposure.Check{
	Check: scan.Check{
		ID: "exposure/tls", Title: "Encryption is old, or its certificate is not in order", Severity: scan.Medium, CWE: []int{295, 326, 327},
		Standards: []string{"PCI DSS 4.0 4.2.1", "PCI DSS 4.0 4.2.1.1", "SOC 2 CC6.7"}, Doc: doc,
	},
	Fix:  "Offer TLS 1.2 and 1.3 only, and let a machine renew certificates.",
	Fits: func(p *exposure.Port) bool { return p.Service.TLS != nil },
	Run:  run,
}

// soon is two weeks: to renew by hand. The API scanner's transport check says the same.
const soon = 14 * 24 * time.Hour

func run(_ context.Context, l *exposure.Look) {
	t := l.Service.TLS
	found := func(key string, severity scan.Severity, message string) {
		l.Found(exposure.Hit{Key: key, Severity: severity, Confidence: scan.Confirmed, Message: message})
	}
	switch {
	case t.Version < tls.VersionTLS12:
		found("old", scan.High, "Only TLS 1.1 or older is spoken.")
	case t.Old:
		found("old", scan.Medium, "TLS 1.1 or older is spoken too. Both have been withdrawn since 2021.")
	}
	if t.Weak != "" {
		found("cipher", scan.Medium, "The withdrawn cipher "+t.Weak+" is accepted.")
	}
	if len(t.Chain) == 0 {
		if !l.Told() {
			l.CannotTell("no certificate was shown", "")
		}
		return
	}
	cert, now := t.Chain[0], l.Now()
	ended := false
	switch left := cert.NotAfter.Sub(now); {
	case left < 0:
		ended = true
		found("expiry", l.Reached(scan.Critical), fmt.Sprintf("The certificate ended on %s.", cert.NotAfter.UTC().Format(time.DateOnly)))
	case left < soon:
		found("expiry", l.Reached(scan.Medium), fmt.Sprintf("The certificate ends on %s, in %d days.", cert.NotAfter.UTC().Format(time.DateOnly), int(left.Hours()/24)))
	}
	name := l.Host.Name
	if _, err := netip.ParseAddr(name); err == nil && len(cert.IPAddresses) == 0 {
		name = "" // a certificate is for names; who scans by address did not come by one
	}
	if name != "" && cert.VerifyHostname(name) != nil {
		found("name", l.Reached(scan.High), fmt.Sprintf("The certificate is not for %s but for %.100q.", name, names(cert)))
	}
	trust(l, cert, t.Chain[1:], ended, found)
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			found("key", scan.Medium, fmt.Sprintf("The certificate's key has %d bits; 2048 is the least.", key.N.BitLen()))
		}
	case *ecdsa.PublicKey:
		if key.Params().BitSize < 256 {
			found("key", scan.Medium, fmt.Sprintf("The certificate's key has %d bits; 256 is the least.", key.Params().BitSize))
		}
	}
	switch cert.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.MD5WithRSA, x509.DSAWithSHA1:
		found("signature", scan.Medium, "The certificate is signed with "+cert.SignatureAlgorithm.String()+".")
	}
	if !l.Told() {
		l.Clear("TLS 1.2 or 1.3 only, and the certificate is in order until " + cert.NotAfter.UTC().Format(time.DateOnly))
	}
}

// trust says whether an authority that this machine believes stands behind the certificate. One that ended is told
// already, so it is looked at as of its last day.
func trust(l *exposure.Look, cert *x509.Certificate, others []*x509.Certificate, ended bool, found func(string, scan.Severity, string)) {
	at := l.Now()
	if ended {
		at = cert.NotAfter
	}
	between := x509.NewCertPool()
	for _, c := range others {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: l.Roots(), Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return
	}
	message := "No authority that is generally believed stands behind the certificate, or a link of its chain is not sent. Browsers warn, and people learn to click that away."
	if cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature) == nil {
		message = "The certificate is signed by itself: who connects cannot tell the server from somebody in between."
	}
	found("authority", l.Reached(scan.Medium), message)
}

func names(cert *x509.Certificate) string {
	if len(cert.DNSNames) > 0 {
		return fmt.Sprint(cert.DNSNames)
	}
	return cert.Subject.CommonName
}
