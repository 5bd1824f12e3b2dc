package networks

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/console/page"
	"palisade.dev/console/page/pagetest"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func open(t testing.TB) *pagetest.House {
	return pagetest.New(t, func(h *pagetest.House) []page.Route {
		n := &Networks{Desk: h.Desk, Traps: h.Traps}
		return n.Routes()
	})
}

// has checks what a page says, in its text or its markup.
func has(t *testing.T, what string, a *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	text := pagetest.Text(a)
	if a.Code != status {
		t.Errorf("%s: status %d, want %d: %s", what, a.Code, status, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) && !strings.Contains(a.Body.String(), w) {
			t.Errorf("%s: the page lacks %q: %s", what, w, text)
		}
	}
	pagetest.Harmless(t, what, a)
}

const hostile = "<script>alert(1)</script>\u202eevil"

func TestLists(t *testing.T) {
	h := open(t)
	a := h.Get("/s/shop/networks")
	has(t, "lists", a, http.StatusOK, "cloud/aws", "Amazon Web Services", "data-centres", "by block <bdi>data-centres", "IPv6 /64", "verified bot", "comes with releases")
}

func TestBlock(t *testing.T) {
	h := open(t)
	has(t, "the form", h.Get("/s/shop/networks/block?list=tor"), http.StatusOK, `value="tor"`, `<option value="rehearse" selected>`)
	form := url.Values{"networks": {"tor, cloud/aws"}, "match": {"@signup"}, "then": {"block"}, "mode": {"rehearse"}}
	has(t, "kept", h.Fine(t, h.Post("/s/shop/networks/block", form)), http.StatusOK, "Block tor-cloud-aws-on-signup is rehearsed", "operator")
	form.Set("mode", "on")
	form.Set("name", "tor-cloud-aws-on-signup")
	form.Set("edit", "1")
	has(t, "switched on", h.Fine(t, h.Post("/s/shop/networks/block", form)), http.StatusOK, "on its way to every guard")
	p, err := h.Feed.Build(context.Background(), h.Shop)
	if err != nil || p.Blocks[0].Name != "tor-cloud-aws-on-signup" || p.Blocks[0].Mode != "" || len(p.Blocks[0].Networks) != 2 {
		t.Fatalf("%+v, %v", p.Blocks, err)
	}
	// What cannot be is told, and what was typed is still there.
	for _, c := range []struct{ networks, match, then, say string }{
		{"mars", "/x", "block", "no list or kind is called"},
		{"", "/x", "block", "at least one list or kind"},
		{"tor", "no route", "block", "route"},
		{hostile, hostile, "block", "no list or kind"},
		{strings.Repeat("tor,", 3000), "@nowhere", "block", "no route of this site has that name"},
	} {
		a := h.Post("/s/shop/networks/block", url.Values{"networks": {c.networks}, "match": {c.match}, "then": {c.then}, "mode": {"on"}})
		has(t, c.say, a, http.StatusUnprocessableEntity, c.say)
		if !strings.Contains(a.Body.String(), `role="alert"`) {
			t.Errorf("%.40q: %s", c.networks, pagetest.Text(a))
		}
	}
	has(t, "taken away", h.Fine(t, h.Post("/s/shop/networks/unblock", url.Values{"name": {"tor-cloud-aws-on-signup"}})), http.StatusOK, "is gone")
	has(t, "again", h.Post("/s/shop/networks/unblock", url.Values{"name": {"tor-cloud-aws-on-signup"}}), http.StatusNotFound)
	if a := h.Get("/s/shop/networks/block?name=none"); a.Code != http.StatusNotFound {
		t.Errorf("a block that is not there: %d", a.Code)
	}
}

