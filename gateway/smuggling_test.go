package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// listener is an app that keeps every byte it is sent and answers each request that it can tell apart.
type listener struct {
	mu   sync.Mutex
	got  strings.Builder
	asks []string
	addr string
}

func listen(t *testing.T) *listener {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{addr: "http://" + socket.Addr().String()}
	t.Cleanup(func() { socket.Close() })
	go func() {
		for {
			c, err := socket.Accept()
			if err != nil {
				return
			}
			go l.talk(c)
		}
	}()
	return l
}

func (l *listener) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.got.Write(b)
}

func (l *listener) talk(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(io.TeeReader(c, l))
	for {
		q, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		l.mu.Lock()
		l.asks = append(l.asks, fmt.Sprintf("%s %s %s %q", q.Method, q.RequestURI, q.Host, body))
		l.mu.Unlock()
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	}
}

func (l *listener) take() (asks []string, all string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asks, all = l.asks, l.got.String()
	l.asks = nil
	l.got.Reset()
	return asks, all
}

// Each case is sent as it stands. Either nothing of it reaches the app, or just the requests named here; never a
// request that was hidden in the body of another.
func TestNoRequestIsSmuggled(t *testing.T) {
	const hidden = "GET /hidden HTTP/1.1\r\nHost: shop.example\r\n\r\n"
	post := func(fields, body string) string {
		return "POST /p HTTP/1.1\r\nHost: shop.example\r\n" + fields + "\r\n" + body
	}
	long := fmt.Sprintf("Content-Length: %d\r\n", len(hidden))
	cases := 0
	var wg sync.WaitGroup
	for _, x := range []struct {
		name, send, status string
		asks               []string
	}{
		{"plain", post("Content-Length: 3\r\n", "abc"), "200", []string{`POST /p shop.example "abc"`}},
		{"chunked", post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), "200", []string{`POST /p shop.example "abc"`}},
		{"two requests of one client", "GET /1 HTTP/1.1\r\nHost: shop.example\r\n\r\nGET /2 HTTP/1.1\r\nHost: shop.example\r\n\r\n", "200", []string{`GET /1 shop.example ""`, `GET /2 shop.example ""`}},

		{"CL.TE", post(fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", len(hidden)+5), "0\r\n\r\n"+hidden), "*", nil},
		{"TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "2e\r\n"+hidden+"\r\n0\r\n\r\n"), "*", nil},
		{"CL twice, different", post("Content-Length: 0\r\n"+long, hidden), "400", nil},
		{"CL twice, alike", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), "*", nil},
		{"CL as a list", post("Content-Length: 0, 45\r\n", hidden), "400", nil},
		{"CL with a sign", post("Content-Length: +3\r\n", "abc"), "400", nil},
		{"CL negative", post("Content-Length: -1\r\n", hidden), "400", nil},
		{"CL in hex", post("Content-Length: 0x0\r\n", hidden), "400", nil},
		{"CL too large", post("Content-Length: 99999999999999999999\r\n", hidden), "400", nil},
		{"CL empty", post("Content-Length: \r\n", hidden), "*", nil},
		{"space before colon", post("Content-Length : 0\r\n"+long, hidden), "400", nil},
		{"TE space before colon", post("Transfer-Encoding : chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"+hidden), "400", nil},
		{"TE unknown", post("Transfer-Encoding: xchunked\r\n"+long, hidden), "501", nil},
		{"TE identity", post("Transfer-Encoding: identity\r\n"+long, hidden), "501", nil},
		{"TE twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"+hidden), "*", nil},
		{"TE list", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"+hidden), "501", nil},
		{"TE with a tab", post("Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"+hidden), "*", nil},
		{"TE with vertical tab", post("Transfer-Encoding: \vchunked\r\n"+long, hidden), "*", nil},
		{"TE in HTTP/1.0", "POST /p HTTP/1.0\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden, "*", nil},
		{"obs-fold", post("X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"+hidden), "*", nil},
		{"bare CR in a value", post("X: a\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n", ""), "400", nil},
		{"NUL in a value", post("X: a\x00b\r\nContent-Length: 0\r\n", ""), "400", nil},
		{"field without colon", post("X\r\nContent-Length: 0\r\n", ""), "400", nil},
		{"field name with space", post("X Y: 1\r\nContent-Length: 0\r\n", ""), "400", nil},
		{"chunk extension with LF", post("Transfer-Encoding: chunked\r\n", "3;a\nabc\r\n0\r\n\r\n"+hidden), "*", nil},
		{"chunk size with 0x", post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"+hidden), "400", nil},
		{"chunk size with a sign", post("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"+hidden), "400", nil},
		{"chunk size too large", post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"+hidden), "400", nil},
		{"chunk without CRLF", post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n"+hidden), "400", nil},
		{"two hosts", "GET / HTTP/1.1\r\nHost: shop.example\r\nHost: other.example\r\n\r\n", "400", nil},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400", nil},
		{"host with a path", "GET / HTTP/1.1\r\nHost: shop.example/admin\r\n\r\n", "400", nil},
		{"host with userinfo", "GET / HTTP/1.1\r\nHost: a@shop.example\r\n\r\n", "400", nil},
		{"absolute form, other host", "GET http://other.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", "404", nil},
		{"absolute form", "GET http://shop.example/x HTTP/1.1\r\nHost: other.example\r\n\r\n", "200", []string{`GET /x shop.example ""`}},
		{"space in the target", "GET /x HTTP/1.1 /y HTTP/1.1\r\nHost: shop.example\r\n\r\n", "400", nil},
		{"two slashes are a path", "GET //other.example/x HTTP/1.1\r\nHost: shop.example\r\n\r\n", "200", []string{`GET //other.example/x shop.example ""`}},
		{"connect", "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n" + hidden, "*", nil},
		{"unknown method with tokens", "G@T / HTTP/1.1\r\nHost: shop.example\r\n\r\n", "400", nil},
		{"HTTP/2 in the clear", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "*", nil},
		{"h2c upgrade", "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", "*", nil},
		{"body on GET", "GET /g HTTP/1.1\r\nHost: shop.example\r\n" + long + "\r\n" + hidden, "200", []string{fmt.Sprintf("GET /g shop.example %q", hidden)}},
		{"SOCKS", "\x05\x01\x00\r\n\r\n", "400", nil},
		{"TLS to a plain port", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "*", nil},
		{"a PROXY header from a stranger", "PROXY TCP4 203.0.113.9 10.0.0.1 1 80\r\n" + hidden, "400", nil},
	} {
		app := listen(t)
		c := one(t, app.addr, nil)
		c.Sites[0].Hosts = []string{"shop.example"}
		g := run(t, c)
		cases++
		wg.Go(func() { // each waits a moment for more to come
			got := raw(t, g, x.send)
			asks, all := app.take()
			if x.status != "*" {
				want(t, x.name+" status", statusOf(got), x.status)
				want(t, x.name+" at the app", strings.Join(asks, "\n"), strings.Join(x.asks, "\n"))
			}
			// What is hidden may come as the next request of the same client, which the guard has judged as such and whose
			// answer that client gets.
			want(t, x.name+": answers for what the app was asked", strings.Count(got, "HTTP/1.1 200")+strings.Count(got, "HTTP/1.0 200"), len(asks))
			if n := int(g.Metrics().Requests.Load()); n < len(asks) {
				t.Errorf("%s: the app was asked %q, the guard %d times", x.name, asks, n)
			}
			for head := range strings.SplitSeq(all, "\r\n\r\n") {
				if strings.Count(head, "\nContent-Length:")+strings.Count(head, "\nTransfer-Encoding:") > 1 {
					t.Errorf("%s: framed twice:\n%s", x.name, head)
				}
			}
		})
	}
	wg.Wait()
	if cases < 47 {
		t.Fatalf("only %d cases ran", cases)
	}
}

// An app whose kept connection has bytes left over must not have them taken for the next client's answer.
func TestLeftoverBytesAreNobodysAnswer(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	sent := make(chan bool, 16)
	go func() {
		for {
			c, err := socket.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					q, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
					if q.Method != "HEAD" {
						_, _ = io.WriteString(c, "mine")
						continue
					}
					// A body where none belongs, after the gateway has done with the response.
					time.Sleep(20 * time.Millisecond)
					_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
					sent <- true
				}
			}()
		}
	}()
	g := run(t, one(t, "http://"+socket.Addr().String(), nil))
	c := client(t)
	for range 3 {
		want(t, "HEAD", ask(t, c, "HEAD", base(g), "").status, 200)
		<-sent
		want(t, "the next client's answer", ask(t, c, "GET", base(g), "").body, "mine")
	}
}
