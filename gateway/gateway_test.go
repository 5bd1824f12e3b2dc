package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"palisade.dev/gateway"
	"palisade.dev/guard/wire"
)

func TestPassesOnWhatTheAppSays(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/same":
			w.Header().Set("Etag", `"1"`)
			w.WriteHeader(http.StatusNotModified)
		case "/moved":
			http.Redirect(w, r, "/there", http.StatusSeeOther)
		case "/trailers":
			w.Header().Set("Trailer", "Sum")
			_, _ = io.WriteString(w, "body")
			w.Header().Set("Sum", "4")
		default:
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			b, _ := io.ReadAll(r.Body)
			w.Header().Set("Seen", fmt.Sprintf("%s %s %d", r.Method, r.RequestURI, len(b)))
			_, _ = io.WriteString(w, "hello")
		}
	})
	g := run(t, one(t, app, nil))
	c := client(t)
	cases := 0
	for _, x := range []struct {
		method, path, body string
		status             int
		seen, answer       string
	}{
		{"GET", "/a/b?x=1;y=2&z", "", 200, "GET /a/b?x=1;y=2&z 0", "hello"},
		{"GET", "/a%2Fb/%e2%82%ac?", "", 200, "GET /a%2Fb/%e2%82%ac? 0", "hello"},
		{"HEAD", "/", "", 200, "HEAD / 0", ""},
		{"POST", "/form", "a=1", 200, "POST /form 3", "hello"},
		{"PUT", "/large?q=;", strings.Repeat("x", 300<<10), 200, "PUT /large?q=; 307200", "hello"},
		{"DELETE", "/thing", "", 200, "DELETE /thing 0", "hello"},
		{"PROPFIND", "/dav", "", 200, "PROPFIND /dav 0", "hello"},
		{"GET", "/none", "", 204, "", ""},
		{"GET", "/same", "", 304, "", ""},
		{"POST", "/moved", "", 303, "", ""},
		{"GET", "/trailers", "", 200, "", "body"},
	} {
		got := ask(t, c, x.method, base(g)+x.path, x.body)
		want(t, x.path+" status", got.status, x.status)
		want(t, x.path+" as the app saw it", got.header.Get("Seen"), x.seen)
		want(t, x.path+" body", got.body, x.answer)
		if x.seen != "" {
			want(t, "cookies", strings.Join(got.header.Values("Set-Cookie"), " "), "a=1 b=2")
		}
		cases++
	}
	if cases < 11 {
		t.Fatalf("only %d cases ran", cases)
	}
	res, err := c.Get(base(g) + "/trailers")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	want(t, "trailer", res.Trailer.Get("Sum"), "4")
}

func TestEachHostHasItsSite(t *testing.T) {
	says := func(word string) string {
		return serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, word+" "+r.Host) })
	}
	a, b := site(t, says("a"), nil), site(t, says("b"), nil)
	a.Name, a.Hosts = "a", []string{"a.example", "*.a.example"}
	b.Name, b.Hosts = "b", []string{"B.example."}
	g := run(t, gateway.Config{Sites: []gateway.Site{a, b}})
	c := client(t)
	cases := 0
	for host, body := range map[string]string{
		"a.example":         "a a.example",
		"A.Example:8080":    "a A.Example:8080",
		"deep.er.a.example": "a deep.er.a.example",
		"b.example":         "b b.example",
		"b.example.":        "b b.example.",
		"xa.example":        "",
		".a.example":        "",
		"c.example":         "",
		"127.0.0.1":         "",
	} {
		got := ask(t, c, "GET", base(g)+"/", "", "Host: "+host, "Accept: text/html")
		if cases++; body == "" {
			want(t, host, got.status, 404)
			if !strings.Contains(got.body, "No such site here") {
				t.Errorf("%s: %s", host, got.body)
			}
			continue
		}
		want(t, host, got.body, body)
	}
	if cases < 9 {
		t.Fatalf("only %d cases ran", cases)
	}
	if n := g.Metrics().UnknownHost.Load(); n != 4 {
		t.Errorf("unknown hosts counted: %d", n)
	}
}

