package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// chrome is the hello of the example in the specification of JA4, in the order in which it was sent.
func chrome() *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		CipherSuites: []uint16{
			0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
		},
		ServerName: "example.com", SupportedProtos: []string{"h2", "http/1.1"}, SupportedVersions: []uint16{0x0304, 0x0303},
		SignatureSchemes: []tls.SignatureScheme{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601},
		Extensions: []uint16{
			0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015,
		},
	}
}

const chromeJA4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"

func TestPublishedJA4(t *testing.T) {
	if got := JA4(chrome()); got != chromeJA4 {
		t.Errorf("%s, the specification says %s", got, chromeJA4)
	}
	h := chrome()
	h.CipherSuites = append([]uint16{0x2a2a}, h.CipherSuites...)
	h.Extensions = append(append([]uint16{0xfafa}, h.Extensions...), 0x0a0a)
	h.SupportedVersions = append([]uint16{0xbaba}, h.SupportedVersions...)
	h.SignatureSchemes = append(h.SignatureSchemes, 0x1a1a)
	if got := JA4(h); got != chromeJA4 {
		t.Errorf("with GREASE: %s", got)
	}
	slices.Reverse(h.CipherSuites)
	slices.Reverse(h.Extensions)
	if got := JA4(h); got != chromeJA4 {
		t.Errorf("shuffled: %s", got)
	}
	h.SignatureSchemes[0], h.SignatureSchemes[1] = h.SignatureSchemes[1], h.SignatureSchemes[0]
	if got := JA4(h); got == chromeJA4 || got[:23] != chromeJA4[:23] {
		t.Errorf("other order of signatures: %s", got)
	}
}

func TestJA4FirstPart(t *testing.T) {
	many := make([]uint16, 120)
	for i := range many {
		many[i] = uint16(i + 0x1000)
	}
	cases := []struct {
		what   string
		change func(*tls.ClientHelloInfo)
		want   string
	}{
		{"no name", func(h *tls.ClientHelloInfo) {
			h.Extensions = slices.DeleteFunc(h.Extensions, func(e uint16) bool { return e == 0 })
		}, "t13i1515h2"},
		{"TLS 1.2", func(h *tls.ClientHelloInfo) { h.SupportedVersions = []uint16{0x0303, 0x0302} }, "t12d1516h2"},
		{"TLS 1.1", func(h *tls.ClientHelloInfo) { h.SupportedVersions = []uint16{0x0302} }, "t11d1516h2"},
		{"TLS 1.0", func(h *tls.ClientHelloInfo) { h.SupportedVersions = []uint16{0x0301} }, "t10d1516h2"},
		{"SSL 3", func(h *tls.ClientHelloInfo) { h.SupportedVersions = []uint16{0x0300} }, "ts3d1516h2"},
		{"no version", func(h *tls.ClientHelloInfo) { h.SupportedVersions = nil }, "t00d1516h2"},
		{"HTTP/1.1", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"http/1.1"} }, "t13d1516h1"},
		{"no protocol", func(h *tls.ClientHelloInfo) { h.SupportedProtos = nil }, "t13d151600"},
		{"a protocol of one letter", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"x"} }, "t13d1516xx"},
		{"a protocol that is no word", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"\xab\xcd"} }, "t13d1516ad"},
		{"a protocol of one odd byte", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"\xab"} }, "t13d1516ab"},
		{"a protocol that ends oddly", func(h *tls.ClientHelloInfo) { h.SupportedProtos = []string{"h\xcd"} }, "t13d15166d"},
		{"over 99 ciphers", func(h *tls.ClientHelloInfo) { h.CipherSuites = many }, "t13d9916h2"},
		{"over 99 extensions", func(h *tls.ClientHelloInfo) { h.Extensions = append(many, 0) }, "t13d1599h2"},
		{"nothing at all", func(h *tls.ClientHelloInfo) { *h = tls.ClientHelloInfo{} }, "t00i000000_000000000000_000000000000"},
	}
	if len(cases) < 15 {
		t.Fatal("the table was cut")
	}
	for _, c := range cases {
		h := chrome()
		c.change(h)
		if got := JA4(h); !strings.HasPrefix(got, c.want) || len(got) != 36 {
			t.Errorf("%s: %s, want %s…", c.what, got, c.want)
		}
	}
}

