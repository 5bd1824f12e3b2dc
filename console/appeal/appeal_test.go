package appeal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/appeal"
	room "palisade.dev/console/appeal"
	"palisade.dev/console/page"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/store"
)

const banned = "203.0.113.7"

func open(t testing.TB) *pagetest.House {
	t.Helper()
	h := pagetest.New(t, func(h *pagetest.House) []page.Route {
		return (&room.Appeal{DB: h.DB, Appeals: h.Appeals, URL: "https://console.example/"}).Routes()
	})
	if _, err := h.Bans.Impose(t.Context(), h.Shop.ID, banned, 0, "scraping <b>prices</b>", "ada"); err != nil {
		t.Fatal(err)
	}
	return h
}

var links = regexp.MustCompile(`https://console\.example(/appeal/[A-Za-z0-9_-]{32})`)

// offer makes a link and gives its path.
func offer(t testing.TB, h *pagetest.House) string {
	t.Helper()
	h.Actor = access.Operator
	w := h.Fine(t, h.Post("/s/shop/appeals/offer", url.Values{"subject": {banned}}))
	m := links.FindStringSubmatch(w.Body.String())
	if m == nil {
		t.Fatal(pagetest.Text(w))
	}
	return m[1]
}

func waiting(t testing.TB, h *pagetest.House) []store.Appeal {
	t.Helper()
	list, err := h.DB.Appeals(t.Context(), h.Shop.ID, "", 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// From the ban to the answer, without script.
func TestAnAppealFromEndToEnd(t *testing.T) {
	for _, answer := range appeal.Answers {
		h := open(t)
		path := offer(t, h)
		h.Actor = access.Actor{} // the refused person
		w := h.Get(path)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `<textarea id="said"`) {
			t.Fatalf("%d %s", w.Code, pagetest.Text(w))
		}
		for _, inside := range []string{"shop", "bank", banned, "ada", "prices", "/s/", "scraping"} {
			if strings.Contains(w.Body.String(), inside) {
				t.Errorf("a stranger is told %q", inside)
			}
		}
		sent := h.Fine(t, h.Post(path, url.Values{"said": {"I bought <i>shoes</i>\r\nfor \u202eada"}, "contact": {"ada@example.org"}}))
		if got := pagetest.Text(sent); !strings.Contains(got, "What you wrote was sent") {
			t.Error(got)
		}
		h.As(access.Responder)
		list := h.Get("/s/shop/appeals")
		got := pagetest.Text(list)
		for _, want := range []string{"1 waiting", "I bought <i>shoes</i>", "for ⟨202E⟩ada", "ada@example.org", "scraping <b>prices</b>", "Lift and allow for 30 days"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %s", want, got)
			}
		}
		if body := list.Body.String(); strings.Contains(body, "<i>shoes") || !strings.Contains(body, `href="mailto:ada@example.org"`) {
			t.Error("markup came through")
		}
		id := waiting(t, h)[0].ID
		done := h.Fine(t, h.Post("/s/shop/appeals/answer", url.Values{"id": {id}, "answer": {answer}, "reason": {"Sorry <3"}}))
		if got := pagetest.Text(done); !strings.Contains(got, answer+" by responder") || strings.Contains(got, "1 waiting") {
			t.Error(got)
		}
		again := h.Post("/s/shop/appeals/answer", url.Values{"id": {id}, "answer": {"declined"}, "reason": {"typed"}})
		if again.Code != 422 || !strings.Contains(pagetest.Text(again), "Responder answered it already: "+answer) {
			t.Errorf("answered twice: %d", again.Code)
		}
		h.Actor = access.Actor{}
		last := pagetest.Text(h.Get(path))
		if want := map[bool]string{true: "it stays", false: "you can go on"}[answer == appeal.Declined]; !strings.Contains(last, want) || !strings.Contains(last, "Sorry <3") || strings.Contains(last, "responder") {
			t.Errorf("%s: %s", answer, last)
		}
	}
}

func TestRoles(t *testing.T) {
	h := open(t)
	path := offer(t, h)
	h.Actor = access.Actor{}
	h.Fine(t, h.Post(path, url.Values{"said": {"hello"}}))
	id := waiting(t, h)[0].ID
	tried := 0
	for _, who := range []struct {
		be         func()
		sees, acts int
	}{
		{func() { h.As(access.Viewer) }, 200, 403},
		{func() { h.As(access.Auditor) }, 200, 403},
		{func() { h.As(access.Owner); h.Actor.Roles = map[string]access.Role{h.Bank.ID: access.Owner} }, 404, 404},
		{func() { h.Actor = access.Actor{} }, 303, 401},
	} {
		who.be()
		for what, c := range map[string]struct{ got, want int }{
			"list":   {h.Get("/s/shop/appeals").Code, who.sees},
			"offer":  {h.Post("/s/shop/appeals/offer", url.Values{"subject": {banned}}).Code, who.acts},
			"answer": {h.Post("/s/shop/appeals/answer", url.Values{"id": {id}, "answer": {"lifted"}}).Code, who.acts},
		} {
			if tried++; c.got != c.want {
				t.Errorf("%s: %s: %d, want %d", h.Actor.Name, what, c.got, c.want)
			}
		}
	}
	// The answer of one site is not given on another.
	h.Actor = access.Operator
	if w := h.Post("/s/bank/appeals/answer", url.Values{"id": {id}, "answer": {"lifted"}}); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	if x := waiting(t, h)[0]; x.Answered != 0 || tried != 12 {
		t.Errorf("%+v after %d tries", x, tried)
	}
	if w := h.Get("/s/shop/appeals"); strings.Contains(w.Body.String(), "Nobody has appealed") {
		t.Error("it is gone")
	}
	h.As(access.Viewer)
	if w := h.Get("/s/shop/appeals"); strings.Contains(w.Body.String(), "<form") {
		t.Error("a viewer is shown buttons")
	}
}

