package forwardauth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"palisade.dev/forwardauth"
	"palisade.dev/guard"
	"palisade.dev/guard/wire"
)

// report tells the endpoint what came of a request.
func (d *desk) report(peer, body string, references ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://palisade.internal/outcome", strings.NewReader(body))
	r.RemoteAddr = peer
	for _, x := range references {
		r.Header.Add("X-Palisade-Reference", x)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// held asks about a request that the app is to report on, and gives its reference.
func (d *desk) held(t *testing.T, method, uri string) string {
	t.Helper()
	w := d.ask(proxy, "/auth?report", about(method, uri, "203.0.113.8")...)
	if w.Code != 204 {
		t.Fatalf("%s %s: %d", method, uri, w.Code)
	}
	return w.Header().Get("X-Palisade-Reference")
}

func (d *desk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.events)
}

const failed = `{"outcome":"login","result":"failed","account":" Alice@Example.com "}`

func TestSixthFailedLogin(t *testing.T) {
	d := newDesk(t)
	for i := range 5 {
		if w := d.report(proxy, failed, d.held(t, "POST", "/signin")); w.Code != 204 {
			t.Fatalf("%d: %d %s", i, w.Code, w.Body)
		}
	}
	if e := d.last(); d.count() != 5 || len(e.Outcomes) != 1 || e.Outcomes[0] != (wire.Outcome{Kind: "login", Result: "failed", Subject: "alice@example.com"}) || e.Account != "" || e.Status != 204 {
		t.Errorf("%d events, the last %+v", d.count(), e)
	}
	for _, path := range []string{"/auth", "/auth?report", "/auth/nginx?report"} {
		w := d.ask(proxy, path, about("POST", "/signin", "203.0.113.8")...)
		if w.Code != 429 && w.Header().Get("X-Palisade-Status") != "429" {
			t.Errorf("%s: a sixth is told %d", path, w.Code)
		}
	}
	if w := d.ask(proxy, "/auth?report", about("POST", "/signin", "203.0.113.9")...); w.Code != 204 {
		t.Errorf("another address is told %d", w.Code)
	}
}

func TestSuccessNamesTheAccount(t *testing.T) {
	d := newDesk(t)
	if w := d.report(proxy, `{"outcome":"login","result":"succeeded","account":"Alice"}`, d.held(t, "POST", "/signin")); w.Code != 204 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if e := d.last(); e.Account != "alice" || len(e.Outcomes) != 1 || e.Outcomes[0].Name() != "login.ok" {
		t.Errorf("%+v", e)
	}
}

// TestWhatDoesNotWait: an event is held back only where an app may have something to say.
func TestWhatDoesNotWait(t *testing.T) {
	d := newDesk(t)
	for i, x := range []struct{ path, method, uri string }{
		{"/auth", "POST", "/signin"}, {"/auth?report", "GET", "/signin"}, {"/auth?report", "HEAD", "/"}, {"/auth?report", "POST", "/closed"},
	} {
		w := d.ask(proxy, x.path, about(x.method, x.uri, "203.0.113.8")...)
		if r := w.Header().Get("X-Palisade-Reference"); r != "" || d.count() != i+1 {
			t.Errorf("%+v: reference %q, %d events", x, r, d.count())
		}
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	d := newDesk(t)
	reference := d.held(t, "POST", "/signin")
	cases := 0
	for _, x := range []struct {
		name, peer, body string
		references       []string
		status           int
		says             string
	}{
		{"from a stranger", "127.0.0.2:1", failed, []string{reference}, 403, "not from here"},
		{"without a reference", proxy, failed, nil, 400, "want X-Palisade-Reference once"},
		{"with an empty one", proxy, failed, []string{""}, 400, "want X-Palisade-Reference once"},
		{"with two", proxy, failed, []string{reference, reference}, 400, "want X-Palisade-Reference once"},
		{"with one that is none", proxy, failed, []string{"7QXOEZLLRLAFPAHEMYKVEBA4XU"}, 404, "have the proxy ask with ?report"},
		{"too long", proxy, failed + strings.Repeat(" ", 4<<10), []string{reference}, 400, "it may have 4096 bytes"},
		{"empty", proxy, "", []string{reference}, 400, "not of its form"},
		{"no JSON", proxy, "outcome=login", []string{reference}, 400, `want {"outcome": "login"`},
		{"two", proxy, failed + failed, []string{reference}, 400, "something follows it"},
		{"misspelt", proxy, `{"outcome":"login","result":"failed","acount":"a"}`, []string{reference}, 400, `unknown field "acount"`},
		{"no result", proxy, `{"outcome":"login"}`, []string{reference}, 400, "not of its form"},
		{"no word", proxy, `{"outcome":"login","result":"failed; subject=bob"}`, []string{reference}, 400, "not of its form"},
	} {
		if w := d.report(x.peer, x.body, x.references...); w.Code != x.status || !strings.Contains(w.Body.String(), x.says) {
			t.Errorf("%s: %d %s, want %d %s", x.name, w.Code, w.Body, x.status, x.says)
		}
		cases++
	}
	if cases < 12 || d.count() != 0 {
		t.Errorf("%d cases ran, %d events", cases, d.count())
	}
	if !strings.Contains(d.log.String(), "a stranger reported an outcome") {
		t.Errorf("log: %s", &d.log)
	}
	// None of them used the reference up; the first report does.
	for _, status := range []int{204, 404} {
		if w := d.report(proxy, failed, reference); w.Code != status {
			t.Errorf("%d %s, want %d", w.Code, w.Body, status)
		}
	}
	r := httptest.NewRequest("GET", "/outcome", nil)
	w := httptest.NewRecorder()
	if d.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}

func TestReportsThatComeTooLate(t *testing.T) {
	d := newDesk(t)
	first := d.held(t, "POST", "/a")
	d.now = d.now.Add(9 * time.Second)
	second := d.held(t, "POST", "/b")
	if d.count() != 0 {
		t.Fatalf("%d events after nine seconds", d.count())
	}
	d.now = d.now.Add(time.Second)
	if w := d.report(proxy, failed, first); w.Code != 404 {
		t.Errorf("after ten seconds: %d", w.Code)
	}
	if e := d.last(); d.count() != 1 || e.Path != "/a" || len(e.Outcomes) != 0 {
		t.Errorf("%d events, %+v", d.count(), e)
	}
	if w := d.report(proxy, failed, second); w.Code != 204 {
		t.Errorf("after one second: %d %s", w.Code, w.Body)
	}
}

// TestMemoryOfThoseThatWait: however many ask and never report, what is kept of them has a bound, and each has its event.
func TestMemoryOfThoseThatWait(t *testing.T) {
	d := newDesk(t)
	long := strings.Repeat("x", 30<<10)
	references := map[string]bool{}
	var last string
	for i := range 1200 {
		// Each from an address of its own, so that no rule has a word in it.
		w := d.ask(proxy, "/auth?report", append(about("POST", "/a", fmt.Sprintf("203.0.%d.%d", i/250, i%250)), "Cookie: "+long)...)
		if last = w.Header().Get("X-Palisade-Reference"); w.Code != 204 || references[last] {
			t.Fatalf("%d: %d %q", i, w.Code, last)
		}
		references[last] = true
	}
	// 32 MiB, of which each takes 30 KiB and two more.
	if ended := d.count(); ended < 1200-1092 || ended > 1200-950 {
		t.Errorf("%d of 1200 were let go", ended)
	}
	if w := d.report(proxy, failed, last); w.Code != 204 {
		t.Errorf("the newest: %d", w.Code)
	}
}

// TestRunEndsThoseThatWait: where no request comes by, time alone ends them, and at the end all go.
func TestRunEndsThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		begun := d.now
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		since := time.Now()
		d.clock = func() time.Time { return begun.Add(time.Since(since)) }
		go func() {
			d.Run(ctx)
			close(done)
		}()
		d.held(t, "POST", "/a")
		time.Sleep(9500 * time.Millisecond) // of the bubble's clock
		if d.count() != 0 {
			t.Error("the event came before its time")
		}
		time.Sleep(2 * time.Second)
		if d.count() != 1 {
			t.Errorf("%d events after eleven seconds", d.count())
		}
		d.held(t, "POST", "/b")
		cancel()
		<-done
		if d.count() != 2 {
			t.Errorf("%d events at the end", d.count())
		}
	})
}

