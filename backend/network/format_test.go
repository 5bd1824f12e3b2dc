package network

import (
	"net/netip"
	"strings"
	"testing"
)

// Small documents as the operators write them.
var samples = []struct{ format, text, want string }{
	{"ahrefs", `{"ips":[{"ip_address":"5.39.1.224"},{"ip_address":"5.39.1.225"}]}`, "5.39.1.224/31"},
	{"aws", `{"syncToken":"1","createDate":"2026-08-21-22-13-15","prefixes":[{"ip_prefix":"3.4.12.4/32","region":"eu-west-1","service":"AMAZON","network_border_group":"eu-west-1"}],"ipv6_prefixes":[{"ipv6_prefix":"2600:1f00::/40","region":"x","service":"EC2"}]}`, "3.4.12.4/32 2600:1f00::/40"},
	{"azure", `{"changeNumber":363,"cloud":"Public","values":[{"name":"ActionGroup","id":"ActionGroup","properties":{"changeNumber":44,"region":"","addressPrefixes":["4.145.74.52/30","2603:1000::/40"],"networkFeatures":["API"]}}]}`, "4.145.74.52/30 2603:1000::/40"},
	{"csv", "# a geofeed\n172.224.224.0/27,GB,GB-EN,London,\n\"172.224.224.32/27\",US,US-CA,\"San Jose, CA\",\n2a02:26f7::/45,US\n", "172.224.224.0/26 2a02:26f7::/45"},
	{"csv", "45.32.0.0/16\n2001:19f0::/38\n", "45.32.0.0/16 2001:19f0::/38"},
	{"fastly", `{"addresses":["23.235.32.0/20"],"ipv6_addresses":["2a04:4e40::/32"]}`, "23.235.32.0/20 2a04:4e40::/32"},
	{"github", `{"verifiable_password_authentication":false,"ssh_keys":["ssh-ed25519 AAAA"],"hooks":["192.30.252.0/22"],"actions":["4.148.0.0/16","2a0a:a440::/29"],"domains":{"website":["*.github.com"],"actions":["x"]}}`, "4.148.0.0/16 192.30.252.0/22 2a0a:a440::/29"},
	{"github-hooks", `{"hooks":["192.30.252.0/22"],"actions":["4.148.0.0/16"]}`, "192.30.252.0/22"},
	{"google", `{"creationTime":"2026-06-09T10:00:00","prefixes":[{"ipv6Prefix":"2001:4860:4801:10::/64"},{"ipv4Prefix":"66.249.64.0/27"}]}`, "66.249.64.0/27 2001:4860:4801:10::/64"},
	{"json", `["89.187.162.249","2400:52e0::1"]`, "89.187.162.249/32 2400:52e0::1/128"},
	{"misp", `{"description":"x","list":["64.62.202.96/27"],"matching_attributes":["ip-src"],"name":"y","version":1}`, "64.62.202.96/27"},
	{"onionoo", `{"version":"8.0","relays":[{"or_addresses":["185.220.101.1:443","[2a0b:f4c2::1]:443"],"exit_addresses":["185.220.101.2"]}],"bridges":[]}`, "185.220.101.1/32 185.220.101.2/32 2a0b:f4c2::1/128"},
	{"oracle", `{"last_updated_timestamp":"x","regions":[{"region":"us-phoenix-1","cidrs":[{"cidr":"129.146.0.0/21","tags":["OCI"]}]}]}`, "129.146.0.0/21"},
	{"plain", "\ufeff# comment\n3.18.12.63 ; Stripe\r\n3.130.192.231\n", "3.18.12.63/32 3.130.192.231/32"},
	{"plain", "198.13.32.7/19\n", "198.13.32.0/19"},
}

func TestRead(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range samples {
		ps, err := Read(s.format, strings.NewReader(s.text))
		if err != nil {
			t.Errorf("%s: %v", s.format, err)
		}
		if got := written(ps); got != s.want {
			t.Errorf("%s reads %q, want %q", s.format, got, s.want)
		}
		seen[s.format] = true
	}
	if len(seen) != len(Formats()) {
		t.Errorf("%d formats tried of %d", len(seen), len(Formats()))
	}
}

func written(ps []netip.Prefix) string {
	return strings.TrimSpace(strings.ReplaceAll(string(Text(ps)), "\n", " "))
}

func TestReadRefuses(t *testing.T) {
	cases := []struct{ format, text, want string }{
		{"aws", "", "it is empty"},
		{"plain", " \n\t ", "it is empty"},
		{"plain", "\n<!DOCTYPE html><title>Moved</title>", "it is an HTML or XML page, not a list"},
		{"aws", `{"prefixes":[{"ip_prefix":"3.4.12.4/32"},{"ip_pre`, "the JSON document ends in its middle, at byte 42"},
		{"aws", `{"prefixes":[{"ip_prefix":"3.4.12.4/32"}]} {"more":1}`, "byte 44: something follows the JSON document"},
		{"aws", `{"prefixes":[}`, "byte 13: no JSON: invalid character '}' looking for beginning of value"},
		{"aws", `{"message":"slow down"}`, `it holds no prefixes where the format "aws" has them`},
		{"google", `{"prefixes":[{"ipv4Prefix":"soon"}]}`, `entry 1: "soon" is no address or prefix`},
		{"google", `{"prefixes":[{"ipv4Prefix":"` + strings.Repeat("1", 99) + `"}]}`, "entry 1: prefix of 99 bytes: the longest one has "},
		{"json", strings.Repeat("[", 20) + strings.Repeat("]", 20), "byte 17: nested deeper than 16 levels"},
		{"json", `{"` + strings.Repeat("x", 300) + `":1}`, "byte 303: names of more than 256 bytes lead there"},
		{"plain", "1.2.3.4\nnot found\n", `line 2: entry 2: "not found" is no address or prefix`},
		{"csv", "1.2.3.0/24,GB\n" + strings.Repeat("x", 2000), "line 2: longer than 1024 bytes"},
		{"csv", "prefix,country\n1.2.3.0/24,GB\n", `line 1: entry 1: "prefix" is no address or prefix`},
		{"plain", strings.Repeat("1.2.3.4\n", MaxEntries+1), "line 1000001: it has more than 1,000,000 entries"},
		{"yaml", "1.2.3.4", `"yaml" is no format of a network list: want one of ahrefs, aws, azure, csv, fastly, github, github-hooks, google, json, misp, onionoo, oracle, plain`},
	}
	n := 0
	for _, c := range cases {
		ps, err := Read(c.format, strings.NewReader(c.text))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || ps != nil {
			t.Errorf("%s of %.40q gives %v, want %s", c.format, c.text, err, c.want)
		}
		n++
	}
	if n < 16 {
		t.Errorf("%d cases", n)
	}
}

