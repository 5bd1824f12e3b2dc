package rules

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend"
	"palisade.dev/backend/access"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/site"
	"palisade.dev/config"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// house is a back end with a site, and somebody at the console.
type house struct {
	*backend.Backend
	t     testing.TB
	site  store.Site
	role  access.Role
	where string
	h     http.Handler
	now   time.Time
}

func newHouse(t testing.TB) *house {
	t.Helper()
	dir, no := t.TempDir(), false
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, role: access.Owner, where: access.Everywhere, now: noon}
	if h.Backend, err = backend.Open(t.Context(), backend.Options{DB: db, Dir: dir, Networks: config.Networks{Refresh: &no}, Retention: 30 * 24 * time.Hour, Now: func() time.Time { return h.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.Close(context.Background())
		_ = db.Close()
	})
	if h.site, err = h.Sites.Create(t.Context(), site.Facts{Name: "shop", Zone: "Europe/Berlin"}, feed.Settings{Defaults: true}, "test"); err != nil {
		t.Fatal(err)
	}
	f := &page.Frame{
		Who: func(*http.Request) (page.Person, bool, error) {
			return page.Person{Actor: access.Actor{Name: "ada", Roles: map[string]access.Role{h.where: h.role}, Scope: access.Operator.Scope}}, true, nil
		},
		Site: db.SiteByName, Sites: func(ctx context.Context) ([]store.Site, error) { return db.Sites(ctx) },
		Fault: func(err error) (int, string) {
			for status, is := range map[int]error{403: access.ErrForbidden, 404: store.ErrNotFound, 409: store.ErrConflict, 422: rule.ErrInvalid} {
				if errors.Is(err, is) {
					return status, err.Error()
				}
			}
			t.Errorf("a page failed: %v", err)
			return 500, ""
		},
		Now: func() time.Time { return h.now }, Key: []byte("key"), Log: slog.New(slog.DiscardHandler),
	}
	h.h = f.Handler((&Pages{Rules: h.Rules}).Routes())
	return h
}

func (h *house) get(path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func (h *house) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	return w
}

// has holds a page to a status and to texts; one that begins with ! must not be there.
func (h *house) has(w *httptest.ResponseRecorder, status int, texts ...string) {
	h.t.Helper()
	_, body, _ := strings.Cut(w.Body.String(), "<main")
	if w.Code != status {
		h.t.Errorf("status %d, want %d: %s", w.Code, status, body)
	}
	for _, text := range texts {
		if text, not := strings.CutPrefix(text, "!"); not == strings.Contains(body, text) {
			h.t.Errorf("with or without %q: %s", text, body)
		}
	}
}

// goes holds an answer to a redirect and gives where it leads.
func (h *house) goes(w *httptest.ResponseRecorder, prefix string) string {
	h.t.Helper()
	to := w.Header().Get("Location")
	if w.Code != 303 || !strings.HasPrefix(to, prefix) {
		h.t.Fatalf("status %d to %q, want %q: %s", w.Code, to, prefix, w.Body)
	}
	return to
}

// sent is what a browser would send of the editor on a page, button and all.
var inputs = regexp.MustCompile(`<(?:input|textarea|select)[^>]* name="(\w+)"(?:[^>]* value="([^"]*)")?[^>]*?( checked)?>(?s:([^<]*)</textarea>)?`)

var chosen = regexp.MustCompile(`(?s)<select id="(\w+)"[^>]*>(.*?)</select>`)

var selected = regexp.MustCompile(`<option value="([^"]*)" selected`)

func fields(w *httptest.ResponseRecorder) map[string]string {
	body := w.Body.String()
	body = body[strings.Index(body, `class="editor"`):]
	out := map[string]string{}
	for _, m := range inputs.FindAllStringSubmatch(body, -1) {
		if m[1] == "alert" && !strings.Contains(m[0], "checked") {
			continue
		}
		out[m[1]] = html.UnescapeString(m[2] + m[4])
	}
	for _, m := range chosen.FindAllStringSubmatch(body, -1) {
		out[m[1]] = ""
		if s := selected.FindStringSubmatch(m[2]); s != nil {
			out[m[1]] = s[1]
		}
	}
	return out
}

