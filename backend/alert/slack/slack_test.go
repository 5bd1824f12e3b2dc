package slack

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/alerttest"
	"palisade.dev/backend/alert/post"
)

func sink(o post.Options) *Sink {
	o.Loopback = true
	return New(post.NewClient(o), func() time.Time { return alerttest.Noon })
}

func TestGolden(t *testing.T) {
	for name, m := range map[string]*alert.Message{"plain": alerttest.Plain(), "attack": alerttest.Attack(), "over": alerttest.Over(), "hostile": alerttest.Hostile()} {
		body, err := Render(m)
		if err != nil {
			t.Fatal(err)
		}
		checkBounds(t, body)
		alerttest.Golden(t, name+".json", indent(t, body))
	}
}

func indent(t *testing.T, body []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

// Slack refuses a whole message that is over one of its bounds, and what is not in its markup it must not find in ours.
func checkBounds(t *testing.T, body []byte) {
	t.Helper()
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatal(err)
	}
	length := func(s string) int { return len(utf16.Encode([]rune(s))) }
	check := func(x *text, most int) {
		if x == nil {
			return
		}
		if n := length(x.Text); n < 1 || n > most {
			t.Errorf("%d characters of %d: %.40q", n, most, x.Text)
		}
		if !utf8.ValidString(x.Text) || strings.ContainsAny(x.Text, "\r\n\x00\x1b\u202e\u2028") {
			t.Errorf("control characters in %.80q", x.Text)
		}
		if x.Type == "mrkdwn" {
			inner := strings.TrimSuffix(strings.TrimPrefix(x.Text, "<"), "|Open in Palisade>")
			if strings.ContainsAny(inner, "<>|") || strings.Contains(inner, "!channel") || strings.Contains(inner, "evil") {
				t.Errorf("a stranger's markup in %.80q", x.Text)
			}
		}
	}
	if len(p.Blocks) > 50 || p.Markup || p.UnfurlLinks || strings.ContainsAny(p.Text, "<>") {
		t.Errorf("%d blocks, text %q", len(p.Blocks), p.Text)
	}
	for _, b := range p.Blocks {
		if b.Type == "header" {
			check(b.Text, 150)
		}
		check(b.Text, 3000)
		if len(b.Fields) > 10 || len(b.Elements) > 10 {
			t.Errorf("%d fields, %d elements", len(b.Fields), len(b.Elements))
		}
		for i := range b.Fields {
			check(&b.Fields[i], 2000)
		}
		for i := range b.Elements {
			check(&b.Elements[i], 2000)
		}
	}
}

func TestManyFactsStayWithinSlacksBounds(t *testing.T) {
	m := alerttest.Plain()
	for range 200 {
		m.Newest.Facts = append(m.Newest.Facts, alert.Fact{Label: strings.Repeat("l", 500), Value: strings.Repeat("\U0001f98a", 5000)})
	}
	m.Newest.Title = strings.Repeat("t", 5000)
	body, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	checkBounds(t, body)
}