func TestOwnList(t *testing.T) {
	h := open(t)
	form := url.Values{"name": {"office"}, "title": {"Our office"}, "kind": {"own"}, "text": {"203.0.113.0/24 # Berlin\n203.0.113.999\n2001:db8::/32\n10.0.0.1/8"}}
	has(t, "faults by line", h.Post("/s/shop/networks/own", form), http.StatusUnprocessableEntity, "line 2: ", "line 4: ", "203.0.113.0/24 # Berlin", "did you mean 10.0.0.0/8?")
	form.Set("text", "203.0.113.0/24 # Berlin\n2001:db8::/32")
	has(t, "kept", h.Fine(t, h.Post("/s/shop/networks/own", form)), http.StatusOK, "own/office is kept", "Our office", "written by operator")
	if m := h.Networks.Lookup(netip.MustParseAddr("203.0.113.9")); len(m) == 0 || m[0].Name != "own/office" {
		t.Errorf("in force: %+v", m)
	}
	has(t, "the name is taken", h.Post("/s/shop/networks/own", form), http.StatusConflict, "there is a network list own/office already")
	// Two people edit at once: the second is told, and what they typed is not lost.
	a := h.Get("/s/shop/networks/own?name=own/office")
	has(t, "editing", a, http.StatusOK, "# Berlin")
	was := between(a.Body.String(), `name="was" value="`, `"`)
	h.Now = h.Now.Add(time.Second)
	next := url.Values{"name": {"office"}, "kind": {"own"}, "text": {"203.0.113.0/25"}, "was": {was}}
	has(t, "the first", h.Fine(t, h.Post("/s/shop/networks/own", next)), http.StatusOK, "is kept")
	next.Set("text", "198.51.100.0/24 # mine")
	has(t, "the second", h.Post("/s/shop/networks/own", next), http.StatusConflict, "somebody else changed", "198.51.100.0/24 # mine")
	if len(h.Networks.Lookup(netip.MustParseAddr("203.0.113.200"))) != 0 {
		t.Error("the old half is still on the list")
	}
	// Used, it stays, and the page says where.
	if _, err := h.Desk.Block(as(access.Operator), h.Bank, wire.Block{Networks: []string{"own/office"}, Match: "/admin/**", Then: "block"}); err != nil {
		t.Fatal(err)
	}
	has(t, "in use", h.Fine(t, h.Post("/s/shop/networks/own/delete", url.Values{"name": {"own/office"}})), http.StatusOK, "is used by block own-office-on-admin-all of bank")
	if err := h.Desk.Unblock(as(access.Operator), h.Bank, "own-office-on-admin-all"); err != nil {
		t.Fatal(err)
	}
	has(t, "deleted", h.Fine(t, h.Post("/s/shop/networks/own/delete", url.Values{"name": {"own/office"}})), http.StatusOK, "own/office is deleted")
	for field, v := range map[string]string{"name": "Büro", "kind": "mars", "title": strings.Repeat("x", 200), "text": "0.0.0.0/0"} {
		f := url.Values{"name": {"x"}, "text": {"203.0.113.7"}, field: {v}}
		has(t, field, h.Post("/s/shop/networks/own", f), http.StatusUnprocessableEntity, "fault")
	}
	has(t, "too long", h.Post("/s/shop/networks/own", url.Values{"name": {"x"}, "text": {strings.Repeat("203.0.113.7\n", 60000)}}), http.StatusUnprocessableEntity, "more than 512 KiB")
	has(t, "markup", h.Post("/s/shop/networks/own", url.Values{"name": {hostile}, "title": {hostile}, "text": {hostile}}), http.StatusUnprocessableEntity, "&lt;script&gt;")
}

func TestLookup(t *testing.T) {
	h := open(t)
	ctx := as(access.Operator)
	for _, subject := range []string{"3.5.140.0/24", "account:ada"} {
		if _, err := h.Bans.Impose(ctx, h.Shop.ID, subject, time.Hour, "scraper", "test"); err != nil {
			t.Fatal(err)
		}
	}
	a := h.Get("/s/shop/networks/lookup?address=3.5.140.2&route=POST+/users/log_in")
	has(t, "banned", a, http.StatusOK, "Amazon Web Services", "3.5.140.0/24", "What it would get", "with status 403", "ban")
	if _, err := h.Bans.Allow(ctx, h.Shop.ID, "3.5.140.2", time.Hour, "", "test"); err != nil {
		t.Fatal(err)
	}
	has(t, "allowed", h.Get("/s/shop/networks/lookup?address=3.5.140.2&route=/"), http.StatusOK, "allowlist", "the allow list outranks it")
	has(t, "elsewhere", h.Get("/s/bank/networks/lookup?address=3.5.140.2&route=/"), http.StatusOK, "neither banned nor on the allow list")
	has(t, "a prefix", h.Get("/s/shop/networks/lookup?address=3.0.0.0/8"), http.StatusOK, "some of it", "cloud/aws")
	has(t, "within a list", h.Get("/s/shop/networks/lookup?address=3.5.140.0/30"), http.StatusOK, "3.5.140.0/24")
	has(t, "a home", h.Get("/s/shop/networks/lookup?address=203.0.113.7"), http.StatusOK, "on no list")
	for _, bad := range []string{"nonsense", "203.0.113.7/8", hostile, strings.Repeat("1", 10<<10), "203.0.113.7&route=login", "203.0.113.7&route=GET+/%00 x"} {
		has(t, bad, h.Get("/s/shop/networks/lookup?address="+strings.ReplaceAll(url.QueryEscape(bad), "%26route%3D", "&route=")), http.StatusUnprocessableEntity, `role="alert"`)
	}
}

