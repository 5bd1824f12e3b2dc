package arrival

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"palisade.dev/guard/identity"
)

func TestWhoAsks(t *testing.T) {
	chain := http.Header{"X-Forwarded-For": {"192.0.2.66, 203.0.113.7"}, "X-Forwarded-Proto": {"https"}}
	for _, c := range []struct {
		name    string
		trusted []string
		header  string
		peer    string
		sent    http.Header
		client  string
		secure  bool
	}{
		{"nobody is believed unless said", nil, "", "127.0.0.1:4711", chain, "127.0.0.1", false},
		{"a stranger's headers change nothing", []string{"10.0.0.0/8"}, "", "203.0.113.9:4711", chain, "203.0.113.9", false},
		{"a proxy names who asks, and what stands before is hearsay", []string{"10.0.0.0/8"}, "", "10.1.2.3:4711", chain, "203.0.113.7", true},
		{"two proxies", []string{"10.0.0.0/8", "203.0.113.7"}, "", "10.1.2.3:4711", chain, "192.0.2.66", true},
		{"a proxy that says nothing asks itself", []string{"loopback"}, "", "[::1]:4711", nil, "::1", false},
		{"a proxy that says nonsense asks itself", []string{"loopback"}, "", "127.0.0.1:4711", http.Header{"X-Forwarded-For": {"nobody"}}, "127.0.0.1", false},
		{"another header", []string{"private"}, "X-Real-IP", "192.168.1.1:4711", http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Real-Ip": {"2001:db8::7"}}, "2001:db8::7", false},
		{"an IPv4 peer in IPv6 clothes", []string{"10.0.0.0/8"}, "", "[::ffff:10.1.2.3]:4711", chain, "203.0.113.7", true},
		{"plain HTTP to the proxy", []string{"loopback"}, "", "127.0.0.1:4711", http.Header{"X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Proto": {"http"}}, "203.0.113.7", false},
	} {
		f, err := Behind(c.trusted, c.header)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		r.Header = c.sent
		peer := identity.Peer(c.peer)
		f.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			a := Of(r)
			if got := identity.Peer(r.RemoteAddr); got.String() != c.client || a.Client != got || a.Peer != peer || a.Secure != c.secure {
				t.Errorf("%s: %s, %+v", c.name, r.RemoteAddr, a)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !Of(r).Secure {
		t.Error("TLS to us is none")
	}
}

func TestFaultsAreTold(t *testing.T) {
	for _, c := range []struct {
		trusted []string
		header  string
		says    string
	}{
		{[]string{"10.0.0.0/99"}, "", "10.0.0.0/99"},
		{nil, "X-Real-IP", "say which addresses they have"},
		{[]string{"loopback"}, "X Real", "no header name"},
	} {
		if _, err := Behind(c.trusted, c.header); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v %q: %v", c.trusted, c.header, err)
		}
	}
}
