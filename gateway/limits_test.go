package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"palisade.dev/gateway"
	"palisade.dev/guard/wire"
)

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	var reached int
	app := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		reached++
		_, _ = io.Copy(io.Discard, r.Body)
	})
	c := one(t, app, nil)
	c.Sites[0].MaxBody = 100 << 10
	g := run(t, c)
	h := client(t)
	want(t, "a body at the bound", ask(t, h, "POST", base(g), strings.Repeat("x", 100<<10)).status, 200)
	want(t, "reached the app", reached, 1)
	got := ask(t, h, "POST", base(g), strings.Repeat("x", 100<<10+1), "Accept: text/html")
	want(t, "a body beyond it", got.status, 413)
	if !strings.Contains(got.body, "That was too large") {
		t.Error(got.body)
	}
	want(t, "reached the app", reached, 1)
	chunk := "4000\r\n" + strings.Repeat("x", 0x4000) + "\r\n"
	want(t, "chunks without end", statusOf(raw(t, g, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat(chunk, 7)+"0\r\n\r\n")), "413")
	want(t, "header", ask(t, h, "GET", base(g), "", "X: "+strings.Repeat("x", 30<<10)).status, 200)
	want(t, "header beyond", statusOf(raw(t, g, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 40<<10)+"\r\n\r\n")), "431")
	want(t, "target beyond", statusOf(raw(t, g, "GET /"+strings.Repeat("x", 40<<10)+" HTTP/1.1\r\nHost: x\r\n\r\n")), "431")
}