func TestTraps(t *testing.T) {
	h := open(t)
	has(t, "defaults", h.Get("/s/shop/traps"), http.StatusOK, "secret-files", "default", "nobody", "A form nobody sees")
	for _, kind := range []string{"form", "path", "link", "id", "key", "account"} {
		a := h.Get("/s/shop/traps/new?kind=" + kind)
		has(t, kind, a, http.StatusOK, "Just made up")
		form := url.Values{"kind": {kind}, "does": {"ban"}, "ban": {"1h"}, "tell": {"1"}, "mode": {"on"}}
		form.Set("name", between(a.Body.String(), `id="name" name="name" value="`, `"`))
		form.Set("what", between(a.Body.String(), `id="what" name="what" value="`, `"`))
		has(t, kind+" laid", h.Fine(t, h.Post("/s/shop/traps/new", form)), http.StatusOK, "The trap is laid", "Put the bait out", strings.TrimSuffix(form.Get("what"), "/**"))
		has(t, kind+" twice", h.Post("/s/shop/traps/new", form), http.StatusUnprocessableEntity, "of this name already", form.Get("what"))
		p, err := h.Feed.Build(context.Background(), h.Shop)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(p.Traps, func(x wire.Trap) bool { return x.Name == form.Get("name") }) {
			t.Errorf("%s: %+v", kind, p.Traps)
		}
	}
	has(t, "off", h.Fine(t, h.Post("/s/shop/traps/secret-files/mode", url.Values{"mode": {"off"}})), http.StatusOK, "Trap secret-files: off")
	has(t, "back to the default", h.Fine(t, h.Post("/s/shop/traps/secret-files/delete", url.Values{})), http.StatusOK, "Trap secret-files is gone")
	has(t, "no mode", h.Post("/s/shop/traps/secret-files/mode", url.Values{"mode": {"sideways"}}), http.StatusUnprocessableEntity)
	has(t, "no trap", h.Get("/s/shop/traps/none"), http.StatusNotFound)
	for _, c := range []struct{ what, name, ban, say string }{
		{"/a*b/**c", "x", "1h", "fault"},
		{"", "x", "1h", "Want at least one"},
		{".env", "X Y", "1h", "name"},
		{".env", "x", "soon", "Want a length"},
		{hostile, hostile, hostile, "fault"},
	} {
		form := url.Values{"kind": {"signature"}, "name": {c.name}, "what": {c.what}, "does": {"ban"}, "ban": {c.ban}, "mode": {"on"}}
		has(t, c.what, h.Post("/s/shop/traps/new", form), http.StatusUnprocessableEntity, c.say)
	}
	has(t, "no kind", h.Get("/s/shop/traps/new?kind=mines"), http.StatusUnprocessableEntity)
}

// Nobody gets further than their role on the site, and lists that are the installation's are for who may change all.
func TestRoles(t *testing.T) {
	h := open(t)
	reads := []string{"networks", "networks/lookup?address=203.0.113.7", "traps", "traps/secret-files"}
	forms := []string{"networks/block", "networks/own", "traps/new?kind=form"}
	writes := []string{"networks/block", "networks/unblock", "networks/renew", "networks/own", "networks/own/delete", "traps/new", "traps/secret-files/mode", "traps/secret-files/delete"}
	tried := 0
	for _, role := range []access.Role{access.Viewer, access.Auditor, access.Responder} {
		h.As(role)
		for _, p := range reads {
			if a := h.Get("/s/shop/" + p); a.Code != http.StatusOK || strings.Contains(a.Body.String(), ">Edit<") || strings.Contains(a.Body.String(), "Lay one") || strings.Contains(a.Body.String(), "Switch o") {
				t.Errorf("%s, %s: %d", role, p, a.Code)
			}
			if a := h.Get("/s/bank/" + p); a.Code != http.StatusNotFound {
				t.Errorf("%s, %s of another site: %d", role, p, a.Code)
			}
		}
		for _, p := range forms {
			if a := h.Get("/s/shop/" + p); a.Code != http.StatusForbidden {
				t.Errorf("%s, %s: %d", role, p, a.Code)
			}
		}
		for _, p := range writes {
			tried++
			if a := h.Post("/s/shop/"+p, url.Values{"name": {"x"}}); a.Code != http.StatusForbidden {
				t.Errorf("%s, POST %s: %d", role, p, a.Code)
			}
			if a := h.Post("/s/bank/"+p, url.Values{"name": {"x"}}); a.Code != http.StatusNotFound {
				t.Errorf("%s, POST %s of another site: %d", role, p, a.Code)
			}
		}
	}
	h.As(access.Owner)
	for _, p := range []string{"networks/own", "networks/own/delete", "networks/renew"} {
		if a := h.Post("/s/shop/"+p, url.Values{"name": {"office"}, "text": {"203.0.113.7"}}); a.Code != http.StatusForbidden {
			t.Errorf("an owner of one site, POST %s: %d", p, a.Code)
		}
	}
	if tried != 24 {
		t.Errorf("%d tries", tried)
	}
}

// A page costs the same however many bans are stored.
func BenchmarkPages(b *testing.B) {
	for _, bans := range []int{0, 20000} {
		h := open(b)
		for i := range bans {
			subject := fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)
			if _, err := h.DB.ImposeBan(context.Background(), store.Ban{ID: h.NewID(), Site: h.Shop.ID, Subject: subject, Source: "person", Created: 1}, func(int) int64 { return 0 }); err != nil {
				b.Fatal(err)
			}
		}
		for _, p := range []string{"networks", "networks/lookup?address=3.5.140.2", "networks/lookup?address=3.5.140.2&route=/", "traps"} {
			b.Run(fmt.Sprintf("%s/%d", strings.ReplaceAll(p, "/", "-"), bans), func(b *testing.B) {
				for b.Loop() {
					if a := h.Get("/s/shop/" + p); a.Code != http.StatusOK {
						b.Fatal(a.Code)
					}
				}
			})
		}
	}
}

func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

func as(a access.Actor) context.Context { return access.With(context.Background(), a) }
