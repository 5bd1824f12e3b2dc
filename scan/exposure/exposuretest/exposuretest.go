// Package exposuretest serves hosts on addresses of this machine, with and without a fault, and holds the scanner to
// finding the one and being quiet about the other.
package exposuretest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"palisade.dev/scan"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/checks"
)

// Kind is what a sample is.
type Kind string

// Vulnerable has the fault, Sound has it mended, Noisy has something that looks like it.
const (
	Vulnerable Kind = "vulnerable"
	Sound      Kind = "sound"
	Noisy      Kind = "noisy"
)

// Sample is a host to scan.
type Sample struct {
	Name  string
	Kind  Kind
	Least scan.Severity // that a vulnerable one is found with; none: medium
	Serve func(*Host)
}

// Host is an address of this machine with servers.
type Host struct {
	testing.TB
	Addr    netip.Addr
	Options exposure.Options
}

// New makes a host without any.
func New(t testing.TB) *Host {
	h := &Host{TB: t}
	// A whole network of addresses is this machine's; each host has its own, so that each can have the usual ports.
	h.Addr = netip.AddrFrom4([4]byte{127, byte(64 + mathrand.IntN(128)), byte(mathrand.IntN(256)), byte(1 + mathrand.IntN(254))})
	h.Options = exposure.Options{
		Hosts: []string{h.Addr.String()}, Checks: checks.All(), Mode: exposure.Active, Rate: 10_000, Timeout: time.Second, Patience: time.Second, Seed: 1, Tool: "test",
		Reach: func(netip.Addr) exposure.Reach { return exposure.Public }, Roots: authority().pool,
	}
	return h
}

// listen opens a port, any free one where it is 0, and has it scanned.
func (h *Host) listen(port int) net.Listener {
	h.Helper()
	l, err := net.Listen("tcp", netip.AddrPortFrom(h.Addr, uint16(port)).String())
	if err != nil {
		h.Fatal(err)
	}
	h.Options.Ports = append(h.Options.Ports, l.Addr().(*net.TCPAddr).Port)
	h.Cleanup(func() { _ = l.Close() })
	return l
}

// Raw serves connections with a function, which need not close them.
func (h *Host) Raw(port int, serve func(net.Conn)) int {
	l := h.listen(port)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				serve(c)
			})
		}
	})
	h.Cleanup(wg.Wait)
	h.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// Answers serves connections that are asked once: what is read is handed over, what is given is written.
func (h *Host) Answers(port int, answer func(question string) string) int {
	return h.Raw(port, func(c net.Conn) {
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			a := answer(string(b[:n]))
			if a == "" {
				return
			}
			_, _ = io.WriteString(c, a)
		}
	})
}

// Says serves connections with a greeting.
func (h *Host) Says(port int, greeting string) int {
	return h.Raw(port, func(c net.Conn) {
		_, _ = io.WriteString(c, greeting)
		_, _ = io.Copy(io.Discard, c)
	})
}

// Web serves HTTP.
func (h *Host) Web(port int, handler http.Handler) int { return h.web(h.listen(port), handler) }

// Secure serves HTTPS.
func (h *Host) Secure(port int, conf *tls.Config, handler http.Handler) int {
	return h.web(tls.NewListener(h.listen(port), conf), handler)
}

func (h *Host) web(l net.Listener, handler http.Handler) int {
	server := &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 20 * time.Second}
	go func() { _ = server.Serve(l) }()
	h.Cleanup(func() { _ = server.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// SSH serves SSH.
func (h *Host) SSH(port int, conf *ssh.ServerConfig) int {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		h.Fatal(err)
	}
	conf.AddHostKey(signer)
	return h.Raw(port, func(c net.Conn) {
		conn, channels, requests, err := ssh.NewServerConn(c, conf)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for ch := range channels {
			_ = ch.Reject(ssh.Prohibited, "")
		}
		_ = conn.Wait()
	})
}

type ca struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

var authority = sync.OnceValue(func() *ca {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("exposuretest: the system gives no chance: " + err.Error())
	}
	now := time.Now()
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Authority"}, NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(2, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		panic("exposuretest: its own certificate: " + err.Error())
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		panic("exposuretest: its own certificate: " + err.Error())
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &ca{cert, key, pool}
})

// Certificate gives one for the host's address that ends after a while; signed by itself if so wanted.
func (h *Host) Certificate(left time.Duration, selfSigned bool) tls.Certificate {
	h.Helper()
	a := authority()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "shop.test"}, NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: time.Now().Add(left),
		IPAddresses: []net.IP{h.Addr.AsSlice()}, DNSNames: []string{"shop.test"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	parent, signer := a.cert, a.key
	if selfSigned {
		parent, signer = form, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, parent, key.Public(), signer)
	if err != nil {
		h.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

// Expect says that all ports that were opened are meant to be.
func (h *Host) Expect() { h.Options.Expect = h.Options.Ports }

// Scan scans the host.
func (h *Host) Scan() *scan.Run {
	h.Helper()
	run, err := exposure.Scan(h.Context(), h.Options)
	if err != nil {
		h.Fatal(err)
	}
	return run
}

// Run holds all checks to the samples of one: it finds what is vulnerable, and none of them is alarmed by the rest.
func Run(t *testing.T, check exposure.Check, samples []Sample) {
	t.Helper()
	kinds := map[Kind]int{}
	for _, s := range samples {
		kinds[s.Kind]++
		t.Run(string(s.Kind)+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			h := New(t)
			s.Serve(h)
			run := h.Scan()
			least := s.Least
			if least == scan.None {
				least = scan.Medium
			}
			found := false
			for _, f := range run.Findings {
				if s.Kind == Vulnerable {
					found = found || f.Check == check.ID && f.Severity >= least
				} else if f.Severity >= scan.Medium {
					t.Errorf("%s %s %s: %s", f.Severity, f.Check, f.Place.Where(), f.Message)
				}
				if f.Place.Symbol == "" || f.Fix == nil || f.Fix.Text == "" || f.Fingerprint == "" {
					t.Errorf("%s lacks its port, a fix or a fingerprint: %+v", f.Check, f)
				}
			}
			told := false
			for _, o := range run.Outcomes {
				told = told || o.Check == check.ID
			}
			if s.Kind == Vulnerable && !found {
				t.Errorf("%s did not find it at %s or above", check.ID, least)
				for _, o := range run.Outcomes {
					t.Logf("%s %s: %s, %s", o.Check, o.Where, o.Verdict, o.Why)
				}
			}
			if !told {
				t.Errorf("%s gave no verdict", check.ID)
			}
			for _, g := range run.Gaps {
				t.Errorf("a gap: %+v", g)
			}
		})
	}
	for _, k := range []Kind{Vulnerable, Sound, Noisy} {
		if kinds[k] == 0 {
			t.Errorf("no %s sample", k)
		}
	}
	t.Logf("%s: %d vulnerable, %d sound, %d noisy", check.ID, kinds[Vulnerable], kinds[Sound], kinds[Noisy])
}

// Pages serves some pages and nothing else.
func Pages(pages map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if text, ok := pages[r.URL.Path]; ok {
			_, _ = io.WriteString(w, text)
			return
		}
		http.NotFound(w, r)
	})
}

// Anything answers everything with one page.
func Anything(page func(path string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, page(r.URL.Path)) })
}
