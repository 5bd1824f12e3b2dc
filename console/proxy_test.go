package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"palisade.dev/backend/arrival"
	"palisade.dev/console"
)

// behind puts proxies in front of the console; everything in these tests is connected from 127.0.0.1.
func (h *house) behind(public string, trusted ...string) {
	h.t.Helper()
	front, err := arrival.Behind(trusted, "")
	if err != nil {
		h.t.Fatal(err)
	}
	parts := h.parts()
	parts.Public = public
	h.server.Config.Handler = front.Handler(console.New(parts))
}

// A guesser who says to come from another address with each try is one guesser, unless a proxy says it that we were told of.
func TestForgedAddressesAtTheDoor(t *testing.T) {
	for _, c := range []struct {
		name    string
		trusted []string
		header  func(n string) string
		spread  bool
	}{
		{"no proxy is declared", nil, func(n string) string { return "203.0.113." + n }, false},
		{"the peer is none of the proxies", []string{"10.0.0.0/8"}, func(n string) string { return "203.0.113." + n }, false},
		{"the proxy adds whom it sees", []string{"loopback"}, func(n string) string { return "198.51.100." + n + ", 203.0.113.9" }, false},
		{"the proxy sees many", []string{"loopback"}, func(n string) string { return "203.0.113." + n }, true},
	} {
		h := newHouse(t)
		h.behind("", c.trusted...)
		limited := 0
		for n := range 60 {
			// Another account each time, so that only the address is what limits.
			form := url.Values{"email": {"u" + strings.Repeat("x", n) + "@example.com"}, "password": {"wrong password"}}
			p := h.browser().do(http.MethodPost, "/signin", form, "X-Forwarded-For", c.header(string(rune('1'+n%9))+string(rune('0'+n/9))), "Forwarded", "for=192.0.2.1", "X-Real-IP", "192.0.2.1")
			if p.status == http.StatusTooManyRequests {
				limited++
			}
		}
		if c.spread != (limited == 0) {
			t.Errorf("%s: %d of 60 tries were limited", c.name, limited)
		}
	}
}

// Behind a proxy that speaks TLS the person's own address is in the list of sessions and in that of sign-ins, and cookies are
// for TLS only.
func TestBehindATLSProxy(t *testing.T) {
	h := newHouse(t)
	h.joins("owner@example.com", nil)
	const public = "https://palisade.example.org"
	h.behind(public, "loopback")
	via := []string{"X-Forwarded-For", "192.0.2.66, 203.0.113.77", "X-Forwarded-Proto", "https", "Origin", public}
	form := url.Values{"email": {"owner@example.com"}, "password": {password}}

	// The proxy changed the name that is asked for, and the browser is too old to say Sec-Fetch-Site.
	p := h.browser().do(http.MethodPost, "/signin", form, via...)
	if p.status != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", p.status, p.text)
	}
	value := ""
	for _, line := range p.header.Values("Set-Cookie") {
		if !strings.Contains(line, "Secure") || !strings.HasPrefix(line, "__Host-") && !strings.Contains(line, "Max-Age=0") {
			t.Errorf("a cookie that leaves without TLS: %s", line)
		}
		if v, ok := strings.CutPrefix(line, "__Host-palisade="); ok {
			value, _, _ = strings.Cut(v, ";")
		}
	}
	if value == "" {
		t.Fatalf("no session: %v", p.header)
	}
	if p.header.Get("Strict-Transport-Security") == "" {
		t.Error("nothing says that it is TLS for good")
	}
	p = h.browser().do(http.MethodGet, "/account", nil, append(via, "Cookie", "__Host-palisade="+value)...)
	if p.status != http.StatusOK || !strings.Contains(p.text, "203.0.113.77") || strings.Contains(p.text, "192.0.2.66") {
		t.Errorf("the list of sessions: %d %s", p.status, p.text)
	}
	// The plain name counts for nothing over TLS, and the other one nothing without.
	if p := h.browser().do(http.MethodGet, "/account", nil, append(via, "Cookie", "palisade="+value)...); p.status != http.StatusSeeOther {
		t.Errorf("a cookie that could have been planted: %d", p.status)
	}
	// Another site's form is another site's, whatever it says of hosts.
	for _, origin := range []string{"https://evil.example", "http://palisade.example.org", "https://palisade.example.org.evil.example", "null"} {
		p := h.browser().do(http.MethodPost, "/signin", form, "X-Forwarded-For", "203.0.113.77", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example", "Origin", origin)
		if p.status != http.StatusForbidden {
			t.Errorf("a form from %s: %d", origin, p.status)
		}
	}
}

// Who is not behind a proxy cannot say that they speak TLS.
func TestForgedTLS(t *testing.T) {
	h := newHouse(t)
	h.joins("owner@example.com", nil)
	h.behind("", "10.0.0.0/8")
	form := url.Values{"email": {"owner@example.com"}, "password": {password}}
	p := h.browser().do(http.MethodPost, "/signin", form, "X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.77")
	if p.status != http.StatusSeeOther || p.header.Get("Strict-Transport-Security") != "" || strings.Contains(strings.Join(p.header.Values("Set-Cookie"), " "), "__Host-") {
		t.Errorf("%d %v", p.status, p.header)
	}
	owner := &browser{h, h.browser().c}
	owner.post("/signin", form)
	if p := owner.get("/account"); !strings.Contains(p.text, "127.0.0.1") || strings.Contains(p.text, "203.0.113.77") {
		t.Errorf("whom the list of sessions names: %s", p.text)
	}
}

// A code that is guessed at for an appeal is counted by who guesses, not by the proxy between.
func TestGuessingAppealsBehindAProxy(t *testing.T) {
	h := newHouse(t)
	h.behind("", "loopback")
	wrong := "/appeal/" + strings.Repeat("A", 32)
	for range 25 {
		h.browser().do(http.MethodGet, wrong, nil, "X-Forwarded-For", "203.0.113.9")
	}
	if p := h.browser().do(http.MethodGet, wrong, nil, "X-Forwarded-For", "203.0.113.9"); p.status != http.StatusTooManyRequests {
		t.Errorf("the guesser: %d", p.status)
	}
	if p := h.browser().do(http.MethodGet, wrong, nil, "X-Forwarded-For", "198.51.100.7"); p.status != http.StatusNotFound {
		t.Errorf("somebody else by the same proxy: %d", p.status)
	}
}

// Who steers by way of a proxy is not banned; the proxy itself is nobody at work.
func TestStewardsBehindAProxy(t *testing.T) {
	h := newHouse(t)
	h.behind("", "loopback")
	h.joins("owner@example.com", nil)
	b := h.browser()
	if p := b.do(http.MethodPost, "/signin", url.Values{"email": {"owner@example.com"}, "password": {password}}, "X-Forwarded-For", "203.0.113.77"); p.status != http.StatusSeeOther {
		t.Fatalf("%d %s", p.status, p.text)
	}
	b.do(http.MethodGet, "/", nil, "X-Forwarded-For", "203.0.113.77")
	p, err := h.Feed.Outline(t.Context(), h.shop)
	if err != nil || strings.Join(p.Operators, " ") != "203.0.113.77" {
		t.Errorf("%v, %v", p.Operators, err)
	}
}
