package identity

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/guard/wire"
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
// header only from a trusted peer, which verified it. Where that header is declared, the certificate of a trusted
// peer's own connection is the proxy's, and names no client.
func (c *Certificates) Name(state *tls.ConnectionState, h http.Header, trusted bool) string {
	if trusted && c.header != "" {
		values := h[c.header]
		if len(values) != 1 || len(values[0]) > maxCertificate {
			return ""
		}
		name, err := c.forwarded(values[0])
		if err != nil {
			return ""
		}
		return name
	}
	if state != nil && len(state.VerifiedChains) > 0 && len(state.VerifiedChains[0]) > 0 {
		return c.name(state.VerifiedChains[0][0])
	}
	return ""
}

func (c *Certificates) name(cert *x509.Certificate) string {
	switch c.mode {
	case "san":
		switch {
		case len(cert.URIs) > 0:
			return subject(cert.URIs[0].String())
		case len(cert.EmailAddresses) > 0:
			return subject(strings.ToLower(cert.EmailAddresses[0]))
		case len(cert.DNSNames) > 0:
			return subject(strings.ToLower(cert.DNSNames[0]))
		}
		return ""
	case "serial":
		issuer := sha256.Sum256(cert.RawIssuer)
		return hex.EncodeToString(issuer[:8]) + "/" + cert.SerialNumber.Text(16)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return hex.EncodeToString(sum[:])
}

// subject gives a name as events can hold it: one that is too long or has control bytes becomes its hash, since cut
// short two could become one.
func subject(name string) string {
	ok := len(name) <= wire.MaxSubject
	for i := range len(name) {
		ok = ok && name[i] >= 0x20 && name[i] != 0x7f
	}
	if ok {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// forwarded reads what a proxy says of the certificate that it verified.
func (c *Certificates) forwarded(value string) (string, error) {
	if c.header == "Client-Cert" {
		return c.byteSequence(value)
	}
	// The last element is of the hop nearest to us; those before it are hearsay.
	said, err := readXFCC(value[lastOutside(value, ',')+1:])
	switch {
	case err != nil:
		return "", err
	case said.cert != nil:
		return c.name(said.cert), nil
	case c.mode == "spki" && said.hash != "":
		return "cert-sha256:" + said.hash, nil
	case c.mode == "san" && said.uri != "":
		return subject(said.uri), nil
	case c.mode == "san" && said.dns != "":
		return subject(strings.ToLower(said.dns)), nil
	}
	return "", fmt.Errorf("X-Forwarded-Client-Cert: nothing that gives a name by %s; have the proxy forward Cert", c.mode)
}

// byteSequence reads RFC 9440's Client-Cert: a structured field, base64 between colons, padded or not.
func (c *Certificates) byteSequence(value string) (string, error) {
	value = strings.Trim(value, " \t")
	if len(value) < 2 || value[0] != ':' || value[len(value)-1] != ':' {
		return "", errors.New("Client-Cert: no byte sequence between colons")
	}
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value[1:len(value)-1], "="))
	if err != nil {
		return "", errors.New("Client-Cert: the byte sequence is no base64")
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "", errors.New("Client-Cert: the byte sequence is no certificate")
	}
	return c.name(cert), nil
}

// xfcc is one element of X-Forwarded-Client-Cert.
type xfcc struct {
	cert           *x509.Certificate
	hash, uri, dns string
}

// readXFCC reads one element: Hash is of the whole certificate, Cert its escaped PEM, URI and DNS its names, of which
// the first counts. A quoted value with an escape in it (a Subject, mostly) is nothing we look at.
func readXFCC(element string) (x xfcc, err error) {
	certs, hashes := 0, 0
	for element != "" {
		rest, name, value, ok := lastPair(element)
		if element = rest; !ok {
			return x, errors.New("X-Forwarded-Client-Cert: no name=value")
		}
		switch strings.ToLower(name) {
		case "hash":
			if len(value) != 2*sha256.Size || strings.Trim(value, "0123456789abcdefABCDEF") != "" {
				return x, errors.New("X-Forwarded-Client-Cert: Hash is no SHA-256 in hex")
			}
			x.hash = strings.ToLower(value)
			hashes++
		case "uri":
			x.uri = value
		case "dns":
			x.dns = value
		case "cert":
			text, err := url.PathUnescape(value)
			if err != nil {
				return x, errors.New("X-Forwarded-Client-Cert: Cert is not escaped as a URL")
			}
			block, _ := pem.Decode([]byte(text))
			if block == nil {
				return x, errors.New("X-Forwarded-Client-Cert: Cert holds no PEM")
			}
			if x.cert, err = x509.ParseCertificate(block.Bytes); err != nil {
				return x, errors.New("X-Forwarded-Client-Cert: Cert holds no certificate")
			}
			certs++
		}
	}
	if certs > 1 || hashes > 1 {
		return x, errors.New("X-Forwarded-Client-Cert: one element names two certificates")
	}
	return x, nil
}
