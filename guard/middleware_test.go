package guard

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// small keeps tests' tables small.
var small = engine.Size{Clients: 1 << 8, Keys: 1 << 8, Distinct: 1 << 6, Bans: 1 << 6}

type log struct {
	mu     sync.Mutex
	events []wire.Event
}

func (l *log) record(e *wire.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, *e)
}

func (l *log) last(t *testing.T) wire.Event {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.events) == 0 {
		t.Fatal("no event was recorded")
	}
	return l.events[len(l.events)-1]
}

func guarded(t *testing.T, p *wire.Policy, change ...func(*Options)) (*Guard, *log) {
	t.Helper()
	l := &log{}
	o := Options{Size: small, Record: l.record}
	for _, c := range change {
		c(&o)
	}
	g := New(o)
	if p != nil {
		p.Version, p.Site, p.Revision, p.Secret = wire.Version, "shop", 1, []byte("a secret of thirty-two bytes, or so")
		if err := g.Install(p, nil); err != nil {
			t.Fatal(err)
		}
	}
	return g, l
}

func ask(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = "203.0.113.7:4000"
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestMiddlewareRefusesBeforeTheApp(t *testing.T) {
	g, l := guarded(t, &wire.Policy{Rules: []wire.Rule{{Name: "few", Match: wire.Match{Route: "GET /x"}, Limit: "2 per 1m"}}})
	reached := 0
	h := g.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached++
		_, _ = io.WriteString(w, "hello")
	}))
	first := ask(h, "GET", "/x")
	if first.Code != 200 || first.Header().Get("RateLimit-Policy") != `"few";q=2;w=60` || first.Header().Get("RateLimit") != `"few";r=1;t=30` {
		t.Errorf("%d %v", first.Code, first.Header())
	}
	if e := l.last(t); e.Status != 200 || e.Bytes != 5 || e.Action != "allow" || e.Route != "/x" || e.Address.String() != "203.0.113.7" {
		t.Errorf("event %+v", e)
	}
	ask(h, "GET", "/x")
	refused := ask(h, "GET", "/x", func(r *http.Request) { r.Header.Set("Accept", "application/json") })
	if refused.Code != 429 || refused.Header().Get("Retry-After") != "30" || reached != 2 {
		t.Errorf("%d, Retry-After %q, the app was reached %d times", refused.Code, refused.Header().Get("Retry-After"), reached)
	}
	if body := refused.Body.String(); !strings.Contains(body, `"code":"refused","retry_after":30`) || refused.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s", body)
	}
	page := ask(h, "GET", "/x", func(r *http.Request) { r.Header.Set("Accept", "text/html,*/*") })
	if body := page.Body.String(); page.Code != 429 || !strings.Contains(body, `<meta name="generator" content="Palisade">`) || !strings.Contains(body, "Please wait a moment") {
		t.Errorf("%d %s", page.Code, body)
	}
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("policy %q", csp)
	}
	if head := ask(h, "HEAD", "/x"); head.Code != 429 || head.Body.Len() != 0 {
		t.Errorf("HEAD: %d with %d bytes", head.Code, head.Body.Len())
	}
}

func TestPanicIsA500ToWhoeverCounts(t *testing.T) {
	g, l := guarded(t, &wire.Policy{Rules: []wire.Rule{{Name: "crashes", Count: "status.5xx", Limit: "1 per 1h", Then: wire.Words{"block"}}}})
	h := g.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the app broke") }))
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		ask(h, "GET", "/")
	}()
	if e := l.last(t); e.Status != 500 {
		t.Errorf("event %+v", e)
	}
	if w := ask(h, "GET", "/"); w.Code != 403 {
		t.Errorf("the next one: %d", w.Code)
	}
}

