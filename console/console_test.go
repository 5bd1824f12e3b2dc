package console_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"palisade.dev/backend"
	"palisade.dev/backend/access"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/people"
	"palisade.dev/backend/site"
	"palisade.dev/config"
	"palisade.dev/console"
	"palisade.dev/console/settings"
	"palisade.dev/guard/wire"
	"palisade.dev/scan"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// house is a whole console over a back end of its own, with two sites and a clock that the test turns.
type house struct {
	*backend.Backend
	t      testing.TB
	server *httptest.Server
	shop   store.Site
	other  store.Site
	mu     sync.Mutex
	now    time.Time
}

func newHouse(t testing.TB) *house {
	t.Helper()
	ctx, dir, no := context.Background(), t.TempDir(), false
	db, err := sqlite.Open(ctx, filepath.Join(dir, "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	h.Backend, err = backend.Open(ctx, backend.Options{DB: db, Dir: dir, Networks: config.Networks{Refresh: &no}, Retention: 30 * 24 * time.Hour, Version: "test", Now: h.clock})
	if err != nil {
		t.Fatal(err)
	}
	h.server = httptest.NewServer(console.New(h.parts()))
	t.Cleanup(func() {
		h.server.Close()
		_ = h.Close(ctx)
		_ = db.Close()
	})
	for name, to := range map[string]*store.Site{"shop": &h.shop, "other": &h.other} {
		if *to, err = h.Sites.Create(ctx, site.Facts{Name: name, WebFacing: true}, feed.Settings{Defaults: true}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) parts() console.Parts {
	return console.Parts{
		DB: h.DB, Events: h.Events, Search: h.Search, Bans: h.Bans, Levers: h.Levers, Feed: h.Feed, Clients: h.Clients, Alerts: h.Alerts, Appeals: h.Appeals,
		Sites: h.Sites, Rules: h.Rules, Desk: h.Desk, Traps: h.Traps, Retention: h.Retention, Rand: rand.Reader, Here: settings.Installation{}, Entry: h.Entry, People: h.People, Findings: h.Findings, Detections: h.Detections, Watch: h.Watch, Owner: h.OwnerToken,
		Operator: h.Operator, Seen: h.Steered, Key: h.Secret("console"), ID: h.NewID, Now: h.clock, Log: slog.New(slog.DiscardHandler),
	}
}

// browser is somebody's, with cookies of its own. It follows no redirects.
type browser struct {
	h *house
	c *http.Client
}

func (h *house) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &browser{h, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type page struct {
	status   int
	text, to string
	header   http.Header
}

func (b *browser) do(method, path string, form url.Values, header ...string) page {
	b.h.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, b.h.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.h.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.c.Do(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return page{res.StatusCode, string(text), res.Header.Get("Location"), res.Header}
}

func (b *browser) get(path string) page { b.h.t.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, form url.Values) page {
	b.h.t.Helper()
	return b.do(http.MethodPost, path, form)
}

// cookie gives what the browser keeps under a name.
func (b *browser) cookie(name string) string {
	u, err := url.Parse(b.h.server.URL)
	if err != nil {
		b.h.t.Fatal(err)
	}
	for _, c := range b.c.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) put(name, value string) {
	u, err := url.Parse(b.h.server.URL)
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.c.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

const password = "a sparrow on the fence"

// joins lets somebody in with roles; the first is the owner by the set-up link.
func (h *house) joins(email string, roles map[string]access.Role) *browser {
	h.t.Helper()
	ctx := access.With(context.Background(), access.Operator)
	code, err := h.People.SetupCode(ctx)
	if err == nil && code == "" {
		_, code, err = h.People.Invite(ctx, email, roles)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	b := h.browser()
	if p := b.post("/join/"+code, url.Values{"name": {strings.Split(email, "@")[0]}, "email": {email}, "password": {password}}); p.status != http.StatusSeeOther {
		h.t.Fatalf("%s joins: %d %s", email, p.status, p.text)
	}
	return b
}

// Roles on pages: what each page of the console does for whom. Every route is tried in every role, so that a page that
// forgets to ask fails here.
func TestRolesAgainstEveryPage(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	everybody := map[string]*browser{
		"nobody": h.browser(), "owner": owner,
		"viewer":         h.joins("viewer@example.com", map[string]access.Role{h.shop.ID: access.Viewer}),
		"auditor":        h.joins("auditor@example.com", map[string]access.Role{h.shop.ID: access.Auditor}),
		"responder":      h.joins("responder@example.com", map[string]access.Role{h.shop.ID: access.Responder}),
		"owner of shop":  h.joins("shop@example.com", map[string]access.Role{h.shop.ID: access.Owner}),
		"owner of other": h.joins("other@example.com", map[string]access.Role{h.other.ID: access.Owner}),
	}
	actors := map[string]access.Actor{}
	for name, email := range map[string]string{
		"owner": "owner@example.com", "viewer": "viewer@example.com", "auditor": "auditor@example.com", "responder": "responder@example.com",
		"owner of shop": "shop@example.com", "owner of other": "other@example.com",
	} {
		m, err := h.People.Find(context.Background(), email)
		if err != nil {
			t.Fatal(err)
		}
		if actors[name], err = h.People.Actor(context.Background(), m.ID); err != nil {
			t.Fatal(err)
		}
	}
	tried := 0
	for _, route := range console.Routes(h.parts()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if route.Open || strings.Contains(path, "/live") || strings.HasSuffix(path, "/tail") || path == "/signout" {
			continue // for everybody; streams that do not end; the end of all further tries
		}
		onSite := strings.Contains(path, "{site}")
		at := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(strings.NewReplacer("{site}", "shop", "{$}", "").Replace(path), "none")
		for name, b := range everybody {
			tried++
			p := b.do(method, at, nil)
			a := actors[name]
			switch {
			case name == "nobody" && method == http.MethodGet:
				if p.status != http.StatusSeeOther || !strings.HasPrefix(p.to, "/signin") {
					t.Errorf("nobody, %s: %d to %q", route.Pattern, p.status, p.to)
				}
			case name == "nobody":
				if p.status != http.StatusUnauthorized {
					t.Errorf("nobody, %s: %d", route.Pattern, p.status)
				}
			case onSite && !a.May(h.shop.ID, access.See):
				if p.status != http.StatusNotFound {
					t.Errorf("%s, %s: %d, and there is no such site for them", name, route.Pattern, p.status)
				}
			case onSite && !a.May(h.shop.ID, route.Need), !onSite && route.Need != 0 && !a.May(access.Everywhere, route.Need):
				if p.status != http.StatusForbidden {
					t.Errorf("%s, %s: %d, want 403", name, route.Pattern, p.status)
				}
			case p.status >= 500:
				t.Errorf("%s, %s: %d %s", name, route.Pattern, p.status, p.text)
			}
		}
	}
	if tried < 7*60 {
		t.Errorf("only %d were tried", tried)
	}
	// What a page says of who may is what the page's own rules say: a responder's people page has nobody in it.
	if p := everybody["responder"].get("/people"); p.status != http.StatusForbidden {
		t.Errorf("a responder among people: %d", p.status)
	}
	if p := everybody["owner of other"].get("/people"); strings.Contains(p.text, "viewer@example.com") || !strings.Contains(p.text, "other@example.com") {
		t.Error("an owner of one site sees who is on another")
	}
	// Nobody gives what they have not: an owner of one site is no owner of all.
	if p := everybody["owner of other"].post("/people/invite", url.Values{"email": {"x@example.com"}, "role": {"owner"}, "site": {access.Everywhere}}); p.status != http.StatusSeeOther {
		t.Errorf("inviting to all sites: %d %s", p.status, p.text)
	}
	open, err := h.People.Invitations(access.With(context.Background(), access.Operator))
	if err != nil || len(open) != 0 {
		t.Errorf("an owner of one site invited to all: %v %v", open, err)
	}
}

func TestASessionChosenByAnAttackerIsWorthNothing(t *testing.T) {
	h := newHouse(t)
	attacker := h.joins("owner@example.com", nil)
	known := attacker.cookie("palisade")
	victim := h.browser()
	victim.put("palisade", known) // planted
	if p := victim.post("/signin", url.Values{"email": {"owner@example.com"}, "password": {password}}); p.status != http.StatusSeeOther {
		t.Fatalf("signing in: %d %s", p.status, p.text)
	}
	if victim.cookie("palisade") == known {
		t.Error("the planted session goes on")
	}
	if p := attacker.get("/account"); p.status != http.StatusSeeOther {
		t.Errorf("the planted session still lets its maker in: %d", p.status)
	}
	// What was made up lets nobody in, and is no failure either.
	for _, value := range []string{"x", strings.Repeat("a", 64), strings.Repeat("A", 43), strings.Repeat("é", 3000)} {
		b := h.browser()
		if p := b.do(http.MethodGet, "/account", nil, "Cookie", "palisade="+value); p.status != http.StatusSeeOther {
			t.Errorf("cookie %.20q: %d", value, p.status)
		}
	}
}

func TestGuessingPasswordsAtTheDoor(t *testing.T) {
	h := newHouse(t)
	h.joins("owner@example.com", nil)
	guess := func(b *browser, email, with string) page {
		return b.post("/signin", url.Values{"email": {email}, "password": {with}})
	}
	attacker := h.browser()
	limited := 0
	for n := range 40 {
		p := guess(attacker, "owner@example.com", "guess number "+strings.Repeat("x", n))
		switch p.status {
		case http.StatusUnprocessableEntity:
		case http.StatusTooManyRequests:
			limited++
			if p.header.Get("Retry-After") == "" || !strings.Contains(p.text, "oo many tries") {
				t.Errorf("limited without saying for how long: %v", p.header)
			}
		default:
			t.Fatalf("guess %d: %d %s", n, p.status, p.text)
		}
	}
	if limited < 25 {
		t.Errorf("only %d of 40 guesses were refused unseen", limited)
	}
	// The right one is refused just so, and nobody can tell it from a wrong one.
	if p := guess(h.browser(), "owner@example.com", password); p.status != http.StatusTooManyRequests {
		t.Errorf("the right password amid guesses, from a browser never seen: %d", p.status)
	}
	h.pass(time.Hour)
	if p := guess(h.browser(), "owner@example.com", password); p.status != http.StatusSeeOther {
		t.Errorf("an hour later: %d %s", p.status, p.text)
	}
	// Whether an address has an account is not told.
	known, unknown := guess(h.browser(), "owner@example.com", "wrong password"), guess(h.browser(), "nobody@example.com", "wrong password")
	if strip(known.text) != strip(unknown.text) || known.status != unknown.status {
		t.Error("a wrong password of somebody and of nobody are answered differently")
	}
}

// strip takes out what was typed.
func strip(text string) string {
	return regexp.MustCompile(`[a-z]+@example\.com`).ReplaceAllString(text, "")
}

func TestSensitiveActsAskAgain(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	h.pass(people.FreshFor + time.Minute)
	for path, form := range map[string]url.Values{
		"/account/codes":           {},
		"/account/tokens":          {"name": {"x"}, "scope": {"own"}, "days": {"1"}},
		"/account/passkeys/remove": {"id": {"x"}},
		"/people/invite":           {"email": {"x@example.com"}, "role": {"owner"}, "site": {"*"}, "from": {"/people"}},
	} {
		if p := owner.post(path, form); p.status != http.StatusSeeOther || !strings.HasPrefix(p.to, "/account/again") {
			t.Errorf("%s with an old sign-in: %d to %q", path, p.status, p.to)
		}
	}
	if p := owner.post("/account/again", url.Values{"password": {"wrong password"}, "next": {"/people"}}); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password: %d", p.status)
	}
	before := owner.cookie("palisade")
	if p := owner.post("/account/again", url.Values{"password": {password}, "next": {"//evil.example"}}); p.status != http.StatusSeeOther || p.to != "/" {
		t.Errorf("the right one: %d to %q", p.status, p.to)
	}
	if owner.cookie("palisade") == before {
		t.Error("the session kept its secret")
	}
	if p := owner.post("/account/tokens", url.Values{"name": {"x"}, "scope": {"see"}, "days": {"1"}}); p.status != http.StatusOK || !strings.Contains(p.text, "plt_") {
		t.Errorf("a token afterwards: %d", p.status)
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	tried := 0
	for _, route := range console.Routes(h.parts()) {
		method, path, _ := strings.Cut(route.Pattern, " ")
		if method != http.MethodPost {
			continue
		}
		tried++
		at := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(strings.Replace(path, "{site}", "shop", 1), "none")
		if p := owner.do(method, at, nil, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); p.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d", route.Pattern, p.status)
		}
		p := owner.do(http.MethodGet, at, nil)
		if p.header.Get("X-Frame-Options") != "DENY" || !strings.Contains(p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s can be framed", at)
		}
	}
	if tried < 20 {
		t.Errorf("only %d forms were tried", tried)
	}
}

// A report is a stranger's input: file names, messages and evidence come from whatever was scanned.
func TestFindingsOfAHostileReport(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	const evil = `<img src=x onerror=alert(1)>` + "\x1b[31m\u202e" + `javascript:alert(1)`
	f := scan.Finding{
		Check: "elixir/sqlquery", Title: evil, Message: evil, Severity: scan.High, Place: scan.Place{File: evil, Start: scan.Position{Line: 1, Column: 1}, Symbol: evil},
		Excerpt: evil, Flow: []scan.Step{{Place: scan.Place{File: evil}, Text: evil, Note: evil}}, Evidence: []scan.Exchange{{Title: evil, Request: evil, Response: evil, Curl: evil}},
		Fix: &scan.Fix{Text: evil, Edits: []scan.Edit{{File: evil, New: evil}}}, Package: &scan.Package{Name: evil, Version: evil, Fixed: []string{evil}}, Standards: []string{evil}, CWE: []int{89},
	}
	run := scan.Run{
		Kind: "code", Target: evil, Tool: evil, Started: h.now.Add(-time.Minute), Ended: h.now, Checks: []scan.Check{{ID: "elixir/sqlquery", Title: evil}}, Findings: scan.Stamp([]scan.Finding{f}),
		Gaps: []scan.Gap{{Where: evil, Why: evil}}, Facts: []scan.Fact{{Name: evil, Value: evil}}, Outcomes: []scan.Outcome{{Check: "x", Where: evil, Verdict: scan.CouldNotTell, Why: evil, Unlock: evil}},
	}
	report, err := run.JSON()
	if err != nil {
		t.Fatal(err)
	}
	b, err := h.Findings.Bring(context.Background(), h.shop, report, "ci")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/s/shop/findings", "/s/shop/findings/" + b.New[0].ID, "/s/shop/scans", "/s/shop/scans/" + b.Scan.ID} {
		p := owner.get(path)
		if p.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, p.status, p.text)
		}
		if strings.Contains(p.text, "<img src=x") || strings.Contains(p.text, "\x1b") {
			t.Errorf("%s shows a stranger's markup or terminal codes as they are", path)
		}
	}
	if p := owner.get("/s/shop/scans/" + b.Scan.ID + "/report"); p.text != string(report) || !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") {
		t.Error("the evidence is not what was brought")
	}
	if p := owner.get("/s/other/scans/" + b.Scan.ID); p.status != http.StatusNotFound {
		t.Errorf("the scan under another site: %d", p.status)
	}
	accept := "/s/shop/findings/" + b.New[0].ID + "/accept"
	if p := owner.post(accept, url.Values{"reason": {"x"}}); !strings.Contains(strings.ToLower(owner.get(p.to).text), "say why it is accepted") {
		t.Errorf("without a reason: %d to %s", p.status, p.to)
	}
	owner.post(accept, url.Values{"reason": {"only staff can reach it"}, "for": {"90d"}})
	if p := owner.get("/s/shop/findings"); !strings.Contains(p.text, "Nothing open matches") {
		t.Error("an accepted finding is still open")
	}
	if p := owner.get("/s/shop/findings?state=accepted"); !strings.Contains(p.text, "owner@example.com") {
		t.Error("who accepted it is not told")
	}
}

// Between a pass and a ban: a client is challenged from its page, and no longer.
func TestChallengingAClient(t *testing.T) {
	h := newHouse(t)
	owner := h.joins("owner@example.com", nil)
	responder := h.joins("responder@example.com", map[string]access.Role{h.shop.ID: access.Responder})
	viewer := h.joins("viewer@example.com", map[string]access.Role{h.shop.ID: access.Viewer})
	const client, to = "/s/shop/client?subject=203.0.113.7", "/s/shop/client/challenge"
	challenged := func() bool {
		t.Helper()
		p, err := h.Feed.Build(context.Background(), h.shop)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(p.Blocks, func(b wire.Block) bool { return b.Name == "challenged" && b.Then == "challenge" && b.Match == "/**" })
	}
	if p := viewer.post(to, url.Values{"subject": {"203.0.113.7"}}); p.status != http.StatusForbidden || challenged() {
		t.Errorf("a viewer challenges: %d", p.status)
	}
	if p := responder.post(to, url.Values{"subject": {"203.0.113.7"}}); p.status != http.StatusSeeOther || !challenged() {
		t.Fatalf("a responder challenges: %d %s", p.status, p.text)
	}
	if p := owner.get(client); !strings.Contains(p.text, "Challenge no longer") {
		t.Error("the client's page does not say that it is challenged")
	}
	owner.post(to, url.Values{"subject": {"198.51.100.0/24"}})
	owner.post(to, url.Values{"subject": {"203.0.113.7"}, "off": {"yes"}})
	if list, err := h.Desk.Challenged(context.Background(), h.shop); err != nil || len(list) != 1 || list[0].String() != "198.51.100.0/24" || !challenged() {
		t.Errorf("of two, one is left: %v %v", list, err)
	}
	owner.post(to, url.Values{"subject": {"198.51.100.0/24"}, "off": {"yes"}})
	if challenged() {
		t.Error("the last one is challenged still")
	}
	if p := owner.post(to, url.Values{"subject": {"account:alice"}}); p.status != http.StatusSeeOther || !strings.Contains(owner.get(p.to).text, "addresses and prefixes") {
		t.Errorf("an account: %d", p.status)
	}
}
