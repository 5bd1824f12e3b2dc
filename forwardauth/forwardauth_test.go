package forwardauth_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/forwardauth"
	"palisade.dev/guard"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
)

// desk is the endpoint with a guard behind it that refuses what the tests need refused.
type desk struct {
	*forwardauth.Endpoint
	mu     sync.Mutex
	events []wire.Event
	log    bytes.Buffer
	now    time.Time
	clock  func() time.Time // instead of now, where given
}

var small = engine.Size{Clients: 1 << 10, Keys: 1 << 10, Distinct: 1 << 6, Bans: 1 << 6}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{now: time.Unix(1_800_000_000, 0)}
	g := guard.New(guard.Options{
		Size: small,
		Record: func(e *wire.Event) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.events = append(d.events, *e)
		},
	})
	err := g.Install(&wire.Policy{
		Version: wire.Version, Site: "shop", Revision: 3, Secret: []byte("0123456789abcdef0123456789abcdef"),
		Identity: wire.Identity{
			Proxies: []string{"198.51.100.0/24"}, Header: "X-Forwarded-For",
			Key: &wire.Key{From: []string{"header:X-API-Key"}, MinLength: 8, Required: []string{"/api/**"}},
		},
		Rules: []wire.Rule{
			{Name: "login", Match: wire.Match{Route: "POST /login"}, By: wire.Words{"address"}, Limit: "2 per 1m", Then: wire.Words{"throttle"}},
			{Name: "failures", Match: wire.Match{Route: "POST /signin"}, Count: "login.failed", By: wire.Words{"address"}, Limit: "5 per 1h", Then: wire.Words{"throttle"}},
			{Name: "all", Match: wire.Match{Route: "*"}, By: wire.Words{"address"}, Limit: "1000 per 1m", Then: wire.Words{"throttle"}},
		},
		Bans:   []wire.Ban{{ID: "b1", Subject: "203.0.113.66/32"}},
		Levers: []wire.Lever{{ID: "l1", Match: "/closed", Position: "closed", Until: time.Now().Add(time.Hour).UnixMilli()}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Endpoint = forwardauth.New(forwardauth.Config{
		Guard: func(host string) *guard.Guard {
			if strings.HasPrefix(host, "unknown.") {
				return nil
			}
			return g
		},
		Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Log:     slog.New(slog.NewTextHandler(&d.log, nil)), Now: func() time.Time {
			if d.clock != nil {
				return d.clock()
			}
			return d.now
		},
	})
	return d
}

func (d *desk) last() wire.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.events) == 0 {
		return wire.Event{}
	}
	return d.events[len(d.events)-1]
}

func (d *desk) ask(peer, path string, fields ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://palisade.internal"+path, nil)
	r.RemoteAddr = peer
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

const proxy = "127.0.0.1:5000"

func about(method, uri, hops string) []string {
	return []string{"X-Forwarded-Method: " + method, "X-Forwarded-Uri: " + uri, "X-Forwarded-Host: shop.example", "X-Forwarded-Proto: https", "X-Forwarded-For: " + hops}
}

func TestAnswers(t *testing.T) {
	cases := 0
	for _, x := range []struct {
		name, method, uri, hops string
		status                  int
		told                    wire.Event
	}{
		{"yes", "GET", "/a?b=c", "203.0.113.8", 204, wire.Event{Status: 204, Path: "/a", Method: "GET", Action: "allow"}},
		{"banned", "GET", "/", "203.0.113.66", 403, wire.Event{Status: 403, Path: "/", Method: "GET", Action: "ban"}},
		{"banned, whatever it says itself", "GET", "/", "203.0.113.8, 203.0.113.66", 403, wire.Event{Status: 403, Path: "/", Method: "GET", Action: "ban"}},
		{"banned, behind a proxy of the site", "GET", "/", "203.0.113.66, 198.51.100.1", 403, wire.Event{Status: 403, Path: "/", Method: "GET", Action: "ban"}},
		{"spoofed further left", "GET", "/", "203.0.113.66, 203.0.113.8, 198.51.100.1", 204, wire.Event{Status: 204, Path: "/", Method: "GET", Action: "allow"}},
		{"closed, spelt in another way", "GET", "/x/../%63losed/", "203.0.113.8", 503, wire.Event{Status: 503, Path: "/closed", Method: "GET", Action: "lever"}},
		{"without a key", "DELETE", "/api/x", "203.0.113.8", 401, wire.Event{Status: 401, Path: "/api/x", Method: "DELETE", Action: "block"}},
		{"IPv6", "GET", "/", "2001:db8::1", 204, wire.Event{Status: 204, Path: "/", Method: "GET", Action: "allow"}},
	} {
		d := newDesk(t)
		w := d.ask(proxy, "/auth", about(x.method, x.uri, x.hops)...)
		e := d.last()
		if w.Code != x.status || e.Status != x.told.Status || e.Path != x.told.Path || e.Method != x.told.Method || e.Action != x.told.Action || e.Host != "shop.example" {
			t.Errorf("%s: %d %+v", x.name, w.Code, e)
		}
		if n := d.ask(proxy, "/auth/nginx", about(x.method, x.uri, x.hops)...); x.status == 204 {
			if n.Code != 204 {
				t.Errorf("%s: nginx is told %d", x.name, n.Code)
			}
		} else if n.Code != 403 || n.Header().Get("X-Palisade-Status") != fmt.Sprint(x.status) {
			t.Errorf("%s: nginx is told %d %v", x.name, n.Code, n.Header())
		}
		cases++
	}
	if cases < 8 {
		t.Fatalf("only %d cases ran", cases)
	}
}

func TestOnlyProxiesAreBelieved(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		if w := d.ask("127.0.0.2:1", "/auth", about("GET", "/", "203.0.113.8")...); w.Code != 403 {
			t.Errorf("a stranger is told %d", w.Code)
		}
	}
	if n := strings.Count(d.log.String(), "a stranger asked"); n != 1 || !strings.Contains(d.log.String(), "127.0.0.2:1") {
		t.Errorf("log: %s", &d.log)
	}
	if len(d.events) != 0 {
		t.Errorf("a stranger's word became an event: %+v", d.events)
	}
	if w := d.ask("127.0.0.2:1", "/refusal", "X-Palisade-Status: 503"); w.Code != 403 {
		t.Errorf("a stranger chose the status %d", w.Code)
	}
}