func TestAppReportsOutcomesAndAccounts(t *testing.T) {
	g, l := guarded(t, &wire.Policy{Rules: []wire.Rule{{Name: "fails", Match: wire.Match{Route: "POST /in"}, Count: "login.failed", Limit: "1 per 1h"}}})
	h := g.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		Report(r.Context(), "login", "failed", "alice")
		SetAccount(r.Context(), "Carol")
	}))
	if w := ask(h, "POST", "/in"); w.Code != 200 {
		t.Fatal(w.Code)
	}
	if e := l.last(t); e.Account != "carol" || len(e.Outcomes) != 1 || e.Outcomes[0].Name() != "login.failed" || e.Outcomes[0].Subject != "alice" {
		t.Errorf("event %+v", e)
	}
	if w := ask(h, "POST", "/in"); w.Code != 429 {
		t.Errorf("the next one: %d", w.Code)
	}
	Report(context.Background(), "login", "failed", "alice") // no guard in front: nothing happens
}

// TestKnownDevice: who signed in before a route is closed to newcomers gets in, others do not.
func TestKnownDevice(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	clock := func(o *Options) { o.Now = func() time.Time { return now } }
	p := &wire.Policy{
		Identity: wire.Identity{Outcomes: []wire.Observed{{Route: "POST /in", Kind: "login", Subject: []string{"email"}, Success: []wire.Reply{{Status: []int{303}}}}}},
		Levers:   []wire.Lever{{ID: "1", Match: "/shop", Position: "known", Since: now.Add(time.Minute).UnixMilli(), Until: now.Add(time.Hour).UnixMilli()}},
	}
	g, _ := guarded(t, p, clock)
	h := g.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/in" {
			w.Header().Set("Location", "/")
			w.WriteHeader(303)
		}
	}))
	signedIn := ask(h, "POST", "/in?email=alice@example.com")
	cookies := signedIn.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "palisade_known" || !cookies[0].HttpOnly {
		t.Fatalf("cookies %v", cookies)
	}
	if strings.Contains(cookies[0].Value, "alice") {
		t.Error("the cookie tells the account")
	}
	now = now.Add(2 * time.Minute)
	if w := ask(h, "GET", "/shop"); w.Code != 503 {
		t.Errorf("a newcomer: %d", w.Code)
	}
	if w := ask(h, "GET", "/shop", func(r *http.Request) { r.AddCookie(cookies[0]) }); w.Code != 200 {
		t.Errorf("a known device: %d", w.Code)
	}
	late := ask(h, "POST", "/in?email=mallory@example.com").Result().Cookies()
	if w := ask(h, "GET", "/shop", func(r *http.Request) { r.AddCookie(late[0]) }); w.Code != 503 {
		t.Errorf("a device known only since: %d", w.Code)
	}
	forged := *cookies[0]
	forged.Value = strings.Replace(forged.Value, "v1.", "v1.0", 1)
	if w := ask(h, "GET", "/shop", func(r *http.Request) { r.AddCookie(&forged) }); w.Code != 503 {
		t.Errorf("a forged cookie: %d", w.Code)
	}
}

func TestStreamsAndHijacksGoThrough(t *testing.T) {
	g, l := guarded(t, &wire.Policy{})
	server := httptest.NewServer(g.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/flush":
			_, _ = io.WriteString(w, "one\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		case "/hijack":
			c, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello\n")
			_ = rw.Flush()
			_ = c.Close()
		case "/copy":
			_, _ = io.Copy(w, strings.NewReader(strings.Repeat("x", 100_000)))
		}
	})))
	defer server.Close()
	res, err := http.Get(server.URL + "/flush")
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || line != "one\n" {
		t.Errorf("%q, %v: the first line must come before the end", line, err)
	}
	_ = res.Body.Close()
	req, err := http.NewRequest("GET", server.URL+"/hijack", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	res, err = http.DefaultTransport.RoundTrip(req)
	if err != nil || res.StatusCode != 101 {
		t.Fatalf("%v, %v", res, err)
	}
	_ = res.Body.Close()
	res, err = http.Get(server.URL + "/copy")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if err != nil || n != 100_000 {
		t.Errorf("%d bytes, %v", n, err)
	}
	server.Close() // waits for the handlers' ends, which need not come in the order of their beginnings
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.events, func(e wire.Event) bool { return e.Path == "/copy" })
	if i < 0 || l.events[i].Bytes != 100_000 {
		t.Errorf("events %+v", l.events)
	}
}

