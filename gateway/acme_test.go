package gateway_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/gateway"
)

// heard is a log that a test reads while others write.
type heard struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// The authority here is only the beginning of one: it tells its directory, and refuses to open an account.
func TestACMEAuthorityThatRefuses(t *testing.T) {
	asked := make(chan string, 64)
	var url string
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		w.Header().Set("Replay-Nonce", "abc")
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/directory":
			fmt.Fprintf(w, `{"newNonce":"%[1]s/nonce","newAccount":"%[1]s/account","newOrder":"%[1]s/order"}`, url)
		case "/account":
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"type":"urn:ietf:params:acme:error:unauthorized","detail":"no more accounts","status":403}`)
		}
	}))
	defer authority.Close()
	url = authority.URL
	ca := newIssuer(t)
	root := filepath.Join(ca.dir, "authority.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &heard{}
	app := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") })
	c := one(t, app, nil)
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	c.Sites[0].Hosts = []string{"a.example", "*.a.example", "*"}
	c.Listen[0].TLS = &gateway.TLS{
		Files: []gateway.CertificateFiles{ca.sign("a", 1, "a.example")},
		ACME:  &gateway.ACME{Email: "owner@a.example", Directory: url + "/directory", Folder: t.TempDir(), CA: root},
	}
	g := run(t, c)
	for begun := time.Now(); !strings.Contains(log.String(), "no more accounts"); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > 15*time.Second {
			t.Fatalf("nothing of the authority's refusal in the log:\n%s", log)
		}
	}
	// Meanwhile the files are served.
	got := ask(t, ca.client(g, "a.example", true), "GET", "https://"+g.Addr(anyPort).String(), "", "Host: a.example")
	want(t, "served meanwhile", got.body, "served")
	awaitLine(t, log, "no certificate was issued", "name=a.example", "ask whoever runs the directory to let this account in")
	if text := log.String(); !strings.Contains(text, "names=[a.example]") {
		t.Errorf("only names that can be had may be asked for:\n%s", text)
	}
	// The same again asks nobody anew; and an authority that is no longer wanted is let go.
	for len(asked) > 0 {
		<-asked
	}
	if err := g.Reload(c); err != nil {
		t.Fatal(err)
	}
	c.Listen[0].TLS.ACME = nil
	if err := g.Reload(c); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "certificates are managed"); n != 1 {
		t.Errorf("the authority was begun with %d times", n)
	}
	for _, x := range []struct {
		fault string
		acme  gateway.ACME
	}{
		{"acme needs a folder", gateway.ACME{}},
		{"want an https address", gateway.ACME{Folder: "x", Directory: "http://a"}},
		{"no such file", gateway.ACME{Folder: "x", CA: "/none.pem"}},
	} {
		bad := c
		bad.Listen = []gateway.Listener{{Address: anyPort, TLS: &gateway.TLS{ACME: &x.acme}}}
		if err := g.Reload(bad); err == nil || !strings.Contains(err.Error(), x.fault) {
			t.Errorf("want %q, got %v", x.fault, err)
		}
	}
}
