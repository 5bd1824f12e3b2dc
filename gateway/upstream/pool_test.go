package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// app answers each connection by a script.
func app(t *testing.T, talk func(n int, c net.Conn, r *bufio.Reader)) *Pool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				talk(n, c, bufio.NewReader(c))
			}()
		}
	}()
	p := NewPool(l.Addr().String(), Options{HeaderTimeout: 2 * time.Second})
	t.Cleanup(p.Close)
	return p
}

func do(t *testing.T, p *Pool, method, body string) (string, error) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), method, "http://app/", nil)
	res, err := p.Do(&Request{Request: r, Target: "/x", Body: []byte(body), Head: func(h *Header) {
		h.Field("Host", "app")
		h.Field("Content-Length", fmt.Sprint(len(body)))
	}})
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(res.Body)
	res.Close(err == nil)
	return string(b), err
}

// answers reads requests and says the connection's number, as often as told.
func answers(times int) func(int, net.Conn, *bufio.Reader) {
	return func(n int, c net.Conn, r *bufio.Reader) {
		for range times {
			q, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, q.Body)
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", n)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	p := app(t, answers(100))
	for range 5 {
		if got, err := do(t, p, "POST", "body"); got != "1" || err != nil {
			t.Fatal(got, err)
		}
	}
	if p.Open() != 1 {
		t.Errorf("%d open", p.Open())
	}
	p.Close()
	if p.Open() != 0 {
		t.Errorf("%d open after Close", p.Open())
	}
	if got, err := do(t, p, "GET", ""); got != "2" || err != nil || p.Open() != 0 {
		t.Errorf("a closed pool kept a connection: %q %v %d", got, err, p.Open())
	}
}

func TestAConnectionThatTheAppClosedIsNotUsed(t *testing.T) {
	p := app(t, answers(1))
	for i := range 5 {
		if got, err := do(t, p, "POST", "body"); got != fmt.Sprint(i+1) || err != nil {
			t.Fatalf("request %d: %q %v", i, got, err)
		}
		time.Sleep(5 * time.Millisecond) // until the app's end has come
	}
}

// An app may close a kept connection just as a request is on its way.
func TestOnlyWhatMayBeDoneTwiceIsSentTwice(t *testing.T) {
	var asked atomic.Int32
	p := app(t, func(n int, c net.Conn, r *bufio.Reader) {
		answers(1)(n, c, r)
		if _, err := http.ReadRequest(r); err == nil {
			asked.Add(1) // and hangs up
		}
	})
	if _, err := do(t, p, "GET", ""); err != nil {
		t.Fatal(err)
	}
	if got, err := do(t, p, "PUT", "body"); got != "2" || err != nil || asked.Load() != 1 {
		t.Errorf("PUT: %q %v after %d", got, err, asked.Load())
	}
	if _, err := do(t, p, "POST", "body"); err == nil {
		t.Error("a POST that the app may have seen was sent again")
	}
}

func TestWhatAnAppMayNotDo(t *testing.T) {
	cases := 0
	for says, fault := range map[string]string{
		"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 300): "too large",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n":                                          "unasked",
		"nonsense\r\n\r\n": "malformed",
		"":                 "EOF",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab": "Content-Length",
		strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 20_000):            "reading the answer",
	} {
		p := app(t, func(_ int, c net.Conn, r *bufio.Reader) {
			_, _ = http.ReadRequest(r)
			_, _ = io.WriteString(c, says)
		})
		if _, err := do(t, p, "GET", ""); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%.40q: %v", says, err)
		}
		if p.Open() != 0 {
			t.Errorf("%.40q: the connection was kept", says)
		}
		cases++
	}
	if cases < 6 {
		t.Fatalf("only %d cases ran", cases)
	}
}

func TestIdleConnectionsGo(t *testing.T) {
	var now atomic.Int64
	p := app(t, answers(100))
	p.o.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	first, _ := p.get(t.Context(), false)
	second, _ := p.get(t.Context(), false)
	p.put(first)
	p.put(second)
	now.Store(50)
	c, _ := p.get(t.Context(), false) // the last one used
	now.Store(70)
	p.put(c)
	if c != second || p.Open() != 1 || len(p.idle) != 1 {
		t.Errorf("%d open, %d idle", p.Open(), len(p.idle))
	}
	now.Store(200)
	if c, _ = p.get(t.Context(), false); c == second || p.Open() != 1 {
		t.Errorf("an old connection was used; %d open", p.Open())
	}
	p.put(c)
}

func TestAClientThatLeavesEndsTheWait(t *testing.T) {
	p := app(t, func(_ int, _ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) })
	ctx, cancel := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "GET", "http://app/", nil)
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := p.Do(&Request{Request: r, Target: "/", Head: func(*Header) {}})
	if !errors.Is(err, context.Canceled) || p.Open() != 0 {
		t.Errorf("%v, %d open", err, p.Open())
	}
	p.o.HeaderTimeout = 20 * time.Millisecond
	var timeout net.Error
	if _, err := do(t, p, "GET", ""); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a slow app: %v", err)
	}
	p.address = "127.0.0.1:1"
	if _, err := do(t, p, "GET", ""); !errors.Is(err, ErrDial) {
		t.Errorf("nobody there: %v", err)
	}
}
