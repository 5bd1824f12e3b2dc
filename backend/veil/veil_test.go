package veil

import (
	"encoding/hex"
	"math/rand/v2"
	"net/netip"
	"testing"

	"palisade.dev/guard/wire"
)

func addr(t testing.TB, s string) netip.Addr {
	t.Helper()
	a, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The test vectors of draft-denis-ipcrypt for ipcrypt-pfx.
func TestVectors(t *testing.T) {
	const one, two = "0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301", "2b7e151628aed2a6abf7158809cf4f3ca9f5ba40db214c3798f2e1c23456789a"
	vectors := []struct{ key, clear, veiled string }{
		{one, "0.0.0.0", "151.82.155.134"},
		{one, "255.255.255.255", "94.185.169.89"},
		{one, "192.0.2.1", "100.115.72.131"},
		{one, "2001:db8::1", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"},
		{two, "10.0.0.47", "19.214.210.244"},
		{two, "10.0.0.129", "19.214.210.80"},
		{two, "10.0.0.234", "19.214.210.30"},
		{two, "172.16.5.193", "210.78.229.136"},
		{two, "172.16.97.42", "210.78.179.241"},
		{two, "172.16.248.177", "210.78.121.215"},
		{two, "2001:db8::a5c9:4e2f:bb91:5a7d", "7cec:702c:1243:f70:1956:125:b9bd:1aba"},
		{two, "2001:db8::7234:d8f1:3c6e:9a52", "7cec:702c:1243:f70:a3ef:c8e:95c1:cd0d"},
		{two, "2001:db8::f1e0:937b:26d4:8c1a", "7cec:702c:1243:f70:443c:c8e:6a62:b64d"},
		{two, "2001:db8:3a5c:0:e7d1:4b9f:2c8a:f673", "7cec:702c:3503:bef:e616:96bd:be33:a9b9"},
		{two, "2001:db8:9f27:0:b4e2:7a3d:5f91:c8e6", "7cec:702c:a504:b74e:194a:3d90:b047:2d1a"},
		{two, "2001:db8:d8b4:0:193c:a5e7:8b2f:46d1", "7cec:702c:f840:aa67:1b8:e84f:ac9d:77fb"},
	}
	for _, x := range vectors {
		key, err := hex.DecodeString(x.key)
		if err != nil {
			t.Fatal(err)
		}
		v := &Veil{mode: Encrypted, past: []Mode{Encrypted}, pfx: newPfx([32]byte(key))}
		got := v.Address(addr(t, x.clear))
		if Text(got) != "~"+x.veiled {
			t.Errorf("%s is %s, want %s", x.clear, Text(got), x.veiled)
		}
		if back, ok := v.Unveil(got); !ok || back != addr(t, x.clear) {
			t.Errorf("%s comes back as %s", x.clear, back)
		}
	}
	if len(vectors) != 16 {
		t.Error("vectors are missing")
	}
}

func site(m Mode) *Veil { return New([32]byte{7}).Site("shop", Setting{Spell: Spell{Mode: m}}) }

// near gives an address that shares some bits with another.
func sharing(r *rand.Rand, a netip.Addr, bits int) netip.Addr {
	x := left(a)
	y := u128{r.Uint64(), r.Uint64()}
	var z u128
	for i := range a.BitLen() {
		switch {
		case i < bits:
			z.put(i, x.at(i))
		case i == bits:
			z.put(i, x.at(i)^1)
		default:
			z.put(i, y.at(i))
		}
	}
	return right(z, a.BitLen())
}

func shared(a, b netip.Addr) int {
	x, y := left(a), left(b)
	for i := range a.BitLen() {
		if x.at(i) != y.at(i) {
			return i
		}
	}
	return a.BitLen()
}

func random(r *rand.Rand) netip.Addr {
	bits := 32
	if r.IntN(2) == 0 {
		bits = 128
	}
	a := right(u128{r.Uint64(), r.Uint64()}, bits)
	if bits == 128 && a.Is4In6() {
		return netip.IPv6Loopback()
	}
	return a
}

// Two addresses share exactly as long a prefix veiled as they do clear.
func TestPrefixesArePreserved(t *testing.T) {
	v, r := site(Encrypted), rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		a := random(r)
		n := r.IntN(a.BitLen() + 1)
		b := sharing(r, a, n)
		x, y := v.Address(a), v.Address(b)
		if got := shared(Bits(x), Bits(y)); got != n {
			t.Fatalf("%s and %s share %d bits, %s and %s %d", a, b, n, Text(x), Text(y), got)
		}
		if Bits(x).BitLen() != a.BitLen() {
			t.Fatalf("%s is %s", a, Text(x))
		}
		if back, ok := v.Unveil(x); !ok || back != a {
			t.Fatalf("%s came back as %s", a, back)
		}
		// The clever way, with networks at hand, against the plain one.
		if plain := right(v.pfx.turn(left(a), u128{}, 0, a.BitLen(), a.BitLen(), false), a.BitLen()); plain != Bits(x) {
			t.Fatalf("%s: %s is not %s", a, Text(x), plain)
		}
		p := netip.PrefixFrom(a, n).Masked()
		nets, whole := v.Nets(p)
		if !whole || len(nets) != 1 || !nets[0].Contains(x) || n < a.BitLen() && nets[0].Contains(y) != p.Contains(b) {
			t.Fatalf("%s: %v", p, nets)
		}
	}
}

// Hashed addresses are all different, join by /24 and /64, and never look like anything else.
func TestHashed(t *testing.T) {
	v, r := site(Hashed), rand.New(rand.NewPCG(3, 4))
	was := map[netip.Addr]netip.Addr{}
	for range 20_000 {
		a := random(r)
		b := sharing(r, a, near(a.BitLen())+r.IntN(8))
		far := sharing(r, a, near(a.BitLen())-1-r.IntN(8))
		x, y, z := v.Address(a), v.Address(b), v.Address(far)
		for clear, veiled := range map[netip.Addr]netip.Addr{a: x, b: y, far: z} {
			if other, ok := was[veiled]; ok && other != clear {
				t.Fatalf("%s and %s are both %s", other, clear, Text(veiled))
			}
			was[veiled] = clear
			if back, ok := v.Unveil(veiled); ok || back == clear {
				t.Fatalf("%s came back from a hash", clear)
			}
			if Bits(veiled).Is4() {
				t.Fatalf("%s looks like a v4 address", Text(veiled))
			}
		}
		network := netip.PrefixFrom(Bits(x), 64)
		if !network.Contains(Bits(y)) || network.Contains(Bits(z)) {
			t.Fatalf("%s, %s, %s are %s, %s, %s", a, b, far, Text(x), Text(y), Text(z))
		}
		nets, whole := v.Nets(netip.PrefixFrom(a, near(a.BitLen())))
		if !whole || !nets[0].Contains(x) || !nets[0].Contains(y) || nets[0].Contains(z) {
			t.Fatalf("%v", nets)
		}
		if _, whole := v.Nets(netip.PrefixFrom(a, 17)); whole {
			t.Fatal("a /17 of hashes cannot be had")
		}
		if Client(x) == Client(y) != a.Is6() || Group(x) == Group(y) != a.Is6() {
			t.Fatalf("%s and %s are clients %s and %s", a, b, Group(x), Group(y))
		}
	}
}

func TestMarks(t *testing.T) {
	a := addr(t, "203.0.113.7")
	for _, m := range []Mode{Encrypted, Hashed} {
		v := site(m)
		x := v.Address(a)
		if Of(x) != m || Of(a) != Clear || x == a {
			t.Errorf("%s: %s", m, x)
		}
		if v.Address(x) != x {
			t.Errorf("%s was veiled twice", Text(x))
		}
		if got := addr(t, Text(x)); got != x {
			t.Errorf("%s was read as %s", Text(x), got)
		}
		if netip.MustParsePrefix("0.0.0.0/0").Contains(x) || netip.MustParsePrefix("::/0").Contains(x) {
			t.Errorf("%s is in a network of clear addresses", Text(x))
		}
		other := New([32]byte{7}).Site("other", Setting{Spell: Spell{Mode: m}})
		if other.Address(a) == x {
			t.Error("two sites have the same pseudonyms")
		}
		nets, _ := v.Nets(netip.MustParsePrefix("203.0.113.0/24"))
		if again, err := ParseNet(nets[0].String()); err != nil || again != nets[0] || !again.Contains(x) {
			t.Errorf("%s was read as %s, %v", nets[0], again, err)
		}
	}
	var none *Veil
	e := wire.Event{Address: a}
	if none.Hide(&e); e.Address != a || none.Mode() != Clear || len(none.Shadows(a)) != 0 {
		t.Error("no veil hides")
	}
	// 32 bytes in which the mode changed: all are looked for.
	both := New([32]byte{7}).Site("shop", Setting{Spell: Spell{Mode: Clear}, Past: []Spell{{Mode: Hashed}, {Mode: Encrypted}}})
	if s := both.Shadows(a); len(s) != 2 || Of(s[0]) != Hashed || Of(s[1]) != Encrypted || both.Address(a) != a {
		t.Errorf("%v", s)
	}
}

// What an event says of its ban is veiled too, and the order itself is not.
func TestHideBan(t *testing.T) {
	v := site(Encrypted)
	for subject, says := range map[string]string{
		"203.0.113.7":      Text(v.Address(addr(t, "203.0.113.7"))),
		"2001:db8::/64":    Group(v.Address(addr(t, "2001:db8::5"))),
		"account:alice":    "account:alice",
		"api_key:12ab":     "api_key:12ab",
		"certificate:12ab": "certificate:12ab",
		"fingerprint:f":    "fingerprint:f",
	} {
		order := &wire.BanOrder{Subject: subject, Seconds: 60}
		e := wire.Event{Address: addr(t, "203.0.113.7"), Ban: order}
		v.Hide(&e)
		if e.Ban.Subject != says || order.Subject != subject {
			t.Errorf("%s: %s, want %s", subject, e.Ban.Subject, says)
		}
	}
}

func TestSettings(t *testing.T) {
	v := New([32]byte{7})
	var s Setting
	if !s.IsZero() || v.Site("shop", s) != nil || s.Next(Clear, v.Print("shop"), 5).IsZero() == false {
		t.Error("nothing said is not nothing")
	}
	s = s.Next(Encrypted, v.Print("shop"), 10)
	if s.Mode != Encrypted || s.Since != 10 || len(s.Past) != 1 || v.Lost("shop", s.Spell) {
		t.Errorf("%+v", s)
	}
	if again := s.Next(Encrypted, v.Print("shop"), 20); again.Since != 10 {
		t.Errorf("%+v", again)
	}
	if first := v.Site("shop", s); v.Site("shop", s) != first {
		t.Error("a veil is made anew each time")
	}
	later := New([32]byte{8}) // the key file was lost, and a new one made
	if !later.Lost("shop", s.Spell) {
		t.Error("a lost key is not noticed")
	}
	s = s.Next(Encrypted, later.Print("shop"), 30)
	if s.Since != 30 || !later.Lost("shop", s.Past[1]) || later.Lost("shop", s.Spell) {
		t.Errorf("%+v", s)
	}
	for i := range 40 {
		s = s.Next([]Mode{Clear, Hashed}[i%2], "k", int64(i))
	}
	if len(s.Past) != maxPast {
		t.Errorf("%d past spells", len(s.Past))
	}
}

func FuzzParse(f *testing.F) {
	seeds := []string{"203.0.113.7", "~203.0.113.7", "~2001:db8::1", "2001:db8::1%~", "::ffff:1.2.3.4%~", "~~1.2.3.4", "~", "~9f86d081884c7d65.2cf24dba5fb0a30e", "~9f86d081884c7d65", "~203.0.113.0/24", "~2001:db8::/64", "~::ffff:1.2.3.4"}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) < 12 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := Parse(s); err == nil {
			if Marked(s) != (Of(a) != Clear) {
				t.Fatalf("%q is %s", s, Of(a))
			}
			if b, err := Parse(Text(a)); err != nil || b != a {
				t.Fatalf("%q reads as %v, and that as %v", s, a, b)
			}
		}
		if n, err := ParseNet(s); err == nil {
			if again, err := ParseNet(n.String()); err != nil || again != n {
				t.Fatalf("%q reads as %v, and that as %v", s, n, again)
			}
		}
	})
}

func TestParseSaysWhatItWants(t *testing.T) {
	for in, want := range map[string]string{
		"x":             `address "x" is none: write it like 192.0.2.7 or 2001:db8::7`,
		"~x":            `"~x" is no pseudonym: one is written like ~203.0.113.9, or ~ and two times 16 hexadecimal digits with a dot between`,
		"2001:db8::1%~": `address "2001:db8::1%~" is none: write it like 192.0.2.7 or 2001:db8::7`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
}

func BenchmarkAddress(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	four := make([]netip.Addr, 1<<16)
	six := make([]netip.Addr, 1<<16)
	for i := range four {
		four[i], six[i] = right(u128{hi: r.Uint64()}, 32), right(u128{r.Uint64(), r.Uint64()}, 128)
	}
	for _, m := range []Mode{Encrypted, Hashed} {
		v := site(m)
		for name, of := range map[string][]netip.Addr{"v4": four, "v6": six} {
			b.Run(string(m)+"/"+name+"/known", func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					v.Address(of[i&255])
				}
			})
			b.Run(string(m)+"/"+name+"/new", func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					v.Address(of[i&(1<<16-1)])
				}
			})
		}
	}
}
