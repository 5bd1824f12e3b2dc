package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// testPrivacy is a site whose visitors' addresses are nobody's business: a client is seen by a pseudonym, found by the
// address, revealed with a reason and banned.
func testPrivacy(t *testing.T, b *browser) {
	p := run(t, "")
	me := b.person(t, "198.51.100.44")
	me.look(1280, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))

	const robot = "203.0.113.94"
	me.open(console + "/s/demo-shop/settings#privacy")
	me.do(click(`#privacy input[value="encrypted"]`))
	me.status(click(`#privacy button.main`))
	if got := text(me); !strings.Contains(got, "Addresses are encrypted from now on") || !strings.Contains(got, "How the stored events have their addresses") {
		t.Errorf("after choosing: %s", got)
	}
	me.snap(t, "privacy-settings-desk")
	me.accessible(t, "the settings, with a history of privacy")
	me.look(390, "dark")
	me.snap(t, "privacy-settings-phone")

	robotGet(t, p.url+"/", robot)
	row := ""
	eventually(t, func() error {
		me.open(console + "/s/demo-shop/events?address=" + robot)
		if row = eval[string](me, `document.querySelector("#rows a.subject")?.innerText ?? ""`); !strings.HasPrefix(row, "~") {
			return fmt.Errorf("no pseudonym yet: %s", text(me))
		}
		return nil
	})
	if strings.Contains(text(me), robot) {
		t.Errorf("the events name the address: %s", text(me))
	}
	me.snap(t, "privacy-events-phone")
	me.status(click(`#rows a.subject`))
	if got := text(me); !strings.Contains(got, "This site keeps addresses encrypted") || strings.Contains(got, robot) || strings.Contains(got, "Ban for") {
		t.Fatalf("the pseudonym's page: %s", got)
	}
	me.accessible(t, "a client by a pseudonym")
	me.snap(t, "privacy-client-phone")
	me.look(1280, "light")
	me.snap(t, "privacy-client-desk")
	me.do(fill("#reason", "its provider has to be told of it"))
	me.status(click(`#reveal button`))
	if got := text(me); !strings.Contains(got, row+" is "+robot+".") || !strings.Contains(got, "kept under the pseudonym "+row) {
		t.Fatalf("after revealing: %s", got)
	}
	me.accessible(t, "a client that was revealed")
	me.snap(t, "privacy-revealed-desk")
	me.status(click(`form[action$="/bans"] button.bad`))
	eventually(t, func() error {
		if status, _ := robotGet(t, p.url+"/", robot); status != 403 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})
}
