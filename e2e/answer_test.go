package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// testAnswers looks at the pages that people get for a refusal. With PALISADE_SCREENSHOTS=DIR the pictures are kept.
func testAnswers(t *testing.T, b *browser) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "the app") }))
	t.Cleanup(app.Close)
	p := run(t, `
sites:
  - name: shop
    hosts: "*"
    upstreams: `+app.URL+`
    identity: {proxies: [loopback], header: X-Forwarded-For}
    rules:
      - {name: once, match: GET /once, by: address, limit: 1 per 1h, then: throttle}
`)
	p.must(t, "lever", "close", "GET /closed")
	dir := os.Getenv("PALISADE_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	person := b.person(t, "198.51.100.30")
	if status := person.open(p.url + "/once"); status != 200 {
		t.Fatalf("the app's page: status %d", status)
	}
	for _, page := range []struct {
		path   string
		status int
		title  string
	}{
		{"/once", 429, "Please wait a moment"},
		{"/closed", 503, "Closed for a moment"},
	} {
		if status := person.open(p.url + page.path); status != page.status {
			t.Fatalf("%s: status %d, want %d", page.path, status, page.status)
		}
		if got := title(person); got != page.title {
			t.Errorf("%s: title %q, want %q", page.path, got, page.title)
		}
		if by := eval[string](person, `document.querySelector('meta[name=generator]').content`); by != "Palisade" {
			t.Errorf("%s: generator %q", page.path, by)
		}
		if n := eval[int](person, `document.querySelectorAll('script, link, img, iframe').length`); n != 0 {
			t.Errorf("%s: %d scripts or things to fetch", page.path, n)
		}
		grounds := map[string]string{}
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				person.look(width, scheme)
				if wide := eval[int64](person, `document.documentElement.scrollWidth`); wide > width {
					t.Errorf("%s: %d px wide in a window of %d", page.path, wide, width)
				}
				picture, err := chromedp.Run(person.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, fmt.Sprintf("%d-%s-%d.png", page.status, scheme, width))
				if err := os.WriteFile(file, picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			grounds[scheme] = eval[string](person, `getComputedStyle(document.body).backgroundColor`)
		}
		if grounds["light"] == grounds["dark"] {
			t.Errorf("%s is %s by day and by night: is its style sheet held back by its own Content-Security-Policy?", page.path, grounds["light"])
		}
	}
}
