package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"palisade.dev/demo/shop"
)

// retypes types over what stands in a field.
func (p *person) retypes(id, words string) {
	p.t.Helper()
	eval[bool](p, `document.getElementById("`+id+`").select(), true`)
	p.do(chromedp.SendKeys(chromedp.CSS("#"+id), words))
}

// testRules is an afternoon with a rule: from a template over a rehearsal that names the office it would have hurt, to one
// that is kinder and is switched on; then somebody looks back and takes it back.
func testRules(t *testing.T, b *browser) {
	p := run(t, "")
	const office, robot = "198.51.100.50", "203.0.113.50"
	for _, s := range shop.Seeds()[:3] { // three people sign in from one address, and look round
		if status, _ := robotPost(t, p.url+"/users/log_in", office, url.Values{"user[email]": {s.Email}, "user[password]": {s.Password}}); status >= 400 {
			t.Fatalf("%s signs in: %d", s.Email, status)
		}
	}
	for i := range 30 {
		robotGet(t, p.url+"/api/products", robot)
		if i%3 == 0 {
			robotGet(t, p.url+"/api/products", office)
		}
	}
	me := b.person(t, "198.51.100.32")
	me.look(1280, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))
	eventually(t, func() error { // the guard sends its events in batches
		if out := p.must(t, "event", "find", "--address", robot, "--limit", "100", "--json"); strings.Count(out, `"path"`) < 30 {
			return fmt.Errorf("%d events", strings.Count(out, `"path"`))
		}
		return nil
	})

	at := console + "/s/demo-shop/rules"
	me.open(at)
	me.accessible(t, "rules")
	me.snap(t, "rules-empty-desk")
	me.open(at + "/new")
	me.accessible(t, "templates")
	me.snap(t, "rules-templates-desk")
	me.status(click(`a[href="?template=key-quota"]`))
	me.accessible(t, "editor")

	// The other side follows while one types, and says what is wrong beside the field.
	for id, words := range map[string]string{"name": "catalogue", "by": "address", "route": "GET /api/*", "limit": "5 pr 1h"} {
		me.retypes(id, words)
	}
	yaml := func() string { return eval[string](me, `document.querySelector("#yaml").value`) }
	eventually(t, func() error {
		if got := text(me); !strings.Contains(got, "want a count and a time") {
			return fmt.Errorf("no fault: %s", got)
		}
		return nil
	})
	me.snap(t, "rules-fault-desk")
	me.retypes("limit", "5 per 1h")
	eventually(t, func() error {
		if got := yaml(); !strings.Contains(got, "match: GET /api/*") || !strings.Contains(got, "limit: 5 per 1h") || strings.Contains(text(me), "want a count") {
			return fmt.Errorf("%s\n%s", got, text(me))
		}
		return nil
	})
	me.do(chromedp.Focus(chromedp.CSS("#yaml")), chromedp.SendKeys(chromedp.CSS("#yaml"), "spare: shared-address\n"))
	eventually(t, func() error {
		return is(eval[string](me, `document.querySelector("#spare").value`), "shared-address")
	})
	me.snap(t, "rules-editor-desk")
	me.look(390, "dark")
	me.snap(t, "rules-editor-phone")

	// Rehearsed before it is kept: it would have hurt the office.
	me.status(click(`button[value=rehearse]`))
	me.reaches(t, "People it would have hurt")
	if got := text(me); !strings.Contains(got, "shared by 3 accounts") || !strings.Contains(got, shop.Seeds()[0].Email) || !strings.Contains(got, robot) {
		t.Fatalf("the rehearsal: %s", got)
	}
	me.accessible(t, "rehearsal")
	me.snap(t, "rules-rehearsal-phone")
	me.look(1280, "light")
	me.snap(t, "rules-rehearsal-desk")

	// Wider, it is kept in rehearsal; switched on without another look, it asks once more.
	me.status(click(`button[value=show]`))
	me.retypes("limit", "15 per 1h")
	eventually(t, func() error {
		if got := yaml(); !strings.Contains(got, "limit: 15 per 1h") {
			return fmt.Errorf("%s", got)
		}
		return nil
	})
	me.status(click(`button[value=rehearsed]`))
	if got := text(me); !strings.Contains(got, "Rule catalogue is in rehearsal") {
		t.Fatalf("after saving: %s", got)
	}
	me.snap(t, "rules-desk")
	me.look(390, "dark")
	me.snap(t, "rules-phone")
	me.status(click(`form[action$="/catalogue/mode"] button[value=on]`))
	if got := text(me); !strings.Contains(got, "without a rehearsal?") {
		t.Fatalf("switching on: %s", got)
	}
	me.accessible(t, "sure")
	me.snap(t, "rules-sure-phone")
	me.status(click(`main form button.main`))
	me.reaches(t, "Nobody who signed in, or was known, would have been refused")
	me.status(click(`button[value=on]`))
	if got := text(me); !strings.Contains(got, "Rule catalogue is switched on at every guard") {
		t.Fatalf("after switching on: %s", got)
	}
	eventually(t, func() error { // at the guard
		for range 20 {
			if status, _ := robotGet(t, p.url+"/api/products", "203.0.113.51"); status == 429 {
				return nil
			}
		}
		return fmt.Errorf("nothing is refused")
	})

	// History, and back.
	me.open(at + "/catalogue/history")
	if got := text(me); !strings.Contains(got, "− mode: rehearse") || !strings.Contains(got, "+ mode: on") {
		t.Errorf("history: %s", got)
	}
	me.accessible(t, "history")
	me.snap(t, "rules-history-phone")
	me.look(1280, "light")
	me.snap(t, "rules-history-desk")
	me.status(click(`ol.history > li:first-child button`))
	if got := p.must(t, "rule", "show", "catalogue"); !strings.Contains(got, "mode: rehearse") || !strings.Contains(got, "limit: 15 per 1h") {
		t.Errorf("after undoing: %s", got)
	}

	// Somebody else is quicker.
	me.open(at + "/catalogue")
	p.must(t, "rule", "mode", "catalogue", "off")
	me.do(fill("#limit", "40 per 1h"))
	if status := me.status(click(`button[value=rehearsed]`)); status != 409 || !strings.Contains(text(me), "changed meanwhile by operator") {
		t.Errorf("the second to save: %d %s", status, text(me))
	}
	me.accessible(t, "conflict")
	me.snap(t, "rules-conflict-desk")

	for _, page := range []string{"", "/new", "/new?template=login-stuffing", "/catalogue", "/catalogue/history", "/catalogue/rehearse", "/catalogue/delete", "/login-pair"} {
		me.look(360, "dark")
		me.open(at + page)
		if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d px wide on a phone of 360", page, wide)
		}
		if small := eval[[]string](me, `[...document.querySelectorAll("main button, main .button, main input:not([type=hidden], [type=checkbox]), main select")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 32).map(e => e.outerHTML)`); len(small) > 0 {
			t.Errorf("%s: too small for a thumb: %q", page, small)
		}
		me.accessible(t, page)
	}
}
