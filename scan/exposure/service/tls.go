package service

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"time"
)

// TLS is what handshakes showed.
type TLS struct {
	Version uint16 // the newest that both speak
	Old     bool   // TLS 1.1 or older is spoken too
	Weak    string // a withdrawn cipher that is accepted, or none
	Chain   []*x509.Certificate
}

// everySuite lets handshakes with old servers succeed, so that they can be told of.
var everySuite = func() (all []uint16) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		all = append(all, s.ID)
	}
	return all
}()

// withdrawn are RC4 and 3DES; the other suites that Go calls insecure lack forward secrecy or an authenticated mode, and
// many a sound server keeps one for old clients.
var withdrawn = []uint16{
	tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA,
	tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA,
}

// askTLS shakes hands by new and by old versions, and looks at what speaks inside.
func askTLS(ctx context.Context, w Wire) (Service, bool) {
	newer, err := w.handshake(ctx, tls.VersionTLS12, tls.VersionTLS13, nil)
	var silent net.Error
	if errors.As(err, &silent) && silent.Timeout() {
		return Service{}, false // a server that spoke an old version would have said so
	}
	older, oldErr := w.handshake(ctx, tls.VersionTLS10, tls.VersionTLS11, everySuite)
	t := &TLS{Old: oldErr == nil}
	switch {
	case err == nil:
		t.Version, t.Chain = newer.Version, newer.PeerCertificates
	case oldErr == nil:
		t.Version, t.Chain = older.Version, older.PeerCertificates
	default:
		return Service{}, false
	}
	if weak, err := w.handshake(ctx, tls.VersionTLS10, tls.VersionTLS12, withdrawn); err == nil {
		t.Weak = tls.CipherSuiteName(weak.CipherSuite)
	}
	s := Recognise(ctx, w.inside(), Hint(w.Port, true))
	s.TLS = t
	return s, true
}

func (w Wire) handshake(ctx context.Context, least, most uint16, suites []uint16) (*tls.ConnectionState, error) {
	l, err := w.open(ctx, w.Patience)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	c := tls.Client(l, &tls.Config{ServerName: w.Host, MinVersion: least, MaxVersion: most, CipherSuites: suites, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}) //nolint:gosec // to see what is offered
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := c.ConnectionState()
	return &state, nil
}

// Ends is when the certificate ends.
func (t *TLS) Ends() time.Time {
	if len(t.Chain) == 0 {
		return time.Time{}
	}
	return t.Chain[0].NotAfter
}
