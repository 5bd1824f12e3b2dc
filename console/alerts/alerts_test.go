package alerts

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"palisade.dev/backend/access"
	"palisade.dev/console/page"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/store"
)

func open(t testing.TB) *pagetest.House {
	return pagetest.New(t, func(h *pagetest.House) []page.Route {
		a := &Alerts{Alerts: h.Alerts, DB: h.DB, Rand: rand.Reader}
		return a.Routes()
	})
}

// has checks what a page says, in its text or its markup.
func has(t *testing.T, what string, w *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	text := pagetest.Text(w)
	if w.Code != status {
		t.Errorf("%s: status %d, want %d: %s", what, w.Code, status, text)
	}
	for _, x := range words {
		if !strings.Contains(text, x) && !strings.Contains(w.Body.String(), x) {
			t.Errorf("%s: the page lacks %q: %s", what, x, text)
		}
	}
	pagetest.Harmless(t, what, w)
}

func everything() url.Values {
	return url.Values{"severity": {"info"}, "kinds": {"ban", "lever", "trap", "guard-lost", "guard-back", "rehearsal", "appeal"}}
}

func with(pairs ...string) url.Values {
	f := everything()
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// A webhook from its first form to its end: made, tried, changed, given a new secret, muted, deleted. Its address and its
// secrets are never shown again.
func TestWebhook(t *testing.T) {
	h := open(t)
	f := with("kind", "webhook", "name", "receiver")
	f["sites"] = []string{h.Shop.ID, h.Bank.ID}
	status := atomic.Int64{}
	status.Store(http.StatusOK)
	var signatures atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signatures.Store(int64(len(strings.Fields(r.Header.Get("webhook-signature")))))
		w.WriteHeader(int(status.Load()))
		_, _ = io.WriteString(w, "<script>alert(1)</script> slow down")
	}))
	defer server.Close()
	f.Set("url", server.URL+"/hook/TOPSECRET0123456789abcd")
	has(t, "empty", h.Get("/alerts"), http.StatusOK, "Nobody is told of anything yet", "PALISADE_SMTP")
	has(t, "the form", h.Get("/alerts/new?kind=webhook"), http.StatusOK, "New Webhook channel", "somebody is banned", "checked")
	made := h.Post("/alerts/new", f)
	path := made.Header().Get("Location")
	next := h.Fine(t, made)
	has(t, "made", next, http.StatusOK, "receiver hears alerts from now on", "whsec_")
	// Another session does not see the secret, and no page shows the address.
	h.Actor = access.Actor{Name: "another", Roles: map[string]access.Role{access.Everywhere: access.Owner}, Scope: access.Operator.Scope}
	for _, p := range []string{path, "/alerts"} {
		w := h.Get(p)
		has(t, p, w, http.StatusOK, "127.0.0.1")
		for _, secret := range []string{"TOPSECRET", "whsec_"} {
			if strings.Contains(w.Body.String(), secret) {
				t.Errorf("%s shows %s", p, secret)
			}
		}
	}
	has(t, "tried", h.Fine(t, h.Post(path+"/test", url.Values{})), http.StatusOK, "The test arrived", "delivered", "slow down")
	status.Store(http.StatusInternalServerError)
	has(t, "tried in vain", h.Fine(t, h.Post(path+"/test", url.Values{"back": {"channel"}})), http.StatusOK, "The test did not arrive", "500")
	has(t, "the log of it", h.Get("/alerts?channel="+strings.TrimPrefix(path, "/alerts/")), http.StatusOK, "What was sent to receiver", "refused", "500 Internal Server Error")
	has(t, "the log of none", h.Get("/alerts?channel=none"), http.StatusOK, "Nothing yet")
	// Changed without its address, that stays.
	change := url.Values{"name": {"on call"}, "severity": {"high"}, "kinds": {"lever", "guard-lost"}, "sites": {h.Bank.ID}}
	has(t, "changed", h.Fine(t, h.Post(path, change)), http.StatusOK, "on call is changed")
	has(t, "as the list has it", h.Get("/alerts"), http.StatusOK, "high and above, on bank")
	c, err := h.Alerts.Channel(t.Context(), strings.TrimPrefix(path, "/alerts/"))
	if err != nil || len(c.Hears.Kinds) != 2 || len(c.Hears.Sites) != 1 || c.Hears.Severity.String() != "high" {
		t.Fatalf("%+v, %v", c, err)
	}
	has(t, "a new secret", h.Fine(t, h.Post(path+"/secret", url.Values{})), http.StatusOK, "Two are valid now", "whsec_")
	status.Store(http.StatusOK)
	h.Fine(t, h.Post(path+"/test", url.Values{}))
	if n := signatures.Load(); n != 2 {
		t.Errorf("%d signatures while two secrets are valid", n)
	}
	has(t, "finished", h.Fine(t, h.Post(path+"/secret", url.Values{"finish": {"1"}})), http.StatusOK, "signed with the new secret only")
	has(t, "muted", h.Fine(t, h.Post(path+"/mute", url.Values{"for": {"2h"}})), http.StatusOK, "Speak again now")
	has(t, "muted for long", h.Post(path+"/mute", url.Values{"for": {"a while"}}), http.StatusUnprocessableEntity, "such as 2h")
	has(t, "speaks", h.Fine(t, h.Post(path+"/mute", url.Values{})), http.StatusOK, "speaks again")
	has(t, "deleted", h.Fine(t, h.Post(path+"/delete", url.Values{})), http.StatusOK, "on call is deleted", "deleted")
	has(t, "gone", h.Get(path), http.StatusNotFound)
	has(t, "tried when gone", h.Post(path+"/test", url.Values{}), http.StatusNotFound)
	log, err := h.DB.AuditLog(t.Context(), store.AuditQuery{Subject: "channel " + c.ID, Limit: 20})
	if err != nil || len(log) != 7 {
		t.Errorf("%d entries in the audit log, %v", len(log), err)
	}
	for _, e := range log {
		if strings.Contains(e.Later+e.Earlier+e.Action, "SECRET") || strings.Contains(e.Later, "whsec_") {
			t.Errorf("the audit log holds a secret: %+v", e)
		}
	}
}