// A link is shown to who made it, and its code is in no address but its own.
func TestALinkIsShownToWhoMadeIt(t *testing.T) {
	h := open(t)
	w := h.Post("/s/shop/appeals/offer", url.Values{"subject": {banned}})
	to := w.Header().Get("Location")
	if !links.MatchString(h.Get(to).Body.String()) {
		t.Error("it is not shown")
	}
	h.As(access.Responder)
	if w := h.Get(to); w.Code != 404 {
		t.Errorf("another sees it: %d", w.Code)
	}
	h.Actor = access.Operator
	h.Now = h.Now.Add(11 * time.Minute)
	if w := h.Get(to); w.Code != 404 || !strings.Contains(pagetest.Text(w), "no longer shown") {
		t.Errorf("%d", w.Code)
	}
	if w := h.Post("/s/shop/appeals/offer", url.Values{"subject": {"192.0.2.1"}}); w.Code != 404 {
		t.Errorf("a link about no ban: %d", w.Code)
	}
}

// Guessing, replay, flood and forms from elsewhere, as an attacker would.
func TestAttacks(t *testing.T) {
	h := open(t)
	path := offer(t, h)
	h.Actor = access.Actor{}
	h.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := h.Post(path, url.Values{"said": {"hello"}}); w.Code != 403 {
		t.Errorf("from another site: %d", w.Code)
	}
	h.Header = http.Header{}
	h.Fine(t, h.Post(path, url.Values{"said": {"hello"}}))
	for range 5 { // replay: the page says that it was sent, and nothing is added
		if w := h.Post(path, url.Values{"said": {"again"}}); w.Code != http.StatusSeeOther {
			t.Errorf("%d", w.Code)
		}
	}
	if list := waiting(t, h); len(list) != 1 || list[0].Said != "hello" {
		t.Errorf("%+v", list)
	}
	// All that is no link looks the same.
	h.Remote = "198.51.100.77:1"
	texts := map[string]bool{}
	for _, guess := range []string{strings.Repeat("A", 32), strings.Repeat("A", 31), "x", "..%2f..%2fetc", strings.Repeat("A", 5000), "%00", strings.Repeat("%F0%9F%98%80", 8)} {
		w := h.Get("/appeal/" + guess)
		if w.Code != 404 {
			t.Errorf("%.20s: %d", guess, w.Code)
		}
		texts[pagetest.Text(w)] = true
	}
	if len(texts) != 1 {
		t.Errorf("they can be told apart: %v", texts)
	}
	limited := 0
	for range 30 {
		if w := h.Get("/appeal/" + strings.Repeat("B", 32)); w.Code == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited != 17 {
		t.Errorf("%d of 30 were not looked at", limited)
	}
	if w := h.Get(path); w.Code != http.StatusTooManyRequests {
		t.Errorf("the guesser finds a real one: %d", w.Code)
	}
	h.Remote = "198.51.100.78:1"
	if w := h.Get(path); w.Code != 200 {
		t.Errorf("another's: %d", w.Code)
	}
}

// Nothing typed is lost, and nothing typed becomes markup.
func TestHostileWords(t *testing.T) {
	h := open(t)
	path := offer(t, h)
	h.Actor = access.Actor{}
	for _, bad := range pagetest.Hostile {
		h.Now = h.Now.Add(time.Hour)
		w := h.Post(path, url.Values{"said": {""}, "contact": {bad}})
		pagetest.Harmless(t, bad, w)
		if w.Code != 422 || !strings.Contains(w.Body.String(), `aria-describedby="said-help said-fault"`) {
			t.Errorf("%.20q: %d", bad, w.Code)
		}
	}
	w := h.Post(path, url.Values{"said": {"what I wrote " + strings.Repeat("x", 1000)}, "contact": {"me@example.org"}})
	if w.Code != 422 || !strings.Contains(w.Body.String(), "what I wrote") || !strings.Contains(w.Body.String(), "me@example.org") {
		t.Errorf("%d %s", w.Code, pagetest.Text(w))
	}
	for _, bad := range pagetest.Hostile {
		path := offer(t, h)
		h.Actor = access.Actor{}
		h.Now = h.Now.Add(time.Hour)
		if w := h.Post(path, url.Values{"said": {page.Cut(bad, 900)}}); w.Code != http.StatusSeeOther {
			t.Errorf("%.20q: %d", bad, w.Code)
		}
	}
	h.Actor = access.Operator
	list := h.Get("/s/shop/appeals")
	pagetest.Harmless(t, "the list", list)
	if n := len(waiting(t, h)); n != len(pagetest.Hostile) || strings.Contains(list.Body.String(), "\u202e") || strings.Contains(list.Body.String(), "\x1b") {
		t.Errorf("%d appeals", n)
	}
}

func TestEmpty(t *testing.T) {
	h := open(t)
	if got := pagetest.Text(h.Get("/s/shop/appeals")); !strings.Contains(got, "Nobody has appealed") {
		t.Error(got)
	}
}

func BenchmarkAppeals(b *testing.B) {
	h := open(b)
	for range 100 {
		path := offer(b, h)
		h.Now = h.Now.Add(time.Hour)
		if w := h.Post(path, url.Values{"said": {strings.Repeat("word ", 190)}}); w.Code != http.StatusSeeOther {
			b.Fatal(w.Code)
		}
	}
	var w *httptest.ResponseRecorder
	for b.Loop() {
		if w = h.Get("/s/shop/appeals"); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
