package outside

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPublic(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450::1": true, "64:ff9b::808:808": true,
		"127.0.0.1": false, "10.1.2.3": false, "169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false,
		"::1": false, "fe80::1": false, "fd00::1": false, "64:ff9b::7f00:1": false, "192.0.0.192": false, "2001::1": false, "203.0.113.7": false,
	} {
		if err := Public(netip.MustParseAddr(text)); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A client asks about the address it connects to, whatever name led there, and does not go where it is sent.
func TestClient(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer inner.Close()
	server := httptest.NewServer(http.RedirectHandler(inner.URL, http.StatusFound))
	defer server.Close()
	o := Options{Allowed: Public, Connect: time.Second, Header: time.Second, Whole: time.Second, MaxHeader: 1 << 10, Idle: 1}
	named := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	if answer, err := Client(o).Get(named); err == nil || !strings.Contains(err.Error(), "is not a public address") {
		t.Errorf("%v, %v", answer, err)
	}
	o.Allowed = func(netip.Addr) error { return nil }
	answer, err := Client(o).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusFound {
		t.Errorf("status %d", answer.StatusCode)
	}
}
