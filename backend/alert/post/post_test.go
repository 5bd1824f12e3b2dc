package post

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// inside allows this machine, where the servers of these tests are.
func inside(o Options) *Client {
	o.Loopback = true
	return NewClient(o)
}

func post(t *testing.T, c *Client, to string) (Answer, error) {
	t.Helper()
	return c.Post(t.Context(), to, http.Header{"X-One": {"1"}}, []byte(`{"a":1}`), noon)
}

func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s.URL
}

func TestWhatIsPostedAndWhatIsSaid(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || string(body) != `{"a":1}` || r.Header.Get("X-One") != "1" || r.Header.Get("Content-Type") != "application/json" || r.UserAgent() != "Palisade/1.2" {
			t.Errorf("got %s %s %v", r.Method, body, r.Header)
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		io.WriteString(w, "slow down"+strings.Repeat("!", 1<<20))
	})
	a, err := post(t, inside(Options{Version: "1.2"}), url+"/hook?key=secret")
	if err != nil || a.Status != 429 || a.Wait != 7*time.Second || !strings.HasPrefix(a.Said, "429 Too Many Requests: slow down!") || len(a.Said) > 2000 {
		t.Fatalf("%d bytes, %+v, %v", len(a.Said), a.Wait, err)
	}
}

// A redirect is the way from a public address to an inner one.
func TestRedirectsAreNotFollowed(t *testing.T) {
	hit := false
	inner := serve(t, func(http.ResponseWriter, *http.Request) { hit = true })
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner, http.StatusTemporaryRedirect) })
	a, err := post(t, inside(Options{}), url)
	if err != nil || a.Status != 307 || !strings.Contains(a.Said, "not followed") || hit {
		t.Fatalf("%+v, %v, followed: %v", a, err, hit)
	}
}

func TestWhoDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	release := make(chan struct{})
	url := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	_, err := post(t, inside(Options{Timeout: 50 * time.Millisecond}), url+"/services/SECRET")
	if err == nil || !strings.Contains(err.Error(), "did not answer within 50ms") || strings.Contains(err.Error(), "SECRET") {
		t.Fatalf("got %v", err)
	}
}

func TestNoErrorShowsTheAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	garbage, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer garbage.Close()
	go func() {
		for {
			c, err := garbage.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("\x00\x1b[2Jhello\r\n\r\n"))
			_ = c.Close()
		}
	}()
	for _, to := range []string{"http://" + closed, "http://" + garbage.Addr().String(), "https://" + garbage.Addr().String(), "https://localhost:1", "http://127.0.0.1:bad", "ftp://x", "https://a b"} {
		_, err := post(t, inside(Options{}), to+"/SECRET?SECRET=1")
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	strict, private, loose := NewClient(Options{}), NewClient(Options{Private: true}), inside(Options{})
	cases := []struct {
		url                    string
		strict, private, loose string // what is wrong; "" is nothing
	}{
		{"https://example.com/x", "", "", ""},
		{"https://example.com:8443/x?y#z", "", "", ""},
		{"http://example.com/x", "want https", "want https", "want https"},
		{"http://127.0.0.1:9/x", "want https", "want https", ""},
		{"http://[::1]:9/x", "want https", "want https", ""},
		{"http://localhost:9/x", "want https", "want https", "want https"},
		{"https://127.0.0.1/x", "this machine itself", "this machine itself", ""},
		{"https://[::ffff:127.0.0.1]/x", "this machine itself", "this machine itself", ""},
		{"https://10.1.2.3/x", "not a public address", "", "not a public address"},
		{"https://[fd00::1]/x", "not a public address", "", "not a public address"},
		{"https://100.64.0.1/", "not a public address", "", "not a public address"},
		{"https://169.254.169.254/", "no address of a receiver", "no address of a receiver", "no address of a receiver"},
		{"https://[fe80::1%25eth0]/", "no address of a receiver", "no address of a receiver", "no address of a receiver"},
		{"https://0.0.0.0/", "no address of a receiver", "no address of a receiver", "no address of a receiver"},
		{"https://[64:ff9b::7f00:1]/", "not a public address", "", "not a public address"},
		{"https://ada:pw@example.com/", "leave them out", "leave them out", "leave them out"},
		{"ftp://example.com/", "want https", "want https", "want https"},
		{"https:example.com", "want an address", "want an address", "want an address"},
		{"/x", "want an address", "want an address", "want an address"},
		{"", "want an address", "want an address", "want an address"},
		{"https://example.com/" + strings.Repeat("x", 2000), "more than 2000", "more than 2000", "more than 2000"},
	}
	for _, c := range cases {
		for want, client := range map[*string]*Client{&c.strict: strict, &c.private: private, &c.loose: loose} {
			_, err := client.Address(c.url)
			if (err == nil) != (*want == "") || err != nil && !strings.Contains(err.Error(), *want) {
				t.Errorf("%.60s: got %v, want %q", c.url, err, *want)
			}
		}
	}
	if len(cases) < 20 {
		t.Fatalf("only %d cases", len(cases))
	}
}

// A name may lead anywhere, and elsewhere the next time: what counts is what is connected to.
func TestANameThatLeadsInwardsIsNotConnectedTo(t *testing.T) {
	hit := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit = true }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, err = post(t, NewClient(Options{Private: true}), "https://localhost:"+port+"/")
	if err == nil || !strings.Contains(err.Error(), "this machine itself") || hit {
		t.Fatalf("%v, reached: %v", err, hit)
	}
}

func TestATLSServerMustProveItself(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	if _, err := post(t, inside(Options{}), s.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Fatalf("got %v", err)
	}
}

func TestWhoGivesUpIsHeeded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(http.ResponseWriter, *http.Request) { cancel() })
	release := make(chan struct{})
	defer close(release)
	url2 := serve(t, func(http.ResponseWriter, *http.Request) { cancel(); <-release })
	_, _ = inside(Options{}).Post(ctx, url, http.Header{}, nil, noon)
	if _, err := inside(Options{}).Post(ctx, url2, http.Header{}, nil, noon); err == nil {
		t.Fatal("no error")
	}
}

func TestAllowedLooksThroughEveryWayOfWriting(t *testing.T) {
	c := NewClient(Options{})
	for _, a := range []string{"127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.1.1", "fe80::1", "fc00::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "192.0.2.1", "64:ff9b::a00:1"} {
		if c.allowed(netip.MustParseAddr(a)) == nil {
			t.Errorf("%s may be posted to", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "2606:4700::1111"} {
		if err := c.allowed(netip.MustParseAddr(a)); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	seeds := []string{"", "0", "7", " 7 ", "-1", "4294967295", "99999999999999999999", "Tue, 24 Nov 2026 12:00:09 GMT", "Tue, 24 Nov 2020 12:00:09 GMT", "soon", strings.Repeat("9", 1000)}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 10 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d := RetryAfter(text, noon); d < 0 || d > maxWait {
			t.Fatalf("%q is %s", text, d)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{"7": 7 * time.Second, "Tue, 24 Nov 2026 12:00:09 GMT": 9 * time.Second, "Tue, 24 Nov 2020 12:00:09 GMT": 0, "soon": 0, "4294967295": 24 * time.Hour} {
		if got := RetryAfter(text, noon); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
