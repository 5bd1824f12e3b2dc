package attack

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTargets(t *testing.T) {
	const elsewhere = "is not a loopback address"
	cases := []struct{ target, fault string }{
		{"http://127.0.0.1:8080", ""},
		{"http://127.9.8.7:8080/", ""},
		{"http://[::1]:8080", ""},
		{"http://[::ffff:127.0.0.1]:8080", ""},
		{"http://localhost:8080", ""},
		{"https://shop.localhost", ""},
		{"http://192.0.2.1:8080", elsewhere},
		{"http://0.0.0.0:8080", elsewhere},
		{"http://[::]:8080", elsewhere},
		{"http://[::1%25lo]:8080", elsewhere},
		{"http://example.com", elsewhere},
		{"http://localhost.example.com", elsewhere},
		{"http://notlocalhost", elsewhere},
		{"http://127.1:8080", elsewhere},
		{"http://2130706433", elsewhere},
		{"http://", elsewhere},
		{"ftp://127.0.0.1", "not an http address"},
		{"http://alice:secret@127.0.0.1", "more than scheme, host and port"},
		{"http://127.0.0.1/admin", "more than scheme, host and port"},
		{"http://127.0.0.1?x=1", "more than scheme, host and port"},
	}
	if len(cases) < 20 {
		t.Fatalf("only %d cases are left", len(cases))
	}
	for _, c := range cases {
		u, err := url.Parse(c.target)
		if err != nil {
			t.Fatal(err)
		}
		err = checkTarget(u)
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: got %v, expected %q", c.target, err, c.fault)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "http://127.0.0.1:PORT")) {
			t.Errorf("%s: %v", c.target, err)
		}
	}
}

func TestTheDialerRefusesToo(t *testing.T) {
	var dialled []string
	dial := pinned(func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, io.EOF
	})
	for _, address := range []string{"example.com:80", "192.0.2.1:80", "shop.localhost:80", "[::1]:80"} {
		_, _ = dial(t.Context(), "tcp", address)
	}
	if got := strings.Join(dialled, " "); got != "127.0.0.1:80 [::1]:80" {
		t.Errorf("dialled %q", got)
	}
}

func TestFaultsComeTogether(t *testing.T) {
	_, err := Run(t.Context(), Options{
		Target: &url.URL{Scheme: "http", Host: "example.com"}, Duration: time.Hour, Rate: 5000, Acts: []string{"flood"},
	}, nil)
	want := strings.Join([]string{
		`the attack runs against this machine only, and "example.com" is not a loopback address: aim at http://127.0.0.1:PORT or http://NAME.localhost:PORT`,
		"the attack needs a clock and a source of chance",
		"a duration of 1h0m0s: give one up to 5m0s",
		"a rate of 5000 a second: give one from 1 to 2000",
		`no act is called "flood": there are sign-up, stuffing, scan`,
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v", err)
	}
	if _, err := (Options{}).complete(); err == nil || !strings.HasPrefix(err.Error(), "no target: ") {
		t.Errorf("without a target: %v", err)
	}
}

func TestRefused(t *testing.T) {
	const page = `<!doctype html><head><meta name="generator" content="Palisade"></head>`
	cases := []struct {
		status     int
		kind, body string
		want       bool
	}{
		{429, "application/json", `{"error":{"code":"refused","message":"later"}}`, true},
		{401, "application/json; charset=utf-8", `{"error":{"code":"refused"}}`, true},
		{403, "text/html; charset=utf-8", page, true},
		{503, "text/html", page, true},
		{200, "text/html", page, false},
		{429, "text/plain", page, false},
		{429, "", page, false},
		{401, "application/json", `{"error":{"code":"unauthorized"}}`, false},
		{429, "application/json", `{"error":"refused"}`, false},
		{429, "application/json", `{"error":{"code":"refused"`, false},
		{404, "text/html", `<h1>Not on this shelf</h1>`, false},
	}
	if len(cases) < 11 {
		t.Fatalf("only %d cases are left", len(cases))
	}
	for _, c := range cases {
		resp := &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {c.kind}}}
		if got := Refused(resp, []byte(c.body)); got != c.want {
			t.Errorf("%d %s %s: got %v", c.status, c.kind, c.body, got)
		}
	}
}