func (h *house) send(path string, fields map[string]string, changes ...string) *httptest.ResponseRecorder {
	var pairs []string
	for k, v := range fields {
		pairs = append(pairs, k, v)
	}
	return h.post(path, append(pairs, changes...)...)
}

func (h *house) rule(name string) rule.State {
	h.t.Helper()
	s, err := h.Rules.Get(h.t.Context(), h.site, name)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// TestFromATemplateToARuleInForce is the way through the room, without script.
func TestFromATemplateToARuleInForce(t *testing.T) {
	h := newHouse(t)
	h.has(h.get("/s/shop/rules"), 200, "no rules of its own", "Begin with a template", "login-pair", "More than 5 requests a minute at @login of one account from one address: ", `<span class="chip good"><bdi>on</bdi></span>`)
	h.has(h.get("/s/shop/rules/new"), 200, "Checkout", "checkout-declined", "5 declined payments an hour", "?template=login-pair")
	w := h.get("/s/shop/rules/new?template=checkout-address")
	h.has(w, 200, `value="checkout-address"`, "limit: 6 per 10m", "More than 6 requests in 10 minutes at POST /checkout from one address")
	f := fields(w)
	if f["was"] != "none" || f["limit"] != "6 per 10m" || f["answer"] != "throttle" || f["yaml"] != f["base"] {
		t.Fatalf("%q", f)
	}
	h.has(h.get("/s/shop/rules/new?template=login-pair"), 200, `value="login-pair-2"`)
	h.has(h.get("/s/shop/rules/new?template=nothing"), 404)

	// The form is changed; the YAML follows at a button.
	w = h.send("/s/shop/rules/new", f, "limit", "3 per 10m", "alert", "yes", "do", "form")
	h.has(w, 200, "limit: 3 per 10m", "then: [throttle, alert]", "More than 3 requests")
	// The YAML is changed; the form follows.
	f = fields(w)
	w = h.send("/s/shop/rules/new", f, "yaml", strings.ReplaceAll(f["yaml"], "3 per 10m", "4 per 10m")+"# for the spring sale\n", "do", "yaml")
	h.has(w, 200, `value="4 per 10m"`, "# for the spring sale")
	// Both are changed, and differ.
	f = fields(w)
	w = h.send("/s/shop/rules/new", f, "yaml", strings.ReplaceAll(f["yaml"], "4 per 10m", "7 per 10m"), "limit", "9 per 10m", "do", "rehearsed")
	h.has(w, 422, "they say different things", `value="9 per 10m"`, "7 per 10m")

	h.goes(h.send("/s/shop/rules/new", f, "do", "rehearsed"), "/s/shop/rules")
	if s := h.rule("checkout-address"); s.Mode != "rehearse" || s.Limit != "4 per 10m" || strings.Join(s.Then, " ") != "throttle alert" || s.Author != "ada" {
		t.Errorf("%+v", s)
	}
	h.has(h.get("/s/shop/rules"), 200, "!no rules of its own", `<span class="chip note"><bdi>rehearse</bdi></span>`, "ada")
	// The same name once more is a fault of the name.
	h.has(h.send("/s/shop/rules/new", f, "do", "rehearsed"), 409, "There is a rule checkout-address already; choose another name")

	// Switching on without a rehearsal asks once more.
	s := h.rule("checkout-address")
	w = h.post("/s/shop/rules/checkout-address/mode", "mode", "on", "was", s.Version)
	h.has(w, 200, "without a rehearsal?", "Yes, switch it on now")
	h.goes(h.post("/s/shop/rules/checkout-address/mode", "mode", "on", "was", s.Version, "sure", "yes"), "/s/shop/rules")
	if got := h.rule("checkout-address"); got.Mode != "on" {
		t.Errorf("%+v", got)
	}
}

// TestNothingTypedIsLost: with every fault the page comes back, faults beside their fields and with their lines.
func TestNothingTypedIsLost(t *testing.T) {
	h := newHouse(t)
	f := fields(h.get("/s/shop/rules/new?template=blank"))
	w := h.send("/s/shop/rules/new", f, "name", "Mine", "route", "nowhere", "limit", "much", "by", "moon", "ban", "soon", "do", "on")
	h.has(w, 422, "5 things to mend", `value="Mine"`, `value="nowhere"`, `value="much"`, `value="moon"`, `value="soon"`,
		`id="fault-limit" data-fault="limit">`, "want a count and a time", "want 1 to 64 of a-z", "Nothing was kept", `aria-invalid="true"`)
	yaml := "name: mine\nmatch: /x\nlimt: 5 per 1m # misspelt\n"
	h.has(h.send("/s/shop/rules/new", f, "yaml", yaml, "do", "rehearsed"), 422, "Line 3: unknown field &#34;limt&#34;", "# misspelt")
	h.has(h.send("/s/shop/rules/new", f, "yaml", "name: mine\nmatch: /x\nlimit: often\n", "do", "yaml"), 422, "Line 3: limit:", `value="often"`)
	h.has(h.send("/s/shop/rules/new", f, "yaml", "name: mine\nmatch: /x\nlimit: ${PATH}\n", "do", "yaml"), 422, "Line 3: ${…} stands for")
	h.has(h.send("/s/shop/rules/new", f, "name", "new", "route", "/x", "limit", "1 per 1m", "do", "on"), 422, "taken by a page")
	h.has(h.send("/s/shop/rules/new", f, "name", "fine", "route", "/x", "limit", "1 per 1m"), 422, "Say what is to be done")
	h.has(h.send("/s/shop/rules/login-pair", fields(h.get("/s/shop/rules/login-pair")), "name", "other", "do", "on"), 422, "The name stays login-pair")
	h.has(h.send("/s/shop/rules/new", f, "yaml", "name: mine\nmatch: /x\nlimit: 1 per 1m\nmode: off\nthen: someday\n", "do", "yaml"), 200, "not taken from the YAML", "is not known here, so it blocks")
	if all, err := h.Rules.List(t.Context(), h.site); err != nil || all[0].Source != store.SourceDefault {
		t.Errorf("something was kept: %+v, %v", all[0], err)
	}
}

func TestSomebodyWasQuicker(t *testing.T) {
	h := newHouse(t)
	mine := wire.Rule{Name: "mine", Match: wire.Match{Route: "/x"}, Limit: "2 per 1h", Mode: "rehearse"}
	if _, err := h.Rules.Put(t.Context(), h.site, mine, "bob"); err != nil {
		t.Fatal(err)
	}
	f := fields(h.get("/s/shop/rules/mine"))
	theirs := mine
	theirs.Limit = "5 per 1h"
	if _, err := h.Rules.Put(t.Context(), h.site, theirs, "bob"); err != nil {
		t.Fatal(err)
	}
	w := h.send("/s/shop/rules/mine", f, "limit", "9 per 1h", "do", "rehearsed")
	h.has(w, 409, "changed meanwhile by bob", "limit: 5 per 1h", "limit: 9 per 1h", "<ins>+ limit: 9 per 1h</ins>", "<del>− limit: 5 per 1h</del>")
	// Going on with one's own leads back into the editor, on top of theirs.
	theirsNow := h.rule("mine")
	w = h.post("/s/shop/rules/mine", "side", "yaml", "yaml", "name: mine\nmatch: /x\nlimit: 9 per 1h\n", "was", theirsNow.Version, "do", "show")
	h.has(w, 200, `value="9 per 1h"`, theirsNow.Version)
	h.goes(h.send("/s/shop/rules/mine", fields(w), "do", "rehearsed"), "/s/shop/rules")
	if got := h.rule("mine"); got.Limit != "9 per 1h" {
		t.Errorf("%+v", got)
	}
	h.has(h.post("/s/shop/rules/mine/mode", "mode", "off", "was", theirsNow.Version), 409, "changed meanwhile by ada")
	h.goes(h.post("/s/shop/rules/mine/delete"), "/s/shop/rules")
	h.has(h.send("/s/shop/rules/mine", f, "limit", "1 per 1h", "do", "rehearsed"), 409, "deleted meanwhile", "It is deleted.")
}

func TestListActs(t *testing.T) {
	h := newHouse(t)
	for _, n := range []string{"a", "b"} {
		if _, err := h.Rules.Put(t.Context(), h.site, wire.Rule{Name: n, Match: wire.Match{Route: "/x"}, Limit: "2 per 1h"}, "bob"); err != nil {
			t.Fatal(err)
		}
	}
	h.has(h.get("/s/shop/rules"), 200, `aria-label="Look at b earlier"`, `aria-label="Look at a later"`, `!aria-label="Look at a earlier"`, `!aria-label="Look at b later"`)
	h.goes(h.post("/s/shop/rules/b/move", "to", "up"), "/s/shop/rules")
	h.goes(h.post("/s/shop/rules/b/move", "to", "up"), "/s/shop/rules") // twice is once
	if all, _ := h.Rules.List(t.Context(), h.site); all[0].Name != "b" {
		t.Errorf("%+v", all[0])
	}
	h.goes(h.post("/s/shop/rules/a/mode", "mode", "off"), "/s/shop/rules")
	h.has(h.get("/s/shop/rules/a"), 200, `<span class="chip plain"><bdi>off</bdi></span>`)
	h.has(h.get("/s/shop/rules/a/delete"), 200, "Delete rule", "undo there brings it back")
	h.goes(h.post("/s/shop/rules/a/delete"), "/s/shop/rules")
	h.has(h.post("/s/shop/rules/a/delete"), 404)
	h.has(h.get("/s/shop/rules/login-pair/delete"), 200, "The default of this name comes back")
	if _, err := h.Sites.Declare(t.Context(), config.Site{Name: "shop", Zone: "UTC", Rules: []wire.Rule{{Name: "filed", Match: wire.Match{Route: "/x"}, Limit: "2 per 1h"}}}); err != nil {
		t.Fatal(err)
	}
	h.has(h.get("/s/shop/rules"), 200, "stands in the configuration file")
	h.has(h.get("/s/shop/rules/filed"), 200, "Change it there", "!Save in rehearsal")
	h.has(h.post("/s/shop/rules/filed/mode", "mode", "off"), 409, "configuration file")
	h.has(h.post("/s/shop/rules/filed/delete"), 409, "configuration file")
}

func TestHistoryOfARule(t *testing.T) {
	h := newHouse(t)
	x := wire.Rule{Name: "mine", Match: wire.Match{Route: "/x"}, Limit: "2 per 1h"}
	for _, limit := range []string{"2 per 1h", "3 per 1h"} {
		x.Limit = limit
		if _, err := h.Rules.Put(t.Context(), h.site, x, "bob"); err != nil {
			t.Fatal(err)
		}
	}
	w := h.get("/s/shop/rules/mine/history")
	h.has(w, 200, "Changed by <bdi>bob</bdi>", "Made by <bdi>bob</bdi>", "<del>− limit: 2 per 1h</del>\n<ins>+ limit: 3 per 1h</ins>", "13:00:00 CET")
	n := regexp.MustCompile(`name="n" value="(\d+)"`).FindStringSubmatch(w.Body.String())[1]
	h.goes(h.post("/s/shop/rules/mine/undo", "n", n), "/s/shop/rules/mine/history")
	if got := h.rule("mine"); got.Limit != "2 per 1h" || got.Author != "ada" {
		t.Errorf("%+v", got)
	}
	h.has(h.post("/s/shop/rules/mine/undo", "n", "x"), 422)
	h.has(h.post("/s/shop/rules/other/undo", "n", n), 404)
	h.has(h.get("/s/shop/rules/login-pair/history"), 200, "as Palisade brought it")
	h.has(h.get("/s/shop/rules/none/history"), 404)
	h.goes(h.post("/s/shop/rules/mine/delete"), "/s/shop/rules")
	h.has(h.get("/s/shop/rules/mine/history"), 200, "Deleted by <bdi>ada</bdi>", "!The rule as it is")
}

// traffic is an hour of it: an office of three that signs in, and a machine, both asking for /search.
func (h *house) traffic(paths ...string) {
	h.t.Helper()
	path := "/search"
	if len(paths) > 0 {
		path = paths[0]
	}
	var events []wire.Event
	add := func(second int, address, path, agent string, outcomes ...wire.Outcome) {
		events = append(events, wire.Event{
			Seq: uint64(len(events) + 1), At: h.now.Add(-time.Hour + time.Duration(second)*time.Second).UnixMicro(), Method: "GET", Path: path, Status: 200, Action: "allow",
			Address: netip.MustParseAddr(address), Agent: agent, Outcomes: outcomes,
		})
	}
	for i, who := range []string{"alice", "bob", "<b>carol\u202e"} {
		add(i, "198.51.100.1", "/login", "", wire.Outcome{Kind: "login", Result: "ok", Subject: who})
	}
	for i := range 100 {
		add(10+i, "203.0.113.9", path, "robot")
		if i%10 == 0 {
			add(10+i, "198.51.100.1", path, "browser")
		}
	}
	if err := h.Events.Append(h.t.Context(), h.site.ID, "g", wire.Batch{Guard: "g", Boot: "b", Events: events}); err != nil {
		h.t.Fatal(err)
	}
}

// finished waits for a rehearsal.
func (h *house) finished(at string) *httptest.ResponseRecorder {
	for {
		if w := h.get(at); w.Code != 200 || w.Header().Get("Refresh") == "" {
			return w
		}
		runtime.Gosched()
	}
}

// TestARehearsalNamesThePeople: of a draft that was never saved; and switching on after it asks nothing more.
func TestARehearsalNamesThePeople(t *testing.T) {
	h := newHouse(t)
	h.traffic()
	f := fields(h.get("/s/shop/rules/new?template=blank"))
	at := h.goes(h.send("/s/shop/rules/new", f, "name", "search", "route", "/search", "limit", "5 per 1h", "do", "rehearse", "back", "24h"), "/s/shop/rules/new/rehearse/")
	w := h.finished(at)
	h.has(w, 200, "shared by 3 accounts", "account%3Aalice", "&lt;b&gt;carol⟨202E⟩", "198.51.100.1", "203.0.113.9", "/s/shop/events?address=203.0.113.9", "of them with people behind them, 1 shared", "Looked at 113 requests", "Switch on")
	yaml := html.UnescapeString(regexp.MustCompile(`name="yaml" value="([^"]*)"`).FindStringSubmatch(w.Body.String())[1])
	h.has(h.post(at[:strings.Index(at, "/rehearse")], "side", "yaml", "yaml", yaml, "was", "none", "do", "show"), 200, `value="5 per 1h"`)
	h.goes(h.post("/s/shop/rules/new", "side", "yaml", "yaml", yaml, "was", "none", "do", "on"), "/s/shop/rules")
	if s := h.rule("search"); s.Mode != "on" || s.Limit != "5 per 1h" {
		t.Errorf("%+v", s)
	}
	// The kept rule finds its rehearsal.
	h.goes(h.get("/s/shop/rules/search/rehearse"), "/s/shop/rules/search/rehearse/")
	h.has(h.get("/s/shop/rules/login-pair/rehearse"), 200, "Rehearse it on")
	at = h.goes(h.post("/s/shop/rules/login-pair/rehearse", "back", "1h"), "/s/shop/rules/login-pair/rehearse/")
	h.has(h.finished(at), 200, "Nobody who signed in, or was known, would have been refused", "make its limit tighter")
	h.has(h.post("/s/shop/rules/login-pair/rehearse", "back", "1y"), 422)
	h.has(h.get("/s/shop/rules/login-pair/rehearse/none"), 404, "no longer known")
	h.now = h.now.Add(3 * time.Hour)
	h.has(h.get(at), 404, "Rehearse the rule again")
}

func TestARehearsalOfNothing(t *testing.T) {
	h := newHouse(t)
	at := h.goes(h.post("/s/shop/rules/login-pair/rehearse"), "/s/shop/rules/login-pair/rehearse/")
	h.has(h.finished(at), 200, "no traffic in the last 24 hours")
}

// TestTheOtherSideFollows is what the script asks while somebody types.
func TestTheOtherSideFollows(t *testing.T) {
	h := newHouse(t)
	f := fields(h.get("/s/shop/rules/new?template=checkout-address"))
	read := func(w *httptest.ResponseRecorder) (out followed) {
		t.Helper()
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		return out
	}
	if got := read(h.send("/s/shop/rules/new/follow", f, "side", "form", "limit", "2 per 1m")); !strings.Contains(got.YAML, "limit: 2 per 1m") || got.Base != got.YAML || len(got.Faults) != 0 || !strings.HasPrefix(got.Says, "More than 2") {
		t.Errorf("%+v", got)
	}
	if got := read(h.send("/s/shop/rules/new/follow", f, "side", "yaml", "yaml", "name: x\nmatch: /x\nlimit: 2 pr 1m\n")); got.Form == nil || got.Form.Limit != "2 pr 1m" || !strings.HasPrefix(got.Faults["limit"], "Line 3:") {
		t.Errorf("%+v", got)
	}
	if got := read(h.send("/s/shop/rules/new/follow", f, "side", "yaml", "yaml", "name: [\n")); got.Form != nil || got.YAML != "" || !strings.HasPrefix(got.Faults[""], "Line 1: not YAML") {
		t.Errorf("%+v", got)
	}
	if all, _ := h.Rules.List(t.Context(), h.site); all[0].Source != store.SourceDefault {
		t.Error("following kept something")
	}
}

// TestWhoMayWhatWithRules: steps up are refused on every route, and another site's rules are as if there were none.
func TestWhoMayWhatWithRules(t *testing.T) {
	h := newHouse(t)
	tried := 0
	for _, route := range (&Pages{Rules: h.Rules}).Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		path = strings.NewReplacer("{site}", "shop", "{name}", "login-pair", "{id}", "none").Replace(path)
		ask := h.get
		if method == "POST" {
			ask = func(path string) *httptest.ResponseRecorder { return h.post(path) }
		}
		for _, role := range []access.Role{access.Responder, access.Viewer, access.Auditor} {
			h.role, h.where = role, h.site.ID
			w := ask(path)
			if may := role.May()&route.Need == route.Need; !may && w.Code != 403 || may && w.Code == 403 {
				t.Errorf("%s %s as %s: %d", method, path, role, w.Code)
			}
			tried++
		}
		h.role, h.where = access.Owner, "another"
		if w := ask(path); w.Code != 404 || !strings.Contains(w.Body.String(), "no role on it") {
			t.Errorf("%s %s by the owner of another site: %d", method, path, w.Code)
		}
	}
	if tried < 42 {
		t.Errorf("%d tried", tried)
	}
	h.role, h.where = access.Viewer, h.site.ID
	h.has(h.get("/s/shop/rules"), 200, "!/mode", "!New rule", "login-pair")
	h.has(h.get("/s/shop/rules/login-pair"), 200, "disabled", "!Save in rehearsal", "!data-follow")
}

