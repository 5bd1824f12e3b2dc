package gateway_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"palisade.dev/gateway"
)

// closed is an address where nobody listens.
func closed(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestAnAppThatIsAway(t *testing.T) {
	slow := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	cutting := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, _ := http.NewResponseController(w).Hijack()
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		c.Close()
	})
	babbling, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer babbling.Close()
	go func() {
		for {
			c, err := babbling.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "SSH-2.0-OpenSSH\r\n\r\n")
			c.Close()
		}
	}()
	large := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for i := range 300 {
			w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 1<<10))
		}
	})
	cases := 0
	for _, x := range []struct {
		name, app string
		status    int
		says      string
	}{
		{"down", "http://" + closed(t), 502, "does not answer"},
		{"slow", slow, 504, "too long"},
		{"speaks another language", "http://" + babbling.Addr().String(), 502, "does not answer"},
		{"too large a header", large, 502, "does not answer"},
	} {
		c := one(t, x.app, nil)
		if x.name == "slow" {
			c.Sites[0].Timeout = 100 * time.Millisecond
		}
		g := run(t, c)
		for _, body := range []string{"", "short", strings.Repeat("x", shortest)} {
			got := ask(t, client(t), "POST", base(g), body, "Accept: text/html")
			want(t, x.name, got.status, x.status)
			if !strings.Contains(got.body, x.says) || strings.Contains(got.body, "127.0.0.1") {
				t.Errorf("%s: %s", x.name, got.body)
			}
			want(t, x.name+" for programs", ask(t, client(t), "GET", base(g), "").header.Get("Content-Type"), "application/problem+json")
			cases++
		}
	}
	if cases < 12 {
		t.Fatalf("only %d cases ran", cases)
	}
	g := run(t, one(t, cutting, nil))
	res, err := client(t).Get(base(g))
	if err == nil {
		_, err = io.ReadAll(res.Body)
		res.Body.Close()
	}
	if err == nil {
		t.Error("half a response was taken for all of it")
	}
}

// counting is an app that says who it is and can be stopped and started at the same address.
type counting struct {
	t    *testing.T
	word string
	addr string
	n    atomic.Int64
	sick atomic.Bool
	srv  *httptest.Server
}

func (a *counting) start() {
	l, err := net.Listen("tcp", a.addr)
	if err != nil {
		a.t.Fatal(err)
	}
	a.addr = l.Addr().String()
	a.srv = &httptest.Server{Listener: l, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		a.n.Add(1)
		fmt.Fprint(w, a.word)
	})}}
	a.srv.Start()
	a.t.Cleanup(a.srv.Close)
}

func TestUpstreamsTakeTurnsAndStandIn(t *testing.T) {
	a, b := &counting{t: t, word: "a", addr: "127.0.0.1:0"}, &counting{t: t, word: "b", addr: "127.0.0.1:0"}
	a.start()
	b.start()
	var now atomic.Int64
	now.Store(time.Now().UnixNano())
	c := one(t, "http://"+a.addr, nil)
	c.Sites[0].Upstreams = append(c.Sites[0].Upstreams, "http://"+b.addr)
	c.Now = func() time.Time { return time.Unix(0, now.Load()) }
	g := run(t, c)
	h := client(t)
	for range 10 {
		ask(t, h, "GET", base(g), "")
	}
	want(t, "a's share", a.n.Load(), 5)
	want(t, "b's share", b.n.Load(), 5)
	a.srv.Close()
	for range 20 {
		got := ask(t, h, "POST", base(g), "body") // nobody notices, even where doing it twice would matter
		want(t, "while a is away", got.body, "b")
	}
	a.start()
	before := a.n.Load()
	for range 4 {
		ask(t, h, "GET", base(g), "")
	}
	want(t, "a is left alone at first", a.n.Load(), before)
	now.Add(int64(5 * time.Second))
	for range 10 {
		ask(t, h, "GET", base(g), "")
	}
	want(t, "a has its share back", a.n.Load(), before+5)
	if err := g.Reload(c); err != nil {
		t.Fatal(err)
	}
	want(t, "after a reload", ask(t, h, "GET", base(g), "").status, 200)
}

func TestHealthPath(t *testing.T) {
	a, b := &counting{t: t, word: "a", addr: "127.0.0.1:0"}, &counting{t: t, word: "b", addr: "127.0.0.1:0"}
	a.sick.Store(true)
	a.start()
	b.start()
	c := one(t, "http://"+a.addr, nil)
	c.Sites[0].Upstreams = append(c.Sites[0].Upstreams, "http://"+b.addr)
	c.Sites[0].Health = "/health"
	c.Limits.CheckEvery = 20 * time.Millisecond
	g := run(t, c)
	h := client(t)
	until := func(what string, ok func() bool) {
		t.Helper()
		for begun := time.Now(); !ok(); time.Sleep(time.Millisecond) {
			if time.Since(begun) > 5*time.Second {
				t.Fatal(what)
			}
		}
	}
	all := func(word string) func() bool {
		return func() bool {
			for range 6 {
				if ask(t, h, "GET", base(g), "").body != word {
					return false
				}
			}
			return true
		}
	}
	until("the sick one is still asked", all("b"))
	a.sick.Store(false)
	until("the one that is well again is not asked", func() bool { return ask(t, h, "GET", base(g), "").body == "a" })
	// Checks end with the upstream's place in the configuration.
	if err := g.Reload(gateway.Config{Listen: c.Listen, Sites: one(t, "http://"+b.addr, nil).Sites}); err != nil {
		t.Fatal(err)
	}
	until("a is still asked for its health", func() bool {
		before := a.n.Load()
		time.Sleep(60 * time.Millisecond)
		return a.n.Load() == before
	})
}
