package epmd_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/epmd"
	"palisade.dev/scan/exposure/exposuretest"
)

func mapper(h *exposuretest.Host, names func() string) {
	h.Raw(4369, func(c net.Conn) {
		b := make([]byte, 64)
		if n, err := c.Read(b); err == nil && string(b[:n]) == "\x00\x01n" {
			_, _ = c.Write([]byte("\x00\x00\x11\x11" + names()))
		}
	})
}

func TestSamples(t *testing.T) {
	exposuretest.Run(t, epmd.Check, []exposuretest.Sample{
		{Name: "a node and its distribution", Kind: exposuretest.Vulnerable, Least: scan.High, Serve: func(h *exposuretest.Host) {
			node := h.Raw(0, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
			h.Options.Ports = nil // it is found by its name alone
			mapper(h, func() string { return fmt.Sprintf("name shop at port %d\n", node) })
		}},
		{Name: "no node", Kind: exposuretest.Vulnerable, Serve: func(h *exposuretest.Host) { mapper(h, func() string { return "" }) }},
		{Name: "nothing but the site", Kind: exposuretest.Sound, Serve: func(h *exposuretest.Host) { h.Web(0, exposuretest.Pages(nil)) }},
		{Name: "something else at its port", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) {
			h.Answers(4369, func(string) string { return "\x00\x00\x11\x11hello" + strings.Repeat("name ", 30) })
		}},
		{Name: "a web server at its port", Kind: exposuretest.Noisy, Serve: func(h *exposuretest.Host) { h.Web(4369, exposuretest.Pages(nil)) }},
	})
}

// TestANodeIsFollowed holds that the distribution's port is found though nobody named it.
func TestANodeIsFollowed(t *testing.T) {
	h := exposuretest.New(t)
	node := h.Raw(0, func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) })
	h.Options.Ports = nil
	mapper(h, func() string { return fmt.Sprintf("name shop at port %d\nname gone at port 1\n", node) })
	want := fmt.Sprintf("%d/tcp", node)
	for _, f := range h.Scan().Findings {
		if f.Check == "exposure/epmd" && f.Place.Symbol == want && strings.Contains(f.Message, "node shop") {
			return
		}
	}
	t.Errorf("port %d was not looked at", node)
}
