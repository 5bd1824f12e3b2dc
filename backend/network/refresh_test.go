package network

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/guard/prefix"
)

func TestRefresh(t *testing.T) {
	s := newScene(t)
	if first := s.status("cloud/test").NextTry; !first.Equal(noon.Add(5 * time.Minute)) {
		t.Errorf("first try at %s", first)
	}
	s.Tick(t.Context())
	if len(s.asked) != 0 {
		t.Error("asked before it was due")
	}
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `"one"` && r.Header.Get("If-Modified-Since") == "Tue, 24 Nov 2026 10:00:00 GMT" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 10:00:00 GMT")
		io.WriteString(w, plainList(120))
	}
	st := s.due()
	if st.Prefixes != 120 || st.LastError != "" || !st.Date.Equal(s.now) || !st.NextTry.Equal(s.now.Add(day)) || !st.LastTry.Equal(s.now) {
		t.Errorf("after a good answer: %+v", st)
	}
	if len(s.changed) != 1 || s.changed[0] != "cloud/test "+st.Checksum {
		t.Errorf("told %v", s.changed)
	}
	if ua := s.asked[0].UserAgent(); ua != s.UserAgent {
		t.Errorf("asked as %q", ua)
	}
	if m := s.Lookup(netip.MustParseAddr("9.0.238.1")); len(m) != 1 || m[0] != (Match{"cloud/test", Cloud, "Test Cloud"}) {
		t.Errorf("found %v", m)
	}

	date := st.Date
	st = s.due()
	if st.Prefixes != 120 || st.LastError != "" || !st.Date.Equal(date) || st.Age != 0 || len(s.asked) != 2 || len(s.changed) != 1 {
		t.Errorf("after 304: %+v, told %v", st, s.changed)
	}
	asked := len(s.asked)
	s.start()
	st = s.status("cloud/test")
	if st.Prefixes != 120 || !st.Date.Equal(date) || len(s.asked) != asked {
		t.Errorf("after a restart: %+v", st)
	}
	if st = s.due(); st.LastError != "" || s.asked[asked].Header.Get("If-None-Match") != `"one"` {
		t.Errorf("a restart forgot the ETag: %+v", st)
	}

	s.Bundled[0].Date = s.now.Add(time.Hour)
	s.start()
	if st = s.status("cloud/test"); st.Prefixes != 100 {
		t.Errorf("a newer binary did not bring its list: %+v", st)
	}
}

// Whatever comes in place of a list, the old one stays, and the status says why.
func TestRefreshKeepsTheOldList(t *testing.T) {
	var bomb bytes.Buffer
	zw := gzip.NewWriter(&bomb)
	for range 64 {
		zw.Write(make([]byte, 1<<20))
	}
	zw.Close()
	cases := []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "/list answered 500 Internal Server Error"},
		{"304 to no question", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, "/list answered 304 Not Modified"},
		{"empty", text(""), "reading the answer of URL/list: it is empty"},
		{"comments only", text("# nothing yet\n"), `it holds no prefixes where the format "plain" has them`},
		{"page", text("<!doctype html><p>Sign in"), "it is an HTML or XML page, not a list"},
		{"nonsense", text(strings.Repeat("lorem ipsum\n", 99)), `line 1: entry 1: "lorem ipsum" is no address or prefix`},
		{"shrunken", text(plainList(12)), "kept the list of 2026-11-20: the download has 12 prefixes, 100 before"},
		{"everything", text("0.0.0.0/1\n" + plainList(100)), "the download is not believed: it covers 50 % of all IPv4 addresses, and 20 % is the most that is believed"},
		{"private", text("10.0.0.0/8\n" + plainList(100)), "the download is not believed: it holds 10.0.0.0/8, which is not a public address"},
		{"loopback", text("127.0.0.1\n" + plainList(100)), "it holds 127.0.0.1/32, which is not a public address"},
		{"gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}, "/list sent more than 1,048,576 bytes"},
		{"endless", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, plainList(100)); err != nil {
					return
				}
			}
		}, "/list sent more than 1,048,576 bytes"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99999")
			io.WriteString(w, plainList(100))
		}, "fetching URL/list: unexpected EOF"},
		{"redirect to http", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, "fetching URL/list: a redirect led away from https and was not followed"},
		{"redirect to a long name", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+strings.Repeat("x", 9000)+"/", http.StatusFound)
		}, "/list: "},
		{"redirects without end", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
		}, "fetching URL/list: more than 5 redirects"},
	}
	n := 0
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			s.answer = c.answer
			st := s.due()
			want := strings.ReplaceAll(c.want, "URL", s.server.URL)
			if !strings.HasPrefix(st.LastError, "kept the list of 2026-11-20: ") || !strings.Contains(st.LastError, want) || strings.Contains(st.LastError, "secret") || len(st.LastError) > 600 {
				t.Errorf("status says %q, want %q", st.LastError, want)
			}
			if st.Prefixes != 100 || len(s.Lookup(netip.MustParseAddr("9.0.2.1"))) != 1 || len(s.changed) != 0 {
				t.Errorf("the old list is gone: %+v", st)
			}
			if st.NextTry.Sub(s.now) != backOff {
				t.Errorf("tried again after %s", st.NextTry.Sub(s.now))
			}
			if st = s.due(); st.NextTry.Sub(s.now) != 2*backOff {
				t.Errorf("tried a third time after %s", st.NextTry.Sub(s.now))
			}
			s.start()
			if again := s.status("cloud/test"); again.LastError != st.LastError || again.Prefixes != 100 || !again.NextTry.Equal(st.NextTry) {
				t.Errorf("after a restart: %+v", again)
			}
			s.answer = text(plainList(101))
			if st = s.due(); st.LastError != "" || st.Prefixes != 101 {
				t.Errorf("it did not recover: %+v", st)
			}
		})
		n++
	}
	if n < 16 {
		t.Errorf("%d cases", n)
	}
}

