package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// A list that lost a good part of its prefixes on the way here is a broken snapshot, not news.
var expected = map[string]int{
	"crawler/ahrefs": 70, "crawler/applebot": 18, "crawler/bingbot": 25, "crawler/commoncrawl": 5, "crawler/duckassist": 400,
	"crawler/duckduckbot": 400, "crawler/facebook": 60, "crawler/googlebot": 60, "crawler/openai": 200,
	"crawler/perplexity": 10, "crawler/telegram": 10, "crawler/twitter": 18, "crawler/yandex": 14,
	"monitor/betteruptime": 30, "monitor/pingdom": 130, "monitor/statuscake": 160, "monitor/uptimerobot": 180,
	"webhook/stripe": 12, "relay/icloud": 12_000,
	"cdn/akamai": 240, "cdn/bunny": 650, "cdn/cloudflare": 20, "cdn/fastly": 20,
	"tor": 1_200, "vpn": 10_000, "vpn/proton": 600,
	"scanner/censys": 12, "scanner/internet-census": 240, "scanner/onyphe": 9, "scanner/rapid7": 17,
	"scanner/shadowserver": 34, "scanner/shodan": 44, "scanner/stretchoid": 1_700, "scanner/xpanse": 12,
	"cloud/aws": 3_500, "cloud/azure": 3_500, "cloud/digitalocean": 220, "cloud/gcp": 450, "cloud/github": 5_000,
	"cloud/linode": 260, "cloud/oracle": 750, "cloud/vultr": 130,
	"hosting": 48_000,
}

func bundled(t testing.TB) []List {
	t.Helper()
	lists, err := Bundled()
	if err != nil {
		t.Fatal(err)
	}
	return lists
}

func TestBundled(t *testing.T) {
	lists := bundled(t)
	if len(lists) != len(expected) {
		t.Errorf("%d lists bundled, %d expected", len(lists), len(expected))
	}
	total := 0
	for _, l := range lists {
		total += len(l.Prefixes)
		least, ok := expected[l.Name]
		if !ok || len(l.Prefixes) < least {
			t.Errorf("%s has %d prefixes, at least %d expected", l.Name, len(l.Prefixes), least)
		}
		if err := CheckName(l.Name); err != nil {
			t.Error(err)
		}
		if Rank(l.Kind) == len(Kinds()) || l.Title == "" || l.Source == "" || l.Official == "" || l.Licence == "" {
			t.Errorf("%s lacks kind, title or origin: %+v", l.Name, l.Title)
		}
		if l.Date.Before(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s is of %s", l.Name, l.Date)
		}
		if err := Sane(l.Prefixes, false); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
		if !slices.Equal(Public(l.Prefixes), l.Prefixes) {
			t.Errorf("%s is not in canonical form", l.Name)
		}
	}
	if total < 90_000 {
		t.Errorf("%d prefixes in all", total)
	}
	if !slices.IsSortedFunc(lists, Compare) {
		t.Error("the lists are not in rank order")
	}
}

func TestNoticeCreditsEveryMITList(t *testing.T) {
	n, notice := 0, Notice()
	for _, l := range bundled(t) {
		if repo, _, _ := strings.Cut(l.Source, " "); !strings.Contains(notice, repo) {
			t.Errorf("the notice does not name %s, where %s is from", repo, l.Name)
		}
		if l.Licence == "MIT" {
			n++
		}
	}
	if n != 3 || !strings.Contains(notice, "X4B (Mathew Heard)") || !strings.Contains(notice, "Alireza-Rezaee") || !strings.Contains(notice, "permission notice shall be included") {
		t.Errorf("%d MIT lists, and the notice is:\n%s", n, notice)
	}
}

func TestCatalogue(t *testing.T) {
	sources := Catalogue()
	if len(sources) != len(expected)+1 { // webhook/github has no bundled copy
		t.Errorf("%d sources", len(sources))
	}
	for _, s := range sources {
		if s.Title == "" || s.Official == "" || s.Every < time.Hour || Rank(s.Kind) == len(Kinds()) {
			t.Errorf("%s is not complete: %+v", s.Name, s)
		}
		for _, a := range s.Addresses {
			if !strings.HasPrefix(a, "https://") {
				t.Errorf("%s is fetched from %s", s.Name, a)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	x, err := NewIndex(bundled(t))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ address, want string }{
		{"52.94.76.1", "cloud/aws hosting"},
		{"2600:1f18::1", "cloud/aws hosting"},
		{"207.46.13.5", "crawler/bingbot cloud/azure cloud/github hosting"},
		{"::ffff:207.46.13.5", "crawler/bingbot cloud/azure cloud/github hosting"},
		{"66.249.66.1", "crawler/googlebot hosting"},
		{"104.16.1.1", "cdn/cloudflare"},
		{"192.0.2.7", ""},
		{"10.1.2.3", ""},
		{"2001:db8::7", ""},
		{"fe80::1%eth0", ""},
	}
	n := 0
	for _, c := range cases {
		var names []string
		for _, m := range x.Lookup(netip.MustParseAddr(c.address)) {
			names = append(names, m.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("%s is in %q, want %q", c.address, got, c.want)
		}
		n++
	}
	if n < 10 {
		t.Errorf("%d cases", n)
	}
	if x.Lookup(netip.Addr{}) != nil || (*Index)(nil).Lookup(netip.MustParseAddr("52.94.76.1")) != nil {
		t.Error("no address or no index matched something")
	}
}

func BenchmarkNewIndex(b *testing.B) {
	lists := bundled(b)
	for b.Loop() {
		if _, err := NewIndex(lists); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	x, _ := NewIndex(bundled(b))
	a := netip.MustParseAddr("207.46.13.5")
	b.ReportAllocs()
	for b.Loop() {
		x.Lookup(a)
	}
}
