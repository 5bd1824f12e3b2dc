package listener

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func start(t testing.TB, patience time.Duration) *Listener {
	t.Helper()
	l, err := Start("127.0.0.1:0", patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func TestCall(t *testing.T) {
	l := start(t, time.Minute)
	at := l.Address("one")
	if at != l.Address("one") || at == l.Address("two") || strings.Contains(at, "one") {
		t.Fatalf("the address of a token is its own and tells nothing: %s", at)
	}
	resp, err := http.Get(at + "/below")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if strings.TrimSpace(string(body)) != l.Mark("one") || strings.Contains(at, l.Mark("one")) {
		t.Errorf("it serves %q, not the mark", body)
	}
	calls := l.Calls(t.Context(), "one")
	if len(calls) != 1 || calls[0].From != "127.0.0.1" || calls[0].Method != "GET" || !strings.HasSuffix(calls[0].Path, "/below") {
		t.Errorf("calls %+v", calls)
	}
	if resp, err = http.Get(strings.TrimSuffix(at, "/below")[:len(at)-1] + "x"); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("an address that was never given out answers %d", resp.StatusCode)
	}
}

func TestPatience(t *testing.T) {
	l := start(t, 0)
	l.Address("never")
	if c := l.Calls(t.Context(), "never"); len(c) != 0 {
		t.Errorf("calls %+v", c)
	}
	l = start(t, time.Minute)
	at := l.Address("late")
	go func() {
		if resp, err := http.Get(at); err == nil {
			resp.Body.Close()
		}
	}()
	if c := l.Calls(t.Context(), "late"); len(c) != 1 {
		t.Errorf("a late call is not waited for: %+v", c)
	}
}

func TestAnswerAndSecure(t *testing.T) {
	l := start(t, 0)
	l.Answer("moved", http.RedirectHandler(l.Address("there"), http.StatusFound))
	resp, err := http.Get(l.Address("moved"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(l.Calls(t.Context(), "there")) != 1 {
		t.Error("the redirect was not played")
	}
	if _, err := http.Get(l.Secure("tls")); err == nil {
		t.Error("a careful client accepts the certificate")
	}
	careless := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if resp, err = careless.Get(l.Secure("tls")); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if len(l.Calls(t.Context(), "tls")) != 1 {
		t.Error("a call by TLS is not noted")
	}
}

func TestBounds(t *testing.T) {
	l := start(t, 0)
	at, _ := url.Parse(l.Address("loop"))
	for range maxCalls + 5 {
		l.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", at.Path, nil))
	}
	if n := len(l.Calls(t.Context(), "loop")); n != maxCalls {
		t.Errorf("%d calls are kept", n)
	}
	for _, at := range []string{"", "8999", ":8999", "127.0.0.1:x"} {
		if _, err := Start(at, 0); err == nil || !strings.Contains(err.Error(), "listen") {
			t.Errorf("%q: %v", at, err)
		}
	}
}

// FuzzServe holds the listener to noting nothing that it did not give out, whatever comes.
func FuzzServe(f *testing.F) {
	seeds := []string{"/", "//", "/x/../y", "/%00", "/" + strings.Repeat("a", 300)}
	for _, s := range seeds {
		f.Add("GET", s, "agent")
	}
	l := start(f, 0)
	f.Fuzz(func(t *testing.T, method, path, agent string) {
		r := &http.Request{Method: method, URL: &url.URL{Path: path}, RemoteAddr: path, Header: http.Header{"User-Agent": {agent}}}
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("%q is answered %d", path, w.Code)
		}
	})
}
