package port_test

import (
	"net"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/exposuretest"
	"palisade.dev/scan/exposure/port"
)

func TestSamples(t *testing.T) {
	exposuretest.Run(t, port.Check, []exposuretest.Sample{
		{Name: "a remote desktop", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: func(h *exposuretest.Host) { h.Says(0, "RFB 003.008\n") }},
		{Name: "telnet", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: func(h *exposuretest.Host) { h.Says(0, "\xff\xfd\x18\xff\xfd\x20login: ") }},
		{Name: "a database that asks who comes", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: func(h *exposuretest.Host) {
			h.Answers(0, func(string) string { return "-NOAUTH Authentication required.\r\n" })
		}},
		{Name: "rsync", Kind: exposuretest.Vulnerable, Serve: func(h *exposuretest.Host) { h.Says(0, "@RSYNCD: 31.0\n") }},
		{Name: "a web server", Kind: exposuretest.Sound, Serve: func(h *exposuretest.Host) { h.Web(0, exposuretest.Pages(map[string]string{"/": "hello"})) }},
		{Name: "a mail server", Kind: exposuretest.Sound, Serve: func(h *exposuretest.Host) { h.Says(0, "220 mx.shop.test ESMTP\r\n") }},
		{Name: "a database that is meant to be open", Kind: exposuretest.Sound, Serve: func(h *exposuretest.Host) {
			h.Answers(0, func(string) string { return "-NOAUTH Authentication required.\r\n" })
			h.Expect()
		}},
		{Name: "something unknown where a desktop is usual", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) {
			h.Raw(3389, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
		}},
		{Name: "garbage", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) { h.Says(0, "\x00\x01\xfe\xff\x1b[31mboo\r\n") }},
	})
}
