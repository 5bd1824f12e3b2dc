package traffic_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"palisade.dev/backend/access"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/guard/wire"
)

// From a pseudonym in a list to the address: with a reason, by who may ban it, to the page where it can be banned.
func TestRevealOnTheClientPage(t *testing.T) {
	h := open(t)
	keep := func(m veil.Mode) {
		if _, err := h.Sites.Change(t.Context(), h.Shop, "ada", func(d *site.Document) { d.Privacy.Mode = m }); err != nil {
			t.Fatal(err)
		}
	}
	saw := func(boot string) string {
		const theirs = "198.51.100.77"
		err := h.Events.Append(t.Context(), h.Shop.ID, "gw", wire.Batch{Guard: "gw", Boot: boot, Events: []wire.Event{{
			Seq: 1, At: h.Now.UnixMicro(), Method: "GET", Path: "/", Status: 200, Action: "allow", Address: netip.MustParseAddr(theirs),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		state, err := h.Clients.Show(t.Context(), h.Shop, theirs)
		if err != nil {
			t.Fatal(err)
		}
		return state.Events[0].Address
	}
	keep(veil.Encrypted)
	pseudonym := saw("a")
	page := "/s/shop/client?subject=" + url.QueryEscape(pseudonym)
	events := h.Get("/s/shop/events").Body.String()
	if strings.Contains(events, "198.51.100.77") || !strings.Contains(events, `href="`+page+`" title="A pseudonym`) {
		t.Error("the events show the address, or lead nowhere")
	}
	text := pagetest.Text(h.Get(page))
	if !strings.Contains(text, "Reveal the address") || strings.Contains(text, "Ban for") || strings.Contains(text, "198.51.100.77") {
		t.Error(text)
	}
	if text := pagetest.Text(h.Get("/s/shop/client?subject=198.51.100.77")); !strings.Contains(text, "kept under the pseudonym "+pseudonym) || !strings.Contains(text, "Ban for 1 h") {
		t.Error(text)
	}
	const hostile = "<b>\u202e"
	w := h.Post("/s/shop/client/reveal", url.Values{"subject": {pseudonym}, "reason": {hostile}})
	if body := w.Body.String(); w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `value="&lt;b&gt;`) || !strings.Contains(body, "Say in 8 to 300 characters") || strings.Contains(body, "198.51.100.77") {
		t.Errorf("%d %s", w.Code, pagetest.Text(w))
	}
	pagetest.Harmless(t, "a refused reason", w)
	if w := h.Post("/s/shop/client/reveal", url.Values{"subject": {strings.Repeat("~", 10_000)}, "reason": {"some reason"}}); w.Code != http.StatusUnprocessableEntity || w.Body.Len() > 100_000 {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	good := url.Values{"subject": {pseudonym}, "reason": {"its operator has to be told"}}
	for _, r := range []access.Role{access.Viewer, access.Auditor} {
		h.As(r)
		if w := h.Post("/s/shop/client/reveal", good); w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "198.51.100.77") {
			t.Errorf("%s: %d", r, w.Code)
		}
		if strings.Contains(pagetest.Text(h.Get(page)), "Reveal the address") {
			t.Errorf("%s is offered what is refused", r)
		}
	}
	h.As(access.Responder)
	if w := h.Post("/s/bank/client/reveal", good); w.Code != http.StatusNotFound {
		t.Errorf("of another site: %d", w.Code)
	}
	if w := h.Post("/s/shop/client/reveal", good); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/s/shop/client?subject=198.51.100.77" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	h.As(access.Owner)
	keep(veil.Hashed)
	pseudonym = saw("b")
	if text := pagetest.Text(h.Get("/s/shop/client?subject=" + url.QueryEscape(pseudonym))); strings.Contains(text, "Reveal the address") || !strings.Contains(text, "Nobody can have the address back") {
		t.Error(text)
	}
}
