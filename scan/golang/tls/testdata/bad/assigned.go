package main

import "crypto/tls"

func server(c *tls.Config) *tls.Config {
	c.ClientAuth = tls.RequireAnyClientCert // want "asked for and not verified"
	c.NextProtos = []string{"h2"}
	c.ServerName = "shop.example"
	return c
}