// kept notes the first bytes that a connection brought.
type kept struct {
	net.Conn
	first []byte
}

func (k *kept) Read(b []byte) (int, error) {
	n, err := k.Conn.Read(b)
	if len(k.first) < 1<<14 {
		k.first = append(k.first, b[:n]...)
	}
	return n, err
}

// A real handshake over loopback: what we make of ClientHelloInfo is what the bytes say.
func TestJA4OfAHandshake(t *testing.T) {
	key := ecKey(t)
	cert := leaf(t, key, func(c *x509.Certificate) { c.DNSNames = []string{"shop.test"} })
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	configs := map[string]*tls.Config{
		"TLS 1.3":         {RootCAs: pool, ServerName: "shop.test"},
		"HTTP/2":          {RootCAs: pool, ServerName: "shop.test", NextProtos: []string{"h2", "http/1.1"}},
		"TLS 1.2":         {RootCAs: pool, ServerName: "shop.test", MaxVersion: tls.VersionTLS12},
		"without a name":  {InsecureSkipVerify: true, ServerName: "127.0.0.1"},
		"few of its kind": {RootCAs: pool, ServerName: "shop.test", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}},
	}
	seen := map[string]string{}
	for name, client := range configs {
		got, raw, err := handshake(t, cert, key, client)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := ja4OfBytes(t, raw); got != want {
			t.Errorf("%s: %s, the bytes say %s", name, got, want)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%s and %s are both %s", name, other, got)
		}
		seen[got] = name
	}
	if len(seen) != 5 {
		t.Errorf("%d handshakes", len(seen))
	}
}

func handshake(t *testing.T, cert *x509.Certificate, key *ecdsa.PrivateKey, client *tls.Config) (ja4 string, raw []byte, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	asked := make(chan error, 1)
	go func() {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			asked <- err
			return
		}
		defer c.Close()
		asked <- tls.Client(c, client).HandshakeContext(ctx)
	}()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", nil, err
	}
	c, err := l.Accept()
	if err != nil {
		return "", nil, err
	}
	defer c.Close()
	k := &kept{Conn: c}
	err = tls.Server(k, &tls.Config{
		NextProtos:   []string{"h2", "http/1.1"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
		GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			ja4 = JA4(h)
			return nil, nil
		},
	}).HandshakeContext(ctx)
	return ja4, k.first, errors.Join(err, <-asked)
}

// ja4OfBytes is the slow twin: it reads the hello itself, by RFC 8446, section 4.1.2, and spells JA4 out with fmt.
func ja4OfBytes(t *testing.T, record []byte) string {
	t.Helper()
	b := record[5+4+2+32:] // record and handshake headers, legacy version, random
	take := func(lengthBytes int) []byte {
		n := 0
		for range lengthBytes {
			n, b = n<<8|int(b[0]), b[1:]
		}
		var out []byte
		out, b = b[:n], b[n:]
		return out
	}
	shorts := func(b []byte) (out []string) {
		for ; len(b) > 1; b = b[2:] {
			out = append(out, fmt.Sprintf("%04x", binary.BigEndian.Uint16(b)))
		}
		return out
	}
	take(1) // session id
	ciphers := shorts(take(2))
	take(1) // compression
	b = take(2)
	version, sni, alpn := fmt.Sprintf("%04x", binary.BigEndian.Uint16(record[9:])), "i", "00"
	var all, hashed, schemes []string
	for len(b) > 0 {
		id := fmt.Sprintf("%04x", binary.BigEndian.Uint16(b))
		b = b[2:]
		body := take(2)
		all = append(all, id)
		switch id {
		case "0000":
			sni = "d"
			continue
		case "0010":
			p := body[3 : 3+int(body[2])]
			alpn = string(p[0]) + string(p[len(p)-1])
			continue
		case "002b":
			version = slices.Max(shorts(body[1:]))
		case "000d":
			schemes = shorts(body[2:])
		}
		hashed = append(hashed, id)
	}
	slices.Sort(ciphers)
	slices.Sort(hashed)
	v := map[string]string{"0304": "13", "0303": "12"}[version]
	return fmt.Sprintf("t%s%s%02d%02d%s_%s_%s", v, sni, len(ciphers), len(all), alpn,
		appendHash(nil, []byte(strings.Join(ciphers, ","))), appendHash(nil, []byte(strings.Join(hashed, ",")+"_"+strings.Join(schemes, ","))))
}

