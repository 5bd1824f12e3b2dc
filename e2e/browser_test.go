package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestBrowser is everything that takes a browser: one is started for all, since starting it is what takes longest.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	for name, test := range map[string]func(*testing.T, *browser){
		"answers": testAnswers, "console": testConsole, "decoys": testDecoys, "django": testDjango, "honeypot": testHoneypot, "keeping": testKeeping, "networks": testNetworks, "people": testPeople, "privacy": testPrivacy, "detections": testDetections, "findings": testFindings, "rules": testRules, "settings": testSettings,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

// browser is a Chromium of these tests' own, with nothing remembered.
type browser struct{ ctx context.Context }

// newBrowser starts Chromium until the test ends.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	if os.Getenv("PALISADE_SKIP_BROWSER") == "1" {
		fmt.Fprintf(os.Stderr, "\n*** %s IS NOT RUN: PALISADE_SKIP_BROWSER=1. What a browser sees of Palisade is not tested. ***\n\n", t.Name())
		t.SkipNow()
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("there is no chromium: apt-get install chromium, or leave this test out with PALISADE_SKIP_BROWSER=1")
	}
	dir, err := os.MkdirTemp("", "palisade-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // its last processes write there for a moment yet
		eventually(t, func() error { return os.RemoveAll(dir) })
	})
	options := append(chromedp.DefaultExecAllocatorOptions[:], // headless, no first run, nothing fetched in the background
		chromedp.ExecPath(path),
		chromedp.UserDataDir(dir),
		chromedp.NoSandbox, // which needs rights that a container does not give; only our own pages are opened
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx, chromedp.WithLogf(t.Logf))
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return &browser{ctx}
}

// person is somebody at an address, with cookies of their own.
type person struct {
	t   *testing.T
	ctx context.Context
}

// person opens a window of a new profile whose requests come from an address.
func (b *browser) person(t *testing.T, address string) *person {
	t.Helper()
	ctx, end := context.WithTimeout(b.ctx, 2*time.Minute)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	p := &person{t, ctx}
	p.do(chromedp.Navigate("about:blank"))
	if _, err := chromedp.Call(ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
		Headers: network.Headers{"X-Forwarded-For": address},
	}); err != nil {
		t.Fatalf("coming from %s: %v", address, err)
	}
	// Each window behaves as if it were in front, so that the keyboard of one is not taken away by another.
	if _, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// open goes to a page and returns the status of what is shown in the end.
func (p *person) open(url string) int {
	p.t.Helper()
	return p.status(chromedp.Navigate(url))
}

// status does something that leads to another page and returns that page's status.
func (p *person) status(steps ...chromedp.Action[chromedp.Void]) int {
	p.t.Helper()
	res, err := chromedp.RunResponse(p.ctx, steps...)
	if err != nil {
		p.t.Fatal(err)
	}
	return int(res.Status)
}

// look is a window's width and whether its person likes it dark.
func (p *person) look(width int64, scheme string) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, 800))
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		p.t.Fatal(err)
	}
}

// eval asks the page.
func eval[T any](p *person, script string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return v
}
