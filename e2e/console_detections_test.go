package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// testDetections tries leaked passwords, and follows what the console makes of it from the overview to the end.
func testDetections(t *testing.T, b *browser) {
	p := run(t, "")
	me := b.person(t, "198.51.100.60")
	me.look(390, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))
	me.open(console + "/s/demo-shop/detections")
	if got := text(me); !strings.Contains(got, "Nothing goes on") {
		t.Errorf("before the attack: %s", got)
	}
	me.accessible(t, "no detections")
	me.snap(t, "detections-empty-phone")

	// The overview is open while it happens, and says so by itself.
	me.open(console + "/s/demo-shop")
	eventually(t, func() error {
		return is(eval[string](me, `document.querySelector("[data-live]").dataset.state || ""`), "live")
	})
	const robot = "203.0.113.95"
	for i := range 60 { // a rule refuses most of it
		robotPost(t, p.url+"/users/log_in", robot, url.Values{"user[email]": {fmt.Sprintf("user%d@leak.example", i)}, "user[password]": {"letmein1"}})
	}
	eventually(t, func() error {
		if got := text(me); !strings.Contains(got, "Going on") || !strings.Contains(got, robot+" tries leaked passwords") {
			return fmt.Errorf("the overview: %s", got)
		}
		return nil
	})
	me.accessible(t, "the overview with a detection")
	me.snap(t, "overview-attack-phone")
	if out := p.must(t, "detection", "list"); !strings.Contains(out, robot+" tries leaked passwords") {
		t.Errorf("on the command line: %s", out)
	}

	me.status(click(`ul.detections a`))
	if got := text(me); !strings.Contains(got, "failed or refused sign-ins") || !strings.Contains(got, "What asks") || !strings.Contains(got, "Close @login…") {
		t.Errorf("the detection: %s", got)
	}
	me.accessible(t, "a detection")
	if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("the detection is %d px wide on a phone of 390", wide)
	}
	me.snap(t, "detection-phone")
	at := eval[string](me, `location.href`)
	me.open(console + "/s/demo-shop/client?subject=" + robot)
	me.accessible(t, "a client with its timeline")
	me.snap(t, "client-timeline-phone")
	me.look(1280, "dark")
	me.open(at)
	me.snap(t, "detection-desk")
	me.status(click(`form[action$="/bans"] button`))
	if got := text(me); !strings.Contains(got, robot) || !strings.Contains(got, "detected: stuffing") {
		t.Errorf("after the ban: %s", got)
	}
	me.open(at)
	me.do(fill("#reason", "banned for a day"))
	me.status(click(`button[value="handled"]`))
	if got := text(me); !strings.Contains(got, "Noted as handled") || !strings.Contains(got, "handled, operator") {
		t.Errorf("after the answer: %s", got)
	}
	me.accessible(t, "detections that are over")
	me.snap(t, "detections-desk")
}