func TestTheSixthSignInWaitsAndTheNeighbourDoesNot(t *testing.T) {
	reached := make(chan string, 64)
	app := serve(t, func(_ http.ResponseWriter, r *http.Request) { reached <- r.Header.Get("X-Forwarded-For") })
	guard, events := protect(t, func(p *wire.Policy) {
		believing(p)
		p.Rules = []wire.Rule{
			{Name: "login", Match: wire.Match{Route: "POST /login"}, By: wire.Words{"address"}, Limit: "5 per 1m", Then: wire.Words{"throttle"}},
			{Name: "all", Match: wire.Match{Route: "*"}, By: wire.Words{"address"}, Limit: "100 per 1m", Then: wire.Words{"throttle"}},
		}
	})
	g := run(t, one(t, app, guard))
	c := client(t)
	for i := range 6 {
		got := ask(t, c, "POST", base(g)+"/login", "name=a", "X-Forwarded-For: 203.0.113.8")
		if i < 5 {
			want(t, "sign-in", got.status, 200)
			continue
		}
		want(t, "the sixth", got.status, 429)
		want(t, "when to try again", got.header.Get("Retry-After"), "12")
	}
	neighbour := ask(t, c, "POST", base(g)+"/login", "name=a", "X-Forwarded-For: 203.0.113.9")
	want(t, "the neighbour", neighbour.status, 200)
	if neighbour.header.Get("Ratelimit-Policy") == "" {
		t.Errorf("no RateLimit-Policy in %v", neighbour.header)
	}
	want(t, "requests that reached the app", len(reached), 6)
	e := events.wait(t, "the refusal", func(e wire.Event) bool { return e.Status == 429 })
	want(t, "its address", e.Address.String(), "203.0.113.8")
	want(t, "its rule", e.Rule, "login")
	want(t, "its revision", e.Revision, 7)
	want(t, "counted", g.Metrics().Refused.Load(), 1)
}

func TestOutcomesAreReadOffResponses(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/users/log_in":
			if r.FormValue("user[password]") != "right" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			http.Redirect(w, r, "/home", http.StatusFound)
		case "/api/session":
			b, _ := io.ReadAll(r.Body)
			if !strings.Contains(string(b), "right") {
				http.Redirect(w, r, "/login?error", http.StatusFound)
				return
			}
			http.Redirect(w, r, "/", http.StatusFound)
		case "/said":
			w.Header().Set("Palisade-Outcome", `payment.declined; subject="card-7"`)
			w.Header().Set("Palisade-Account", "Alice@example.com")
			w.Header().Set("Kept", "yes")
		}
	})
	guard, events := protect(t, func(p *wire.Policy) {
		believing(p)
		p.Identity.Outcomes = []wire.Observed{
			{
				Route: "POST /users/log_in", Kind: "login", Subject: []string{"user[email]"},
				Success: []wire.Reply{{Status: []int{302, 303}}}, Failure: []wire.Reply{{Status: []int{200, 401}}},
			},
			{
				Route: "POST /api/session", Kind: "login", Subject: []string{"email"},
				Success: []wire.Reply{{NotLocation: wire.Words{"/login"}}}, Failure: []wire.Reply{{Location: wire.Words{"/login"}}},
			},
		}
		p.Rules = []wire.Rule{{
			Name: "stuffing", Match: wire.Match{Route: "POST /users/log_in"}, Count: "login.failed",
			By: wire.Words{"address"}, Limit: "3 per 1m", Then: wire.Words{"ban 10m"},
		}}
	})
	g := run(t, one(t, app, guard))
	c := client(t)
	const form, data = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
	has := func(kind, result, subject string) func(wire.Event) bool {
		return func(e wire.Event) bool {
			return len(e.Outcomes) == 1 && e.Outcomes[0] == wire.Outcome{Kind: kind, Result: result, Subject: subject}
		}
	}

	got := ask(t, c, "POST", base(g)+"/users/log_in", "user[email]=Alice@example.com&user[password]=right", form, "X-Forwarded-For: 203.0.113.1")
	want(t, "signed in", got.status, 302)
	events.wait(t, "by status, subject from the form", has("login", "ok", "alice@example.com"))
	if !strings.Contains(strings.Join(got.header.Values("Set-Cookie"), " "), "palisade") {
		t.Errorf("no known-device cookie: %v", got.header)
	}
	ask(t, c, "POST", base(g)+"/api/session", `{"email":"bob@example.com","password":"wrong"}`, data)
	events.wait(t, "by redirect", has("login", "failed", "bob@example.com"))
	ask(t, c, "POST", base(g)+"/api/session", `{"email":"bob@example.com","password":"right"}`, data)
	events.wait(t, "by redirect elsewhere", has("login", "ok", "bob@example.com"))

	said := ask(t, c, "GET", base(g)+"/said", "")
	e := events.wait(t, "told by the app", has("payment", "declined", "card-7"))
	want(t, "account told by the app", e.Account, "alice@example.com")
	want(t, "other fields", said.header.Get("Kept"), "yes")
	for name := range said.header {
		if strings.HasPrefix(name, "Palisade-") {
			t.Errorf("%s reached the client", name)
		}
	}

	for range 3 {
		got = ask(t, c, "POST", base(g)+"/users/log_in", "user[email]=a@b.c&user[password]=no", form, "X-Forwarded-For: 203.0.113.66")
		want(t, "wrong password", got.status, 401)
	}
	got = ask(t, c, "POST", base(g)+"/users/log_in", "user[email]=x@b.c&user[password]=no", form, "X-Forwarded-For: 203.0.113.66")
	want(t, "the fourth", got.status, 403)
	got = ask(t, c, "GET", base(g)+"/said", "", "X-Forwarded-For: 203.0.113.66")
	want(t, "banned everywhere", got.status, 403)
	got = ask(t, c, "GET", base(g)+"/said", "", "X-Forwarded-For: 203.0.113.67")
	want(t, "its neighbour", got.status, 200)
}