func TestSlowClientsAreCutOff(t *testing.T) {
	app := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})
	guard, _ := protect(t, func(p *wire.Policy) {
		p.Rules = []wire.Rule{{Name: "no", Match: wire.Match{Route: "POST /refused"}, Limit: "1 per 1h", Then: wire.Words{"throttle"}, By: wire.Words{"address"}}}
	})
	c := one(t, app, guard)
	c.Limits = gateway.Limits{HeaderTimeout: 100 * time.Millisecond, IdleTimeout: 150 * time.Millisecond, BodyTimeout: 100 * time.Millisecond, BodyRate: 200, DrainTimeout: 100 * time.Millisecond}
	g := run(t, c)
	ask(t, client(t), "POST", base(g)+"/refused", "x")
	cases := 0
	for _, x := range []struct{ name, begin, drip, status string }{
		{"says nothing", "", "", "none"},
		{"a header byte by byte", "GET / HTTP/1.1\r\nHost: x\r\nX: ", "x", "none"},
		{"a header that stops", "GET / HTTP/1.1\r\nHost: x\r\n", "", "none"},
		{"a short body that stops", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "", "408"},
		{"a short body byte by byte", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc", "x", "408"},
		{"a long body that stops", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc", "", "408"},
		{"a long body byte by byte", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc", "x", "408"},
		{"chunks byte by byte", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", "408"},
		{"a refused body byte by byte", "POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "x", "429"},
		{"idle after an answer", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", "200"},
	} {
		cases++
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", g.Addr(anyPort).String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, _ = io.WriteString(conn, x.begin)
			gone := make(chan string)
			go func() {
				b, _ := io.ReadAll(conn)
				gone <- string(b)
			}()
			drip := time.NewTicker(20 * time.Millisecond)
			defer drip.Stop()
			limit := time.After(5 * time.Second)
			for {
				select {
				case got := <-gone:
					want(t, "status", statusOf(got), x.status)
					return
				case <-drip.C:
					_, _ = io.WriteString(conn, x.drip)
				case <-limit:
					t.Fatal("still connected")
				}
			}
		})
	}
	if cases < 10 {
		t.Fatalf("only %d cases ran", cases)
	}
}

// A fast client's body may take as long as it likes as a whole.
func TestALongBodyIsNotASlowOne(t *testing.T) {
	var got int64
	app := serve(t, func(_ http.ResponseWriter, r *http.Request) { got, _ = io.Copy(io.Discard, r.Body) })
	c := one(t, app, nil)
	c.Limits = gateway.Limits{BodyTimeout: 500 * time.Millisecond, BodyRate: 500}
	g := run(t, c)
	r, w := io.Pipe()
	go func() {
		for range 30 {
			_, _ = w.Write(make([]byte, 100))
			time.Sleep(20 * time.Millisecond)
		}
		w.Close()
	}()
	res, err := client(t).Post(base(g), "text/plain", r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want(t, "status", res.StatusCode, 200)
	want(t, "bytes", got, 3000)
}

func TestAClientThatTakesNothingIsCutOff(t *testing.T) {
	over := make(chan bool, 1)
	app := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		b := make([]byte, 1<<20)
		for range 64 {
			if _, err := w.Write(b); err != nil {
				over <- true
				return
			}
		}
	})
	c := one(t, app, nil)
	c.Limits.WriteTimeout = 100 * time.Millisecond
	g := run(t, c)
	conn, err := net.Dial("tcp", g.Addr(anyPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Fatal("the app still writes")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	app := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := one(t, app, nil)
	c.Limits.Connections = 5
	g := run(t, c)
	var open []net.Conn
	for range 5 {
		conn, err := net.Dial("tcp", g.Addr(anyPort).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		open = append(open, conn)
	}
	talk := func(conn net.Conn) string {
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		return statusOf(line)
	}
	want(t, "the last of five", talk(open[4]), "200")
	sixth, err := net.Dial("tcp", g.Addr(anyPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer sixth.Close()
	want(t, "the sixth", talk(sixth), "none")
	if n, refused := g.Connections(); n != 5 || refused != 1 {
		t.Errorf("open %d, refused %d", n, refused)
	}
	open[0].Close()
	for n := 5; n > 4; n, _ = g.Connections() {
		time.Sleep(time.Millisecond)
	}
	seventh, err := net.Dial("tcp", g.Addr(anyPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer seventh.Close()
	want(t, "once one has gone", talk(seventh), "200")
}

func TestProxyProtocol(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-For"))
	})
	c := one(t, app, nil)
	c.Listen[0].Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	c.Limits.PerSource, c.Limits.HeaderTimeout = 2, 1500*time.Millisecond
	g := run(t, c)
	const get = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 198.51.100.1\r\nConnection: close\r\n\r\n"
	v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + "\xcb\x00\x71\x08" + "\x0a\x00\x00\x01" + "\x04\x00\x00\x50"
	last := func(s string) string { return s[strings.LastIndexByte(s, '\n')+1:] }
	want(t, "v1", last(raw(t, g, "PROXY TCP4 203.0.113.7 10.0.0.1 4000 80\r\n"+get)), "203.0.113.7")
	want(t, "v1 over IPv6", last(raw(t, g, "PROXY TCP6 2001:db8::7 2001:db8::1 4000 80\r\n"+get)), "2001:db8::7")
	want(t, "v2", last(raw(t, g, v2+get)), "203.0.113.8")
	want(t, "without one", statusOf(raw(t, g, get)), "none")
	want(t, "broken", statusOf(raw(t, g, "PROXY TCP4 nowhere 10.0.0.1 4000 80\r\n"+get)), "none")

	// One that never says who it is must not keep others from being accepted, nor stay.
	mute, err := net.Dial("tcp", g.Addr(anyPort).String())
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	begun := time.Now()
	want(t, "beside a mute one", last(raw(t, g, "PROXY TCP4 203.0.113.7 10.0.0.1 4000 80\r\nGET / HTTP/1.0\r\n\r\n")), "203.0.113.7")
	if d := time.Since(begun); d > time.Second {
		t.Errorf("waited %v for the mute one", d)
	}
	_ = mute.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.ReadAll(mute); os.IsTimeout(err) {
		t.Error("the mute one is still connected")
	}

	// The bound of one source holds for what the proxy says.
	for i, status := range []string{"200", "200", "none"} {
		conn, err := net.Dial("tcp", g.Addr(anyPort).String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = io.WriteString(conn, "PROXY TCP4 203.0.113.9 10.0.0.1 4000 80\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if statusOf(line) != status {
			t.Errorf("connection %d: %q", i, line)
		}
	}

	// From others the header is not taken; that listener now speaks plainly, on the same socket.
	c.Listen[0].Proxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	if err := g.Reload(c); err != nil {
		t.Fatal(err)
	}
	want(t, "from a stranger", statusOf(raw(t, g, "PROXY TCP4 203.0.113.7 10.0.0.1 4000 80\r\n"+get)), "400")
	want(t, "without", last(raw(t, g, get)), "127.0.0.1")
}