// Every format of the catalogue is one that Read knows, save the page on which Azure's address stands.
func TestCatalogueFormats(t *testing.T) {
	n := 0
	for _, s := range Catalogue() {
		if len(s.Addresses) == 0 || s.Format == azurePage {
			continue
		}
		if _, err := Read(s.Format, strings.NewReader("{}")); strings.Contains(err.Error(), "is no format") {
			t.Errorf("%s: %v", s.Name, err)
		}
		n++
	}
	if n < 35 {
		t.Errorf("%d formats looked at", n)
	}
}

func FuzzRead(f *testing.F) {
	n := 0
	for _, s := range samples {
		f.Add(s.format, s.text)
		f.Add(s.format, s.text[:len(s.text)/2])
		n += 2
	}
	f.Add("json", `[[[["1.2.3.4"]]],{"a":{"":"::1"}},null,1e999]`)
	if n++; n < 31 {
		f.Fatalf("%d seeds", n)
	}
	f.Fuzz(func(t *testing.T, format, text string) {
		ps, err := Read(format, strings.NewReader(text))
		if err != nil {
			if ps != nil {
				t.Fatal("a fault and prefixes")
			}
			return
		}
		if len(ps) == 0 {
			t.Fatal("no fault and no prefixes")
		}
		again, err := Read("plain", strings.NewReader(string(Text(ps))))
		if err != nil || Checksum(again) != Checksum(ps) {
			t.Fatalf("%q reads back as %v, %v", Text(ps), again, err)
		}
	})
}

func TestSane(t *testing.T) {
	cases := []struct {
		text string
		own  bool
		want string
	}{
		{"8.8.8.0/24", false, ""},
		{"8.0.0.0/6\n12.0.0.0/6\n16.0.0.0/4\n32.0.0.0/3", false, "it covers 22 % of all IPv4 addresses, and 20 % is the most that is believed"},
		{"0.0.0.0/0", true, "it covers 100 % of all IPv4 addresses, and 20 % is the most that is believed"},
		{"::/0", true, "it covers 100 % of the IPv6 addresses in use, and 20 % is the most that is believed"},
		{"2000::/5", false, "it covers 25 % of the IPv6 addresses in use, and 20 % is the most that is believed"},
		{"8.8.8.8\n10.4.0.0/16", false, "it holds 10.4.0.0/16, which is not a public address"},
		{"127.0.0.1", false, "it holds 127.0.0.1/32, which is not a public address"},
		{"::1", false, "it holds ::1/128, which is not a public address"},
		{"fc00::/7", false, "it holds fc00::/7, which is not a public address"},
		{"10.0.0.0/8\n127.0.0.1\nfd00::/8", true, ""},
	}
	n := 0
	for _, c := range cases {
		ps, err := Read("plain", strings.NewReader(c.text))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := Sane(ps, c.own); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
		n++
	}
	if n < 10 || Sane(nil, true) == nil {
		t.Errorf("%d cases, or nothing passes for a list", n)
	}
}

func TestShrunk(t *testing.T) {
	half := func(n int) (ps []netip.Prefix) {
		for i := range n {
			ps = append(ps, netip.PrefixFrom(netip.AddrFrom4([4]byte{9, byte(i >> 8), byte(i), 0}), 24))
		}
		return ps
	}
	six := prefixes("2a00::/32", "2a02::/32", "2a04::/32", "2a06::/32")
	cases := []struct {
		old, fresh []netip.Prefix
		want       string
	}{
		{half(1644), half(12), "the download has 12 prefixes, 1,644 before"},
		{half(10), half(5), ""},
		{half(10), half(4), "the download has 4 prefixes, 10 before"},
		{half(10), half(500), ""},
		{append(half(10), six...), half(10), "the download has 0 IPv6 prefixes, 4 before"},
		{prefixes("9.0.0.0/8"), half(9), "the download covers 2,304 IPv4 addresses, 16,777,216 before"},
		{nil, half(1), ""},
	}
	n := 0
	for _, c := range cases {
		got := ""
		if err := Shrunk(c.old, c.fresh); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%d to %d prefixes: %s, want %s", len(c.old), len(c.fresh), got, c.want)
		}
		n++
	}
	if n < 7 {
		t.Errorf("%d cases", n)
	}
}

func prefixes(words ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(words))
	for i, w := range words {
		out[i] = netip.MustParsePrefix(w)
	}
	return out
}
