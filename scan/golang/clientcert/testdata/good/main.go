package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
)

func ours(pool *x509.CertPool) *tls.Config {
	c := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}
	c.ClientCAs = pool
	return c
}

func checked() *tls.Config {
	return &tls.Config{
		ClientAuth: tls.RequireAndVerifyClientCert,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errors.New("no certificate")
			}
			return nil
		},
	}
}

func none() *tls.Config { return &tls.Config{ClientAuth: tls.NoClientCert} }

func who(r *http.Request, trusted func(net.Addr) bool, peer net.Addr) string {
	if !trusted(peer) {
		return ""
	}
	return r.Header.Get("X-SSL-Client-S-DN")
}
