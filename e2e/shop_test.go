package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// testHoneypot has a person walk through the demo shop's front page, who must not find the form that a program does.
func testHoneypot(t *testing.T, b *browser) {
	p := run(t, "")
	person := b.person(t, "198.51.100.20")
	if status := person.open(p.url + "/"); status != 200 {
		t.Fatalf("the front page: status %d", status)
	}
	const form = `form[action="/contact-form"]`
	if n := eval[int](person, `document.querySelectorAll('`+form+`').length`); n != 1 {
		t.Fatalf("%d forms of the trap in the page, want 1", n)
	}
	if seen := eval[[]string](person, `[...document.querySelectorAll('`+form+`, `+form+` *')]
		.filter(e => e.offsetParent !== null || e.getClientRects().length > 0).map(e => e.outerHTML)`); len(seen) > 0 {
		t.Errorf("a person sees of the trap: %q", seen)
	}
	reached := map[string]bool{}
	for range 60 {
		person.do(chromedp.KeyEvent(kb.Tab))
		where := eval[string](person, `(e => e.closest('`+form+`') ? "trap" : e === document.body ? "" : e.outerHTML)(document.activeElement)`)
		if where == "trap" {
			t.Fatalf("the Tab key leads into the trap: %s", eval[string](person, "document.activeElement.outerHTML"))
		}
		reached[where] = true
	}
	if len(reached) < 5 {
		t.Errorf("the Tab key reached %d places of the page; want 5 or more, else this tried nothing", len(reached))
	}

	// A program reads the page, fills in whatever form there is, and is out.
	const robot = "203.0.113.80"
	if status, page := robotGet(t, p.url+"/", robot); status != 200 || !strings.Contains(page, `action="/contact-form"`) {
		t.Fatalf("the robot's first page: status %d, trap in it %v", status, strings.Contains(page, "/contact-form"))
	}
	if status, _ := robotPost(t, p.url+"/contact-form", robot, url.Values{"website": {"http://spam.example"}, "message": {"buy"}}); status != 403 {
		t.Errorf("the trap: status %d, want 403", status)
	}
	if status, _ := robotGet(t, p.url+"/", robot); status != 403 {
		t.Errorf("the robot's next page: status %d, want 403 for a banned address", status)
	}
	if status := person.open(p.url + "/"); status != 200 {
		t.Errorf("the person's next page: status %d", status)
	}
	eventually(t, func() error {
		out, err := p.command("ban", "list")
		if err == nil && !strings.Contains(out, robot) {
			err = fmt.Errorf("no %s in:\n%s", robot, out)
		}
		return err
	})
}

func robotGet(t *testing.T, address, from string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return robotSend(t, r, from)
}

func robotPost(t *testing.T, address, from string, fields url.Values) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return robotSend(t, r, from)
}

func robotSend(t *testing.T, r *http.Request, from string) (int, string) {
	t.Helper()
	r.Header.Set("Accept", "text/html")
	r.Header.Set("X-Forwarded-For", from)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(page)
}
