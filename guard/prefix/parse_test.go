package prefix

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParsePrefix(t *testing.T) {
	good := map[string]string{
		"203.0.113.7": "203.0.113.7/32", " 203.0.113.0/24\t": "203.0.113.0/24", "2001:db8::/32": "2001:db8::/32",
		"2001:DB8::1": "2001:db8::1/128", "0.0.0.0/0": "0.0.0.0/0", "::/0": "::/0", "::ffff:203.0.113.7": "203.0.113.7/32",
		"::ffff:203.0.113.0/120": "203.0.113.0/24", "::ffff:0:0/96": "0.0.0.0/0", "::": "::/128",
	}
	if len(good) != 10 {
		t.Fatalf("%d cases", len(good))
	}
	for s, want := range good {
		if p, err := ParsePrefix(s); err != nil || p.String() != want {
			t.Errorf("%q is %s, %v; want %s", s, p, err, want)
		}
	}
	const none = " is no address or prefix: want 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32"
	bad := map[string]string{
		"":                           `""` + none,
		"localhost":                  `"localhost"` + none,
		"203.0.113.256":              `"203.0.113.256"` + none,
		"203.0.113.0/33":             `"203.0.113.0/33"` + none,
		"203.0.113.0/-1":             `"203.0.113.0/-1"` + none,
		"203.0.113.007":              `"203.0.113.007"` + none,
		"203.0.113.0/":               `"203.0.113.0/"` + none,
		"203.0.113.0/24/24":          `"203.0.113.0/24/24"` + none,
		"203.0.113.1-203.0.113.2":    `"203.0.113.1-203.0.113.2"` + none,
		"\x1b[31mred":                `"\x1b[31mred"` + none,
		"203.0.113.7/24":             "203.0.113.7/24 has host bits set; did you mean 203.0.113.0/24?",
		"2001:db8::1/64":             "2001:db8::1/64 has host bits set; did you mean 2001:db8::/64?",
		"::ffff:203.0.113.7/120":     "::ffff:203.0.113.7/120 has host bits set; did you mean 203.0.113.0/24?",
		"::ffff:203.0.113.0/95":      `"::ffff:203.0.113.0/95" reaches beyond the IPv4 addresses it is written in`,
		"fe80::1%eth0":               `"fe80::1%eth0" has a zone, which means something on one machine only; ` + wantPrefix,
		"fe80::%eth0/64":             `"fe80::%eth0/64" has a zone, which means something on one machine only; ` + wantPrefix,
		strings.Repeat("2001:", 100): "prefix of 500 bytes: the longest one has 96",
	}
	if len(bad) != 17 {
		t.Fatalf("%d cases", len(bad))
	}
	for s, want := range bad {
		if p, err := ParsePrefix(s); err == nil || err.Error() != want {
			t.Errorf("%q is %s, error %v; want %s", s, p, err, want)
		}
	}
}

var prefixSeeds = []string{
	"203.0.113.7", "203.0.113.0/24", "2001:db8::/32", " ::ffff:203.0.113.0/120", "203.0.113.7/24", "fe80::1%eth0", "::/0", "1.2.3.4/032",
}

func FuzzParsePrefix(f *testing.F) {
	for _, s := range prefixSeeds {
		f.Add(s)
	}
	if len(prefixSeeds) != 8 {
		f.Fatalf("%d seeds", len(prefixSeeds))
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePrefix(s)
		if err != nil {
			if len(err.Error()) > 6*maxPrefix+200 {
				t.Fatalf("error of %d bytes", len(err.Error()))
			}
			return
		}
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
			t.Fatalf("%q is %s, which is not plain", s, p)
		}
		if again, err := ParsePrefix(p.String()); err != nil || again != p {
			t.Fatalf("%q is %s, printed and read again %s, %v", s, p, again, err)
		}
	})
}

