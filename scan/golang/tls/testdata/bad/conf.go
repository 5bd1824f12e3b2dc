package conf

import "crypto/tls"

var client = &tls.Config{InsecureSkipVerify: true} // want "is not checked"

var server = &tls.Config{
	MinVersion: tls.VersionTLS10,         // want "known attacks"
	ClientAuth: tls.RequireAnyClientCert, // want "not verified"
}

func later(c *tls.Config) {
	c.InsecureSkipVerify = true // want "is not checked"
}
