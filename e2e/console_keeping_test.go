package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/event"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// testKeeping is an owner who keeps events for a shorter time, behind a proxy that is declared: counted, asked, done, and
// gone while Palisade runs.
func testKeeping(t *testing.T, b *browser) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "from the app") }))
	t.Cleanup(app.Close)
	p := run(t, `
console_proxies: [loopback]
retention: 60d
sites:
  - {name: shop, hosts: "*", upstreams: `+app.URL+`}
`)
	db, err := sqlite.Open(t.Context(), filepath.Join(p.data, "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var shop store.Site
	eventually(t, func() error {
		shop, err = db.SiteByName(t.Context(), "shop")
		return err
	})
	// Forty days of events, as a shop has them; today's come by themselves.
	w := store.EventWrite{Site: shop.ID}
	for n := int32(1); n <= 40; n++ {
		w.Segments = append(w.Segments, store.Segment{Day: event.Day(time.Now().UnixMicro()) - n, ID: int64(n), Count: 155_000, Sealed: true, Body: make([]byte, 200<<10)})
	}
	if err := db.AppendEvents(t.Context(), []store.EventWrite{w}); err != nil {
		t.Fatal(err)
	}

	me := b.person(t, "198.51.100.70")
	me.look(390, "dark")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))
	me.open(console + "/settings")
	if got := text(me); !strings.Contains(got, "You seem to come from 198.51.100.70, by way of 127.0.0.1, without TLS") || !strings.Contains(got, "For 60 days") {
		t.Errorf("the settings: %s", got)
	}
	me.accessible(t, "settings")
	me.snap(t, "keeping-phone")
	me.do(fill("#days", "ten"))
	if status := me.status(click(`main form button.main`)); status != 422 || !strings.Contains(text(me), "Want 1 to 3650") {
		t.Errorf("no number: %d %s", status, text(me))
	}
	me.accessible(t, "settings, refused")
	me.do(fill("#days", "20"))
	me.status(click(`main form button.main`))
	me.reaches(t, "That forgets 20 days, about 3.1 million events, on all sites")
	me.accessible(t, "forgetting")
	me.snap(t, "keeping-asked-phone")
	me.look(1280, "light")
	me.snap(t, "keeping-asked-desk")
	if got := p.must(t, "retention"); !strings.Contains(got, "kept for 60 days") {
		t.Errorf("before it was confirmed: %s", got)
	}
	me.status(click(`main form button.bad`))
	me.reaches(t, "Events are kept for 20 days from now on. Older ones are being forgotten.")
	me.snap(t, "keeping-done-desk")
	me.accessible(t, "settings, another time")
	eventually(t, func() error {
		days, err := db.EventDays(t.Context())
		if err == nil && len(days) > 21 {
			err = fmt.Errorf("%d days are there", len(days))
		}
		return err
	})
	if got, err := p.command("retention", "set", "10"); err == nil || !strings.Contains(err.Error(), "this forgets 10 days, about 1.6 million events, on all sites; say --yes") {
		t.Errorf("%s, %v", got, err)
	}
	me.status(click(`main button[value=file]`))
	me.reaches(t, "For 60 days")
	if got := p.must(t, "audit", "list", "--subject", "retention"); !strings.Contains(got, "keeping events for 20 days, which forgets 20 days") {
		t.Error(got)
	}
	me.look(360, "dark")
	me.open(console + "/settings")
	if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 360 {
		t.Errorf("the settings are %d px wide on a phone of 360", wide)
	}
}
