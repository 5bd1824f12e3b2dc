package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// testConsole is a bad evening: a flood arrives while the operator is at a phone.
func testConsole(t *testing.T, b *browser) {
	p := run(t, "")
	me := b.person(t, "198.51.100.30")
	me.look(390, "dark")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]

	// Signing in: the link asks first, works once, and leads on.
	if status := me.open(console + "/s/demo-shop/levers"); status != 200 || !strings.Contains(text(me), "Sign in to Palisade") {
		t.Fatalf("without a session: status %d, %s", status, text(me))
	}
	me.open(link)
	me.status(click(`main button.main`))
	if got := title(me); !strings.HasPrefix(got, "Sites") {
		t.Fatalf("after signing in: %q", got)
	}
	other := b.person(t, "198.51.100.31")
	other.open(link)
	if status := other.status(click(`main button.main`)); status != 403 || !strings.Contains(text(other), "was used already") {
		t.Errorf("the link a second time: status %d, %s", status, text(other))
	}

	// An attack arrives in the open page by itself, its words harmless.
	me.open(console + "/s/demo-shop/events")
	eventually(t, func() error {
		return is(eval[string](me, `document.querySelector("[data-live]").dataset.state || ""`), "live")
	})
	const robot = "203.0.113.90"
	robotGet(t, p.url+"/"+url.PathEscape(`<img src=x onerror=document.title="owned">`), robot)
	for range 3 {
		robotGet(t, p.url+"/.env", robot)
	}
	eventually(t, func() error {
		if !strings.Contains(text(me), robot) || !strings.Contains(text(me), "<img src=x") {
			return fmt.Errorf("not in the page yet: %s", text(me))
		}
		return nil
	})
	if n := eval[int](me, `document.querySelectorAll("main img").length`); n != 0 || strings.Contains(title(me), "owned") {
		t.Errorf("the attacker's markup became %d images, title %q", n, title(me))
	}
	if strings.Contains(text(me), "No event yet") {
		t.Error("the page still says that there is no event")
	}
	me.snap(t, "events-phone")

	// The client, from its row: judged, banned by the trap already, lifted and allowed with one click.
	me.open(console + "/s/demo-shop/client?subject=" + robot)
	if got := text(me); !strings.Contains(got, "Lift and allow for 30 days") || !strings.Contains(got, "refused or challenged") {
		t.Fatalf("the client's page: %s", got)
	}
	me.snap(t, "client-phone")
	me.status(click(`form[action$="/bans/lift"] button.main`))
	if got := text(me); !strings.Contains(got, robot+" is no longer banned") {
		t.Errorf("after lifting: %s", got)
	}
	eventually(t, func() error {
		if status, _ := robotGet(t, p.url+"/", robot); status != 200 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})

	// A ban by hand holds at the gateway within a second.
	me.open(console + "/s/demo-shop/bans")
	me.do(click(`main details summary`), chromedp.SendKeys(chromedp.CSS("#subjects"), "203.0.113.91 # scraper\n203.0.113.92"))
	me.status(click(`main form button.bad`))
	if got := text(me); !strings.Contains(got, "2 subjects: banned") || !strings.Contains(got, "203.0.113.92") {
		t.Errorf("after banning: %s", got)
	}
	me.snap(t, "bans-phone")
	eventually(t, func() error {
		if status, _ := robotGet(t, p.url+"/", "203.0.113.91"); status != 403 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})

	// A route closed from the phone, by the short link, with the receipts ticking in; and opened again.
	me.open(console + "/l")
	me.snap(t, "levers-phone")
	me.status(click(`form:has(input[value="@signup"]) button[value=closed]`))
	if got := text(me); !strings.Contains(got, "Close @signup?") || !strings.Contains(got, "1 guard will enforce it") {
		t.Fatalf("before closing: %s", got)
	}
	me.snap(t, "confirm-phone")
	me.status(click(`main form button.bad`))
	eventually(t, func() error {
		if got := text(me); !strings.Contains(got, "The guard enforces it") {
			return fmt.Errorf("%s", got)
		}
		return nil
	})
	me.snap(t, "receipts-phone")
	if status, _ := robotPost(t, p.url+"/users/register", "203.0.113.93", url.Values{"user[email]": {"a@b.example"}}); status != 503 {
		t.Errorf("the closed route: status %d", status)
	}
	me.status(click(`main form button.main`))
	eventually(t, func() error {
		if status, _ := robotPost(t, p.url+"/users/register", "203.0.113.93", url.Values{"user[email]": {"a@b.example"}}); status == 503 {
			return fmt.Errorf("still closed")
		}
		return nil
	})

	// No page is wider than the phone, and none asks for what its policy forbids; at a desk as well.
	pages := []string{
		"/", "/s/demo-shop", "/s/demo-shop?span=7d", "/s/demo-shop/events", "/s/demo-shop/bans", "/s/demo-shop/bans/203.0.113.91", "/s/demo-shop/allowances", "/s/demo-shop/levers",
		"/s/demo-shop/client?subject=" + robot, "/s/demo-shop/rules", "/s/demo-shop/rules/new", "/s/demo-shop/networks", "/s/demo-shop/traps", "/s/demo-shop/settings",
		"/s/demo-shop/appeals", "/s/demo-shop/detections", "/s/demo-shop/protect", "/audit", "/alerts", "/people", "/account", "/settings", "/sites/new",
	}
	for _, at := range pages {
		me.look(360, "dark")
		if status := me.open(console + at); status != 200 {
			t.Errorf("%s: status %d", at, status)
		}
		if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d px wide on a phone of 360", at, wide)
		}
		if small := eval[[]string](me, `[...document.querySelectorAll("main button, main .button, main input:not([type=hidden],[type=checkbox],[type=radio])")].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 32).map(e => e.outerHTML)`); len(small) > 0 {
			t.Errorf("%s: too small for a thumb: %q", at, small)
		}
		if unnamed := eval[[]string](me, `[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(e => !e.labels?.length).map(e => e.outerHTML)`); len(unnamed) > 0 {
			t.Errorf("%s: without a label: %q", at, unnamed)
		}
		me.accessible(t, at)
	}
	me.look(1280, "light")
	for name, at := range map[string]string{"overview-desk": "/s/demo-shop", "sites-desk": "/", "audit-desk": "/audit", "events-desk": "/s/demo-shop/events"} {
		me.open(console + at)
		me.snap(t, name)
	}
	if got := p.must(t, "audit", "verify"); !strings.Contains(got, "are what was written") {
		t.Error(got)
	}

	// Signed out, the cookie is worth nothing, whatever page is asked for.
	me.open(console + "/account")
	me.status(click(`form[action="/signout"] button`))
	if status := me.open(console + "/s/demo-shop/bans"); status != 200 || !strings.Contains(text(me), "Sign in to Palisade") {
		t.Errorf("after signing out: %d %s", status, text(me))
	}
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func is(got, want string) error {
	if got != want {
		return fmt.Errorf("%q, want %q", got, want)
	}
	return nil
}

// snap keeps a picture of the page for people to look at, in the folder that PALISADE_PICTURES names.
func (p *person) snap(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("PALISADE_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
