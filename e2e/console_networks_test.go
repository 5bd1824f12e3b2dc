package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// testNetworks is a morning after: who was that, what would they get, a network kept off sign-up, a decoy laid that catches
// the next one, and somebody told of it.
func testNetworks(t *testing.T, b *browser) {
	p := run(t, "")
	const scanner = "3.5.140.2" // of Amazon's published addresses
	robotGet(t, p.url+"/.env", scanner)
	me := b.person(t, "198.51.100.33")
	me.look(1280, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))
	at := console + "/s/demo-shop"

	me.open(at + "/networks")
	me.accessible(t, "networks")
	me.snap(t, "networks-desk")
	me.do(chromedp.SendKeys(chromedp.CSS("#address"), scanner))
	me.status(click(`form[role=search] button`))
	if got := text(me); !strings.Contains(got, "Amazon Web Services") || !strings.Contains(got, "data-centres") {
		t.Errorf("the look-up: %s", got)
	}
	me.do(chromedp.SendKeys(chromedp.CSS("#route"), "POST /users/log_in"))
	me.status(click(`form[role=search] button`))
	eventually(t, func() error { // the guard's ban reaches the back end with its events
		me.open(at + "/networks/lookup?address=" + scanner + "&route=/")
		if got := text(me); !strings.Contains(got, "What it would get") || !strings.Contains(got, "by secret-files") {
			return fmt.Errorf("%s", got)
		}
		return nil
	})
	me.accessible(t, "look-up")
	me.snap(t, "lookup-desk")

	// A list of our own: a fault in its line, then kept, then off sign-up at the gateway.
	me.open(at + "/networks/own")
	me.do(chromedp.SendKeys(chromedp.CSS("#name"), "rivals"), chromedp.SendKeys(chromedp.CSS("#text"), "203.0.113.0/24 # north\n203.0.113.300"))
	if status := me.status(click(`main form button.main`)); status != 422 || !strings.Contains(text(me), "line 2: ") {
		t.Errorf("a list with a fault: %d %s", status, text(me))
	}
	me.accessible(t, "own list")
	me.snap(t, "own-list-desk")
	me.retypes("text", "203.0.113.0/25 # north")
	me.status(click(`main form button.main`))
	if got := text(me); !strings.Contains(got, "own/rivals is kept") {
		t.Errorf("%s", got)
	}
	me.open(at + "/networks/block?list=own/rivals")
	me.do(chromedp.SendKeys(chromedp.CSS("#match"), "@signup"))
	eval[bool](me, `document.querySelector("#mode").value = "on", true`)
	me.accessible(t, "block")
	me.snap(t, "block-desk")
	me.status(click(`main form button.main`))
	if got := text(me); !strings.Contains(got, "own-rivals-on-signup is kept") {
		t.Errorf("%s", got)
	}
	me.snap(t, "networks-blocked-desk")
	eventually(t, func() error {
		if status, _ := robotPost(t, p.url+"/users/register", "203.0.113.9", url.Values{"user[email]": {"a@b.example"}}); status != 403 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})

	// A decoy, with what to put where; the one who sends it is caught, and the page says so.
	me.look(390, "dark")
	me.open(at + "/traps")
	me.accessible(t, "traps")
	me.snap(t, "traps-phone")
	me.status(click(`a[href$="kind=form"]`))
	me.accessible(t, "lay")
	me.snap(t, "lay-phone")
	me.status(click(`main form button.main`))
	if got := text(me); !strings.Contains(got, "The trap is laid") || !strings.Contains(got, "Phoenix") {
		t.Fatalf("%s", got)
	}
	me.accessible(t, "trap")
	me.snap(t, "trap-phone")
	// The form is pasted into a page as it stands: nobody sees it, and a program that fills it in is out.
	bait := eval[string](me, `document.querySelector("#bait-0").textContent`)
	action := eval[string](me, `(() => { const d = document.createElement("div"); d.innerHTML = document.querySelector("#bait-0").textContent; document.body.append(d);
		const f = d.querySelector("form"), seen = f.checkVisibility() || [...f.elements].some(e => e.checkVisibility()); d.remove(); return (seen ? "seen " : "") + f.getAttribute("action"); })()`)
	if !strings.HasPrefix(action, "/contact-") {
		t.Fatalf("%q, of %s", action, bait)
	}
	eventually(t, func() error {
		if status, _ := robotPost(t, p.url+action, "203.0.113.201", url.Values{"website": {"x"}}); status != 403 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})
	trap := me.url()
	eventually(t, func() error {
		me.open(trap)
		if got := text(me); !strings.Contains(got, "by 203.0.113.201") {
			return fmt.Errorf("%s", got)
		}
		return nil
	})

	// Somebody is told: a channel by form.
	me.open(console + "/alerts")
	me.accessible(t, "alerts")
	me.snap(t, "alerts-empty-phone")
	me.status(click(`a[href$="kind=webhook"]`))
	me.do(chromedp.SendKeys(chromedp.CSS("#name"), "on call"), chromedp.SendKeys(chromedp.CSS("#url"), "http://example.com/hook"))
	if status := me.status(click(`main form button.main`)); status != 422 || !strings.Contains(text(me), "Want https") {
		t.Errorf("a channel without TLS: %d %s", status, text(me))
	}
	me.accessible(t, "channel")
	me.snap(t, "channel-fault-phone")
	me.retypes("url", "https://127.0.0.1:1/hook/very-secret-path")
	if status := me.status(click(`main form button.main`)); status != 422 || !strings.Contains(text(me), "is this machine itself") {
		t.Errorf("a channel to this machine: %d %s", status, text(me))
	}
	me.retypes("url", "https://hooks.example.com/hook/very-secret-path")
	me.status(click(`main form button.main`))
	if got := text(me); !strings.Contains(got, "whsec_") || strings.Contains(got, "very-secret") {
		t.Errorf("%s", got)
	}
	me.accessible(t, "channel")
	me.snap(t, "channel-phone")
	me.look(1280, "light")
	me.open(console + "/alerts")
	if got := text(me); !strings.Contains(got, "on call") || strings.Contains(got, "very-secret") {
		t.Errorf("%s", got)
	}
	me.accessible(t, "alerts with a channel")
	me.snap(t, "alerts-desk")

	for _, page := range []string{"/networks", "/traps/" + trap[strings.LastIndex(trap, "/")+1:], "/networks/lookup?address=" + scanner + "&route=/", "/networks/own", "/networks/block", "/traps", "/traps/secret-files", "/traps/new?kind=signature"} {
		me.look(360, "dark")
		me.open(at + page)
		if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d px wide on a phone of 360", page, wide)
		}
	}
	me.snap(t, "signature-phone")
	me.open(at + "/networks")
	me.snap(t, "networks-phone")
}

// url is the address of the page.
func (p *person) url() string { return eval[string](p, "location.href") }