// Each answer that Slack is known to give, and some that only a broken proxy does.
func TestAnswers(t *testing.T) {
	cases := []struct {
		status     int
		body, wait string
		taken      bool
		never      bool
		said       string
	}{
		{200, "ok", "", true, false, "200 OK: ok"},
		{429, "rate_limited", "30", false, false, "429 Too Many Requests: rate_limited"},
		{500, "rollup_error", "", false, false, "500 Internal Server Error: rollup_error"},
		{502, "<html>\x1b[2J" + strings.Repeat("x", 1<<20), "", false, false, "502 Bad Gateway: <html>"},
		{404, "no_service", "", false, true, "404 Not Found: no_service"},
		{410, "channel_is_archived", "", false, true, "410 Gone"},
		{403, "action_prohibited", "", false, true, "403 Forbidden"},
		{400, "invalid_blocks", "", false, true, "400 Bad Request: invalid_blocks"},
		{302, "", "", false, false, "302 Found (a redirect, which is not followed"},
	}
	for _, c := range cases {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/services/T0/B0/SECRET" {
				t.Errorf("posted to %s", r.URL)
			}
			body, _ := io.ReadAll(r.Body)
			checkBounds(t, body)
			if c.wait != "" {
				w.Header().Set("Retry-After", c.wait)
			}
			if c.status == 302 {
				w.Header().Set("Location", "http://127.0.0.1:1/")
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
		}))
		a, err := sink(post.Options{}).Send(t.Context(), json.RawMessage(`{"url":"`+s.URL+`/services/T0/B0/SECRET"}`), alerttest.Plain())
		s.Close()
		var f *alert.Failure
		errors.As(err, &f)
		switch {
		case c.taken && (err != nil || a.Said != c.said):
			t.Errorf("%d: %q, %v", c.status, a.Said, err)
		case !c.taken && (f == nil || f.Never != c.never || !strings.HasPrefix(f.Said, c.said) || (f.Wait > 0) != (c.wait != "")):
			t.Errorf("%d: %+v", c.status, f)
		}
	}
	if len(cases) < 9 {
		t.Fatalf("only %d cases", len(cases))
	}
}

func TestASlackThatHangsIsTriedAgain(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	defer close(release)
	_, err := sink(post.Options{Timeout: 50 * time.Millisecond}).Send(t.Context(), json.RawMessage(`{"url":"`+s.URL+`/SECRET"}`), alerttest.Plain())
	var f *alert.Failure
	if err == nil || errors.As(err, &f) || strings.Contains(err.Error(), "SECRET") {
		t.Fatalf("got %v", err)
	}
}

func TestSettings(t *testing.T) {
	s := sink(post.Options{})
	kept, err := s.Read(json.RawMessage(`{"url":"https://hooks.slack.com/services/T0/B0/abcdefgh1234"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	if shown := string(s.Show(kept)); shown != `{"url":"https://hooks.slack.com/…1234"}` {
		t.Errorf("shown %s", shown)
	}
	same, err := s.Read(json.RawMessage(`{}`), kept)
	if err != nil || string(same) != string(kept) {
		t.Errorf("%s, %v", same, err)
	}
	for given, want := range map[string]string{
		`{}`: "want the address of an incoming webhook", `{"url":"http://hooks.slack.com/x"}`: "want https", `{"uri":"https://x"}`: "unknown field", `[]`: "settings:", `{} {}`: "more than one value",
		`{"url":"https://10.0.0.1/"}`: "not a public address",
	} {
		if _, err := s.Read(json.RawMessage(given), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", given, err, want)
		}
	}
	if shown := string(s.Show(json.RawMessage(`{"url":"https://h/short"}`))); shown != `{"url":"https://h/…"}` {
		t.Errorf("shown %s", shown)
	}
	if _, err := s.Send(t.Context(), json.RawMessage(`broken`), alerttest.Plain()); err == nil || !strings.Contains(err.Error(), "enter them again") {
		t.Errorf("got %v", err)
	}
}

func FuzzSettings(f *testing.F) {
	seeds := []string{`{}`, `{"url":"https://hooks.slack.com/services/T/B/x"}`, `{"url":"http://127.0.0.1/"}`, `{"url":7}`, `[]`, `null`, `{"url":"https://\u0000/"}`, `{"url":"https://a/%"}`, `{`, ``}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 10 {
		f.Fatal("seeds are missing")
	}
	s := New(post.NewClient(post.Options{}), time.Now)
	f.Fuzz(func(t *testing.T, given string) {
		kept, err := s.Read(json.RawMessage(given), nil)
		if err != nil {
			return
		}
		again, err := s.Read(kept, nil)
		if err != nil || string(again) != string(kept) {
			t.Fatalf("%s is read again as %s, %v", kept, again, err)
		}
		s.Show(kept)
	})
}
