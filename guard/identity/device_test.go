package identity

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func carrying(cookies ...string) *http.Request {
	return &http.Request{Header: http.Header{"Cookie": cookies}}
}

func TestDeviceCookie(t *testing.T) {
	d := NewDevices(secret)
	c := d.Issue("alice@example.com", noon, true)
	if c.Name != "__Host-palisade_known" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 180*24*3600 {
		t.Errorf("%+v", c)
	}
	if err := c.Valid(); err != nil {
		t.Error(err)
	}
	plain := d.Issue("alice@example.com", noon, false)
	if plain.Name != "palisade_known" || plain.Secure {
		t.Errorf("without TLS: %+v", plain)
	}
	if f := strings.Split(c.Value, "."); len(f) != 4 || f[0] != "v1" || f[1] != strconv.FormatInt(noon.Unix(), 36) || len(f[2]) != 16 || len(f[3]) != 22 {
		t.Errorf("value %q", c.Value)
	}
	if strings.Contains(c.Value, "alice") {
		t.Error("the cookie names the account")
	}
	dev, ok := d.Known(carrying("a=b; "+c.Name+"="+c.Value), noon.Add(time.Hour))
	if !ok || !dev.Since.Equal(noon) || !d.Is(dev, "alice@example.com") || d.Is(dev, "bob@example.com") {
		t.Errorf("%+v, %v", dev, ok)
	}
}

func TestUnknownDevices(t *testing.T) {
	d := NewDevices(secret)
	good := d.Issue("alice", noon, false).Value
	other := NewDevices([]byte("another secret, long enough")).Issue("alice", noon, false).Value
	f := strings.Split(good, ".")
	// The last of 22 base64 letters has four bits that mean nothing: a copy with others is a forgery all the same.
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	twin := good[:len(good)-1] + string(letters[strings.IndexByte(letters, good[len(good)-1])^1])
	now := noon.Add(time.Hour)
	cases := []struct {
		what  string
		value string
		at    time.Time
		known bool
	}{
		{"as issued", good, now, true},
		{"as issued, in quotes", `"` + good + `"`, now, true},
		{"the last day", good, noon.Add(180 * 24 * time.Hour), true},
		{"a day too old", good, noon.Add(181 * 24 * time.Hour), false},
		{"from the future", good, noon.Add(-2 * time.Minute), false},
		{"a clock half a minute behind", good, noon.Add(-30 * time.Second), true},
		{"of another site", other, now, false},
		{"another version", "v2" + good[2:], now, false},
		{"older by forgery", "v1." + strconv.FormatInt(noon.Unix()-9e6, 36) + "." + f[2] + "." + f[3], now, false},
		{"another account", "v1." + f[1] + ".AAAAAAAAAAAAAAAA." + f[3], now, false},
		{"no seal", "v1." + f[1] + "." + f[2] + ".", now, false},
		{"truncated", good[:len(good)-1], now, false},
		{"another spelling of the seal", twin, now, false},
		{"a part too many", good + ".x", now, false},
		{"a part too few", "v1." + f[1] + "." + f[2], now, false},
		{"padded", good + "==", now, false},
		{"upper case", strings.ToUpper(good), now, false},
		{"empty", "", now, false},
		{"dots", "...", now, false},
		{"oversized", "v1." + strings.Repeat("z", 4000), now, false},
	}
	if len(cases) < 20 {
		t.Fatal("the table was cut")
	}
	for _, c := range cases {
		if dev, ok := d.Known(carrying(DeviceCookie+"="+c.value), c.at); ok != c.known || !ok && dev != (Device{}) {
			t.Errorf("%s: %+v, %v, want %v", c.what, dev, ok, c.known)
		}
	}
	if _, ok := d.Known(carrying(), now); ok {
		t.Error("known without a cookie")
	}
	if _, ok := d.Known(carrying(strings.Repeat(DeviceCookie+"=x; ", 4)+DeviceCookie+"="+good), now); ok {
		t.Error("the fifth cookie was looked at")
	}
}

func TestTheOldestValidCookieCounts(t *testing.T) {
	d := NewDevices(secret)
	old, young := d.Issue("alice", noon.Add(-time.Hour), false), d.Issue("alice", noon, true)
	dev, ok := d.Known(carrying(old.Name+"="+old.Value, young.Name+"="+young.Value), noon)
	if !ok || !dev.Since.Equal(noon.Add(-time.Hour)) {
		t.Errorf("%+v, %v", dev, ok)
	}
}

