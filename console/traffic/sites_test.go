package traffic_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/site"
	"palisade.dev/console/page"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/console/traffic"
)

func open(t testing.TB) *pagetest.House {
	t.Helper()
	return pagetest.New(t, func(h *pagetest.House) []page.Route {
		return (&traffic.Traffic{DB: h.DB, Events: h.Events, Search: h.Search, Clients: h.Clients, Desk: h.Desk, Now: func() time.Time { return h.Now }}).Routes()
	})
}

// The table says which revision each guard enforces, and puts first what one looks for.
func TestSitesAreSorted(t *testing.T) {
	h := open(t)
	now := h.Now.UnixMilli()
	for id, revision := range map[string]uint64{"old<i>": h.Shop.Revision - 1, "new": h.Shop.Revision} {
		if err := h.DB.Receipt(t.Context(), h.Shop.ID, id, revision, now, "", now); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.DB.Receipt(t.Context(), h.Bank.ID, "g", h.Bank.Revision, now, "", now); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Sites.Change(t.Context(), h.Shop, "ada", func(d *site.Document) { d.PersonalData, d.WebFacing, d.Environment = true, false, "aaa" }); err != nil {
		t.Fatal(err)
	}
	shop, err := h.DB.SiteByID(t.Context(), h.Shop.ID)
	if err != nil {
		t.Fatal(err)
	}
	w := h.Get("/")
	if got := pagetest.Text(w); !strings.Contains(got, fmt.Sprintf("new %d of %d", h.Shop.Revision, shop.Revision)) || !strings.Contains(got, fmt.Sprintf("old<i> %d of %d", h.Shop.Revision-1, shop.Revision)) || !strings.Contains(got, fmt.Sprintf("g %d", h.Bank.Revision)) {
		t.Error(got)
	}
	pagetest.Harmless(t, "the table", w)
	for by, first := range map[string]string{"": "bank", "environment": "shop", "exposed": "bank", "personal": "shop", "guards": "shop", "nonsense": "bank"} {
		body := h.Get("/?sort=" + by).Body.String()
		body = body[strings.Index(body, "<main"):]
		if a, b := strings.Index(body, `href="/s/bank"`), strings.Index(body, `href="/s/shop"`); (a < b) != (first == "bank") {
			t.Errorf("by %q: %s is not first", by, first)
		}
	}
	h.As(access.Viewer)
	if got := pagetest.Text(h.Get("/")); strings.Contains(got, "bank") || strings.Contains(got, "A new site") {
		t.Errorf("a viewer of the shop: %s", got)
	}
}

// Without a guard, the way to one is on the page.
func TestASiteWithoutGuards(t *testing.T) {
	h := open(t)
	if body := h.Get("/s/shop").Body.String(); !strings.Contains(body, `href="/s/shop/protect"`) {
		t.Error("no way to protect it")
	}
	h.As(access.Viewer)
	if body := h.Get("/s/shop").Body.String(); strings.Contains(body, `href="/s/shop/protect"`) {
		t.Error("a viewer is sent where they may not go")
	}
}
