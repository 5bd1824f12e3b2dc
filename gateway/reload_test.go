package gateway_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"palisade.dev/gateway"
)

func TestReloadFailsNoRequest(t *testing.T) {
	word := func(w string) string {
		return serve(t, func(rw http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			fmt.Fprint(rw, w, len(b))
		})
	}
	first, second := one(t, word("first"), nil), one(t, word("second"), nil)
	second.Listen = append(second.Listen, gateway.Listener{Address: "127.0.0.2:0"})
	g := run(t, first)
	var asked, failed atomic.Int64
	var seen sync.Map
	stop := make(chan struct{})
	c := client(t)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			body := strings.Repeat("x", i*300) // some go the long way
			for {
				res, err := c.Post(base(g), "text/plain", strings.NewReader(body))
				asked.Add(1)
				if err != nil {
					failed.Add(1)
					t.Errorf("request: %v", err)
					return
				}
				b, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != 200 || !strings.HasSuffix(string(b), fmt.Sprint(len(body))) {
					failed.Add(1)
					t.Errorf("answer: %d %q %v", res.StatusCode, b, err)
					return
				}
				seen.Store(string(b[:5]), true)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for i := range 20 {
		next := second
		if i%2 == 1 {
			next = first
		}
		before := asked.Load()
		if err := g.Reload(next); err != nil {
			t.Error(err)
		}
		for asked.Load() < before+100 && failed.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	close(stop)
	wg.Wait()
	want(t, "failed", failed.Load(), 0)
	for _, w := range []string{"first", "secon"} {
		if _, ok := seen.Load(w); !ok {
			t.Errorf("nobody met the %s app", w)
		}
	}
}

func TestWebSocketLivesThroughReload(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, b, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, append([]byte("echo "), b...)) != nil {
				return
			}
		}
	})
	conf := one(t, app, nil)
	g := run(t, conf)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+g.Addr(anyPort).String()+"/live/websocket?vsn=2", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	say := func(text string) {
		t.Helper()
		if err := c.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
		_, b, err := c.Read(ctx)
		if err != nil || string(b) != "echo "+text {
			t.Fatalf("%q %v", b, err)
		}
	}
	say("before")
	want(t, "upgraded", g.Metrics().Upgrades.Load(), 1)
	// The site's app moves elsewhere and another listener appears: who is connected stays where it is.
	next := one(t, "http://127.0.0.1:1", nil)
	next.Listen = append(next.Listen, gateway.Listener{Address: "127.0.0.2:0"})
	if err := g.Reload(next); err != nil {
		t.Fatal(err)
	}
	say("after")
	if err := g.Reload(gateway.Config{Listen: next.Listen[1:], Sites: next.Sites}); err != nil {
		t.Fatal(err)
	}
	say("after its listener closed")
	_ = c.Close(websocket.StatusNormalClosure, "")
	for g.Metrics().Upgrades.Load() != 0 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	want(t, "upgraded at the end", g.Metrics().Upgrades.Load(), 0)
}

func TestEventStreamComesAtOnceAndLivesThroughReload(t *testing.T) {
	tick := make(chan string)
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case s := <-tick:
				fmt.Fprintf(w, "data: %s\n\n", s)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
	g := run(t, one(t, app, nil))
	res, err := client(t).Get(base(g)) // its header is here before the app has anything to tell
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	for i := range 10 {
		text := fmt.Sprint("event ", i)
		select {
		case tick <- text:
		case <-time.After(5 * time.Second):
			t.Fatal("the stream has ended for the app")
		}
		line, err := lines.ReadString('\n')
		if err != nil || line != "data: "+text+"\n" {
			t.Fatalf("%q %v", line, err)
		}
		_, _ = lines.ReadString('\n')
		if i%3 == 0 {
			if err := g.Reload(one(t, app, nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFaultyReloadChangesNothing(t *testing.T) {
	app := serve(t, func(http.ResponseWriter, *http.Request) {})
	g := run(t, one(t, app, nil))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cases := 0
	for _, x := range []struct {
		fault string
		spoil func(*gateway.Config)
	}{
		{"no hosts", func(c *gateway.Config) { c.Sites[0].Hosts = nil }},
		{"no upstream", func(c *gateway.Config) { c.Sites[0].Upstreams = nil }},
		{"want an address such as", func(c *gateway.Config) { c.Sites[0].Upstreams = []string{"ftp://x"} }},
		{"want an address such as", func(c *gateway.Config) { c.Sites[0].Upstreams = []string{"http://x/path"} }},
		{"no guard", func(c *gateway.Config) { c.Sites[0].Guard = nil }},
		{"belongs to another site", func(c *gateway.Config) { c.Sites = append(c.Sites, c.Sites[0]) }},
		{"twice", func(c *gateway.Config) { c.Listen = append(c.Listen, c.Listen[0]) }},
		{"is another program there?", func(c *gateway.Config) {
			c.Listen = append(c.Listen, gateway.Listener{Address: taken.Addr().String()})
		}},
		{"tls without a certificate", func(c *gateway.Config) { c.Listen[0].TLS = &gateway.TLS{} }},
		{"certificate /none", func(c *gateway.Config) {
			c.Listen[0].TLS = &gateway.TLS{Files: []gateway.CertificateFiles{{Certificate: "/none", Key: "/none"}}}
		}},
		{"whose certificates count?", func(c *gateway.Config) { c.Listen[0].TLS = &gateway.TLS{RequireClient: true} }},
		{"control of the zone", func(c *gateway.Config) { c.Listen[0].TLS = &gateway.TLS{ACME: &gateway.ACME{Folder: "x"}} }},
	} {
		c := one(t, app, nil)
		x.spoil(&c)
		if err := g.Reload(c); err == nil || !strings.Contains(err.Error(), x.fault) {
			t.Errorf("want %q, got %v", x.fault, err)
		}
		want(t, "still serving", ask(t, client(t), "GET", base(g), "").status, 200)
		cases++
	}
	if cases < 12 {
		t.Fatalf("only %d cases ran", cases)
	}
}

func TestRunDrains(t *testing.T) {
	begun, let := make(chan bool), make(chan bool)
	app := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		begun <- true
		<-let
		_, _ = io.WriteString(w, "all of it")
	})
	c := one(t, app, nil)
	c.Limits.DrainTimeout = 5 * time.Second
	g, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	url := base(g)
	got := make(chan answer, 1)
	go func() { got <- ask(t, client(t), "GET", url, "") }()
	<-begun
	cancel()
	for { // until nobody new is let in
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err != nil {
			break
		}
		conn.Close()
	}
	close(let)
	want(t, "the request under way", (<-got).body, "all of it")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := g.Reload(c); err == nil {
		t.Error("a stopped gateway was reloaded")
	}
}
