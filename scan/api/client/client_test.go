package client

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/scan/api/answer"
	"palisade.dev/scan/api/identity"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
	return ctx.Err()
}

func serve(t *testing.T, o Options, h http.HandlerFunc) (*Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.Target, _ = url.Parse(s.URL)
	if o.Clock == nil {
		o.Clock = &clock{now: time.Unix(1e9, 0)}
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, s.URL
}

func TestStaysInScope(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	c, at := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at}); x.Status != 302 {
		t.Errorf("a redirect gives %d %v", x.Status, x.Err)
	}
	for _, u := range []string{other.URL, "http://example.com/", "file:///etc/passwd", "gopher://127.0.0.1"} {
		if x := c.Do(t.Context(), Request{Method: "GET", URL: u}); !errors.Is(x.Err, ErrScope) {
			t.Errorf("%s gives %d %v", u, x.Status, x.Err)
		}
	}
	if asked != 0 {
		t.Error("a host out of scope was asked")
	}
}

func TestCredentialsGoToTheTargetOnly(t *testing.T) {
	who := identity.New("alice", "", identity.Bearer, "", "secret-token")
	resolve := func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("203.0.113.9")}, nil
	}
	target, _ := url.Parse("http://api.example.com/")
	c, _ := New(Options{Target: target, Scope: []string{"other.example.com"}, Resolve: resolve})
	if x := c.Do(t.Context(), Request{Method: "GET", URL: "http://other.example.com/", As: who}); !errors.Is(x.Err, ErrScope) || !strings.Contains(x.Err.Error(), "credentials are for") {
		t.Errorf("another host in scope: %v", x.Err)
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: "http://api.example.com/", As: who}); x.Err == nil || !strings.Contains(x.Err.Error(), "plain http. Use https") {
		t.Errorf("plain http: %v", x.Err)
	}
	if c.Spent().Requests != 0 {
		t.Error("something was sent")
	}
}

func TestNamesAreLookedUpOnce(t *testing.T) {
	looked := 0
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	target, _ := url.Parse("http://api.test:" + port)
	c, _ := New(Options{Target: target, Resolve: func(context.Context, string) ([]netip.Addr, error) {
		if looked++; looked > 1 {
			return []netip.Addr{netip.MustParseAddr("203.0.113.9")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}})
	for range 3 {
		if x := c.Do(t.Context(), Request{Method: "GET", URL: target.String(), Fresh: true}); x.Err != nil {
			t.Fatal(x.Err)
		}
	}
	if looked != 1 {
		t.Errorf("looked up %d times", looked)
	}
}

func TestPublicHostsNeedProof(t *testing.T) {
	public := []netip.Addr{netip.MustParseAddr("203.0.113.9")}
	no := func(context.Context, string) ([]byte, error) { return nil, errors.New("no") }
	lookup := func(_ context.Context, name string) ([]string, error) {
		if name == "_palisade.mine.example" {
			return []string{"palisade-owner=t1"}, nil
		}
		return nil, errors.New("none")
	}
	p := Proof{Token: "t1", LookupTXT: lookup, Get: no}
	if err := p.Permit(t.Context(), "mine.example", public); err != nil {
		t.Error(err)
	}
	err := p.Permit(t.Context(), "yours.example", public)
	if err == nil || !strings.Contains(err.Error(), `_palisade.yours.example TXT "palisade-owner=t1"`) || !strings.Contains(err.Error(), "--i-own-this") {
		t.Errorf("without proof: %v", err)
	}
	p.Get = func(_ context.Context, at string) ([]byte, error) { return []byte("t1\n"), nil }
	if err := p.Permit(t.Context(), "yours.example", public); err != nil {
		t.Error(err)
	}
	for _, near := range []string{"127.0.0.1", "10.1.2.3", "::1", "fd00::1", "::ffff:192.168.1.1"} {
		if err := (Proof{}).Permit(t.Context(), "x", []netip.Addr{netip.MustParseAddr(near)}); err != nil {
			t.Errorf("%s: %v", near, err)
		}
	}
	if err := (Proof{}).Permit(t.Context(), "x", []netip.Addr{netip.MustParseAddr("10.0.0.1"), public[0]}); err == nil {
		t.Error("one public address among private ones is enough to need proof")
	}
}

func TestBudget(t *testing.T) {
	c, at := serve(t, Options{Budget: Budget{Requests: 3, Rate: 10}}, func(http.ResponseWriter, *http.Request) {})
	for range 3 {
		c.Do(t.Context(), Request{Method: "GET", URL: at})
	}
	if s := c.Spent(); s.Requests != 3 || s.Waited < 200*time.Millisecond {
		t.Errorf("%+v", s)
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at}); !errors.Is(x.Err, ErrSpent) || !strings.Contains(x.Err.Error(), "--requests") {
		t.Error(x.Err)
	}
}

func TestRetryAfterIsObeyedOnce(t *testing.T) {
	n := 0
	c, at := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 || r.URL.Path == "/always" {
			w.Header().Set("Retry-After", "4")
			w.WriteHeader(429)
		}
	})
	began := c.Clock().Now()
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at}); x.Status != 200 || c.Clock().Now().Sub(began) != 4*time.Second {
		t.Errorf("%d after %v", x.Status, c.Clock().Now().Sub(began))
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at + "/always"}); x.Status != 429 || n != 4 {
		t.Errorf("%d after %d requests", x.Status, n)
	}
}