func TestTruncatedJSON(t *testing.T) {
	s := newScene(t)
	s.Sources[0].Format = "aws"
	s.start()
	s.answer = text(`{"prefixes":[{"ip_prefix":"9.0.0.0/24"},{"ip_pre`)
	if st := s.due(); !strings.Contains(st.LastError, "the JSON document ends in its middle, at byte") || st.Prefixes != 100 {
		t.Errorf("%+v", st)
	}
}

// Someone who has looked at a much smaller list can have it.
func TestAnySize(t *testing.T) {
	s := newScene(t)
	s.answer = text(plainList(12))
	err := s.Refresh(t.Context(), "cloud/test", false)
	if err == nil || err.Error() != "network list cloud/test: kept the list of 2026-11-20: the download has 12 prefixes, 100 before" {
		t.Errorf("%v", err)
	}
	if err := s.Refresh(t.Context(), "cloud/test", true); err != nil || s.status("cloud/test").Prefixes != 12 {
		t.Errorf("%v, %+v", err, s.status("cloud/test"))
	}
	s.answer = text("0.0.0.0/0")
	if err := s.Refresh(t.Context(), "cloud/test", true); err == nil {
		t.Error("any size, but not everything")
	}
	if err := s.Refresh(t.Context(), "cloud/none", false); err == nil || err.Error() != "there is no network list cloud/none" {
		t.Errorf("%v", err)
	}
}

// Where not all downloads can be looked up together, as many as can be are in force, and the others say why not.
func TestMoreListsThanAnIndexTakes(t *testing.T) {
	s := newScene(t)
	s.Sources = nil
	for i := range prefix.MaxLists + 1 {
		s.Sources = append(s.Sources, Source{Name: fmt.Sprintf("cloud/x%d", i), Kind: Cloud, Addresses: []string{s.server.URL}, Format: "plain", Every: day})
	}
	var mu sync.Mutex
	next := 0
	s.Public = getter(func(*http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		w := httptest.NewRecorder()
		next++
		fmt.Fprintf(w, "8.%d.%d.0/24\n", next/256, next%256)
		return w.Result(), nil
	})
	s.start()
	s.now = s.now.Add(time.Hour)
	s.Tick(t.Context())
	refused := 0
	for _, st := range s.Status() {
		if strings.HasPrefix(st.LastError, "no list yet: 257 network lists: at most 256 can be looked up together") {
			refused++
		}
	}
	if in := len(s.Lists()); in != prefix.MaxLists || refused != 2 || len(s.Lookup(netip.MustParseAddr("9.0.2.1"))) != 1 {
		t.Errorf("%d lists in force, %d refused", in, refused)
	}
	if err := s.SetOwn(t.Context(), []OwnList{{Name: "office", Entries: []string{"7.7.7.7"}}}); err == nil || len(s.Lists()) != prefix.MaxLists {
		t.Errorf("one more of our own: %v", err)
	}
}

