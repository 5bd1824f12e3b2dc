package gateway_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"palisade.dev/gateway"
)

// authority is Pebble, Let's Encrypt's own ACME server for tests: it dials the listener to see the challenge answered,
// refuses some nonces at random, and signs with a root of its own.
type authority struct {
	*issuer
	directory string
	roots     *x509.CertPool // of what it issues
	said      *heard
}

// pebble starts one that looks for challenges at a port and issues for a time. It never gives evil.example a certificate.
func pebble(t *testing.T, port int, validity time.Duration) *authority {
	t.Helper()
	if os.Getenv("PALISADE_SKIP_ACME") == "1" {
		fmt.Fprintf(os.Stderr, "\n*** PALISADE_SKIP_ACME=1: %s did NOT run against an ACME authority ***\n\n", t.Name())
		t.SkipNow()
	}
	build := exec.Command("go", "tool", "-modfile=../pebble.mod", "-n", "pebble") // builds it and says where it is
	build.Env = append(os.Environ(), "GOWORK=off")
	program, err := build.Output()
	if err != nil {
		t.Fatalf("building Pebble from pebble.mod: %v; it is fetched the first time: or set PALISADE_SKIP_ACME=1", fault(err))
	}
	a := &authority{issuer: newIssuer(t), roots: x509.NewCertPool(), said: &heard{}}
	own := a.sign("pebble", 1, "localhost")
	ports := free(t, 2)
	conf, _ := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": "127.0.0.1:" + ports[0], "managementListenAddress": "127.0.0.1:" + ports[1],
		"certificate": own.Certificate, "privateKey": own.Key, "tlsPort": port, "httpPort": 1, "keyAlgorithm": "ecdsa",
		"domainBlocklist": []string{"evil.example"}, "retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{"default": map[string]any{"description": "", "validityPeriod": int(validity.Seconds())}},
	}})
	file := filepath.Join(a.dir, "pebble.json")
	if err := os.WriteFile(file, conf, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(strings.TrimSpace(string(program)), "-config", file, "-dnsserver", names(t))
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
	cmd.Stdout, cmd.Stderr = a.said, a.said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("Pebble said:\n%s", a.said)
		}
	})
	a.directory = "https://localhost:" + ports[0] + "/dir"
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.pool}, DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) { // it is another process: there is nothing else to wait on
		pem, err := get(c, "https://localhost:"+ports[1]+"/roots/0")
		if _, err2 := get(c, a.directory); err == nil && err2 == nil && a.roots.AppendCertsFromPEM(pem) {
			return a
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("Pebble does not answer: %v\n%s", err, a.said)
		}
	}
}

func fault(err error) string {
	var e *exec.ExitError
	if errors.As(err, &e) {
		return string(e.Stderr)
	}
	return err.Error()
}

func get(c *http.Client, url string) ([]byte, error) {
	res, err := c.Get(url)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// free finds ports that nobody listens on.
func free(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ports = append(ports, port)
	}
	return ports
}

// names answers that every name is this machine. Pebble asks over TCP.
func names(t *testing.T) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		for {
			c, err := socket.Accept()
			if err != nil {
				return
			}
			go resolve(c)
		}
	}()
	return socket.Addr().String()
}

// resolve answers the questions of one connection, each behind its length.
func resolve(c net.Conn) {
	defer c.Close()
	for {
		var length [2]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		question := make([]byte, binary.BigEndian.Uint16(length[:]))
		var m dnsmessage.Message
		if _, err := io.ReadFull(c, question); err != nil || m.Unpack(question) != nil || len(m.Questions) != 1 {
			return
		}
		m.Response, m.Additionals = true, nil
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
			m.Answers = []dnsmessage.Resource{{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
			}}
		}
		answer, err := m.AppendPack([]byte{0, 0})
		if err != nil {
			return
		}
		binary.BigEndian.PutUint16(answer, uint16(len(answer)-2))
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// behind is a gateway's configuration whose certificates come from the authority, on a port that it knows.
func (a *authority) behind(address, folder string, log io.Writer, hosts ...string) gateway.Config {
	app := serve(a.t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "served") })
	c := one(a.t, app, nil)
	c.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	c.Limits.DrainTimeout = 200 * time.Millisecond
	c.Sites[0].Hosts = hosts
	c.Listen[0].Address = address
	c.Listen[0].TLS = &gateway.TLS{ACME: &gateway.ACME{
		Email: "owner@shop.example", Directory: a.directory, Folder: folder, CA: filepath.Join(a.dir, "ca.pem"), Every: time.Second,
	}}
	return c
}

