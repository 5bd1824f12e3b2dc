package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// leaf makes a certificate that signs itself; what is tested here is how it is named, not who vouches for it.
func leaf(t testing.TB, key *ecdsa.PrivateKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(0xbeef), Subject: pkix.Name{CommonName: "partner"}, NotAfter: time.Unix(2e9, 0)}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func verified(c *x509.Certificate) *tls.ConnectionState {
	return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}, VerifiedChains: [][]*x509.Certificate{{c}}}
}

func certificates(t testing.TB, mode, header string) *Certificates {
	t.Helper()
	c, err := NewCertificates(mode, header)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func escapedPEM(c *x509.Certificate) string {
	return url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
}

func TestCertificateOfTheConnection(t *testing.T) {
	key := ecKey(t)
	uri, _ := url.Parse("spiffe://shop.test/partner")
	plain := leaf(t, key, nil)
	renewed := leaf(t, key, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(2) })
	all := leaf(t, key, func(c *x509.Certificate) {
		c.URIs, c.EmailAddresses, c.DNSNames = []*url.URL{uri}, []string{"Ops@Shop.test"}, []string{"a.shop.test"}
	})
	mail := leaf(t, key, func(c *x509.Certificate) {
		c.EmailAddresses, c.DNSNames = []string{"Ops@Shop.test"}, []string{"a.shop.test"}
	})
	dns := leaf(t, key, func(c *x509.Certificate) { c.DNSNames = []string{"A.shop.test", "b.shop.test"} })
	long := leaf(t, key, func(c *x509.Certificate) { c.DNSNames = []string{strings.Repeat("a.", 100) + "test"} })

	spki := certificates(t, "", "")
	sum := sha256.Sum256(plain.RawSubjectPublicKeyInfo)
	if got := spki.Name(verified(plain), nil, false); got != hex.EncodeToString(sum[:]) {
		t.Errorf("spki: %q", got)
	}
	if spki.Name(verified(plain), nil, false) != spki.Name(verified(renewed), nil, false) {
		t.Error("spki: a renewed certificate has another name")
	}
	if spki.Name(verified(plain), nil, false) == spki.Name(verified(leaf(t, ecKey(t), nil)), nil, false) {
		t.Error("spki: two keys share a name")
	}
	serial := certificates(t, "serial", "")
	if got := serial.Name(verified(plain), nil, false); !strings.HasSuffix(got, "/beef") || got == serial.Name(verified(renewed), nil, false) {
		t.Errorf("serial: %q", got)
	}
	san := certificates(t, "san", "")
	for want, c := range map[string]*x509.Certificate{"spiffe://shop.test/partner": all, "ops@shop.test": mail, "a.shop.test": dns, "": plain} {
		if got := san.Name(verified(c), nil, false); got != want {
			t.Errorf("san: %q, want %q", got, want)
		}
	}
	if got := san.Name(verified(long), nil, false); !strings.HasPrefix(got, "sha256:") || len(got) != 71 {
		t.Errorf("a name of 204 bytes: %q", got)
	}
	for name, state := range map[string]*tls.ConnectionState{
		"no TLS": nil, "no certificate": {}, "not verified": {PeerCertificates: []*x509.Certificate{plain}},
		"an empty chain": {VerifiedChains: [][]*x509.Certificate{{}}},
	} {
		if got := spki.Name(state, nil, true); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestCertificateFromAProxy(t *testing.T) {
	key := ecKey(t)
	uri, _ := url.Parse("spiffe://shop.test/partner")
	cert := leaf(t, key, func(c *x509.Certificate) { c.URIs = []*url.URL{uri} })
	other := leaf(t, ecKey(t), nil)
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	name := hex.EncodeToString(sum[:])
	binary := ":" + base64.StdEncoding.EncodeToString(cert.Raw) + ":"
	hash := strings.Repeat("ab", 32)
	const cc, xf = "Client-Cert", "X-Forwarded-Client-Cert"
	cases := []struct {
		what, mode, header string
		values             []string
		untrusted          bool
		want               string
	}{
		{"RFC 9440", "spki", cc, []string{binary}, false, name},
		{"RFC 9440, no padding", "spki", cc, []string{":" + base64.RawStdEncoding.EncodeToString(cert.Raw) + ":"}, false, name},
		{"RFC 9440, san", "san", cc, []string{binary}, false, "spiffe://shop.test/partner"},
		{"RFC 9440 from a stranger", "spki", cc, []string{binary}, true, ""},
		{"RFC 9440 twice", "spki", cc, []string{binary, binary}, false, ""},
		{"RFC 9440 without colons", "spki", cc, []string{binary[1 : len(binary)-1]}, false, ""},
		{"RFC 9440, one colon", "spki", cc, []string{":"}, false, ""},
		{"RFC 9440, empty", "spki", cc, []string{"::"}, false, ""},
		{"RFC 9440, no base64", "spki", cc, []string{":ü:"}, false, ""},
		{"RFC 9440, no certificate", "spki", cc, []string{":aGVsbG8=:"}, false, ""},
		{"RFC 9440, too long", "spki", cc, []string{":" + strings.Repeat("A", 16<<10) + ":"}, false, ""},
		{"nothing", "spki", cc, nil, false, ""},
		{"the other header", "spki", xf, nil, false, ""},
		{"Cert", "spki", xf, []string{`Cert="` + escapedPEM(cert) + `"`}, false, name},
		{"Cert after Hash", "spki", xf, []string{`By=spiffe://x;Hash=` + hash + `;Cert="` + escapedPEM(cert) + `";Subject="CN=a;b,c"`}, false, name},
		{"Cert from a stranger", "spki", xf, []string{`Cert="` + escapedPEM(cert) + `"`}, true, ""},
		{"the nearest hop counts", "spki", xf, []string{`Cert="` + escapedPEM(other) + `",Cert="` + escapedPEM(cert) + `"`}, false, name},
		{"a quote left open further away", "spki", xf, []string{`Subject="x,Cert="` + escapedPEM(cert) + `"`}, false, name},
		{"two Cert", "spki", xf, []string{`Cert="` + escapedPEM(other) + `";Cert="` + escapedPEM(cert) + `"`}, false, ""},
		{"Cert inside a Subject", "spki", xf, []string{`Hash=` + hash + `;Subject="CN=a;Cert=x"`}, false, "cert-sha256:" + hash},
		{"Cert inside a Subject with quotes", "spki", xf, []string{`Hash=` + hash + `;Subject="CN=a\";Cert=\"` + escapedPEM(other) + `"`}, false, "cert-sha256:" + hash},
		{"Hash", "spki", xf, []string{"By=x;Hash=" + strings.ToUpper(hash)}, false, "cert-sha256:" + hash},
		{"Hash gives no serial", "serial", xf, []string{"Hash=" + hash}, false, ""},
		{"Hash too short", "spki", xf, []string{"Hash=abcd"}, false, ""},
		{"Hash not hex", "spki", xf, []string{"Hash=" + strings.Repeat("zz", 32)}, false, ""},
		{"two Hash", "spki", xf, []string{"Hash=" + hash + ";Hash=" + hash}, false, ""},
		{"URI", "san", xf, []string{"Hash=" + hash + ";DNS=Shop.test;URI=spiffe://a"}, false, "spiffe://a"},
		{"first URI", "san", xf, []string{"URI=spiffe://a;URI=spiffe://b"}, false, "spiffe://a"},
		{"DNS", "san", xf, []string{"Hash=" + hash + ";DNS=Shop.test"}, false, "shop.test"},
		{"no name", "san", xf, []string{"Hash=" + hash}, false, ""},
		{"Cert is no PEM", "spki", xf, []string{`Cert="hello"`}, false, ""},
		{"Cert has a broken escape", "spki", xf, []string{`Cert="%zz"`}, false, ""},
		{"no pairs", "spki", xf, []string{"hello"}, false, ""},
		{"empty", "spki", xf, []string{""}, false, ""},
	}
	if len(cases) < 34 {
		t.Fatal("the table was cut")
	}
	for _, c := range cases {
		h := http.Header{}
		for _, v := range c.values {
			h.Add(c.header, v)
		}
		// The proxy's own certificate, on the connection, must not stand in for the client's.
		var state *tls.ConnectionState
		if !c.untrusted {
			state = verified(other)
		}
		if got := certificates(t, c.mode, c.header).Name(state, h, !c.untrusted); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestCertificateErrors(t *testing.T) {
	cases := []struct{ mode, header, value, want string }{
		{"spki", "Client-Cert", "x", "Client-Cert: no byte sequence between colons"},
		{"spki", "Client-Cert", ":!:", "Client-Cert: the byte sequence is no base64"},
		{"spki", "Client-Cert", ":AAAA:", "Client-Cert: the byte sequence is no certificate"},
		{"spki", "X-Forwarded-Client-Cert", "x", "X-Forwarded-Client-Cert: no name=value"},
		{"spki", "X-Forwarded-Client-Cert", "Hash=1", "X-Forwarded-Client-Cert: Hash is no SHA-256 in hex"},
		{"spki", "X-Forwarded-Client-Cert", "Cert=%z", "X-Forwarded-Client-Cert: Cert is not escaped as a URL"},
		{"spki", "X-Forwarded-Client-Cert", "Cert=x", "X-Forwarded-Client-Cert: Cert holds no PEM"},
		{"san", "X-Forwarded-Client-Cert", "By=x", "X-Forwarded-Client-Cert: nothing that gives a name by san; have the proxy forward Cert"},
	}
	for _, c := range cases {
		if _, err := certificates(t, c.mode, c.header).forwarded(c.value); err == nil || err.Error() != c.want {
			t.Errorf("%s %q: %v, want %s", c.header, c.value, err, c.want)
		}
	}
	for args, want := range map[[2]string]string{
		{"cn", ""}:          `certificate: "cn": want spki, san or serial`,
		{"spki", "X-My-CA"}: `certificate_header: "X-My-CA": want Client-Cert or X-Forwarded-Client-Cert`,
	} {
		if _, err := NewCertificates(args[0], args[1]); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}

func FuzzForwardedCertificate(f *testing.F) {
	cert := leaf(f, ecKey(f), nil)
	seeds := []string{
		":" + base64.StdEncoding.EncodeToString(cert.Raw) + ":", ":AAAA:", "::", ":", "",
		`Hash=` + strings.Repeat("ab", 32) + `;Cert="` + escapedPEM(cert) + `";Subject="CN=a;b,c"`, `Subject="CN=a\";Cert=\"x"`,
		"By=x;URI=spiffe://a;DNS=b", `Cert="%zz"`, `"`, `\"`, "=", ";;;", ",,,",
	}
	if len(seeds) < 14 {
		f.Fatal("seeds were cut")
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, header := range []string{"Client-Cert", "X-Forwarded-Client-Cert"} {
			for _, mode := range []string{"spki", "san", "serial"} {
				c := certificates(t, mode, header)
				h := http.Header{header: {value}}
				if name := c.Name(nil, h, false); name != "" {
					t.Fatalf("a stranger is %q", name)
				}
				name := c.Name(nil, h, true)
				if len(name) > 128 || strings.ContainsAny(name, "\x00\r\n") {
					t.Fatalf("%q became %q", value, name)
				}
			}
		}
	})
}

func BenchmarkCertificate(b *testing.B) {
	cert := leaf(b, ecKey(b), nil)
	state := verified(cert)
	h := http.Header{"Client-Cert": {":" + base64.StdEncoding.EncodeToString(cert.Raw) + ":"}}
	b.Run("connection", func(b *testing.B) {
		b.ReportAllocs()
		c := certificates(b, "", "")
		for b.Loop() {
			c.Name(state, nil, false)
		}
	})
	b.Run("header", func(b *testing.B) {
		b.ReportAllocs()
		c := certificates(b, "", "Client-Cert")
		for b.Loop() {
			c.Name(nil, h, true)
		}
	})
}
