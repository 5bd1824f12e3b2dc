package identity

import (
	"math/rand"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

// hopCases are written as a table of people would read it: peer, the header lines, who it is and how we know.
var hopCases = []struct {
	name   string
	header string // which one is configured
	peer   string
	lines  []string
	want   string
	how    How
}{
	// Nobody is believed who need not be.
	{"no header", "X-Forwarded-For", "10.0.0.1", nil, "10.0.0.1", FromPeer},
	{"stranger with a header", "X-Forwarded-For", "203.0.113.9", []string{"198.51.100.1"}, "203.0.113.9", FromPeer},
	{"stranger who names a proxy", "X-Forwarded-For", "203.0.113.9", []string{"10.0.0.1"}, "203.0.113.9", FromPeer},
	{"stranger with garbage", "X-Forwarded-For", "203.0.113.9", []string{"§§§"}, "203.0.113.9", FromPeer},
	{"stranger with a single-address header", "X-Real-Ip", "203.0.113.9", []string{"198.51.100.1"}, "203.0.113.9", FromPeer},
	{"stranger with Forwarded", "Forwarded", "203.0.113.9", []string{"for=198.51.100.1"}, "203.0.113.9", FromPeer},
	{"IPv6 stranger", "X-Forwarded-For", "2001:db8::9", []string{"198.51.100.1"}, "2001:db8::9", FromPeer},
	{"stranger in mapped form", "X-Forwarded-For", "::ffff:203.0.113.9", []string{"198.51.100.1"}, "203.0.113.9", FromPeer},

	// X-Forwarded-For, from the right.
	{"one hop", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1", FromHeader},
	{"peer in mapped form is trusted", "X-Forwarded-For", "::ffff:10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1", FromHeader},
	{"the leftmost is hearsay", "X-Forwarded-For", "10.0.0.1", []string{"1.1.1.1, 198.51.100.1"}, "198.51.100.1", FromHeader},
	{"garbage on the left is not reached", "X-Forwarded-For", "10.0.0.1", []string{"bogus, 198.51.100.1"}, "198.51.100.1", FromHeader},
	{"empty on the left is not reached", "X-Forwarded-For", "10.0.0.1", []string{", 198.51.100.1"}, "198.51.100.1", FromHeader},
	{"two trusted hops", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1, 10.0.0.2, 10.0.0.3"}, "198.51.100.1", FromHeader},
	{"a proxy named by the client is hearsay", "X-Forwarded-For", "10.0.0.1", []string{"10.9.9.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1", FromHeader},
	{"all hops trusted", "X-Forwarded-For", "10.0.0.1", []string{"10.0.0.9, 10.0.0.2"}, "10.0.0.9", FromHeader},
	{"repeated header, last line first", "X-Forwarded-For", "10.0.0.1", []string{"1.1.1.1", "198.51.100.1"}, "198.51.100.1", FromHeader},
	{"repeated header over a trusted line", "X-Forwarded-For", "10.0.0.1", []string{"1.1.1.1, 198.51.100.1", "10.0.0.2"}, "198.51.100.1", FromHeader},
	{"repeated header, three lines", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1", "10.0.0.3", "10.0.0.2"}, "198.51.100.1", FromHeader},
	{"white space and tabs", "X-Forwarded-For", "10.0.0.1", []string{"  198.51.100.1 \t,\t 10.0.0.2  "}, "198.51.100.1", FromHeader},
	{"no white space", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1,10.0.0.2"}, "198.51.100.1", FromHeader},
	{"IPv4 with port", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1:4711"}, "198.51.100.1", FromHeader},
	{"IPv6 bare", "X-Forwarded-For", "10.0.0.1", []string{"2001:db8::7"}, "2001:db8::7", FromHeader},
	{"IPv6 in brackets", "X-Forwarded-For", "10.0.0.1", []string{"[2001:db8::7]"}, "2001:db8::7", FromHeader},
	{"IPv6 with port", "X-Forwarded-For", "10.0.0.1", []string{"[2001:db8::7]:443"}, "2001:db8::7", FromHeader},
	{"IPv6 upper case", "X-Forwarded-For", "10.0.0.1", []string{"2001:DB8::7"}, "2001:db8::7", FromHeader},
	{"IPv6 written out", "X-Forwarded-For", "10.0.0.1", []string{"2001:0db8:0000:0000:0000:0000:0000:0007"}, "2001:db8::7", FromHeader},
	{"mapped IPv4", "X-Forwarded-For", "10.0.0.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1", FromHeader},
	{"mapped IPv4 in hex", "X-Forwarded-For", "10.0.0.1", []string{"::ffff:c633:6401"}, "198.51.100.1", FromHeader},
	{"mapped trusted hop", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1", FromHeader},
	{"zone is stripped", "X-Forwarded-For", "10.0.0.1", []string{"fe80::1%eth0"}, "fe80::1", FromHeader},
	{"zone in brackets with port", "X-Forwarded-For", "10.0.0.1", []string{"[fe80::1%25eth0]:80"}, "fe80::1", FromHeader},
	{"trusted IPv6 peer", "X-Forwarded-For", "fd00::1", []string{"2001:db8::7, fd00::2"}, "2001:db8::7", FromHeader},
	{"peer with a zone", "X-Forwarded-For", "fd00::1%eth1", []string{"2001:db8::7"}, "2001:db8::7", FromHeader},

	// Doubt takes the nearest trusted fact.
	{"empty value", "X-Forwarded-For", "10.0.0.1", []string{""}, "10.0.0.1", FromDoubt},
	{"empty last element", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1,"}, "10.0.0.1", FromDoubt},
	{"empty middle element", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1,,10.0.0.2"}, "10.0.0.2", FromDoubt},
	{"unknown", "X-Forwarded-For", "10.0.0.1", []string{"unknown"}, "10.0.0.1", FromDoubt},
	{"obfuscated", "X-Forwarded-For", "10.0.0.1", []string{"_hidden, 10.0.0.2"}, "10.0.0.2", FromDoubt},
	{"a name", "X-Forwarded-For", "10.0.0.1", []string{"localhost"}, "10.0.0.1", FromDoubt},
	{"garbage behind a good hop", "X-Forwarded-For", "10.0.0.1", []string{"garbage, 10.0.0.2"}, "10.0.0.2", FromDoubt},
	{"leading zeros", "X-Forwarded-For", "10.0.0.1", []string{"198.051.100.001"}, "10.0.0.1", FromDoubt},
	{"a short form", "X-Forwarded-For", "10.0.0.1", []string{"127.1"}, "10.0.0.1", FromDoubt},
	{"a number", "X-Forwarded-For", "10.0.0.1", []string{"3325256705"}, "10.0.0.1", FromDoubt},
	{"a prefix", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.0/24"}, "10.0.0.1", FromDoubt},
	{"port of six digits", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1:123456"}, "10.0.0.1", FromDoubt},
	{"port missing", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1:"}, "10.0.0.1", FromDoubt},
	{"bracket not closed", "X-Forwarded-For", "10.0.0.1", []string{"[2001:db8::7"}, "10.0.0.1", FromDoubt},
	{"words after the bracket", "X-Forwarded-For", "10.0.0.1", []string{"[2001:db8::7]x"}, "10.0.0.1", FromDoubt},
	{"IPv4 in brackets", "X-Forwarded-For", "10.0.0.1", []string{"[198.51.100.1]"}, "10.0.0.1", FromDoubt},
	{"empty zone", "X-Forwarded-For", "10.0.0.1", []string{"fe80::1%"}, "10.0.0.1", FromDoubt},
	{"IPv4 with a zone", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1%eth0"}, "10.0.0.1", FromDoubt},
	{"a semicolon", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1; 10.0.0.2"}, "10.0.0.1", FromDoubt},
	{"a quoted address", "X-Forwarded-For", "10.0.0.1", []string{`"198.51.100.1"`}, "10.0.0.1", FromDoubt},
	{"NUL", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1\x00"}, "10.0.0.1", FromDoubt},
	{"an element of 200 bytes", "X-Forwarded-For", "10.0.0.1", []string{strings.Repeat("1", 200)}, "10.0.0.1", FromDoubt},

	// A stranger may not make the walk fail, and so pass for the proxy.
	{"a quote left open by the client", "X-Forwarded-For", "10.0.0.1", []string{`"evil, 198.51.100.1`}, "198.51.100.1", FromHeader},
	{"9 KiB by the client", "X-Forwarded-For", "10.0.0.1", []string{strings.Repeat("x", 9<<10) + ", 198.51.100.1"}, "198.51.100.1", FromHeader},
	{"100 hops by the client", "X-Forwarded-For", "10.0.0.1", []string{strings.Repeat("10.0.0.9, ", 100) + "198.51.100.1"}, "198.51.100.1", FromHeader},
	{"100 lines by the client", "X-Forwarded-For", "10.0.0.1", append(make([]string, 100), "198.51.100.1"), "198.51.100.1", FromHeader},
	{"64 trusted hops", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1" + strings.Repeat(",10.0.0.9", 63)}, "198.51.100.1", FromHeader},
	{"65 hops", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1" + strings.Repeat(",10.0.0.9", 64)}, "10.0.0.9", FromDoubt},
	{"8 KiB of trusted hops", "X-Forwarded-For", "10.0.0.1", []string{"198.51.100.1" + strings.Repeat(","+strings.Repeat(" ", 1<<10)+"10.0.0.9", 9)}, "10.0.0.9", FromDoubt},

	// Forwarded.
	{"for", "Forwarded", "10.0.0.1", []string{"for=198.51.100.1"}, "198.51.100.1", FromHeader},
	{"For, as the standard writes it too", "Forwarded", "10.0.0.1", []string{"For=198.51.100.1"}, "198.51.100.1", FromHeader},
	{"quoted IPv6 with port", "Forwarded", "10.0.0.1", []string{`For="[2001:db8:cafe::17]:4711"`}, "2001:db8:cafe::17", FromHeader},
	{"all parameters", "Forwarded", "10.0.0.1", []string{"for=192.0.2.60;proto=http;by=203.0.113.43"}, "192.0.2.60", FromHeader},
	{"for not first", "Forwarded", "10.0.0.1", []string{"proto=http; by=203.0.113.43; for=192.0.2.60"}, "192.0.2.60", FromHeader},
	{"two elements", "Forwarded", "10.0.0.1", []string{"for=192.0.2.43, for=198.51.100.17"}, "198.51.100.17", FromHeader},
	{"over a trusted element", "Forwarded", "10.0.0.1", []string{`for=192.0.2.43, for="10.0.0.2:80"`}, "192.0.2.43", FromHeader},
	{"two lines", "Forwarded", "10.0.0.1", []string{"for=192.0.2.43", "for=10.0.0.2"}, "192.0.2.43", FromHeader},
	{"hidden port", "Forwarded", "10.0.0.1", []string{`for="192.0.2.43:_p0rt"`}, "192.0.2.43", FromHeader},
	{"trailing semicolon", "Forwarded", "10.0.0.1", []string{"for=192.0.2.43;"}, "192.0.2.43", FromHeader},
	{"comma inside quotes", "Forwarded", "10.0.0.1", []string{`for=192.0.2.43;host="a,b"`}, "192.0.2.43", FromHeader},
	{"escaped quote inside quotes", "Forwarded", "10.0.0.1", []string{`for=192.0.2.43;host="a\",for=1.1.1.1;x=\""`}, "192.0.2.43", FromHeader},
	{"escaped backslash before a quote", "Forwarded", "10.0.0.1", []string{`for=1.1.1.1, for=192.0.2.43;host="a\\"`}, "192.0.2.43", FromHeader},
	{"a quote left open by the client, Forwarded", "Forwarded", "10.0.0.1", []string{`for="evil, for=192.0.2.43`}, "192.0.2.43", FromHeader},
	{"for inside a quoted host is no for", "Forwarded", "10.0.0.1", []string{`proto=http;host="a;for=1.1.1.1"`}, "10.0.0.1", FromDoubt},
	{"unknown node", "Forwarded", "10.0.0.1", []string{"for=unknown"}, "10.0.0.1", FromDoubt},
	{"obfuscated node", "Forwarded", "10.0.0.1", []string{"for=_SEVKISEK, for=10.0.0.2"}, "10.0.0.2", FromDoubt},
	{"no for", "Forwarded", "10.0.0.1", []string{"proto=http;by=203.0.113.43"}, "10.0.0.1", FromDoubt},
	{"two for", "Forwarded", "10.0.0.1", []string{"for=1.1.1.1;for=2.2.2.2"}, "10.0.0.1", FromDoubt},
	{"bare address", "Forwarded", "10.0.0.1", []string{"198.51.100.1"}, "10.0.0.1", FromDoubt},
	{"for without a value", "Forwarded", "10.0.0.1", []string{"for="}, "10.0.0.1", FromDoubt},
	{"space before the equals sign", "Forwarded", "10.0.0.1", []string{"for =198.51.100.1"}, "10.0.0.1", FromDoubt},
	{"escape inside the address", "Forwarded", "10.0.0.1", []string{`for="198.51.100\.1"`}, "10.0.0.1", FromDoubt},

	// Headers of one address.
	{"X-Real-IP", "X-Real-IP", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1", FromHeader},
	{"Fly-Client-IP", "Fly-Client-IP", "fd00::1", []string{"2001:db8::7"}, "2001:db8::7", FromHeader},
	{"CF-Connecting-IP", "CF-Connecting-IP", "10.0.0.1", []string{" 198.51.100.1 "}, "198.51.100.1", FromHeader},
	{"True-Client-IP", "true-client-ip", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1", FromHeader},
	{"Azure's, with a port", "X-Azure-ClientIP", "10.0.0.1", []string{"198.51.100.1:50000"}, "198.51.100.1", FromHeader},
	{"sent twice", "X-Real-IP", "10.0.0.1", []string{"198.51.100.1", "198.51.100.1"}, "10.0.0.1", FromDoubt},
	{"a list", "X-Real-IP", "10.0.0.1", []string{"198.51.100.1, 10.0.0.2"}, "10.0.0.1", FromDoubt},
	{"a trusted address is the answer too", "X-Real-IP", "10.0.0.1", []string{"10.0.0.7"}, "10.0.0.7", FromHeader},
	{"garbage", "X-Real-IP", "10.0.0.1", []string{"what"}, "10.0.0.1", FromDoubt},
}

func TestClient(t *testing.T) {
	if len(hopCases) < 90 {
		t.Fatalf("%d cases, want at least 90: the table was cut", len(hopCases))
	}
	seen := map[string]bool{}
	for _, c := range hopCases {
		if seen[c.name] {
			t.Errorf("two cases are called %q", c.name)
		}
		seen[c.name] = true
		p := proxies(t, c.header)
		h := http.Header{}
		for _, l := range c.lines {
			h.Add(c.header, l)
		}
		// The other headers are never looked at.
		for _, other := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "X-Client-Ip"} {
			if http.CanonicalHeaderKey(c.header) != other {
				h.Set(other, "for=192.0.2.250")
			}
		}
		got, how := p.Client(netip.MustParseAddr(c.peer), h)
		if got != netip.MustParseAddr(c.want) || how != c.how {
			t.Errorf("%s: %s (%s), want %s (%s)", c.name, got, how, c.want, c.how)
		}
	}
}

func proxies(t testing.TB, header string) *Proxies {
	t.Helper()
	p, err := NewProxies([]string{"10.0.0.0/8", "fd00::/8"}, header)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNoHeaderMeansNoTrust(t *testing.T) {
	p, err := NewProxies(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"X-Forwarded-For": {"198.51.100.1"}, "Forwarded": {"for=198.51.100.1"}}
	if a, how := p.Client(netip.MustParseAddr("127.0.0.1"), h); a.String() != "127.0.0.1" || how != FromPeer {
		t.Errorf("%s (%s)", a, how)
	}
	p, err = NewProxies([]string{"loopback", "private"}, "X-Forwarded-For")
	if err != nil {
		t.Fatal(err)
	}
	for _, peer := range []string{"127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.9.9", "fd12::1"} {
		if a, how := p.Client(netip.MustParseAddr(peer), h); a.String() != "198.51.100.1" || how != FromHeader {
			t.Errorf("from %s: %s (%s)", peer, a, how)
		}
	}
	// A peer without an address, such as that of a Unix socket, is not one of the proxies.
	if a, how := p.Client(Peer("@"), h); a.IsValid() || how != FromPeer {
		t.Errorf("no peer: %s (%s)", a, how)
	}
}

func TestProxiesSayWhatIsWrong(t *testing.T) {
	cases := []struct {
		trusted []string
		header  string
		want    string
	}{
		{[]string{"10.0.0.0/8"}, "", "proxies: trusted without a header: say which one they set, such as X-Forwarded-For"},
		{[]string{"ten"}, "Forwarded", `proxies: "ten" is no address or prefix: want 203.0.113.7, 203.0.113.0/24 or 2001:db8::/32`},
		{[]string{"10.0.0.1/8"}, "Forwarded", "proxies: 10.0.0.1/8 has host bits set; did you mean 10.0.0.0/8?"},
		{nil, "X Forwarded", `proxies: header "X Forwarded" is no header name`},
		{nil, "Forwarded, X-Forwarded-For", `proxies: header "Forwarded, X-Forwarded-For" is no header name`},
	}
	for _, c := range cases {
		if _, err := NewProxies(c.trusted, c.header); err == nil || err.Error() != c.want {
			t.Errorf("%v %q: %v\nwant %s", c.trusted, c.header, err, c.want)
		}
	}
}

func TestPeer(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7:80": "203.0.113.7", "[2001:db8::1]:443": "2001:db8::1", "[::ffff:203.0.113.7]:1": "203.0.113.7",
		"[fe80::1%eth0]:9": "fe80::1", "": "invalid IP", "@": "invalid IP", "203.0.113.7": "invalid IP",
	} {
		if got := Peer(in).String(); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// The promise of the room: whatever a stranger sends, nobody takes him for another.
func FuzzClient(f *testing.F) {
	seeds := 0
	for _, c := range hopCases {
		f.Add(strings.Join(c.lines, "\n"))
		seeds++
	}
	if seeds < 90 {
		f.Fatalf("%d seeds", seeds)
	}
	headers := []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"}
	var ps []*Proxies
	for _, h := range headers {
		ps = append(ps, proxies(f, h))
	}
	stranger, proxy, client := netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("198.51.100.1")
	f.Fuzz(func(t *testing.T, sent string) {
		lines := strings.Split(sent, "\n")
		for i, p := range ps {
			h := http.Header{headers[i]: lines}
			if a, how := p.Client(stranger, h); a != stranger || how != FromPeer {
				t.Fatalf("%s: a stranger's header made him %s (%s)", headers[i], a, how)
			}
			a, how := p.Client(proxy, h)
			if !a.IsValid() || a.Is4In6() || a.Zone() != "" {
				t.Fatalf("%s: %s is no clean address", headers[i], a)
			}
			if how == FromDoubt && !p.Trusts(a) {
				t.Fatalf("%s: in doubt, yet %s is nobody we trust", headers[i], a)
			}
		}
		// What the client sends, with the proxy's own word to the right of it, is the client.
		last := lines[len(lines)-1]
		for _, joined := range [][]string{append(lines[:len(lines):len(lines)], "198.51.100.1"), append(lines[:len(lines)-1:len(lines)-1], last+", 198.51.100.1")} {
			if a, how := ps[1].Client(proxy, http.Header{"X-Forwarded-For": joined}); a != client || how != FromHeader {
				t.Fatalf("X-Forwarded-For: the client passed for %s (%s)", a, how)
			}
		}
		if a, how := ps[0].Client(proxy, http.Header{"Forwarded": {last + ", for=198.51.100.1"}}); a != client || how != FromHeader {
			t.Fatalf("Forwarded: the client passed for %s (%s)", a, how)
		}
	})
}

// The slow twin: split everything, then walk.
func TestClientEqualsTheObviousWalk(t *testing.T) {
	p := proxies(t, "X-Forwarded-For")
	hops := []string{"10.0.0.2", "198.51.100.1", "fd00::5", "2001:db8::1", "x", "", "10.0.0.3:80", "[fd00::1]:1", "unknown"}
	rng := rand.New(rand.NewSource(1))
	peer := netip.MustParseAddr("10.0.0.1")
	for range 20_000 {
		var lines, all []string
		for range 1 + rng.Intn(3) {
			var line []string
			for range 1 + rng.Intn(4) {
				line = append(line, hops[rng.Intn(len(hops))])
			}
			all = append(all, line...)
			lines = append(lines, strings.Join(line, ", "))
		}
		want, how := peer, FromHeader
		for i := len(all) - 1; i >= 0; i-- {
			a, ok := parseHop(all[i])
			if !ok {
				how = FromDoubt
				break
			}
			if want = a; !p.Trusts(a) {
				break
			}
		}
		if got, h := p.Client(peer, http.Header{"X-Forwarded-For": lines}); got != want || h != how {
			t.Fatalf("%q: %s (%s), want %s (%s)", lines, got, h, want, how)
		}
	}
}

func TestClientAllocatesNothing(t *testing.T) {
	h := http.Header{"X-Forwarded-For": {"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "Forwarded": {`for="[2001:db8::7]:80";proto=https, for=10.0.0.3`}}
	for _, name := range []string{"X-Forwarded-For", "Forwarded"} {
		p := proxies(t, name)
		if n := testing.AllocsPerRun(100, func() { p.Client(netip.AddrFrom4([4]byte{10, 0, 0, 1}), h) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkClient(b *testing.B) {
	h := http.Header{"X-Forwarded-For": {"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "Forwarded": {`for="[2001:db8::7]:80";proto=https, for=10.0.0.3`}}
	peer := netip.MustParseAddr("10.0.0.1")
	for _, name := range []string{"none", "X-Forwarded-For", "Forwarded"} {
		p := proxies(b, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Client(peer, h)
			}
		})
	}
}
