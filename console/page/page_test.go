package page

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var words = Load(fstest.MapFS{"word.html": {Data: []byte(`{{define "content"}}<h1>{{.Title}}</h1><p>{{show .Data}}</p>{{end}}`)}})

func frame(who Person, signed bool) *Frame {
	sites := map[string]store.Site{
		"shop": {ID: "1", Name: "shop", Zone: "Europe/Berlin"}, "bank": {ID: "2", Name: "bank", Zone: "UTC"},
	}
	return &Frame{
		Who: func(*http.Request) (Person, bool, error) { return who, signed, nil },
		Site: func(_ context.Context, name string) (store.Site, error) {
			if s, ok := sites[name]; ok {
				return s, nil
			}
			return store.Site{}, store.ErrNotFound
		},
		Sites: func(context.Context) ([]store.Site, error) { return []store.Site{sites["bank"], sites["shop"]}, nil },
		Fault: func(err error) (int, string) {
			if errors.Is(err, access.ErrForbidden) {
				return 403, err.Error()
			}
			return 500, "that went wrong"
		},
		Now: func() time.Time { return now }, Key: []byte("key"), Log: slog.New(slog.DiscardHandler),
	}
}

var routes = []Route{
	{Pattern: "GET /s/{site}", Need: access.See, Handle: func(r *Request) error { return r.Render(200, words, "word.html", "Seen", r.Here.Name) }},
	{Pattern: "POST /s/{site}/ban", Need: access.Respond, Handle: func(r *Request) error { return r.Done(r.Path(), "banned %s", r.FormValue("who")) }},
	{Pattern: "GET /people", Need: access.Own, Handle: func(r *Request) error { return r.Render(200, words, "word.html", "People", "") }},
	{Pattern: "GET /open", Open: true, Handle: func(r *Request) error { return r.Render(200, words, "word.html", "Open", r.FormValue("word")) }},
	{Pattern: "GET /broken", Handle: func(*Request) error { return errors.New("secret cause") }},
}

func ask(f *Frame, method, target string, change func(*http.Request)) *httptest.ResponseRecorder {
	body := strings.NewReader("who=203.0.113.7")
	r := httptest.NewRequest(method, target, body)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	f.Handler(routes).ServeHTTP(w, r)
	return w
}

func as(role access.Role, where string) *Frame {
	return frame(Person{Actor: access.Actor{Name: "ada", Roles: map[string]access.Role{where: role}, Scope: access.Operator.Scope}}, true)
}

func TestWhoMayWhat(t *testing.T) {
	cases := []struct {
		name, method, target string
		f                    *Frame
		status               int
		text                 string
	}{
		{"nobody is sent to sign in", "GET", "/s/shop?a=b", frame(Person{}, false), 303, ""},
		{"nobody changes anything", "POST", "/s/shop/ban", frame(Person{}, false), 401, "Nothing was changed"},
		{"nobody sees what is open", "GET", "/open?word=hello", frame(Person{}, false), 200, "hello"},
		{"a viewer sees", "GET", "/s/shop", as(access.Viewer, "1"), 200, "shop"},
		{"a viewer of one site sees no other", "GET", "/s/bank", as(access.Viewer, "1"), 404, "no role on it"},
		{"and cannot tell it from none", "GET", "/s/none", as(access.Viewer, "1"), 404, "no role on it"},
		{"a viewer bans nobody", "POST", "/s/shop/ban", as(access.Viewer, "1"), 403, "respond on this site"},
		{"an auditor bans nobody", "POST", "/s/shop/ban", as(access.Auditor, access.Everywhere), 403, "respond on this site"},
		{"a responder bans", "POST", "/s/shop/ban", as(access.Responder, "1"), 303, ""},
		{"a responder of another site does not", "POST", "/s/shop/ban", as(access.Responder, "2"), 404, "no role on it"},
		{"an owner of one site does not own all", "GET", "/people", as(access.Owner, "1"), 403, "own on all sites"},
		{"an owner everywhere does", "GET", "/people", as(access.Owner, access.Everywhere), 200, "People"},
		{"what is not there", "GET", "/nowhere", as(access.Owner, access.Everywhere), 404, "no page"},
		{"what broke hides why", "GET", "/broken", as(access.Owner, access.Everywhere), 500, "That went wrong."},
	}
	for _, c := range cases {
		w := ask(c.f, c.method, c.target, nil)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.text) || strings.Contains(w.Body.String(), "secret cause") {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || w.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", c.name, w.Header())
		}
	}
	if len(cases) < 14 {
		t.Errorf("%d cases", len(cases))
	}
	if got := ask(frame(Person{}, false), "GET", "/s/shop?a=b", nil).Header().Get("Location"); got != "/signin?next=%2Fs%2Fshop%3Fa%3Db" {
		t.Error(got)
	}
}