func TestWhatAProxyLeavesOut(t *testing.T) {
	cases := 0
	for without, says := range map[string]string{
		"X-Forwarded-Method": "want X-Forwarded-Method once", "X-Forwarded-Uri": "want X-Forwarded-Uri once", "X-Forwarded-For": "client's address",
	} {
		d := newDesk(t)
		var fields []string
		for _, f := range about("GET", "/", "203.0.113.8") {
			if !strings.HasPrefix(f, without) {
				fields = append(fields, f)
			}
		}
		if w := d.ask(proxy, "/auth", fields...); w.Code != 400 || !strings.Contains(d.log.String(), says) {
			t.Errorf("without %s: %d %s", without, w.Code, &d.log)
		}
		cases++
	}
	for name, fields := range map[string][]string{
		"two methods":  append(about("GET", "/", "203.0.113.8"), "X-Forwarded-Method: POST"),
		"two targets":  append(about("GET", "/", "203.0.113.8"), "X-Forwarded-Uri: /b"),
		"no target":    about("GET", "nowhere", "203.0.113.8"),
		"bad escape":   about("GET", "/%zz", "203.0.113.8"),
		"no address":   about("GET", "/", "unknown"),
		"empty at end": about("GET", "/", "203.0.113.8,"),
	} {
		d := newDesk(t)
		if w := d.ask(proxy, "/auth", fields...); w.Code != 400 || len(d.events) != 0 {
			t.Errorf("%s: %d %+v", name, w.Code, d.events)
		}
		cases++
	}
	d := newDesk(t)
	unknown := about("GET", "/", "203.0.113.8")
	unknown[2] = "X-Forwarded-Host: unknown.example"
	if w := d.ask(proxy, "/auth", unknown...); w.Code != 404 {
		t.Errorf("unknown host: %d", w.Code)
	}
	if cases < 9 {
		t.Fatalf("only %d cases ran", cases)
	}
}

// The request is one that Traefik 3 sent with the example's configuration, as its documentation and source describe it;
// there is no package of Traefik to try it with.
func TestTraefikShape(t *testing.T) {
	d := newDesk(t)
	s := httptest.NewServer(d)
	defer s.Close()
	r, _ := http.NewRequest("GET", s.URL+"/auth", nil)
	r.Header = http.Header{
		"User-Agent": {"Mozilla/5.0"}, "Accept": {"text/html"}, "Cookie": {"a=b"}, "X-Forwarded-For": {"203.0.113.66"}, "X-Forwarded-Host": {"shop.example"},
		"X-Forwarded-Method": {"GET"}, "X-Forwarded-Port": {"443"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Server": {"edge"}, "X-Forwarded-Uri": {"/cart?x=1"},
		"X-Real-Ip": {"203.0.113.66"}, "Accept-Encoding": {"gzip"},
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if e := d.last(); res.StatusCode != 403 || e.Path != "/cart" || e.Agent != "Mozilla/5.0" || e.Address.String() != "203.0.113.66" {
		t.Errorf("%d %+v", res.StatusCode, e)
	}
	if !strings.Contains(string(body), "This request was refused") {
		t.Errorf("%s", body)
	}
}

func FuzzAsk(f *testing.F) {
	seeds := 0
	for _, s := range [][3]string{{"GET", "/", "203.0.113.8"}, {"POST", "/a%2Fb?c#d", "1, 2001:db8::1"}, {"", "http://x/y", ",,"}, {"G T", "*", "fe80::1%eth0"}} {
		f.Add(s[0], s[1], s[2])
		seeds++
	}
	if seeds < 4 {
		f.Fatalf("only %d seeds", seeds)
	}
	h := forwardauth.New(forwardauth.Config{Guard: func(string) *guard.Guard { return nil }, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	f.Fuzz(func(t *testing.T, method, uri, hops string) {
		r := httptest.NewRequest("GET", "/auth", nil)
		r.RemoteAddr = proxy
		r.Header = http.Header{"X-Forwarded-Method": {method}, "X-Forwarded-Uri": {uri}, "X-Forwarded-For": {hops}, "X-Forwarded-Host": {"x"}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 400 && w.Code != 404 {
			t.Errorf("%q %q %q: %d", method, uri, hops, w.Code)
		}
	})
}
