package gateway_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"palisade.dev/gateway"
	"palisade.dev/guard/wire"
)

// issuer signs certificates for a test.
type issuer struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
	dir  string
}

func newIssuer(t *testing.T) *issuer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key, dir: t.TempDir(), pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test root"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	i.cert, _ = x509.ParseCertificate(der)
	i.pool.AddCert(i.cert)
	i.write("ca.pem", "CERTIFICATE", der)
	return i
}

func (i *issuer) write(name, kind string, der []byte) string {
	path := filepath.Join(i.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		i.t.Fatal(err)
	}
	return path
}

// sign writes a certificate and its key.
func (i *issuer) sign(name string, serial int64, hosts ...string) gateway.CertificateFiles {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: hosts, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, i.cert, key.Public(), i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	private, _ := x509.MarshalPKCS8PrivateKey(key)
	return gateway.CertificateFiles{Certificate: i.write(name+".pem", "CERTIFICATE", der), Key: i.write(name+".key", "PRIVATE KEY", private)}
}

func (i *issuer) client(g *gateway.Gateway, host string, h2 bool, own ...tls.Certificate) *http.Client {
	tr := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: i.pool, ServerName: host, Certificates: own}, ForceAttemptHTTP2: h2,
		DisableCompression: true,
	}
	i.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 10 * time.Second}
}

func TestTLSFromFiles(t *testing.T) {
	app := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "Sum")
		fmt.Fprint(w, r.Header.Get("X-Forwarded-Proto"), " ", r.Host, " ", len(b))
		w.Header().Set("Sum", "1")
	})
	guard, events := protect(t, nil)
	ca := newIssuer(t)
	c := one(t, app, guard)
	a, b := ca.sign("a", 10, "a.example"), ca.sign("b", 20, "b.example", "*.b.example")
	c.Listen[0].TLS = &gateway.TLS{Files: []gateway.CertificateFiles{a, b}}
	g := run(t, c)
	url := "https://" + g.Addr(anyPort).String()
	for host, serial := range map[string]int64{"a.example": 10, "b.example": 20, "x.b.example": 20} {
		for _, h2 := range []bool{true, false} {
			for _, body := range []string{"", "short", strings.Repeat("x", shortest)} {
				r, _ := http.NewRequest("POST", url, strings.NewReader(body))
				r.Host = host
				res, err := ca.client(g, host, h2).Do(r)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := io.ReadAll(res.Body)
				res.Body.Close()
				want(t, "body", string(got), fmt.Sprint("https ", host, " ", len(body)))
				want(t, "serial", res.TLS.PeerCertificates[0].SerialNumber.Int64(), serial)
				want(t, "HTTP/2", res.ProtoMajor == 2, h2)
				want(t, "trailer", res.Trailer.Get("Sum"), "1")
			}
		}
	}
	// What the handshake looked like is part of the client's fingerprint.
	var prints []string
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS13, tls.VersionTLS12} {
		h := ca.client(g, "a.example", false)
		h.Transport.(*http.Transport).TLSClientConfig.MaxVersion = version
		path := fmt.Sprint("/print/", len(prints))
		ask(t, h, "GET", url+path, "", "Host: a.example")
		prints = append(prints, events.wait(t, "print", func(e wire.Event) bool { return e.Path == path }).Fingerprint)
	}
	want(t, "fingerprint of alike handshakes", prints[1], prints[0])
	if prints[2] == prints[0] {
		t.Errorf("another handshake has the same fingerprint %s", prints[0])
	}

	// TLS 1.1 is refused.
	if _, err := tls.Dial("tcp", g.Addr(anyPort).String(), &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was agreed on")
	}

	// Files that have changed hold from the next handshake on, and tickets of before are still good.
	cache := tls.NewLRUClientSessionCache(4)
	hello := func() tls.ConnectionState {
		t.Helper()
		conn, err := tls.Dial("tcp", g.Addr(anyPort).String(), &tls.Config{RootCAs: ca.pool, ServerName: "a.example", ClientSessionCache: cache})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "GET / HTTP/1.0\r\nHost: a.example\r\n\r\n")
		_, _ = io.ReadAll(conn)
		return conn.ConnectionState()
	}
	want(t, "resumed at first", hello().DidResume, false)
	want(t, "resumed", hello().DidResume, true)
	ca.sign("a", 11, "a.example")
	if err := g.Reload(c); err != nil {
		t.Fatal(err)
	}
	want(t, "resumed after a reload", hello().DidResume, true)
	cache = tls.NewLRUClientSessionCache(4)
	want(t, "serial after a reload", hello().PeerCertificates[0].SerialNumber.Int64(), 11)
}

