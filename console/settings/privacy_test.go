package settings_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
	"palisade.dev/config"
	"palisade.dev/console/page/pagetest"
)

// Choosing a mode takes one press, and the page says from when on it holds and what stays as it was.
func TestPrivacy(t *testing.T) {
	h := open(t)
	text := pagetest.Text(h.Get("/s/shop/settings"))
	for _, want := range []string{"Whoever gets hold of the database", "installation.key", "Events are kept for 30 days, on all sites alike"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(text, "How the stored events have their addresses") {
		t.Error("a site that never changed has a history")
	}
	for i, mode := range []string{"encrypted", "hashed", "clear"} {
		h.Now = h.Now.Add(time.Hour)
		if w := h.Post("/s/shop/settings/privacy", url.Values{"mode": {mode}}); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/s/shop/settings#privacy" {
			t.Fatalf("%s: %d %s", mode, w.Code, w.Body)
		}
		body := h.Get("/s/shop/settings").Body.String()
		if !strings.Contains(body, `value="`+mode+`" aria-describedby="mode-`+mode+`" checked`) || strings.Count(body, `data-label="Until"`) != i+2 {
			t.Errorf("after %s: %s", mode, body[strings.Index(body, `id="privacy"`):])
		}
	}
	// What lies before everything that is kept is of no interest any more.
	h.Now = h.Now.Add(31 * 24 * time.Hour)
	if body := h.Get("/s/shop/settings").Body.String(); strings.Contains(body, `data-label="Until"`) {
		t.Error("spells are shown of which nothing is stored")
	}
}

func TestPrivacyHostile(t *testing.T) {
	h := open(t)
	for _, mode := range []string{"<script>alert(1)</script>", strings.Repeat("x", 10_000), "\u202egnp", "Clear"} {
		w := h.Post("/s/shop/settings/privacy", url.Values{"mode": {mode}})
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(pagetest.Text(w), "want clear, encrypted or hashed") || w.Body.Len() > 200_000 {
			t.Errorf("%.20q: %d, %d bytes", mode, w.Code, w.Body.Len())
		}
		pagetest.Harmless(t, "the settings", w)
	}
}

// A mode that the file says is changed there.
func TestPrivacyOfTheFile(t *testing.T) {
	h := open(t)
	s, err := h.Sites.Declare(t.Context(), config.Site{Name: "filed", Privacy: "encrypted"})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := site.Read(s); err != nil || d.Privacy.Mode != veil.Encrypted || len(d.Privacy.Past) != 0 || d.Privacy.Since == 0 {
		t.Errorf("%+v, %v", d.Privacy, err)
	}
	body := h.Get("/s/filed/settings").Body.String()
	if strings.Contains(body, "Keep them so") || !strings.Contains(body[strings.Index(body, `id="privacy"`):], "fieldset disabled") {
		t.Error("the page offers to change it")
	}
	if w := h.Post("/s/filed/settings/privacy", url.Values{"mode": {"clear"}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(pagetest.Text(w), "configuration file says this site") {
		t.Errorf("%d", w.Code)
	}
	revision := s.Revision
	if s, err = h.Sites.Declare(t.Context(), config.Site{Name: "filed", Privacy: "encrypted"}); err != nil || s.Revision != revision {
		t.Errorf("a restart made revision %d of %d, %v", s.Revision, revision, err)
	}
	// Taken out of the file, addresses are clear again, as with every other line.
	if s, err = h.Sites.Declare(t.Context(), config.Site{Name: "filed"}); err != nil {
		t.Fatal(err)
	}
	if d, err := site.Read(s); err != nil || d.Privacy.Name() != veil.Clear || len(d.Privacy.Past) != 1 {
		t.Errorf("%+v, %v", d.Privacy, err)
	}
}

// A lost key is told where pseudonyms were made with it.
func TestLostKey(t *testing.T) {
	h := open(t)
	h.Post("/s/shop/settings/privacy", url.Values{"mode": {"encrypted"}})
	if strings.Contains(pagetest.Text(h.Get("/s/shop/settings")), "is not the one that pseudonyms") {
		t.Error("the key is there")
	}
	h.Sites.Veils = veil.New([32]byte{9})
	if text := pagetest.Text(h.Get("/s/shop/settings")); !strings.Contains(text, "is not the one that pseudonyms") || !strings.Contains(text, "go on with the new one") || !strings.Contains(text, "encrypted key lost") {
		t.Error("nobody says that the key is lost")
	}
	h.Post("/s/shop/settings/privacy", url.Values{"mode": {"encrypted"}})
	if text := pagetest.Text(h.Get("/s/shop/settings")); strings.Contains(text, "go on with the new one") || !strings.Contains(text, "encrypted key lost") {
		t.Error("going on with the new key is not told apart")
	}
}
