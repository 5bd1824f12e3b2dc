package networks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/console/page/pagetest"
)

// A key is shown to who lays it and to nobody else, for ten minutes; the list knows it by its hash.
func TestDecoyKeyIsShownOnce(t *testing.T) {
	h := open(t)
	a := h.Get("/s/shop/traps/new?kind=key")
	key := between(a.Body.String(), `id="what" name="what" value="`, `"`)
	form := url.Values{"kind": {"key"}, "name": {"in-readme"}, "what": {key}, "does": {"ban"}, "ban": {"1h"}, "tell": {"1"}, "mode": {"on"}}
	a = h.Fine(t, h.Post("/s/shop/traps/new", form))
	has(t, "laid", a, http.StatusOK, key, "JavaScript comment", ".env.example", "SHOP_API_KEY="+key, "INSERT INTO settings")
	has(t, "loaded again", h.Get("/s/shop/traps/in-readme"), http.StatusOK, key)
	h.Actor.Name = "somebody else"
	if a := h.Get("/s/shop/traps/in-readme"); strings.Contains(a.Body.String(), key) || !strings.Contains(pagetest.Text(a), "kept as a hash only") {
		t.Errorf("another session is shown the key, or not told why not: %s", pagetest.Text(a))
	}
	h.Actor = access.Operator
	h.Now = h.Now.Add(11 * time.Minute)
	if a := h.Get("/s/shop/traps/in-readme"); strings.Contains(a.Body.String(), key) {
		t.Error("the key is shown for ever")
	}
	if a := h.Get("/s/shop/traps"); strings.Contains(a.Body.String(), key) || !strings.Contains(a.Body.String(), "subject=api_key") {
		t.Errorf("the list: %s", pagetest.Text(a))
	}
	// Another trap of the same name and no right to: nothing is lost of what was typed.
	has(t, "twice", h.Post("/s/shop/traps/new", form), http.StatusUnprocessableEntity, "of this name already", key)
	has(t, "off", h.Fine(t, h.Post("/s/shop/traps/in-readme/mode", url.Values{"mode": {"off"}})), http.StatusOK, "Trap in-readme: off")
	has(t, "gone", h.Fine(t, h.Post("/s/shop/traps/in-readme/delete", url.Values{})), http.StatusOK, "Trap in-readme is gone")
}

func TestDecoyForms(t *testing.T) {
	h := open(t)
	a := h.Fine(t, h.Post("/s/shop/traps/new", url.Values{"kind": {"account"}, "name": {"list"}, "what": {" Marta.Lund@Shop.example "}, "does": {"watch"}, "tell": {"1"}}))
	has(t, "an account", a, http.StatusOK, "marta.lund@shop.example", "priv/repo/seeds.exs", "INSERT INTO users", "observe", "alert")
	for _, c := range []struct{ kind, what, say string }{
		{"key", "short", "Key: want 8 to 512"},
		{"key", "two words of it", "without spaces"},
		{"key", "", "want 8 to 512"},
		{"account", "  ", "Account: want a name"},
		{"account", "a\x00b", "fault"},
		{"account", strings.Repeat("a", 5000), ""},
	} {
		form := url.Values{"kind": {c.kind}, "name": {"x"}, "what": {c.what}, "does": {"refuse"}}
		w := h.Post("/s/shop/traps/new", form)
		if c.say == "" { // cut to what an account may be long
			has(t, "a long one", h.Fine(t, w), http.StatusOK, "The trap is laid")
			continue
		}
		has(t, c.what, w, http.StatusUnprocessableEntity, c.say)
	}
	for i, hostile := range pagetest.Hostile {
		for _, kind := range []string{"key", "account"} {
			w := h.Post("/s/shop/traps/new", url.Values{"kind": {kind}, "name": {"hostile-" + kind + "-" + string(rune('a'+i))}, "what": {hostile}, "does": {"refuse"}})
			pagetest.Harmless(t, hostile, w)
			if w.Code == http.StatusSeeOther {
				w = h.Fine(t, w)
				pagetest.Harmless(t, hostile, w)
			} else if w.Code != http.StatusUnprocessableEntity {
				t.Errorf("%s %.20q: %d", kind, hostile, w.Code)
			}
		}
	}
	pagetest.Harmless(t, "the list", h.Get("/s/shop/traps"))
	h.As(access.Responder)
	if w := h.Post("/s/shop/traps/new", url.Values{"kind": {"key"}, "name": {"y"}, "what": {"somebodys-key"}}); w.Code != http.StatusForbidden {
		t.Errorf("a responder: %d", w.Code)
	}
}