func TestStopsWhenTheTargetSuffers(t *testing.T) {
	n := 0
	c, at := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n > 30 {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	for range 60 {
		c.Do(t.Context(), Request{Method: "GET", URL: at})
	}
	if err := c.Distress(); !errors.Is(err, ErrDistress) || n > 45 {
		t.Errorf("%d requests, %v", n, err)
	}
}

func TestHostileServers(t *testing.T) {
	c, at := serve(t, Options{Clock: Wall{}}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/endless":
			b := []byte(strings.Repeat("x", 64<<10))
			for {
				if _, err := w.Write(b); err != nil {
					return
				}
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			zeros := make([]byte, 1<<20)
			for range 300 {
				if _, err := z.Write(zeros); err != nil {
					return
				}
			}
			_ = z.Close()
		case "/headers":
			for i := range 100 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("h", 16<<10))
			}
		case "/half":
			hijacked, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(hijacked, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
			_ = hijacked.Close()
		}
	})
	for _, raw := range []bool{false, true} {
		r := Request{Method: "GET", URL: at + "/endless"}
		if raw {
			r.Lines = []string{"X-Raw: 1"}
		}
		if x := c.Do(t.Context(), r); len(x.Body) > maxBody || !x.Truncated {
			t.Errorf("endless gives %d bytes, %v", len(x.Body), x.Err)
		}
		r.URL = at + "/bomb"
		if x := c.Do(t.Context(), r); len(x.Body) != maxBody || !x.Truncated {
			t.Errorf("a bomb gives %d bytes, %v", len(x.Body), x.Err)
		}
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at + "/headers"}); x.Err == nil {
		t.Error("a megabyte of headers is accepted")
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at + "/half"}); !x.Truncated || string(x.Body) != "abc" {
		t.Errorf("half an answer gives %q", x.Body)
	}
}

func TestRawIsSentAsItStands(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		b := make([]byte, 4096)
		n, _ := conn.Read(b)
		got <- string(b[:n])
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		_ = conn.Close()
	}()
	target, _ := url.Parse("http://" + l.Addr().String())
	c, _ := New(Options{Target: target})
	x := c.Do(t.Context(), Request{Method: "GET", URL: target.String(), Target: "/a/%2e/../b;x", Lines: []string{"X-Key:  k1 \t", "x-key: k2"}})
	if x.Status != 204 || x.Kind() != answer.Accepted {
		t.Errorf("%d %v", x.Status, x.Err)
	}
	if s := <-got; !strings.HasPrefix(s, "GET /a/%2e/../b;x HTTP/1.1\r\n") || !strings.Contains(s, "\r\nX-Key:  k1 \t\r\nx-key: k2\r\n") {
		t.Errorf("sent %q", s)
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: target.String(), Lines: []string{"A: b\r\nC: d"}}); x.Err == nil {
		t.Error("a line with a line end in it is sent")
	}
}
