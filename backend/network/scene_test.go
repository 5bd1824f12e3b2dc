package network

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// memory is a Store; full makes it fail.
type memory struct {
	mu   sync.Mutex
	kept map[string]Kept
	full error
}

func (m *memory) LoadLists(context.Context) ([]Kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Kept
	for _, k := range m.kept {
		out = append(out, k)
	}
	return out, nil
}

func (m *memory) SaveList(_ context.Context, k Kept) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full != nil {
		return m.full
	}
	m.kept[k.List.Name] = k
	return nil
}

// scene is a refresher whose clock, store and servers the test holds.
type scene struct {
	*Refresher
	Config
	t       *testing.T
	now     time.Time
	store   *memory
	server  *httptest.Server
	answer  http.HandlerFunc
	asked   []*http.Request
	changed []string
}

// plainList writes n separate /24s, one a line.
func plainList(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "9.%d.%d.0/24\n", i*2/256, i*2%256)
	}
	return b.String()
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, now: noon, store: &memory{kept: map[string]Kept{}}}
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r)
		s.answer(w, r)
	}))
	t.Cleanup(s.server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.server.Certificate())
	old, err := Read("plain", strings.NewReader(plainList(100)))
	if err != nil {
		t.Fatal(err)
	}
	s.Config = Config{
		Bundled: []List{{
			Name: "cloud/test", Kind: Cloud, Title: "Test Cloud", Source: "snapshot", Prefixes: old, Checksum: Checksum(old),
			Date: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC),
		}},
		Sources: []Source{{Name: "cloud/test", Kind: Cloud, Addresses: []string{s.server.URL + "/list?token=secret"}, Format: "plain", Every: day}},
		Store:   s.store,
		Public:  NewClient(Anywhere, roots), Private: NewClient(Anywhere, roots),
		Files: fstest.MapFS{},
		Clock: func() time.Time { return s.now },
		Rand:  func() float64 { return 0.5 },
		// Small, so that endless answers end soon.
		MaxBytes: 1 << 20, Timeout: 5 * time.Second, UserAgent: "Palisade/test (+https://palisade.dev)",
		Changed: func(l List) { s.changed = append(s.changed, l.Name+" "+l.Checksum) },
	}
	s.start()
	return s
}

// start makes a refresher from what the store has, as after a restart.
func (s *scene) start() {
	s.t.Helper()
	var err error
	if s.Refresher, err = New(s.t.Context(), s.Config); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) status(name string) Status {
	s.t.Helper()
	for _, st := range s.Status() {
		if st.Name == name {
			return st
		}
	}
	s.t.Fatalf("no status of %s", name)
	return Status{}
}

// due moves the clock to where the list is tried next, and lets it be tried.
func (s *scene) due() Status {
	s.t.Helper()
	s.now = s.status("cloud/test").NextTry
	s.Tick(s.t.Context())
	return s.status("cloud/test")
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}
