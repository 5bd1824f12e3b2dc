package gateway_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/gateway"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// events collects what a guard records.
type events struct {
	mu  sync.Mutex
	all []wire.Event
}

func (e *events) record(v *wire.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := *v
	c.Outcomes = append([]wire.Outcome(nil), v.Outcomes...)
	e.all = append(e.all, c)
}

// wait gives the first event that fits; an event may be recorded a moment after the client has its response.
func (e *events) wait(t *testing.T, what string, fits func(wire.Event) bool) wire.Event {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		e.mu.Lock()
		for _, v := range e.all {
			if fits(v) {
				e.mu.Unlock()
				return v
			}
		}
		e.mu.Unlock()
	}
	t.Fatalf("no event: %s; have %d others", what, len(e.all))
	return wire.Event{}
}

// protect makes a guard with a policy written by hand.
func protect(t testing.TB, change func(*wire.Policy)) (*guard.Guard, *events) {
	t.Helper()
	e := &events{}
	g := guard.New(guard.Options{
		Size: engine.Size{Clients: 1 << 12, Keys: 1 << 12, Distinct: 1 << 8, Bans: 1 << 8}, Record: e.record,
	})
	p := &wire.Policy{Version: wire.Version, Site: "test", Revision: 7, Secret: []byte("0123456789abcdef0123456789abcdef")}
	if change != nil {
		change(p)
	}
	if err := g.Install(p, nil); err != nil {
		t.Fatal(err)
	}
	return g, e
}

// believing has the guard believe X-Forwarded-For from the machine itself, so that a test can be several clients.
func believing(p *wire.Policy) {
	p.Identity.Proxies, p.Identity.Header = []string{"loopback"}, "X-Forwarded-For"
}

const anyPort = "127.0.0.1:0"

// run starts a gateway and ends it with the test.
func run(t testing.TB, c gateway.Config) *gateway.Gateway {
	t.Helper()
	if c.Listen == nil {
		c.Listen = []gateway.Listener{{Address: anyPort}}
	}
	if c.Limits.DrainTimeout == 0 {
		c.Limits.DrainTimeout = 200 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(testLog{t}, nil))
	}
	g, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return g
}

type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}

// site is one app for any host, with a guard that lets everything pass unless given.
func site(t testing.TB, app string, g *guard.Guard) gateway.Site {
	if g == nil {
		g, _ = protect(t, nil)
	}
	return gateway.Site{Name: "app", Hosts: []string{"*"}, Upstreams: []string{app}, Guard: g}
}

func one(t testing.TB, app string, g *guard.Guard) gateway.Config {
	return gateway.Config{Listen: []gateway.Listener{{Address: anyPort}}, Sites: []gateway.Site{site(t, app, g)}}
}

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func base(g *gateway.Gateway) string { return "http://" + g.Addr(anyPort).String() }

// client follows no redirects and keeps its own connections.
func client(t testing.TB) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends one request; fields are "Name: value".
func ask(t testing.TB, c *http.Client, method, url, body string, fields ...string) answer {
	t.Helper()
	var b io.Reader
	if body != "" {
		b = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, url, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		if name == "Host" {
			r.Host = value
		} else {
			r.Header.Add(name, value)
		}
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the body: %v", method, url, err)
	}
	return answer{res.StatusCode, res.Header, string(got)}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// raw sends bytes as they are and gives all that comes back until the gateway closes or falls silent.
func raw(t testing.TB, g *gateway.Gateway, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", g.Addr(anyPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	_, _ = io.WriteString(c, text)
	b, _ := io.ReadAll(c)
	return string(b)
}

func statusOf(response string) string {
	line, _ := bufio.NewReader(strings.NewReader(response)).ReadString('\n')
	parts := strings.Fields(line)
	if len(parts) < 2 {
		return "none"
	}
	return parts[1]
}