func FuzzReport(f *testing.F) {
	seeds := []string{failed, `{"outcome":"login","result":"succeeded"}`, `{"outcome":"a","result":"b","account":"\u0000\ud800"}`, `null`, `[]`, `{"outcome":{}}`, `{"Outcome":"login","RESULT":"failed"}`, "\xff", failed + "}"}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 9 {
		f.Fatal("seeds are missing")
	}
	var told []wire.Event
	g := guard.New(guard.Options{Size: small, Record: func(e *wire.Event) { told = append(told, *e) }})
	h := forwardauth.New(forwardauth.Config{Guard: func(string) *guard.Guard { return g }, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	f.Fuzz(func(t *testing.T, body string) {
		told = nil
		ask := httptest.NewRequest("GET", "/auth?report", nil)
		ask.RemoteAddr = proxy
		ask.Header = http.Header{"X-Forwarded-Method": {"POST"}, "X-Forwarded-Uri": {"/"}, "X-Forwarded-For": {"203.0.113.8"}, "X-Forwarded-Host": {"x"}}
		yes := httptest.NewRecorder()
		h.ServeHTTP(yes, ask)
		r := httptest.NewRequest("POST", "/outcome", strings.NewReader(body))
		r.RemoteAddr = proxy
		r.Header.Set("X-Palisade-Reference", yes.Header().Get("X-Palisade-Reference"))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 400:
			if len(told) != 0 {
				t.Fatalf("%q was refused and ended the request", body)
			}
			// What was refused may be said again, better.
			r := httptest.NewRequest("POST", "/outcome", strings.NewReader(failed))
			r.RemoteAddr = proxy
			r.Header.Set("X-Palisade-Reference", yes.Header().Get("X-Palisade-Reference"))
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, r); w.Code != 204 {
				t.Fatalf("after %q: %d", body, w.Code)
			}
		case 204:
			if len(told) != 1 || len(told[0].Outcomes) != 1 {
				t.Fatalf("%q: %+v", body, told)
			}
			if o := told[0].Outcomes[0]; o.Kind == "" || o.Result == "" || o.Result == "succeeded" || len(o.Subject) > wire.MaxSubject || strings.ContainsAny(o.Name(), " ;\n") {
				t.Fatalf("%q: %+v", body, o)
			}
		default:
			t.Fatalf("%q: %d", body, w.Code)
		}
	})
}