func page() http.Header {
	return http.Header{
		"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"},
		"Accept-Language": {"de-DE,de;q=0.9,en;q=0.8"}, "Accept-Encoding": {"gzip, deflate, br, zstd"},
		"Sec-Fetch-Mode": {"navigate"}, "Sec-Ch-Ua": {`"Chromium";v="141"`}, "Sec-Ch-Ua-Mobile": {"?0"},
		"Accept": {"text/html"}, "Upgrade-Insecure-Requests": {"1"},
	}
}

func TestFingerprint(t *testing.T) {
	first := Fingerprint(chromeJA4, page())
	if len(first) != 12 || strings.Trim(first, "0123456789abcdef") != "" {
		t.Errorf("%q", first)
	}
	// What one browser asks for differs from request to request; it stays one client.
	for what, change := range map[string]func(http.Header){
		"a fetch": func(h http.Header) {
			h.Set("Sec-Fetch-Mode", "cors")
			h.Set("Accept", "*/*")
			h.Del("Upgrade-Insecure-Requests")
		},
		"a cookie":          func(h http.Header) { h.Set("Cookie", "a=b") },
		"a form":            func(h http.Header) { h.Set("Content-Type", "application/x-www-form-urlencoded") },
		"a newer Sec-Ch-Ua": func(h http.Header) { h.Set("Sec-Ch-Ua", `"Chromium";v="142"`) },
	} {
		h := page()
		change(h)
		if got := Fingerprint(chromeJA4, h); got != first {
			t.Errorf("%s: %s, want %s", what, got, first)
		}
	}
	others := map[string]string{"": Fingerprint("", page())}
	for _, name := range Fingerprinted {
		h := page()
		if _, ok := h[name]; ok {
			h.Del(name)
		} else {
			h.Set(name, "1")
		}
		others["another "+name] = Fingerprint(chromeJA4, h)
	}
	for _, name := range Fingerprinted[:worded] {
		h := page()
		h.Set(name, "x")
		others["other words in "+name] = Fingerprint(chromeJA4, h)
	}
	others["another JA4"] = Fingerprint("t13d1517h2_8daaf6152771_e5627efa2ab1", page())
	distinct := map[string]bool{first: true}
	for _, o := range others {
		distinct[o] = true
	}
	if len(others) < 12 || len(distinct) != len(others)+1 {
		t.Errorf("%d distinct of %d", len(distinct), len(others)+1)
	}
	huge := page()
	huge.Set("User-Agent", strings.Repeat("A", 1<<20))
	if got := Fingerprint(strings.Repeat("j", 1<<10), huge); len(got) != 12 {
		t.Errorf("%q", got)
	}
}

func FuzzFingerprint(f *testing.F) {
	seeds := [][3]string{{chromeJA4, "Mozilla/5.0", "de"}, {"", "", ""}, {"x", "curl/8", "*"}, {"t13", "|", "-"}}
	if len(seeds) < 4 {
		f.Fatal("seeds were cut")
	}
	for _, s := range seeds {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, ja4, agent, language string) {
		h := http.Header{"User-Agent": {agent}, "Accept-Language": {language}}
		if got := Fingerprint(ja4, h); len(got) != 12 || got != Fingerprint(ja4, h) {
			t.Fatalf("%q", got)
		}
		hello := &tls.ClientHelloInfo{SupportedProtos: []string{agent}}
		for i := range len(language) - 1 {
			v := binary.BigEndian.Uint16([]byte(language[i : i+2]))
			hello.CipherSuites, hello.Extensions = append(hello.CipherSuites, v), append(hello.Extensions, v)
			hello.SupportedVersions = append(hello.SupportedVersions, v)
			hello.SignatureSchemes = append(hello.SignatureSchemes, tls.SignatureScheme(v))
		}
		if got := JA4(hello); len(got) != 36 || strings.Count(got, "_") != 2 {
			t.Fatalf("%q", got)
		}
	})
}

func BenchmarkJA4(b *testing.B) {
	h := chrome()
	b.ReportAllocs()
	for b.Loop() {
		JA4(h)
	}
}

func BenchmarkFingerprint(b *testing.B) {
	h := page()
	b.ReportAllocs()
	for b.Loop() {
		Fingerprint(chromeJA4, h)
	}
}