func TestAnotherSitesFormIsRefused(t *testing.T) {
	f := as(access.Owner, access.Everywhere)
	for name, change := range map[string]func(*http.Request){
		"a cross-site form":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a sibling's form":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"an old browser's":    func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a sandboxed frame's": func(r *http.Request) { r.Header.Set("Origin", "null") },
	} {
		if w := ask(f, "POST", "/s/shop/ban", change); w.Code != 403 || !strings.Contains(w.Body.String(), "Nothing was changed") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := ask(f, "POST", "/s/shop/ban", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") }); w.Code != 303 {
		t.Error(w.Code)
	}
}

// What one page says is shown on the next, once, and nobody else can put words there.
func TestFlash(t *testing.T) {
	f := as(access.Owner, access.Everywhere)
	said := ask(f, "POST", "/s/shop/ban", nil).Result().Cookies()
	if len(said) != 1 {
		t.Fatal(said)
	}
	w := ask(f, "GET", "/s/shop", func(r *http.Request) { r.AddCookie(said[0]) })
	if !strings.Contains(w.Body.String(), "banned 203.0.113.7") || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Error(w.Body)
	}
	forged := *said[0]
	forged.Value = "c29ycnkKcGF5IHVz" + forged.Value[strings.Index(forged.Value, "."):]
	if w := ask(f, "GET", "/s/shop", func(r *http.Request) { r.AddCookie(&forged) }); strings.Contains(w.Body.String(), "pay us") {
		t.Error("a forged message was shown")
	}
}

func TestLocal(t *testing.T) {
	for next, want := range map[string]string{
		"/s/shop?a=b#c": "/s/shop?a=b#c", "": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example": "/",
		"javascript:alert(1)": "/", "/\tx": "/", "s/shop": "/", "/\r\nSet-Cookie: a=b": "/", "///evil": "/", "/%2f/evil": "/%2f/evil",
	} {
		if got := Local(next); got != want {
			t.Errorf("%q: %q", next, got)
		}
	}
}

func FuzzLocal(f *testing.F) {
	for _, s := range []string{"/", "//x", "/\\x", "http://x", "/a?b", "/%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, next string) {
		base := &url.URL{Scheme: "https", Host: "console.example", Path: "/signin"}
		u, err := base.Parse(Local(next))
		if err != nil || u.Host != "console.example" || u.Scheme != "https" {
			t.Errorf("%q leads to %v (%v)", next, u, err)
		}
	})
}

func TestShow(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain", "<bdi>plain</bdi>"},
		{`<script>alert("x")</script>`, `<bdi>&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;</bdi>`},
		{"red\x1b[31m", "<bdi>red⟨001B⟩[31m</bdi>"},
		{"gnp\u202egpj.exe", "<bdi>gnp⟨202E⟩gpj.exe</bdi>"},
		{"zero\u200bwidth\u0000", "<bdi>zero⟨200B⟩width⟨0000⟩</bdi>"},
		{"bad\xff", "<bdi>bad⟨FFFD⟩</bdi>"},
		{"שלום", "<bdi>שלום</bdi>"},
	} {
		if got := string(Show(c.in)); got != c.want {
			t.Errorf("%q: %s", c.in, got)
		}
	}
	if got := string(Show(strings.Repeat("A", 10_000))); len(got) > 1400 || !strings.Contains(got, "…</bdi>") || !strings.Contains(got, "9000 bytes more") {
		t.Errorf("%d: %s", len(got), got)
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		Count(1234567): "1\u202f234\u202f567", Count(-1234): "−1\u202f234", Count(uint64(12)): "12",
		Plural(1, "ban"): "1 ban", Plural(2, "address"): "2 addresses", Plural(0, "entry"): "0 entries", Plural(3, "key"): "3 keys",
		Span(90 * time.Second): "90 s", Span(5 * time.Hour): "5 h", Ago(-10 * time.Minute): "in 10 min", Ago(0): "now", Ago(72 * time.Hour): "3 d ago",
		Bytes(1536): "1.5 KiB", Sentence("that went wrong"): "That went wrong.",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
