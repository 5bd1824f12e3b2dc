package settings_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"palisade.dev/backend/access"
	"palisade.dev/backend/event"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/store"
)

// An owner shortens it: told what that forgets in words, asked, and only then is it done; the page says who said so, and
// leads back to what the file says.
func TestRetention(t *testing.T) {
	h := open(t)
	w := store.EventWrite{Site: h.Shop.ID}
	for n := range int32(20) {
		w.Segments = append(w.Segments, store.Segment{Day: event.Day(h.Now.UnixMicro()) - n, ID: int64(n) + 1, Count: 387_500, Body: make([]byte, 1<<20)})
	}
	if err := h.DB.AppendEvents(t.Context(), []store.EventWrite{w}); err != nil {
		t.Fatal(err)
	}
	says := func(what string, a *httptest.ResponseRecorder, words ...string) {
		t.Helper()
		for _, w := range words {
			if got := pagetest.Text(a); !strings.Contains(got, w) {
				t.Errorf("%s: no %q in %s", what, w, got)
			}
		}
	}
	says("before", h.Get("/settings"), "For 30 days , on all sites alike", "line retention: of the configuration file, or its default")

	form := url.Values{"days": {"11"}}
	a := h.Post("/settings/retention", form)
	if a.Code != http.StatusOK {
		t.Fatalf("%d %s", a.Code, pagetest.Text(a))
	}
	says("asked", a, "Keep events for 11 days?", "forgets 8 days, about 3.1 million events", "back to 5 November 2026", "frees about 8.0 MiB", "cannot be undone", "Forget 8 days")
	if k, err := h.Retention.Get(t.Context()); err != nil || k.Own {
		t.Errorf("it was done before it was confirmed: %+v, %v", k, err)
	}
	for _, less := range []string{"7", "-1", "x", ""} { // of yesterday's page, or made up
		form.Set("forget", less)
		if a := h.Post("/settings/retention", form); a.Code != http.StatusOK || !strings.Contains(pagetest.Text(a), "forgets 8 days") {
			t.Errorf("confirmed %q: %d %s", less, a.Code, pagetest.Text(a))
		}
	}
	form.Set("forget", "8")
	says("done", h.Fine(t, h.Post("/settings/retention", form)), "Events are kept for 11 days from now on. Older ones are being forgotten.", "For 11 days", "operator said so now , in place of the 30 days", "As the file says: 30 days")
	says("a site's page", h.Get("/s/shop/settings"), "Events are kept for 11 days")
	says("back", h.Fine(t, h.Post("/settings/retention", url.Values{"way": {"file"}, "days": {"no matter"}})), "kept for 30 days from now on. Nothing had to be forgotten.", "or its default")

	for _, bad := range append([]string{"0", "-3", "3651", "1e3", ""}, pagetest.Hostile...) {
		a := h.Post("/settings/retention", url.Values{"days": {bad}})
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(pagetest.Text(a), "Want 1 to 3650") {
			t.Errorf("%.20q: %d %s", bad, a.Code, pagetest.Text(a))
		}
		pagetest.Harmless(t, bad, a)
	}
	if err := h.DB.PutSetting(t.Context(), "retention", []byte("{")); err != nil {
		t.Fatal(err)
	}
	says("damaged", h.Get("/settings"), "cannot be read. Nothing is forgotten until an owner sets it anew")
	h.Fine(t, h.Post("/settings/retention", url.Values{"days": {"30"}}))

	// Only who owns all may.
	for _, role := range []access.Role{access.Viewer, access.Auditor, access.Responder, access.Owner} {
		h.As(role)
		if a := h.Post("/settings/retention", url.Values{"days": {"90"}}); a.Code != http.StatusForbidden {
			t.Errorf("%s of one site: %d", role, a.Code)
		}
	}
	h.Actor = access.Actor{ID: "r", Name: "r", Roles: map[string]access.Role{access.Everywhere: access.Responder}, Scope: access.Operator.Scope}
	if a := h.Post("/settings/retention", url.Values{"days": {"90"}}); a.Code != http.StatusForbidden {
		t.Errorf("a responder everywhere: %d", a.Code)
	}
}