// TestDelayIsBounded: so many are held, the others are told to come back.
func TestDelayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := guarded(t, &wire.Policy{Rules: []wire.Rule{{Name: "slow", Limit: "1 per 1h", Then: wire.Words{"delay"}}}}, func(o *Options) { o.Delays = 3 })
		h := g.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		if w := ask(h, "GET", "/"); w.Code != 200 {
			t.Fatal(w.Code)
		}
		begin := time.Now()
		var wg sync.WaitGroup
		codes := make(chan int, 10)
		for range 10 {
			wg.Go(func() { codes <- ask(h, "GET", "/").Code })
		}
		wg.Wait()
		close(codes)
		count := map[int]int{}
		for c := range codes {
			count[c]++
		}
		if count[200] != 3 || count[429] != 7 || time.Since(begin) != delay {
			t.Errorf("%v in %v", count, time.Since(begin))
		}
	})
}

func TestWithoutAPolicy(t *testing.T) {
	open, l := guarded(t, nil)
	h := open.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if w := ask(h, "GET", "/"); w.Code != 200 {
		t.Errorf("open: %d", w.Code)
	}
	if e := l.last(t); e.Reason != "no-policy" {
		t.Errorf("event %+v", e)
	}
	closed, _ := guarded(t, nil, func(o *Options) { o.Closed = true })
	if w := ask(closed.Middleware(h), "GET", "/"); w.Code != 503 {
		t.Errorf("closed: %d", w.Code)
	}
}

func TestAFaultyPolicyLeavesTheOneInForce(t *testing.T) {
	g, _ := guarded(t, &wire.Policy{Bans: []wire.Ban{{ID: "1", Subject: "203.0.113.7"}}})
	bad := &wire.Policy{Version: wire.Version, Site: "shop", Revision: 2, Rules: []wire.Rule{{Name: "a", Limit: "five"}, {Name: "B!", Limit: "1 per 1m"}}}
	err := g.Install(bad, nil)
	if err == nil || !strings.Contains(err.Error(), "five") || !strings.Contains(err.Error(), "a-z, 0-9") {
		t.Errorf("%v: want both faults", err)
	}
	if err := g.Install(&wire.Policy{Version: 99, Site: "shop"}, nil); err == nil || !strings.Contains(err.Error(), "upgrade") {
		t.Errorf("%v", err)
	}
	h := g.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if w := ask(h, "GET", "/"); w.Code != 403 || g.Revision() != 1 {
		t.Errorf("%d at revision %d", w.Code, g.Revision())
	}
}

func TestUniformAnswers(t *testing.T) {
	g, _ := guarded(t, &wire.Policy{
		Answer: wire.Answer{Uniform: true},
		Bans:   []wire.Ban{{ID: "1", Subject: "203.0.113.8"}},
		Rules:  []wire.Rule{{Name: "few", Limit: "1 per 1h"}},
		Traps:  []wire.Trap{{Name: "env", Paths: []string{".env"}}},
	})
	h := g.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	ask(h, "GET", "/")
	var first string
	for _, w := range []*httptest.ResponseRecorder{
		ask(h, "GET", "/"),
		ask(h, "GET", "/", func(r *http.Request) { r.RemoteAddr = "203.0.113.8:1" }),
		ask(h, "GET", "/.env", func(r *http.Request) { r.RemoteAddr = "203.0.113.9:1" }),
	} {
		body, _, _ := strings.Cut(w.Body.String(), `"reference"`)
		got := w.Result().Status + w.Header().Get("Retry-After") + body
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("answers can be told apart:\n%s\n%s", first, got)
		}
	}
}