// begin runs a gateway until end.
func begin(t *testing.T, c gateway.Config) (end func()) {
	t.Helper()
	g, err := gateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// page asks for one over https, trusting the authority alone, and gives the serial of the certificate it came under. It
// asks until there is one that fits.
func (a *authority) page(address, host string, fits func(serial string) bool) (serial string) {
	a.t.Helper()
	var last error
	for begun := time.Now(); time.Since(begun) < 15*time.Second; time.Sleep(20 * time.Millisecond) {
		c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: a.roots, ServerName: host}, DisableKeepAlives: true,
		}}
		r, _ := http.NewRequest("GET", "https://"+address+"/", nil)
		r.Host = host
		res, err := c.Do(r)
		if last = err; err != nil {
			continue
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != 200 || string(body) != "served" {
			a.t.Fatalf("%d %q %v", res.StatusCode, body, err)
		}
		if serial = res.TLS.PeerCertificates[0].SerialNumber.String(); fits(serial) {
			return serial
		}
	}
	a.t.Fatalf("no page of %s under a certificate that fits; last: %v", host, last)
	return ""
}

func anySerial(string) bool { return true }

// port reads that of an address.
func port(t *testing.T, address string) int {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return a.Port
}

// TestACMEIssues: a certificate is issued against a challenge that our listener answers, as the authority looks at its
// port and at no other; it is kept, and a gateway that starts again goes on with it.
func TestACMEIssues(t *testing.T) {
	address, folder := "127.0.0.1:"+free(t, 1)[0], t.TempDir()
	a := pebble(t, port(t, address), 90*24*time.Hour)
	log := &heard{}
	end := begin(t, a.behind(address, folder, log, "shop.example", "www.shop.example"))
	first := a.page(address, "shop.example", anySerial)
	other := a.page(address, "www.shop.example", anySerial)
	end()
	if text := log.String(); strings.Count(text, "a certificate was issued") != 2 || !strings.Contains(text, "name=shop.example renewal=false") {
		t.Errorf("the log:\n%s", text)
	}
	if first == other {
		t.Error("both names came under one certificate")
	}
	asked := strings.Count(a.said.String(), "POST /order-plz")
	if asked < 2 {
		t.Fatalf("the authority was asked %d times", asked)
	}
	kept, err := filepath.Glob(filepath.Join(folder, "certificates", "*", "shop.example", "shop.example.*"))
	if err != nil || len(kept) != 3 {
		t.Errorf("kept: %v, %v", kept, err)
	}
	for _, file := range kept {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s may be read by others: %v, %v", file, info.Mode(), err)
		}
	}

	log = &heard{}
	end = begin(t, a.behind(address, folder, log, "shop.example", "www.shop.example"))
	want(t, "the certificate after a restart", a.page(address, "shop.example", anySerial), first)
	want(t, "the other after a restart", a.page(address, "www.shop.example", anySerial), other)
	end()
	if n := strings.Count(a.said.String(), "POST /order-plz"); n != asked || strings.Contains(log.String(), "a certificate was issued") {
		t.Errorf("asked %d times more:\n%s", n-asked, log)
	}
}

// TestACMERenews: near the end of a certificate its clients get the next, without a restart.
func TestACMERenews(t *testing.T) {
	address := "127.0.0.1:" + free(t, 1)[0]
	a := pebble(t, port(t, address), 8*time.Second)
	log := &heard{}
	defer begin(t, a.behind(address, t.TempDir(), log, "shop.example"))()
	first := a.page(address, "shop.example", anySerial)
	a.page(address, "shop.example", func(serial string) bool { return serial != first })
	if !strings.Contains(log.String(), "name=shop.example renewal=true") {
		t.Errorf("nothing of a renewal in the log:\n%s", log)
	}
}

// TestACMERefusals: what an authority will not do is told with what to do, and the other names are served.
func TestACMERefusals(t *testing.T) {
	address := "127.0.0.1:" + free(t, 1)[0]
	a := pebble(t, port(t, address), 90*24*time.Hour)
	log := &heard{}
	c := a.behind(address, t.TempDir(), log, "shop.example", "evil.example")
	defer begin(t, c)()
	a.page(address, "shop.example", anySerial)
	awaitLine(t, log, "no certificate was issued", "name=evil.example", "take the name out of the site's hosts, or give the listener a certificate")
}

// TestACMEPortLeadsElsewhere: the authority looks for the challenge where the listener is not.
func TestACMEPortLeadsElsewhere(t *testing.T) {
	another := httptest.NewUnstartedServer(http.NotFoundHandler())
	another.Config.ErrorLog = log.New(io.Discard, "", 0)
	another.StartTLS()
	defer another.Close()
	for _, address := range []string{another.Listener.Addr().String(), "127.0.0.1:" + free(t, 1)[0]} {
		a := pebble(t, port(t, address), time.Hour)
		log := &heard{}
		defer begin(t, a.behind(anyPort, t.TempDir(), log, "lost.example"))()
		awaitLine(t, log, "no certificate was issued", "name=lost.example", "have port 443 of all the name's addresses")
	}
}

// awaitLine waits for a line of the log with all of some words.
func awaitLine(t *testing.T, log *heard, words ...string) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < 15*time.Second; time.Sleep(10 * time.Millisecond) {
	lines:
		for line := range strings.Lines(log.String()) {
			for _, w := range words {
				if !strings.Contains(line, w) {
					continue lines
				}
			}
			return
		}
	}
	t.Fatalf("no line with %q in\n%s", words, log)
}