// TestHostileWords: markup, marks that turn the direction and ten kilobytes are shown, harmless, on every page.
func TestHostileWords(t *testing.T) {
	h := newHouse(t)
	nasty := `"><script>alert(1)</script>` + "\u202e"
	long := strings.Repeat("A", 10_000)
	x := wire.Rule{
		Name: "mine", Match: wire.Match{Route: "/x", Host: wire.Words{nasty}, Header: map[string]string{"User-Agent": nasty + long}, Network: wire.Words{nasty}},
		By: wire.Words{"header:" + nasty}, Limit: "2 per 1h", Then: wire.Words{nasty, "ban " + "1h"}[:1],
	}
	if _, err := h.Rules.Put(t.Context(), h.site, x, nasty); err != nil {
		t.Fatal(err)
	}
	f := fields(h.get("/s/shop/rules/mine"))
	at := h.goes(h.post("/s/shop/rules/mine/rehearse"), "/s/shop/rules/mine/rehearse/")
	pages := []*httptest.ResponseRecorder{
		h.get("/s/shop/rules"), h.get("/s/shop/rules/mine"), h.get("/s/shop/rules/mine/history"), h.get("/s/shop/rules/mine/delete"), h.finished(at),
		h.send("/s/shop/rules/mine", f, "name", nasty, "limit", nasty+long, "do", "on"), h.send("/s/shop/rules/mine", f, "yaml", nasty+long, "do", "yaml"),
		h.send("/s/shop/rules/mine", f, "was", nasty, "do", "rehearsed"), h.get("/s/shop/rules/new?template=" + url.QueryEscape(nasty)),
		h.get("/s/shop/rules/" + url.PathEscape(nasty)), h.post("/s/shop/rules/mine/mode", "mode", nasty), h.post("/s/shop/rules/"+url.PathEscape(nasty)+"/move", "to", nasty),
	}
	for i, w := range pages {
		if body := w.Body.String(); strings.Contains(body, "<script>alert") || w.Code == 500 || len(body) < 100 {
			t.Errorf("page %d: %d %.3000s", i, w.Code, body)
		}
	}
	if body := h.get("/s/shop/rules").Body.String(); len(body) > 100_000 || strings.Contains(body, "\u202e") {
		t.Errorf("the list is %d bytes", len(body))
	}
}
