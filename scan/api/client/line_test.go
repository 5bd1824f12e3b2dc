package client

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"palisade.dev/scan/api/identity"
)

// TestLine writes a request in pieces and sees what the server says in between; the place it held is free afterwards.
func TestLine(t *testing.T) {
	c, at := serve(t, Options{Budget: Budget{Parallel: 1}}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer tok" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	})
	alice := identity.New("alice", "", identity.Bearer, "", "tok")
	for range 2 {
		l, err := c.Open(t.Context(), Request{Method: "POST", URL: at, As: alice, Lines: []string{"Content-Length: 4", "Expect: 100-continue"}})
		if err != nil {
			t.Fatal(err)
		}
		if a := l.Answer(5 * time.Second); a == nil || a.Status != http.StatusContinue {
			t.Fatalf("the server does not say go on: %+v", a)
		}
		if err := l.Write([]byte("ab")); err != nil {
			t.Fatal(err)
		}
		if a := l.Answer(10 * time.Millisecond); a != nil {
			t.Errorf("half a body is answered with %d", a.Status)
		}
		if err := l.Write([]byte("cd")); err != nil {
			t.Fatal(err)
		}
		if a := l.Answer(5 * time.Second); a == nil || a.Status != 200 || string(a.Body) != "abcd" {
			t.Errorf("the whole is answered with %+v", a)
		}
		l.Close()
	}
	if got := c.Spent().Requests; got != 2 {
		t.Errorf("%d requests were counted", got)
	}
}

func TestLineKeepsToBounds(t *testing.T) {
	c, at := serve(t, Options{Budget: Budget{Requests: 1}}, func(http.ResponseWriter, *http.Request) {})
	if _, err := c.Open(t.Context(), Request{Method: "POST", URL: "http://192.0.2.1/"}); !errors.Is(err, ErrScope) || !strings.Contains(err.Error(), "--scope") {
		t.Errorf("another host: %v", err)
	}
	if _, err := c.Open(t.Context(), Request{Method: "POST", URL: at, Lines: []string{"A: b\r\nC: d"}}); err == nil || !strings.Contains(err.Error(), "more than one") {
		t.Errorf("two lines in one: %v", err)
	}
	if _, err := c.Open(t.Context(), Request{Method: "POST", URL: at}); !errors.Is(err, ErrSpent) || c.Short() == nil {
		t.Errorf("beyond the budget: %v, %v", err, c.Short())
	}
}

// TestLate says that nothing more is begun when the time is over, though nothing was asked meanwhile.
func TestLate(t *testing.T) {
	at := &clock{now: time.Unix(1e9, 0)}
	c, _ := serve(t, Options{Clock: at, Budget: Budget{Time: time.Minute}}, nil)
	if err := c.Late(); err != nil {
		t.Error(err)
	}
	_ = at.Sleep(t.Context(), time.Minute)
	if err := c.Late(); !errors.Is(err, ErrSpent) || !strings.Contains(err.Error(), "--time") || c.Short() == nil {
		t.Errorf("%v, %v", err, c.Short())
	}
}

// TestMost reads more of an answer where more was allowed.
func TestMost(t *testing.T) {
	c, at := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 3<<20)) })
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at}); len(x.Body) != maxBody || !x.Truncated {
		t.Errorf("%d bytes, cut %v", len(x.Body), x.Truncated)
	}
	if x := c.Do(t.Context(), Request{Method: "GET", URL: at, Most: 4 << 20}); len(x.Body) != 3<<20 || x.Truncated {
		t.Errorf("%d bytes, cut %v", len(x.Body), x.Truncated)
	}
}
