package people

import (
	"context"
	"encoding/base32"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"palisade.dev/backend/access"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

// house is an installation to break into, with a clock that the test holds.
type house struct {
	*People
	t    testing.TB
	db   *store.DB
	path string

	mu  sync.Mutex
	now time.Time
}

func open(t testing.TB, providers ...Provider) *house {
	t.Helper()
	h := &house{t: t, path: filepath.Join(t.TempDir(), "palisade.db"), now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	db, err := sqlite.Open(context.Background(), h.path)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	h.db = db
	h.People, err = New(Options{DB: db, Key: [32]byte{1}, Now: h.clock, Providers: providers})
	must(t, err)
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

const goodPassword = "correct horse battery"

// from is a visit from some address.
func from(address string) Visit {
	return Visit{Address: netip.MustParseAddr(address), Agent: "Mozilla/5.0"}
}

var home = from("192.0.2.1")

// owner sets the installation up.
func (h *house) owner() Entered {
	h.t.Helper()
	code, err := h.SetupCode(h.t.Context())
	must(h.t, err)
	e, err := h.Join(h.t.Context(), code, Joining{Name: "Ada", Email: "ada@example.org", Password: goodPassword}, home)
	must(h.t, err)
	return e
}

// member joins by an invitation of an owner.
func (h *house) member(by Session, name string, roles map[string]access.Role) Entered {
	h.t.Helper()
	_, code, err := h.Invite(as(h.t, by), name+"@example.org", roles)
	must(h.t, err)
	e, err := h.Join(h.t.Context(), code, Joining{Name: name, Password: goodPassword}, home)
	must(h.t, err)
	return e
}

func (h *house) site(name string) string {
	h.t.Helper()
	must(h.t, h.db.CreateSite(h.t.Context(), store.Site{ID: "site-" + name, Name: name, Zone: "UTC", Secret: []byte("s"), Settings: "{}", Created: 1}))
	return "site-" + name
}

// as is a context in which a session's person acts.
func as(t testing.TB, s Session) context.Context {
	return access.With(t.Context(), s.Actor())
}

// codes turns one-time codes on and gives the secret, the recovery codes and the session's new cookie.
func (h *house) codes(e Entered) (secret string, recovery []string, renewed Entered) {
	h.t.Helper()
	en, err := h.BeginTOTP(h.t.Context(), e.Session)
	must(h.t, err)
	recovery, token, s, err := h.ConfirmTOTP(h.t.Context(), e.Session, h.code(en.Secret, 0), home)
	must(h.t, err)
	h.pass(30 * time.Second) // so that the next code is another
	return en.Secret, recovery, Entered{Token: token, Session: s, Device: e.Device}
}

// code is what an authenticator shows, so many steps from now.
func (h *house) code(secret string, steps int) string {
	h.t.Helper()
	code, err := totp.GenerateCode(secret, h.clock().Add(time.Duration(steps)*30*time.Second))
	must(h.t, err)
	return code
}

// in reports whether a session cookie opens anything.
func (h *house) in(token string) bool {
	h.t.Helper()
	_, err := h.Session(h.t.Context(), token, home)
	if err != nil && !errors.Is(err, ErrUnauthorized) {
		h.t.Fatal(err)
	}
	return err == nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks the kind of an error and that it says all of some words.
func refused(t testing.TB, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Fatalf("%q does not say %q", err, w)
		}
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// atOnce runs f many times at once and counts those that came to no error.
func atOnce(n int, f func(i int) error) (done int, errs []error) {
	errs = make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = f(i) })
	}
	all.Wait()
	for _, err := range errs {
		if err == nil {
			done++
		}
	}
	return done, errs
}

func secretBytes(t testing.TB, text string) []byte {
	t.Helper()
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	must(t, err)
	return b
}
