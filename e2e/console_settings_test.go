package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testSettings is a first afternoon: a site is made, protected by pasting what the console shows, set up, and a person who
// was kept out by mistake is let in again.
func testSettings(t *testing.T, b *browser) {
	p := run(t, "")
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "from the app") }))
	t.Cleanup(app.Close)
	me := b.person(t, "198.51.100.40")
	me.look(1280, "light")
	link := strings.TrimSpace(p.must(t, "console"))
	console := link[:strings.Index(link, "/enter/")]
	me.open(link)
	me.status(click(`main button.main`))

	// A site, and what to paste.
	me.open(console + "/sites/new")
	me.do(fill("#name", "Blog!"))
	if status := me.status(click(`main button.main`)); status != 422 || !strings.Contains(text(me), "want 1 to 40 of a-z") {
		t.Errorf("a name that is none: %d %s", status, text(me))
	}
	me.snap(t, "new-site-desk")
	me.accessible(t, "a new site, refused")
	me.do(fill("#name", "blog"), fill("#app", app.Listener.Addr().String()))
	me.status(click(`main button.main`))
	me.reaches(t, "Waiting for the first guard")
	key := eval[string](me, `document.getElementById("site-key").textContent`)
	if !strings.HasPrefix(key, "psk_") {
		t.Fatalf("the key: %q", key)
	}
	me.accessible(t, "protect")
	me.snap(t, "protect-desk")
	me.look(390, "dark")
	me.snap(t, "protect-phone")
	snippet := func(id string) string { return eval[string](me, `document.getElementById("`+id+`").textContent`) }

	// The gateway, from the lines as they stand; only the port is another, as several tests run at once.
	front := freePort(t)
	lines := snippet("gateway-run")
	if !strings.Contains(lines, key) || !strings.Contains(lines, "127.0.0.1:8080") {
		t.Fatalf("the lines: %s", lines)
	}
	paste(t, p, strings.NewReplacer("127.0.0.1:8080", front, "palisade gateway", "exec palisade gateway").Replace(lines), front)
	me.reaches(t, "is connected (gateway") // without being loaded again
	me.reaches(t, "and enforces revision 1, the newest")
	me.snap(t, "protect-connected-phone")
	if _, got := robotGet(t, "http://"+front+"/", "203.0.113.50"); got != "from the app" {
		t.Errorf("through the gateway: %q", got)
	}

	// The Go app, compiled as it is shown.
	inside := freePort(t)
	me.open(strings.Replace(eval[string](me, "location.href"), "app=", "was=", 1) + "&app=" + inside)
	main := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(main, []byte(snippet("go-main")), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(filepath.Dir(main), "app")
	if out, err := exec.Command("go", "build", "-o", program, main).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	paste(t, p, strings.ReplaceAll(snippet("go-run"), "go run .", "exec "+program), inside)
	me.reaches(t, "is connected (go")
	if _, got := robotGet(t, "http://"+inside+"/", "203.0.113.50"); got != "hello\n" {
		t.Errorf("through the middleware: %q", got)
	}

	// Whose word is taken for a client's address, tried before it is kept.
	me.open(console + "/s/blog/settings")
	me.snap(t, "settings-phone")
	me.accessible(t, "settings")
	me.do(fill("#proxies", "loopback"), fill("#header", "X-Forwarded-For"))
	me.status(click(`#address button[formmethod=get]`))
	me.reaches(t, "For you we would see 198.51.100.40")
	me.snap(t, "address-phone")
	me.accessible(t, "the client's address")
	me.status(click(`main form button.main`))
	me.reaches(t, "Kept. Guards read the client's address so from now on.")

	// Somebody is kept out, and says that it is a mistake.
	const shopper = "203.0.113.51"
	p.must(t, "ban", "add", shopper, "--site", "blog", "--note", "too fast")
	eventually(t, func() error {
		if status, _ := robotGet(t, "http://"+front+"/", shopper); status != 403 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})
	me.open(console + "/s/blog/bans/" + shopper)
	me.status(click(`form[action$="/appeals/offer"] button`))
	way := eval[string](me, `document.getElementById("appeal-link").textContent`)
	if !regexp.MustCompile(`/appeal/[A-Za-z0-9_-]{32}$`).MatchString(way) {
		t.Fatalf("the link: %q", way)
	}
	me.snap(t, "appeal-link-phone")
	me.accessible(t, "appeal link")
	they := b.person(t, shopper)
	they.look(390, "light")
	they.open(way)
	for _, inside := range []string{"blog", shopper, "too fast"} {
		if strings.Contains(text(they), inside) {
			t.Errorf("a stranger is told %q", inside)
		}
	}
	they.snap(t, "appeal-phone")
	they.accessible(t, "appeal")
	they.do(fill("#said", "I compared <b>prices</b>\nfor my shop."), fill("#contact", "ada@example.org"))
	they.status(click(`main button.main`))
	they.reaches(t, "Sent")

	me.open(console + "/s/blog/bans")
	me.reaches(t, "1 appeal waiting")
	me.status(click(`main a[href$="/appeals"]`))
	me.reaches(t, "I compared <b>prices</b>")
	me.snap(t, "appeals-phone")
	me.accessible(t, "appeals")
	me.look(1280, "light")
	me.snap(t, "appeals-desk")
	if got := p.must(t, "appeal", "list", "--site", "blog"); !strings.Contains(got, shopper) || !strings.Contains(got, "waits") {
		t.Error(got)
	}
	me.do(fill(`input[name=reason]`, "Sorry, and welcome back"))
	me.status(click(`button[value=allowed]`))
	me.reaches(t, shopper+" is no longer banned and stands on the allow list")
	they.open(way)
	they.reaches(t, "Sorry, and welcome back")
	they.snap(t, "appeal-answered-phone")
	eventually(t, func() error {
		if status, _ := robotGet(t, "http://"+front+"/", shopper); status != 200 {
			return fmt.Errorf("status %d", status)
		}
		return nil
	})

	// The pages at a desk and on the narrowest phone.
	for name, at := range map[string]string{
		"new-site": "/sites/new", "protect": "/s/blog/protect", "settings": "/s/blog/settings", "address": "/s/blog/settings/address", "delete": "/s/blog/settings/delete",
		"installation": "/settings", "sites-guards": "/", "settings-of-file": "/s/demo-shop/settings", "appeals-empty": "/s/demo-shop/appeals",
	} {
		me.look(1280, "light")
		if status := me.open(console + at); status != 200 {
			t.Errorf("%s: status %d", at, status)
		}
		me.snap(t, name+"-desk")
		me.accessible(t, at)
		me.look(360, "dark")
		me.open(console + at)
		if wide := eval[int](me, `document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("%s is %d px wide on a phone of 360", at, wide)
		}
		me.snap(t, name+"-phone")
		me.accessible(t, at+" on a phone in the dark")
		if small := eval[[]string](me, `[...document.querySelectorAll("main button, main .button, main input:not([type=hidden],[type=checkbox],[type=radio])")].filter(e => e.checkVisibility() && e.type != "checkbox" && e.getBoundingClientRect().height < 32).map(e => e.outerHTML)`); len(small) > 0 {
			t.Errorf("%s: too small for a thumb: %q", at, small)
		}
	}

	// And it goes again.
	me.open(console + "/s/blog/settings/delete")
	me.do(fill("#name", "blog"))
	me.status(click(`main button.bad`))
	me.reaches(t, "Site blog is deleted.")
}

// paste runs lines in a shell, in a folder of its own where "palisade" is the program under test.
func paste(t *testing.T, p *palisade, lines, listens string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("sh", "-e", "-c", lines)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + filepath.Dir(binary) + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + dir}
	start(t, cmd, listens)
}
