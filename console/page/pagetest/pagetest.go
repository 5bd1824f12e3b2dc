// Package pagetest opens a room of the console over a back end of its own and asks for its pages as somebody with a role, as
// a browser without script does.
package pagetest

import (
	"context"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend"
	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/backend/client"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/site"
	"palisade.dev/backend/trap"
	"palisade.dev/config"
	"palisade.dev/console/page"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// House is a room, the back end behind it, two sites, and whoever is asking.
type House struct {
	*backend.Backend
	Shop, Bank store.Site
	Actor      access.Actor // nobody is signed in where it has no name
	Now        time.Time
	Remote     string
	Header     http.Header // of every request
	handler    http.Handler
}

// New opens a room.
func New(t testing.TB, routes func(h *House) []page.Route) *House {
	t.Helper()
	ctx, dir := context.Background(), t.TempDir()
	db, err := sqlite.Open(ctx, filepath.Join(dir, "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	h := &House{Actor: access.Operator, Now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Remote: "198.51.100.9:4711", Header: http.Header{}}
	no := false
	h.Backend, err = backend.Open(ctx, backend.Options{
		DB: db, Dir: dir, Networks: config.Networks{Refresh: &no}, Retention: 30 * 24 * time.Hour, Private: true, Version: "test", Now: func() time.Time { return h.Now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = h.Close(ctx)
		_ = db.Close()
	})
	for name, into := range map[string]*store.Site{"shop": &h.Shop, "bank": &h.Bank} {
		if *into, err = h.Sites.Create(ctx, site.Facts{Name: name, WebFacing: true}, feed.Settings{Defaults: true}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	f := &page.Frame{
		Who: func(*http.Request) (page.Person, bool, error) {
			return page.Person{Actor: h.Actor, Session: "session of " + h.Actor.Name}, h.Actor.Name != "", nil
		},
		Site: db.SiteByName, Sites: func(ctx context.Context) ([]store.Site, error) { return db.Sites(ctx) },
		Fault: fault, Now: func() time.Time { return h.Now }, Key: []byte("key"), Log: slog.New(slog.DiscardHandler),
	}
	h.handler = f.Handler(routes(h))
	return h
}

// fault is the console's, for the kinds that every room has.
func fault(err error) (int, string) {
	switch {
	case errors.Is(err, access.ErrForbidden):
		return http.StatusForbidden, err.Error()
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, store.ErrConflict):
		return http.StatusConflict, err.Error()
	case errors.Is(err, alert.ErrInvalid), errors.Is(err, desk.ErrInvalid), errors.Is(err, trap.ErrInvalid), errors.Is(err, client.ErrInvalid):
		return http.StatusUnprocessableEntity, err.Error()
	}
	return http.StatusInternalServerError, err.Error()
}

// As is somebody with a role on the shop.
func (h *House) As(role access.Role) {
	h.Actor = access.Actor{ID: string(role), Name: string(role), Roles: map[string]access.Role{h.Shop.ID: role}, Scope: access.Operator.Scope}
}

// Do sends a request.
func (h *House) Do(r *http.Request) *httptest.ResponseRecorder {
	r.RemoteAddr = h.Remote
	for name, values := range h.Header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// Get asks for a page.
func (h *House) Get(path string) *httptest.ResponseRecorder {
	return h.Do(httptest.NewRequest(http.MethodGet, path, nil))
}

// Post sends a form.
func (h *House) Post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.Do(r)
}

// Fine checks that a form was taken and follows where it leads.
func (h *House) Fine(t testing.TB, w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("%d, want 303: %s", w.Code, Text(w))
	}
	to, _, _ := strings.Cut(w.Header().Get("Location"), "#")
	r := httptest.NewRequest(http.MethodGet, to, nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	next := h.Do(r)
	if next.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", to, next.Code, Text(next))
	}
	return next
}

var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// Text is what a page says, without its markup.
func Text(w *httptest.ResponseRecorder) string {
	body := w.Body.String()
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, " "))), " ")
}

// Hostile are values that a page must show harmless, or give back as they were typed.
var Hostile = []string{
	`"><script>alert(1)</script>`, `'"><img src=x onerror=alert(1)>`, "\u202etxt.exe", "\x1b[2J\x00", strings.Repeat("é", 5000), "javascript:alert(1)", "{{.}}", "%0d%0aSet-Cookie: a=b",
}

// Harmless checks that nothing of what was typed became markup.
func Harmless(t testing.TB, what string, w *httptest.ResponseRecorder) {
	t.Helper()
	body := w.Body.String()
	for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`} {
		if strings.Contains(body, bad) {
			t.Errorf("%s: the page holds %q", what, bad)
		}
	}
	if w.Header().Get("Set-Cookie") == "a=b" {
		t.Errorf("%s: a header was let in", what)
	}
}
