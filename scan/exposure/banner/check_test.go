package banner_test

import (
	"net/http"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure/banner"
	"palisade.dev/scan/exposure/exposuretest"
)

func telling(headers ...string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		h.Web(0, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			_, _ = w.Write([]byte("hello"))
		}))
	}
}

func etcd(version string) func(*exposuretest.Host) {
	return func(h *exposuretest.Host) {
		h.Web(2379, exposuretest.Pages(map[string]string{"/version": `{"etcdserver":"` + version + `","etcdcluster":"3"}`}))
		h.Expect()
	}
}

func TestSamples(t *testing.T) {
	v, s, n := exposuretest.Vulnerable, exposuretest.Sound, exposuretest.Noisy
	exposuretest.Run(t, banner.Check, []exposuretest.Sample{
		{Name: "nginx", Kind: v, Least: scan.Low, Serve: telling("Server", "nginx/1.18.0 (Ubuntu)")},
		{Name: "PHP", Kind: v, Least: scan.Low, Serve: telling("Server", "nginx", "X-Powered-By", "PHP/7.4.3")},
		{Name: "Postfix", Kind: v, Least: scan.Low, Serve: func(h *exposuretest.Host) { h.Says(0, "220 mx.shop.test ESMTP Postfix 3.4.13\r\n") }},
		{Name: "etcd with known faults", Kind: v, Least: scan.Medium, Serve: etcd("3.3.10")},
		{Name: "nginx without a number", Kind: s, Serve: telling("Server", "nginx")},
		{Name: "etcd without", Kind: s, Serve: etcd("3.99.0")},
		{Name: "Cowboy", Kind: s, Serve: telling("Server", "Cowboy")},
		{Name: "a header of nonsense", Kind: n, Serve: telling("Server", "\x1b[31m//9.9 "+strings.Repeat("x", 3000), "X-Powered-By", "/")},
		{Name: "a version that is none", Kind: n, Serve: etcd("latest; <b>")},
	})
}