// What cannot be comes back with what was typed, and the fault beside its field.
func TestFaults(t *testing.T) {
	h := open(t)
	slack := with("kind", "slack", "name", "team", "url", "https://hooks.slack.com/services/T0/B0/abcdefgh")
	slack["sites"] = []string{h.Shop.ID}
	h.Fine(t, h.Post("/alerts/new", slack))
	for _, c := range []struct{ field, value, say string }{
		{"name", "", "1 to 60 bytes of plain text"},
		{"name", "team", "Another channel is called so already"},
		{"name", "\x1b[31mred", "plain text"},
		{"url", "", "address of an incoming webhook"},
		{"url", "http://hooks.slack.com/x", "https"},
		{"url", "https://user:pass@example.com/", "in the open"},
		{"url", "https://169.254.169.254/latest/meta-data", "no address of a receiver"},
		{"severity", "dreadful", "want one of"},
		{"kinds", "", "want some of"},
		{"kinds", "weather", "want some of"},
	} {
		f := with("kind", "slack", "name", "second", "url", "https://hooks.slack.com/services/T0/B0/abcdefgh", c.field, c.value)
		f["sites"] = []string{h.Shop.ID}
		has(t, c.field+" "+c.value, h.Post("/alerts/new", f), http.StatusUnprocessableEntity, c.say, `class="fault"`)
	}
	none := with("kind", "slack", "name", "second", "url", "https://hooks.slack.com/x")
	delete(none, "kinds")
	has(t, "nothing chosen", h.Post("/alerts/new", none), http.StatusUnprocessableEntity, "Choose at least one; a channel", `value="second"`)
	for _, bad := range pagetest.Hostile {
		f := with("kind", "webhook", "name", bad, "url", bad)
		f["sites"] = []string{h.Shop.ID, bad}
		has(t, bad, h.Post("/alerts/new", f), http.StatusUnprocessableEntity, `class="fault"`)
	}
	has(t, "no such medium", h.Get("/alerts/new?kind=pigeon"), http.StatusNotFound)
	has(t, "no such medium posted", h.Post("/alerts/new", with("kind", "pigeon")), http.StatusUnprocessableEntity)
	has(t, "no mail server", h.Get("/alerts/new?kind=email"), http.StatusNotFound, "PALISADE_SMTP")
	if all, err := h.Alerts.Channels(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("%d channels, %v", len(all), err)
	}
}

// Channels hear of every site: no role on one site reaches them.
func TestRoles(t *testing.T) {
	h := open(t)
	slack := with("kind", "slack", "name", "team", "url", "https://hooks.slack.com/services/T0/B0/abcdefgh")
	slack["sites"] = []string{h.Shop.ID, h.Bank.ID}
	path := h.Post("/alerts/new", slack).Header().Get("Location")
	tried := 0
	for _, role := range access.Roles {
		h.As(role)
		for _, p := range []string{"/alerts", "/alerts/new?kind=slack", path} {
			if w := h.Get(p); w.Code != http.StatusForbidden {
				t.Errorf("%s, %s: %d", role, p, w.Code)
			}
		}
		for _, p := range []string{"/alerts/new", path, path + "/test", path + "/mute", path + "/secret", path + "/delete"} {
			tried++
			if w := h.Post(p, slack); w.Code != http.StatusForbidden {
				t.Errorf("%s, POST %s: %d", role, p, w.Code)
			}
		}
	}
	h.Actor = access.Actor{}
	if w := h.Post(path+"/delete", url.Values{}); w.Code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", w.Code)
	}
	if tried != 24 {
		t.Errorf("%d tries", tried)
	}
}
