package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Both ways to the app, that of short requests and that of all others, must tell it the same.
func TestWhatTheAppIsTold(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var names []string
		for name := range r.Header {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(w, "%s: %s\n", name, strings.Join(r.Header[name], "|"))
		}
		fmt.Fprintf(w, "Host: %s\n", r.Host)
	})
	guard, _ := protect(t, believing)
	strangers, _ := protect(t, nil)
	spoofs := []string{
		"X-Real-IP: 1.2.3.4", "Forwarded: for=1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 1",
		"Palisade-Outcome: login.ok", "Palisade-Client: admin", "palisade_account: admin", "X_Forwarded_For: 1.2.3.4", "x-real_ip: 1.2.3.4",
		"Connection: close, X-Secret", "X-Secret: hop", "Keep-Alive: 1", "Proxy-Authorization: Basic x", "TE: trailers", "Upgrade: weird",
		"X-Kept: yes", "X-Kept: twice", "User_Agent: kept",
	}
	fromProxies := []string{"CF-Connecting-IP: 1.2.3.4", "True-Client-IP: 1.2.3.4", "X-Original-URL: /admin", "X-Rewrite-Url: /admin", "X_Original_URL: /admin"}
	cases := 0
	for name, method := range map[string]string{"short": "GET", "long": "POST"} {
		for _, trusted := range []bool{true, false} {
			c := one(t, app, strangers)
			if trusted {
				c.Sites[0].Guard = guard
			}
			g := run(t, c)
			fields := append([]string{"Host: shop.example", "X-Forwarded-For: 203.0.113.5", "User-Agent: test", "X-Forwarded-Proto: http"}, spoofs...)
			body := ""
			if method == "POST" {
				body = strings.Repeat("x", shortest)
			}
			got := ask(t, client(t), method, base(g), body, append(fields, fromProxies...)...)
			address := "127.0.0.1"
			if trusted {
				address = "203.0.113.5"
			}
			for _, line := range []string{"Host: shop.example\n", "User-Agent: test\n", "X-Forwarded-For: " + address + "\n", "X-Forwarded-Host: shop.example\n", "X-Forwarded-Proto: http\n", "X-Kept: yes|twice\n", "X-Real-Ip: " + address + "\n", "User_agent: kept\n", "X-Request-Id: "} {
				if !strings.Contains(got.body, line) {
					t.Errorf("%s, trusted %v: no %q in\n%s", name, trusted, line, got.body)
				}
			}
			for _, word := range []string{"evil", "X-Secret", "Basic", "weird", "Forwarded: ", "X-Forwarded-Port", "Palisade", "alisade_", "X_f", "_ip", "Keep-Alive"} {
				if strings.Contains(got.body, word) {
					t.Errorf("%s, trusted %v: %q in\n%s", name, trusted, word, got.body)
				}
			}
			if strings.Contains(got.body, "1.2.3.4") != trusted || strings.Contains(got.body, "/admin") != trusted {
				t.Errorf("%s, trusted %v:\n%s", name, trusted, got.body)
			}
			cases++
		}
	}
	if cases < 4 {
		t.Fatalf("only %d cases ran", cases)
	}
}

// shortest is longer than what is read before the app is asked.
const shortest = 40 << 10

func TestHopByHopFieldsOfAResponseStayHere(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		h := w.Header()
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "1")
		h.Set("Keep-Alive", "timeout=5")
		h.Set("Proxy-Authenticate", "Basic")
		h.Set("X-Kept", "1")
		_, _ = io.WriteString(w, "ok")
	})
	g := run(t, one(t, app, nil))
	for _, body := range []string{"", strings.Repeat("x", shortest)} {
		got := ask(t, client(t), "POST", base(g), body)
		for _, name := range []string{"X-Hop", "Keep-Alive", "Proxy-Authenticate", "Connection"} {
			if v := got.header.Get(name); v != "" {
				t.Errorf("%s: %s", name, v)
			}
		}
		want(t, "X-Kept", got.header.Get("X-Kept"), "1")
	}
}

func TestTrailersAndExpectation(t *testing.T) {
	seen := make(chan string, 4)
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen <- fmt.Sprintf("%s %v", b, r.Trailer)
	})
	g := run(t, one(t, app, nil))
	raw(t, g, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTrailer: Sum, X-Forwarded-For\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 3\r\nX-Forwarded-For: 1.2.3.4\r\nPalisade-Account: x\r\n\r\n")
	want(t, "trailer", <-seen, "abc map[Sum:[3]]")

	r, _ := http.NewRequest("POST", base(g), strings.NewReader("expected"))
	r.Header.Set("Expect", "100-continue")
	c := client(t)
	c.Transport.(*http.Transport).ExpectContinueTimeout = 10 * time.Second
	begun := time.Now()
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want(t, "body", <-seen, "expected map[]")
	if time.Since(begun) > 5*time.Second {
		t.Error("nobody said 100 Continue")
	}
}