func FuzzRefused(f *testing.F) {
	seeds := []string{`{"error":{"code":"refused"}}`, `{"error":`, `null`, `<meta name="generator" content="Palisade">`}
	if len(seeds) < 4 {
		f.Fatalf("only %d seeds are left", len(seeds))
	}
	for _, s := range seeds {
		f.Add(403, "application/json", []byte(s))
		f.Add(403, "text/html", []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}}
		if Refused(resp, body) && status < 400 {
			t.Fatalf("%d was taken for a refusal", status)
		}
	})
}

func TestRotate(t *testing.T) {
	prefixes := append(Documentation(), netip.MustParsePrefix("2001:db8:1:2::/64"), netip.MustParsePrefix("10.1.2.3/32"))
	from := Rotate(prefixes...)
	seen := map[netip.Addr]bool{}
	subnets := map[netip.Prefix]bool{}
	for n := range 5 * 256 {
		a := from(n)
		if !prefixes[n%5].Contains(a) {
			t.Fatalf("address %d is %s, outside of %s", n, a, prefixes[n%5])
		}
		if a == neighbourAddr || a == newcomerAddr {
			t.Fatalf("address %d is an honest customer's", n)
		}
		seen[a] = true
		if n%5 == 2 {
			net, err := a.Prefix(64)
			if err != nil {
				t.Fatal(err)
			}
			subnets[net] = true
		}
	}
	if len(seen) != 4*256+1 || len(subnets) != 256 {
		t.Errorf("%d addresses in %d networks of IPv6, expected 1025 in 256", len(seen), len(subnets))
	}
	if from(stuffingFrom) == from(scanFrom) {
		t.Error("two acts share an address")
	}
}

func TestScannerPathsAreSentAsWritten(t *testing.T) {
	paths := scannerPaths()
	if len(paths) < 300 {
		t.Fatalf("only %d paths are left", len(paths))
	}
	known := map[string]bool{}
	for _, p := range paths {
		if known[p] {
			t.Errorf("%s is there twice", p)
		}
		known[p] = true
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1"+p, nil)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		if got := req.URL.RequestURI(); got != p {
			t.Errorf("%s would be sent as %s", p, got)
		}
	}
	for _, p := range []string{"/.env", "/wp-login.php", "/.git/config", "/phpinfo.php", "/../../etc/passwd"} {
		if !known[p] {
			t.Errorf("%s is missing", p)
		}
	}
}

func TestStuffingBringsGoodPairsAndChangesAddress(t *testing.T) {
	const count = 600
	next := leaks(rand.New(rand.NewPCG(1, 2)), Rotate(Documentation()...), count)
	tries := map[netip.Addr]int{}
	good := 0
	for n := range count {
		what := next(n)
		tries[what.from]++
		switch what.form.Get("user[email]") {
		case "carol@example.com", "dave@example.com":
			good++
		}
	}
	if good != count/goodEvery {
		t.Errorf("%d good pairs", good)
	}
	if len(tries) != 1+count/2/triesEach {
		t.Errorf("%d addresses", len(tries))
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
	if list(nil) != "nothing" || list([]string{"a", "b", "c"}) != "a, b and c" {
		t.Error("lists read badly")
	}
}

func TestWallClockWaits(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	clock := WallClock{}
	if err := clock.Wait(ctx, clock.Now()); err != nil {
		t.Error(err)
	}
	stop()
	for _, at := range []time.Time{clock.Now(), clock.Now().Add(time.Hour)} {
		if err := clock.Wait(ctx, at); !errors.Is(err, context.Canceled) {
			t.Errorf("a stopped wait gives %v", err)
		}
	}
}
