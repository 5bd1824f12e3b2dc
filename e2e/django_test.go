package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

const password = "correct horse battery staple"

// testDjango has people sign in to Django's admin site, whose form, cookies and CSRF tokens Palisade knows nothing of.
func testDjango(t *testing.T, b *browser) {
	app := django(t)
	p := run(t, `
sites:
  - name: shop
    hosts: "*"
    upstreams: `+app+`
    identity: {proxies: [loopback], header: X-Forwarded-For}
`)
	owner := b.person(t, "198.51.100.10")
	if status := signIn(owner, p, password); status != 200 || !signedIn(owner) {
		t.Fatalf("the owner's sign-in: status %d, page %q", status, title(owner))
	}
	if n := eval[int](owner, echo); n < 10 {
		t.Errorf("%d of the owner's messages came back by WebSocket within three seconds, want 10 or more", n)
	}

	// Guessing: five tries reach Django, the sixth does not. One more is let through every twelve seconds.
	attacker := b.person(t, "203.0.113.66")
	if status := attacker.open(p.url + "/admin/"); status != 200 {
		t.Fatalf("the sign-in form: status %d", status)
	}
	began, tries, status := time.Now(), 0, 0
	for tries < 20 {
		if status = submit(attacker, "guess "+strconv.Itoa(tries)); status == 429 {
			break
		}
		if status != 200 || !strings.Contains(text(attacker), "Please enter the correct username and password") {
			t.Fatalf("try %d: status %d, page %q", tries+1, status, text(attacker))
		}
		tries++
	}
	if most := 5 + int(time.Since(began)/(12*time.Second)); status != 429 || tries < 5 || tries > most {
		t.Errorf("%d wrong passwords reached Django in %v, then status %d; want 5 to %d, then 429", tries, time.Since(began), status, most)
	}
	if page := text(attacker); !strings.Contains(page, "Please wait a moment") || !strings.Contains(page, "Reference") {
		t.Errorf("the attacker is shown %q", page)
	}

	// Meanwhile the very same account signs in from next door.
	neighbour := b.person(t, "203.0.113.67")
	if status := signIn(neighbour, p, password); status != 200 || !signedIn(neighbour) {
		t.Errorf("the neighbour's sign-in: status %d, page %q", status, title(neighbour))
	}

	// The operator sees whose password was tried, and where from.
	row := regexp.MustCompile(`(?m)^owner +0 +` + strconv.Itoa(tries) + ` `)
	eventually(t, func() error {
		out, err := p.command("client", "show", "203.0.113.66")
		if err == nil && !row.MatchString(out) {
			err = fmt.Errorf("want a line that matches %s in:\n%s", row, out)
		}
		return err
	})

	// Closed for everybody, and open again.
	late := b.person(t, "198.51.100.11")
	if out := p.must(t, "lever", "close", "POST /admin/login", "--for", "15m"); !strings.Contains(out, "enforces it") {
		t.Errorf("closing: %s", out)
	}
	if status := signIn(late, p, password); status != 503 || title(late) != "Closed for a moment" {
		t.Errorf("signing in where it is closed: status %d, page %q", status, title(late))
	}
	if status := owner.open(p.url + "/admin/"); status != 200 || !signedIn(owner) {
		t.Errorf("who is signed in stays so: status %d, page %q", status, title(owner))
	}
	p.must(t, "lever", "open", "POST /admin/login")
	if status := signIn(late, p, password); status != 200 || !signedIn(late) {
		t.Errorf("signing in where it is open again: status %d, page %q", status, title(late))
	}
}

// django serves the project in testdata until the test ends.
func django(t *testing.T) (url string) {
	t.Helper()
	if os.Getenv("PALISADE_SKIP_DJANGO") == "1" {
		fmt.Fprintf(os.Stderr, "\n*** %s IS NOT RUN: PALISADE_SKIP_DJANGO=1. Palisade is not tested in front of an app of others. ***\n\n", t.Name())
		t.SkipNow()
	}
	// Debian's Python, whichever other one comes first in PATH.
	const python = "/usr/bin/python3"
	if out, err := exec.Command(python, "-c", "import django, channels, daphne").CombinedOutput(); err != nil {
		t.Fatalf("Django is not here: apt-get install python3-django python3-django-channels daphne, or leave this test out with PALISADE_SKIP_DJANGO=1\n%s", out)
	}
	code, err := filepath.Abs("testdata/django")
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "E2E_DATA="+t.TempDir(), "E2E_PASSWORD="+password, "PYTHONPATH="+code, "PYTHONDONTWRITEBYTECODE=1")
	prepare := exec.Command(python, "-c", "import shop; shop.prepare()")
	prepare.Env = env
	if out, err := prepare.CombinedOutput(); err != nil {
		t.Fatalf("making the database: %v\n%s", err, out)
	}
	address := freePort(t)
	host, port, _ := strings.Cut(address, ":")
	serve := exec.Command(python, "-m", "daphne", "-b", host, "-p", port, "shop:application")
	serve.Env = env
	start(t, serve, address)
	return "http://" + address
}

// signIn opens the form and sends it.
func signIn(who *person, p *palisade, password string) int {
	who.t.Helper()
	if status := who.open(p.url + "/admin/"); status != 200 {
		return status
	}
	return submit(who, password)
}

// submit fills in the form that is shown and sends it, as the button does.
func submit(who *person, password string) int {
	who.t.Helper()
	return who.status(
		chromedp.SetValue(chromedp.CSS("#id_username"), "owner"),
		chromedp.SetValue(chromedp.CSS("#id_password"), password),
		chromedp.Click(chromedp.CSS("#login-form [type=submit]")),
	)
}

func signedIn(who *person) bool {
	return title(who) == "Site administration | Django site admin" && strings.Contains(strings.ToLower(text(who)), "welcome, owner")
}

func title(who *person) string { return eval[string](who, "document.title") }

func text(who *person) string { return eval[string](who, `document.body?.innerText ?? ""`) }

// echo sends a message each time that the last has come back, ten a second for three seconds, and counts them.
const echo = `new Promise((done, fail) => {
	const socket = new WebSocket("ws://" + location.host + "/ws/echo");
	const end = Date.now() + 3000;
	let n = 0;
	const say = () => socket.send("message " + n);
	socket.onopen = say;
	socket.onerror = () => fail(new Error("no WebSocket"));
	socket.onclose = () => fail(new Error("closed after " + n + " messages"));
	socket.onmessage = (m) => {
		if (m.data !== "message " + n) return fail(new Error("not what was sent: " + m.data));
		n++;
		if (Date.now() < end) return setTimeout(say, 100);
		socket.onclose = () => done(n);
		socket.close();
	};
})`
