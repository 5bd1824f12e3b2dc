package main

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
)

func anybody() *tls.Config {
	return &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert} // want "any authority"
}

func optional(pool *x509.CertPool) *tls.Config {
	return &tls.Config{
		ClientCAs:  pool,
		ClientAuth: tls.VerifyClientCertIfGiven, // want "without a certificate is let in"
	}
}

func who(r *http.Request) string {
	return r.Header.Get("X-SSL-Client-S-DN") // want "any client can send"
}