func TestParseRange(t *testing.T) {
	good := map[string]string{
		"203.0.113.10-203.0.113.20":          "203.0.113.10/31 203.0.113.12/30 203.0.113.16/30 203.0.113.20/32",
		"203.0.113.0 - 203.0.113.255":        "203.0.113.0/24",
		"203.0.113.7-203.0.113.7":            "203.0.113.7/32",
		"0.0.0.0-255.255.255.255":            "0.0.0.0/0",
		"::ffff:203.0.113.0-203.0.113.1":     "203.0.113.0/31",
		"2001:db8::-2001:db8:0:0:ffff::":     "2001:db8::/65 2001:db8:0:0:8000::/66 2001:db8:0:0:c000::/67",
		"203.0.113.7":                        "203.0.113.7/32",
		"203.0.113.0/24":                     "203.0.113.0/24",
		"::-ffff:ffff:ffff:ffff:ffff:ffff::": "",
	}
	if len(good) != 9 {
		t.Fatalf("%d cases", len(good))
	}
	for s, want := range good {
		ps, err := ParseRange(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if words := joined(ps); want == "" && len(ps) != 97 || !strings.HasPrefix(words, want) {
			t.Errorf("%q is %d prefixes, %s; want %s", s, len(ps), words, want)
		}
	}
	bad := map[string]string{
		"203.0.113.20-203.0.113.10": `"203.0.113.20-203.0.113.10" ends before it begins; did you mean 203.0.113.10-203.0.113.20?`,
		"203.0.113.1-2001:db8::":    `"203.0.113.1-2001:db8::" goes from one kind of address to another: want both IPv4 or both IPv6`,
		"203.0.113.1-":              `"203.0.113.1-" is no range of addresses: want 203.0.113.10-203.0.113.20`,
		"203.0.113.1-20":            `"203.0.113.1-20" is no range of addresses: want 203.0.113.10-203.0.113.20`,
		"fe80::1%a-fe80::2%a":       `"fe80::1%a-fe80::2%a" is no range of addresses: want 203.0.113.10-203.0.113.20`,
		"203.0.113.0/25-203.0.113.255": `"203.0.113.0/25-203.0.113.255" is no range of addresses: want ` +
			`203.0.113.10-203.0.113.20`,
		"203.0.113.7/24":          "203.0.113.7/24 has host bits set; did you mean 203.0.113.0/24?",
		strings.Repeat("1-", 100): "range of 200 bytes: the longest one has 96",
	}
	if len(bad) != 8 {
		t.Fatalf("%d cases", len(bad))
	}
	for s, want := range bad {
		if ps, err := ParseRange(s); err == nil || err.Error() != want {
			t.Errorf("%q is %v, error %v; want %s", s, ps, err, want)
		}
	}
}

// TestRangeCoversJustThat counts the addresses of ranges and their prefixes, and that Merge finds nothing to join.
func TestRangeCoversJustThat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := r.Uint32()>>r.IntN(32), r.Uint32()>>r.IntN(32)
		a, b = min(a, b), max(a, b)
		ps, err := ParseRange(address4(a).String() + "-" + address4(b).String())
		if err != nil {
			t.Fatal(err)
		}
		next := address4(a)
		for _, p := range ps {
			if p.Addr() != next {
				t.Fatalf("%s does not go on from %s", p, next)
			}
			next = end(p).Next()
		}
		if end(ps[len(ps)-1]) != address4(b) {
			t.Fatalf("ends at %s, want %s", end(ps[len(ps)-1]), address4(b))
		}
		if fewest := Merge(ps); !slices.Equal(fewest, ps) {
			t.Fatalf("%d prefixes, %d would do", len(ps), len(fewest))
		}
	}
	all, err := ParseRange("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")
	if err != nil || len(all) != 254 {
		t.Fatalf("%d prefixes, %v; want the most there can be, 254", len(all), err)
	}
}

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"203.0.113.10-203.0.113.20", "::-::1", "203.0.113.7", "1.2.3.4-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ps, err := ParseRange(s)
		if err != nil {
			return
		}
		if len(ps) == 0 || len(ps) > 254 {
			t.Fatalf("%q is %d prefixes", s, len(ps))
		}
		first, last := ps[0].Addr(), end(ps[len(ps)-1])
		if again, err := ParseRange(first.String() + "-" + last.String()); err != nil || !slices.Equal(again, ps) {
			t.Fatalf("%q is %v, printed and read again %v, %v", s, ps, again, err)
		}
	})
}

func joined(ps []netip.Prefix) string {
	var words []string
	for _, p := range ps {
		words = append(words, p.String())
	}
	return strings.Join(words, " ")
}

func TestGroup(t *testing.T) {
	cases := []struct {
		addr   string
		v4, v6 int
		want   string
	}{
		{"203.0.113.7", 32, 64, "203.0.113.7/32"},
		{"2001:db8:1:2:3::4", 32, 64, "2001:db8:1:2::/64"},
		{"::ffff:203.0.113.7", 32, 64, "203.0.113.7/32"},
		{"fe80::1%eth0", 32, 64, "fe80::/64"},
		{"203.0.113.7", 24, 48, "203.0.113.0/24"},
		{"2001:db8:1:2:3::4", 24, 48, "2001:db8:1::/48"},
		{"203.0.113.7", 99, 48, "203.0.113.7/32"},
		{"2001:db8::1", 24, -1, "::/0"},
		{"2001:db8::1", 24, 999, "2001:db8::1/128"},
	}
	if len(cases) != 9 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		if got := GroupBits(netip.MustParseAddr(c.addr), c.v4, c.v6).String(); got != c.want {
			t.Errorf("%s by %d and %d is in %s, want %s", c.addr, c.v4, c.v6, got, c.want)
		}
	}
	if a := netip.MustParseAddr("2001:db8:1:2:3::4"); Group(a) != GroupBits(a, 32, 64) {
		t.Errorf("%s is in %s", a, Group(a))
	}
	if p := Group(netip.Addr{}); p.IsValid() {
		t.Errorf("no address is in %s", p)
	}
}
