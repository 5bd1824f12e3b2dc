package network

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A server outside that redirects inwards gets no further: the address is looked at when it is connected to.
func TestRedirectInwards(t *testing.T) {
	reached := false
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	inside.Listener.Close()
	var err error
	if inside.Listener, err = net.Listen("tcp", "127.0.0.2:0"); err != nil {
		t.Fatal(err)
	}
	inside.StartTLS()
	defer inside.Close()
	s := newScene(t)
	roots := x509.NewCertPool()
	roots.AddCert(s.server.Certificate())
	s.Public = NewClient(func(a netip.Addr) error {
		if a == netip.MustParseAddr("127.0.0.1") { // plays a server on the internet
			return nil
		}
		return PublicOnly(a)
	}, roots)
	s.start()
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL+"/latest/meta-data", http.StatusFound)
	}
	st := s.due()
	if reached || !strings.Contains(st.LastError, "127.0.0.2 is not a public address, and only an own list that says so may be fetched from there") || st.Prefixes != 100 {
		t.Errorf("reached %v, %+v", reached, st)
	}
}

func TestPublicOnly(t *testing.T) {
	inward := []string{
		"127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "0.0.0.0",
		"255.255.255.255", "224.0.0.1", "192.0.0.170", "198.18.0.1", "203.0.113.7", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
		"ff02::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2001::1", "2001:db8::1",
	}
	outward := []string{"1.1.1.1", "52.94.76.1", "2600:1f18::1", "64:ff9b::808:808"}
	n := 0
	for _, a := range inward {
		if PublicOnly(netip.MustParseAddr(a)) == nil {
			t.Errorf("%s passes for public", a)
		}
		n++
	}
	for _, a := range outward {
		if err := PublicOnly(netip.MustParseAddr(a)); err != nil {
			t.Error(err)
		}
		n++
	}
	if n < 28 {
		t.Errorf("%d cases", n)
	}
}

func TestAzurePage(t *testing.T) {
	const link = "https://download.microsoft.com/download/7/1/d/71d86715-5596-4529-9b13-da13a5de5b63/ServiceTags_Public_20261116.json"
	pages := 0
	d := download{userAgent: "x", maxBytes: MaxBytes, timeout: time.Minute, client: getter(func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		switch {
		case r.URL.String() != link:
			pages++
			w.WriteString(`<a href="https://evil.example/ServiceTags_Public_20991231.json"><a href="` + link + `">`)
		case r.Header.Get("If-None-Match") == `"a"`:
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("ETag", `"a"`)
			w.WriteString(`{"values":[{"properties":{"addressPrefixes":["4.145.74.52/30"]}}]}`)
		}
		return w.Result(), nil
	})}
	address := []string{"https://www.microsoft.com/en-us/download/details.aspx?id=56519"}
	ps, v, err := d.list(t.Context(), address, azurePage, nil)
	if err != nil || written(ps) != "4.145.74.52/30" || pages != 1 {
		t.Fatalf("%v, %v after %d pages", ps, err, pages)
	}
	if _, _, err = d.list(t.Context(), address, azurePage, v); !errors.Is(err, errUnchanged) {
		t.Errorf("the same document: %v", err)
	}
	d.client = getter(func(*http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		w.WriteString("<p>moved")
		return w.Result(), nil
	})
	if _, _, err = d.list(t.Context(), address, azurePage, nil); err == nil || err.Error() != "https://www.microsoft.com/en-us/download/details.aspx names no ServiceTags_Public document" {
		t.Errorf("%v", err)
	}
}

// An own list's address may hold a key in its query, which is for the machine it names and for no other.
func TestRedirectTellsNobodyTheKey(t *testing.T) {
	s := newScene(t)
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/list" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		text(plainList(101))(w, r)
	}
	if st := s.due(); st.Prefixes != 101 || len(s.asked) != 2 {
		t.Fatalf("%d questions, %+v", len(s.asked), st)
	}
	if from := s.asked[1].Referer(); from != "" {
		t.Errorf("the redirect's target hears of %s", from)
	}
}

// A server that sends a line now and then holds us no longer than one that says nothing.
func TestSlowDrip(t *testing.T) {
	s := newScene(t)
	s.Timeout = 100 * time.Millisecond
	s.start()
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		drip := time.NewTicker(10 * time.Millisecond)
		defer drip.Stop()
		for n := 0; r.Context().Err() == nil; n++ {
			fmt.Fprintf(w, "9.%d.%d.0/24\n", n*2/256, n*2%256)
			http.NewResponseController(w).Flush()
			select {
			case <-drip.C:
			case <-r.Context().Done():
			}
		}
	}
	want := "kept the list of 2026-11-20: " + s.server.URL + "/list did not answer within 100ms"
	if st := s.due(); st.LastError != want || st.Prefixes != 100 {
		t.Errorf("status says %q, want %q", st.LastError, want)
	}
}

type getter func(*http.Request) (*http.Response, error)

func (g getter) Do(r *http.Request) (*http.Response, error) { return g(r) }