func TestRenew(t *testing.T) {
	d := NewDevices(secret)
	c := d.Issue("alice", noon, false)
	dev, ok := d.Known(carrying(c.Name+"="+c.Value), noon)
	for _, x := range []struct {
		what    string
		account string
		known   bool
		after   time.Duration
		want    bool
	}{
		{"the same account, soon", "alice", ok, time.Hour, false},
		{"the same account, late", "alice", ok, 91 * 24 * time.Hour, true},
		{"another account", "bob", ok, time.Hour, true},
		{"a new device", "alice", false, time.Hour, true},
	} {
		if got := d.Renew(dev, x.known, x.account, noon.Add(x.after)); got != x.want {
			t.Errorf("%s: %v", x.what, got)
		}
	}
}

// Without a secret anyone could make the cookie, so it proves nothing.
func TestNobodyIsKnownWithoutASecret(t *testing.T) {
	for _, weak := range [][]byte{nil, {}, []byte("short")} {
		d := NewDevices(weak)
		c := d.Issue("alice", noon, false)
		if dev, ok := d.Known(carrying(c.Name+"="+c.Value), noon); ok || d.Renew(dev, ok, "alice", noon) {
			t.Errorf("%q: known, or to be given a cookie", weak)
		}
	}
}

func TestSession(t *testing.T) {
	d := NewDevices(secret)
	a, b := d.Session("s3cret-session"), d.Session("s3cret-sessioo")
	if a == b || len(a) != 16 || strings.Contains(a, "s3cret") || a != d.Session("s3cret-session") {
		t.Errorf("%q, %q", a, b)
	}
	if a == NewDevices([]byte("another secret, long enough")).Session("s3cret-session") {
		t.Error("two sites share a hash")
	}
	if d.Session("x") == d.hash("account", "x") {
		t.Error("an account and a session share a hash")
	}
}

func TestCookies(t *testing.T) {
	cases := []struct {
		lines []string
		want  string
	}{
		{[]string{"a=1; k=2; b=3"}, "2"},
		{[]string{"k=2"}, "2"},
		{[]string{"k=2;k=3"}, "2,3"},
		{[]string{"a=1", "k=2", "k=3"}, "2,3"},
		{[]string{" k = 2 "}, "2"},
		{[]string{`k="2"`}, "2"},
		{[]string{`k="`}, `"`},
		{[]string{"k="}, ""},
		{[]string{"k=a=b"}, "a=b"},
		{[]string{"K=2; kk=3; k"}, "none"},
		{[]string{";;;"}, "none"},
		{nil, "none"},
	}
	for _, c := range cases {
		got, n := "", 0
		for v := range cookies(http.Header{"Cookie": c.lines}, "k") {
			if n++; n > 1 {
				got += ","
			}
			got += v
		}
		if n == 0 {
			got = "none"
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.lines, got, c.want)
		}
	}
}

func FuzzKnown(f *testing.F) {
	d := NewDevices(secret)
	c := d.Issue("alice", noon, false)
	seeds := []string{c.Name + "=" + c.Value, "__Host-" + c.Name + "=" + c.Value, c.Name + "=v1...", c.Name + "=", `palisade_known="v1.a.b.c"`, "a=b; c=d", "=", ";"}
	if len(seeds) < 8 {
		f.Fatal("seeds were cut")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		dev, ok := d.Known(carrying(cookie), noon)
		if ok && !strings.Contains(cookie, c.Value) {
			t.Fatalf("%q is known: %+v", cookie, dev)
		}
	})
}

func BenchmarkKnown(b *testing.B) {
	d := NewDevices(secret)
	c := d.Issue("alice", noon, false)
	for name, r := range map[string]*http.Request{"known": carrying("theme=dark; _shop_session=abcdefghijklmnop; " + c.Name + "=" + c.Value), "other cookies": carrying("theme=dark; _shop_session=abcdefghijklmnop")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Known(r, noon)
			}
		})
	}
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.Session("SFMyNTY.g3QAAAABbQAAAAtfY3NyZl90b2tlbm0AAAAY")
		}
	})
}
