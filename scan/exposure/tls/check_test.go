package tls_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/exposuretest"
	check "palisade.dev/scan/exposure/tls"
)

var site = exposuretest.Pages(map[string]string{"/": "hello"})

func serving(left time.Duration, self bool, change func(*tls.Config)) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		conf := &tls.Config{Certificates: []tls.Certificate{h.Certificate(left, self)}, MinVersion: tls.VersionTLS12}
		if change != nil {
			change(conf)
		}
		h.Secure(0, conf, site)
	}
}

const year = 365 * 24 * time.Hour

func TestSamples(t *testing.T) {
	exposuretest.Run(t, check.Check, []exposuretest.Sample{
		{Name: "old versions too", Kind: exposuretest.Vulnerable, Serve: serving(year, false, func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 })},
		{Name: "old versions only", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: serving(year, false, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })},
		{Name: "ended", Kind: exposuretest.Vulnerable, Least: scan.Critical, Serve: serving(-time.Hour, false, nil)},
		{Name: "ends soon", Kind: exposuretest.Vulnerable, Serve: serving(5*24*time.Hour, false, nil)},
		{Name: "signed by itself", Kind: exposuretest.Vulnerable, Serve: serving(year, true, nil)},
		{Name: "for another name", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: func(h *exposuretest.Host) {
			cert := exposuretest.New(h).Certificate(year, false) // of another host's address
			h.Secure(0, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, site)
		}},
		{Name: "in order", Kind: exposuretest.Sound, Serve: serving(year, false, nil)},
		{Name: "mail in order", Kind: exposuretest.Sound, Serve: func(h *exposuretest.Host) {
			conf := &tls.Config{Certificates: []tls.Certificate{h.Certificate(year, false)}, MinVersion: tls.VersionTLS12}
			h.Raw(0, func(c net.Conn) { _, _ = tls.Server(c, conf).Write([]byte("* OK Dovecot ready.\r\n")) })
		}},
		{Name: "a record of nonsense", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) {
			h.Answers(0, func(string) string { return "\x16\x03\x03\x00\x04\x02\x00\x00\x00" })
		}},
		{Name: "http at the port of https", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) { h.Web(8443, http.NotFoundHandler()) }},
	})
}