func TestClientCertificateIsThePrincipal(t *testing.T) {
	app := serve(t, func(http.ResponseWriter, *http.Request) {})
	guard, events := protect(t, nil)
	ca, stranger := newIssuer(t), newIssuer(t)
	c := one(t, app, guard)
	c.Listen[0].TLS = &gateway.TLS{Files: []gateway.CertificateFiles{ca.sign("site", 1, "a.example")}, ClientCA: filepath.Join(ca.dir, "ca.pem")}
	g := run(t, c)
	load := func(f gateway.CertificateFiles) tls.Certificate {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	alice, mallory := load(ca.sign("alice", 2)), load(stranger.sign("mallory", 3))
	url := "https://" + g.Addr(anyPort).String()
	get := func(own ...tls.Certificate) error {
		res, err := ca.client(g, "a.example", true, own...).Get(url)
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	if err := get(alice); err != nil {
		t.Fatal(err)
	}
	e := events.wait(t, "a certificate", func(e wire.Event) bool { return e.Certificate != "" })
	t.Log(e.Certificate)
	if err := get(); err != nil {
		t.Errorf("without one, where none is needed: %v", err)
	}
	c.Listen[0].TLS.RequireClient = true
	if err := g.Reload(c); err != nil {
		t.Fatal(err)
	}
	if err := get(); err == nil {
		t.Error("without one, where one is needed: served")
	}
	// A client offers only what the site's authorities have signed; this one insists.
	insists := ca.client(g, "a.example", true)
	insists.Transport.(*http.Transport).TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &mallory, nil }
	if _, err := insists.Get(url); err == nil {
		t.Error("with another authority's: served")
	}
	if err := get(alice); err != nil {
		t.Error(err)
	}
}

// HTTP/2 has room in its fields for what ends a line in HTTP/1.1.
func TestHTTP2SmugglesNothing(t *testing.T) {
	app := listen(t)
	ca := newIssuer(t)
	c := one(t, app.addr, nil)
	c.Listen[0].TLS = &gateway.TLS{Files: []gateway.CertificateFiles{ca.sign("site", 1, "a.example")}}
	g := run(t, c)
	cases, passed := 0, 0
	for name, change := range map[string][]string{
		"plain":                    {},
		"CRLF in a value":          {"x", "1\r\nX-Admin: 1"},
		"CRLF in a name":           {"x\r\nx-admin", "1"},
		"colon in a name":          {"x:y", "1"},
		"space in a name":          {"x y", "1"},
		"upper case in a name":     {"X-Admin", "1"},
		"LF in a value":            {"x", "1\nX-Admin: 1"},
		"NUL in a value":           {"x", "1\x001"},
		"request in the method":    {":method", "GET /admin HTTP/1.1\r\nX: "},
		"spaces in the method":     {":method", "GET /admin HTTP/1.1 "},
		"request in the path":      {":path", "/ HTTP/1.1\r\nX-Admin: 1\r\n"},
		"spaces in the path":       {":path", "/ HTTP/1.1"},
		"spaces in the query":      {":path", "/?a HTTP/1.1"},
		"tab in the query":         {":path", "/?a\tHTTP/1.1"},
		"no slash":                 {":path", "admin"},
		"a path as authority":      {":authority", "a.example/admin"},
		"spaces in the authority":  {":authority", "a.example HTTP/1.1"},
		"CRLF in the authority":    {":authority", "a.example\r\nX-Admin: 1"},
		"userinfo":                 {":authority", "evil@a.example"},
		"another host":             {"host", "evil.example"},
		"connect":                  {":method", "CONNECT"},
		"transfer-encoding":        {"transfer-encoding", "chunked"},
		"connection":               {"connection", "x"},
		"content-length of a lie":  {"content-length", "44"},
		"two content-lengths":      {"content-length", "0, 44"},
		"content-length of a sign": {"content-length", "+0"},
	} {
		cases++
		conn, err := tls.Dial("tcp", g.Addr(anyPort).String(), &tls.Config{RootCAs: ca.pool, ServerName: "a.example", NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
		var block bytes.Buffer
		enc := hpack.NewEncoder(&block)
		fields := [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/x"}, {":authority", "a.example"}}
		set := false
		for i := range fields {
			if len(change) > 0 && fields[i][0] == change[0] {
				fields[i][1], set = change[1], true
			}
		}
		if len(change) > 0 && !set {
			fields = append(fields, [2]string{change[0], change[1]})
		}
		for _, f := range fields {
			_ = enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
		}
		_, _ = io.WriteString(conn, http2.ClientPreface)
		f := http2.NewFramer(conn, conn)
		f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		_ = f.WriteSettings()
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})
		got := ""
		for got == "" {
			frame, err := f.ReadFrame()
			switch frame := frame.(type) {
			case *http2.MetaHeadersFrame:
				got = frame.PseudoValue("status")
			case *http2.RSTStreamFrame, *http2.GoAwayFrame:
				got = "reset"
			}
			if err != nil {
				got = "closed"
			}
		}
		conn.Close()
		asks, all := app.take()
		t.Logf("%s: %s %q", name, got, asks)
		if len(asks) > 1 || strings.Contains(all, "X-Admin: 1") || strings.Count(all, " HTTP/1.1\r\n") > 1 || strings.Contains(all, "evil") {
			t.Errorf("%s: the app got\n%s", name, all)
		}
		if len(asks) == 1 {
			passed++
			if !strings.HasPrefix(asks[0], "GET /x a.example") && !strings.HasPrefix(asks[0], "GET /%20HTTP/1.1 a.example") {
				t.Errorf("%s: the app was asked %q", name, asks)
			}
		}
	}
	if cases < 26 || passed < 1 {
		t.Fatalf("only %d cases ran, %d passed", cases, passed)
	}
}
