package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// testDecoys is a leak that nobody would have heard of: a key is planted in a README and an account in the table of users;
// somebody tries the one, a list with the other is tried out, and both are told, with who it was.
func testDecoys(t *testing.T, b *browser) {
	p := run(t, "")
	me := b.person(t, "198.51.100.60")
	me.look(1280, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	at := link[:strings.Index(link, "/enter/")] + "/s/demo-shop"
	me.open(link)
	me.status(click(`main button.main`))

	// The key, with what to paste where; each of those lines holds it.
	me.open(at + "/traps")
	me.status(click(`a[href$="kind=key"]`))
	me.accessible(t, "lay a key")
	me.snap(t, "decoy-key-lay-desk")
	key := eval[string](me, `document.getElementById("what").value`)
	if !strings.HasPrefix(key, "demo_shop_live_") {
		t.Fatalf("the key: %q", key)
	}
	me.retypes("name", "in-readme")
	me.status(click(`main form button.main`))
	if n := eval[int](me, `[...document.querySelectorAll("pre[id^=bait-]")].filter(e => e.textContent.includes("`+key+`")).length`); n != 5 {
		t.Errorf("%d of 5 lines to paste hold the key: %s", n, text(me))
	}
	me.accessible(t, "a laid key")
	me.snap(t, "decoy-key-desk")

	// The account, at a phone.
	me.look(390, "dark")
	me.open(at + "/traps/new?kind=account")
	me.snap(t, "decoy-account-lay-phone")
	me.accessible(t, "lay an account")
	me.retypes("name", "in-users")
	me.retypes("what", "Marta.Lund@shop.example")
	me.status(click(`main form button.main`))
	me.reaches(t, "YOUR_APP.Repo.insert_all")
	me.accessible(t, "a laid account")
	me.snap(t, "decoy-account-phone")

	// Somebody who read the README tries the key; somebody with a list signs in with what is on it.
	eventually(t, func() error {
		r, err := http.NewRequest(http.MethodGet, p.url+"/products/1?api_key="+key, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := robotSend(t, r, "203.0.113.61"); status != 403 {
			return fmt.Errorf("the key: status %d", status)
		}
		return nil
	})
	eventually(t, func() error {
		if status, _ := robotPost(t, p.url+"/users/log_in", "203.0.113.62", url.Values{"user[email]": {"marta.lund@SHOP.example"}, "user[password]": {"hunter2"}}); status != 403 {
			return fmt.Errorf("the account: status %d", status)
		}
		return nil
	})
	if status, _ := robotGet(t, p.url+"/", "203.0.113.62"); status != 403 {
		t.Errorf("who has the list is not banned: %d", status)
	}
	for trap, who := range map[string]string{"in-readme": "203.0.113.61", "in-users": "203.0.113.62"} {
		eventually(t, func() error {
			me.open(at + "/traps/" + trap)
			if got := text(me); !strings.Contains(got, "by "+who) {
				return fmt.Errorf("%s: %s", trap, got)
			}
			return nil
		})
	}
	me.look(390, "light")
	me.open(at + "/traps/in-users")
	me.snap(t, "decoy-account-touched-phone")
	for _, width := range []int64{1280, 390} {
		me.look(width, "light")
		me.open(at + "/traps")
		me.accessible(t, "traps with decoys")
		me.snap(t, fmt.Sprintf("decoys-%d", width))
	}
	for _, page := range []string{"/traps", "/traps/in-readme", "/traps/in-users", "/traps/new?kind=key", "/traps/new?kind=account"} {
		me.look(360, "dark")
		me.open(at + page)
		if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d px wide on a phone of 360", page, wide)
		}
	}

	// Who comes back later sees the key no more, and is told so; nor does the command line.
	other := b.person(t, "198.51.100.61")
	other.look(1280, "light")
	other.open(strings.TrimSpace(p.must(t, "console")))
	other.status(click(`main button.main`))
	other.open(at + "/traps/in-readme")
	if got := text(other); strings.Contains(got, key) || !strings.Contains(got, "kept as a hash only") {
		t.Errorf("a day later: %s", got)
	}
	if got := p.must(t, "trap", "list") + p.must(t, "trap", "show", "in-readme") + p.must(t, "audit", "list"); strings.Contains(got, key) || !regexp.MustCompile(`in-readme +key +api_key:`).MatchString(got) {
		t.Error(got)
	}
}