func TestFullStore(t *testing.T) {
	s := newScene(t)
	s.answer = text(plainList(110))
	s.store.full = errors.New("disk full")
	st := s.due()
	if st.Prefixes != 110 || st.LastError != "in use, but a restart will forget it: keeping it in the store: disk full" {
		t.Errorf("%+v", st)
	}
}

// A list that was damaged in the store is not used, and not asked about with an ETag that belongs to it.
func TestDamagedStore(t *testing.T) {
	s := newScene(t)
	s.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"x"`)
		io.WriteString(w, plainList(110))
	}
	s.due()
	k := s.store.kept["cloud/test"]
	k.List.Prefixes = k.List.Prefixes[:50]
	s.store.kept["cloud/test"] = k
	s.start()
	if st := s.status("cloud/test"); st.Prefixes != 100 {
		t.Errorf("%+v", st)
	}
	if st := s.due(); st.Prefixes != 110 || s.asked[1].Header.Get("If-None-Match") != "" {
		t.Errorf("%+v", st)
	}
}

// A part that answers 304 is fetched after all when another part has changed.
func TestListOfTwoParts(t *testing.T) {
	s := newScene(t)
	s.Sources[0].Addresses = []string{s.server.URL + "/v4", s.server.URL + "/v6"}
	s.start()
	v4 := plainList(100)
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		body := v4
		if r.URL.Path == "/v6" {
			body = "2a00::/32\n2a02::/32\n"
		}
		tag := fmt.Sprintf("%q", Checksum(nil)[:4]+fmt.Sprint(len(body)))
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", tag)
		io.WriteString(w, body)
	}
	if st := s.due(); st.Prefixes != 102 || st.LastError != "" {
		t.Fatalf("%+v", st)
	}
	if st := s.due(); st.Prefixes != 102 || st.Age != 0 || len(s.asked) != 4 {
		t.Errorf("%d questions, %+v", len(s.asked), st)
	}
	v4 = plainList(130)
	if st := s.due(); st.Prefixes != 132 || st.LastError != "" {
		t.Errorf("%+v", st)
	}
}

// A clock that was ahead when the store was written does not put off all refreshes for years.
func TestClockMovedBack(t *testing.T) {
	s := newScene(t)
	s.now = noon.AddDate(3, 0, 0)
	s.answer = text(plainList(110))
	s.Tick(t.Context())
	s.now = noon
	s.start()
	if next := s.status("cloud/test").NextTry; next.After(noon.Add(time.Hour)) {
		t.Errorf("next try at %s", next)
	}
}

// Not all installations ask an operator at the same moment.
func TestJitter(t *testing.T) {
	n := 0
	for chance, want := range map[float64]time.Duration{0: 9 * day / 10, 0.5: day, 1: 11 * day / 10} {
		s := newScene(t)
		s.Rand = func() float64 { return chance }
		s.start()
		if first := s.status("cloud/test").NextTry.Sub(noon); first != time.Duration(chance*float64(spread)) {
			t.Errorf("chance %v: first asked after %s", chance, first)
		}
		s.answer = text(plainList(110))
		if st := s.due(); st.NextTry.Sub(s.now).Round(time.Second) != want {
			t.Errorf("chance %v: asked again after %s, want %s", chance, st.NextTry.Sub(s.now), want)
		}
		n++
	}
	if n < 3 {
		t.Errorf("%d cases", n)
	}
}

func TestRunStops(t *testing.T) {
	s := newScene(t)
	s.answer = text(plainList(110))
	ctx, cancel := context.WithCancel(t.Context())
	waits := 0
	s.Run(ctx, func(d time.Duration) <-chan time.Time {
		if waits++; waits == 1 {
			if d != 5*time.Minute {
				t.Errorf("waits %s", d)
			}
			s.now = s.now.Add(d)
			c := make(chan time.Time, 1)
			c <- s.now
			return c
		}
		cancel()
		return nil
	})
	if waits != 2 || s.status("cloud/test").Prefixes != 110 {
		t.Errorf("%d waits, %+v", waits, s.status("cloud/test"))
	}
}
