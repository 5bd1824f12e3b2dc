package identity

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Certificates names the client by its certificate.
type Certificates struct {
	mode   string
	header string
}

// NewCertificates takes how a certificate names its holder: spki (the hash of its key, which survives renewal), san
// (its first URI, e-mail or DNS name) or serial (this one certificate). The header, from a trusted proxy, is
// Client-Cert (RFC 9440) or X-Forwarded-Client-Cert.
func NewCertificates(mode, header string) (*Certificates, error) {
	c := &Certificates{mode, http.CanonicalHeaderKey(header)}
	switch mode {
	case "":
		c.mode = "spki"
	case "spki", "san", "serial":
	default:
		return nil, fmt.Errorf("certificate: %q: want spki, san or serial", mode)
	}
	switch c.header {
	case "", "Client-Cert", "X-Forwarded-Client-Cert":
	default:
		return nil, fmt.Errorf("certificate_header: %q: want Client-Cert or X-Forwarded-Client-Cert", header)
	}
	return c, nil
}

const maxCertificate = 16 << 10

// Name gives the certificate's name for its holder, or "". A certificate counts only from a chain that was verified; a
// header only from a trusted peer, which verified it.
func (c *Certificates) Name(state *tls.ConnectionState, h http.Header, trusted bool) string {
	if state != nil && len(state.VerifiedChains) > 0 && len(state.VerifiedChains[0]) > 0 {
		return c.name(state.VerifiedChains[0][0])
	}
	if !trusted || c.header == "" {
		return ""
	}
	values := h[c.header]
	if len(values) != 1 || len(values[0]) > maxCertificate {
		return ""
	}
	cert, err := forwardedCertificate(c.header, values[0])
	if err != nil {
		return ""
	}
	return c.name(cert)
}

func (c *Certificates) name(cert *x509.Certificate) string {
	switch c.mode {
	case "san":
		switch {
		case len(cert.URIs) > 0:
			return cert.URIs[0].String()
		case len(cert.EmailAddresses) > 0:
			return strings.ToLower(cert.EmailAddresses[0])
		case len(cert.DNSNames) > 0:
			return strings.ToLower(cert.DNSNames[0])
		}
		return ""
	case "serial":
		issuer := sha256.Sum256(cert.RawIssuer)
		return hex.EncodeToString(issuer[:8]) + "/" + cert.SerialNumber.Text(16)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// forwardedCertificate reads what a proxy says of the certificate it verified.
func forwardedCertificate(header, value string) (*x509.Certificate, error) {
	if header == "Client-Cert" { // RFC 9440: a structured-field byte sequence
		if len(value) < 2 || value[0] != ':' || value[len(value)-1] != ':' {
			return nil, fmt.Errorf("Client-Cert is no byte sequence between colons")
		}
		der, err := base64.StdEncoding.DecodeString(value[1 : len(value)-1])
		if err != nil {
			return nil, fmt.Errorf("Client-Cert: %w", err)
		}
		return x509.ParseCertificate(der)
	}
	// The last element is of the hop nearest to us; those before it are hearsay.
	if i := lastOutside(value, ','); i >= 0 {
		value = value[i+1:]
	}
	for pair := range strings.SplitSeq(value, ";") {
		name, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "Cert") {
			continue
		}
		text, err := url.PathUnescape(strings.Trim(v, `"`))
		if err != nil {
			return nil, fmt.Errorf("X-Forwarded-Client-Cert: %w", err)
		}
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, fmt.Errorf("X-Forwarded-Client-Cert: Cert holds no PEM")
		}
		return x509.ParseCertificate(block.Bytes)
	}
	return nil, fmt.Errorf("X-Forwarded-Client-Cert holds no Cert; have the proxy forward the whole certificate")
}
