package site

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/template"
	"palisade.dev/backend/veil"
	"palisade.dev/config"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
	"palisade.dev/store/sqlite"
)

type noNetworks struct{}

func (noNetworks) Refs() []wire.Network                   { return nil }
func (noNetworks) Prefixes(string) ([]netip.Prefix, bool) { return nil, false }

func newSites(t *testing.T) *Sites {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "palisade.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	base, err := template.Default()
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	n := 0
	f := feed.New(db, noNetworks{}, func(string) []string { return nil }, key, base, now)
	return &Sites{DB: db, Veils: veil.New([32]byte{1}), Feed: f, Public: f.Public(), Now: now, Rand: rand.Reader, ID: func() string { n++; return fmt.Sprintf("id%06d", n) }}
}

func document(t *testing.T, s store.Site) Document {
	t.Helper()
	d, err := Read(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What the file says is the file's; what it leaves out is people's, over restarts too.
func TestTheFileAndPeopleShareASite(t *testing.T) {
	sites, ctx := newSites(t), t.Context()
	file := config.Site{Name: "shop", Environment: "staging", Identity: wire.Identity{Proxies: []string{"10.0.0.0/8"}, Header: "X-Forwarded-For"}}
	declare := func() store.Site {
		t.Helper()
		s, err := sites.Declare(ctx, file)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := declare()
	if d := document(t, s); s.Revision != 1 || d.Environment != "staging" || !slices.Equal(d.Declared, []string{PartName, PartEnvironment, PartAddress}) || !d.Defaults || !d.WebFacing {
		t.Fatalf("%d %+v", s.Revision, d)
	}
	s, err := sites.Change(ctx, s, "ada", func(d *Document) {
		d.Zone, d.PersonalData, d.Identity.Session, d.Answer.Uniform, d.WebFacing = "Europe/Berlin", true, "_shop", true, false
	})
	if err != nil || s.Revision != 2 {
		t.Fatalf("%d %v", s.Revision, err)
	}
	if again := declare(); again.Revision != 2 || again.Zone != "Europe/Berlin" || again.WebFacing || !document(t, again).Answer.Uniform {
		t.Fatalf("a restart: %+v", again)
	}
	for part, edit := range map[string]func(*Document){
		"proxies":     func(d *Document) { d.Identity.Proxies = nil },
		"environment": func(d *Document) { d.Environment = "prod" },
	} {
		if _, err := sites.Change(ctx, s, "ada", edit); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "the configuration file says this site's "+part) {
			t.Errorf("%s: %v", part, err)
		}
	}
	// A line that is taken out of the file is no longer in force: a proxy above all.
	file.Identity, file.Environment, file.Identity.Session = wire.Identity{}, "", "_other"
	s = declare()
	if d := document(t, s); len(d.Identity.Proxies) != 0 || d.Identity.Header != "" || d.Environment != "prod" || d.Identity.Session != "_other" || d.Zone != "Europe/Berlin" || !d.PersonalData {
		t.Errorf("%+v", d)
	}
	file = config.Site{Name: "shop"}
	if d := document(t, declare()); d.Identity.Session != "" || !slices.Equal(d.Declared, []string{PartName}) {
		t.Errorf("%+v", d)
	}
}

func TestAChangeIsReadAsAGuardWould(t *testing.T) {
	sites, ctx := newSites(t), t.Context()
	s, err := sites.Create(ctx, Facts{Name: "shop"}, feed.Settings{Defaults: true}, "ada")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		edit func(*Document)
		want string
	}{
		{func(d *Document) { d.Name = "other" }, "a site's name stays"},
		{func(d *Document) { d.Zone = "Mars/Olympus" }, `zone "Mars/Olympus": want a name such as Europe/Berlin`},
		{func(d *Document) { d.Identity.Proxies = []string{"10.0.0.0/8"} }, "trusted without a header"},
		{func(d *Document) { d.Identity.Proxies, d.Identity.Header = []string{"ten"}, "X-Forwarded-For" }, "ten"},
		{func(d *Document) { d.Identity.Header = "X Forwarded" }, "no header name"},
		{func(d *Document) { d.Identity.Key = &wire.Key{From: []string{"nowhere"}} }, "nowhere"},
		{func(d *Document) { d.Answer.Status = 200 }, "200"},
	}
	for _, c := range cases {
		if _, err := sites.Change(ctx, s, "ada", c.edit); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
	}
	now, err := sites.DB.SiteByID(ctx, s.ID)
	if err != nil || now.Revision != s.Revision || len(cases) < 7 {
		t.Errorf("revision %d %v", now.Revision, err)
	}
	// Sent twice, it is one change.
	for range 2 {
		if now, err = sites.Change(ctx, now, "ada", func(d *Document) { d.Zone = "Europe/Berlin" }); err != nil || now.Revision != 2 {
			t.Errorf("revision %d %v", now.Revision, err)
		}
	}
}

// The audit log says what was changed, and keeps no key.
func TestTheAuditLogSaysWhatChanged(t *testing.T) {
	sites, ctx := newSites(t), t.Context()
	s, err := sites.Create(ctx, Facts{Name: "shop"}, feed.Settings{Defaults: true}, "ada")
	if err != nil {
		t.Fatal(err)
	}
	const secret = "a-secret-of-thirty-two-bytes-or-more"
	s, err = sites.Change(ctx, s, "ada", func(d *Document) {
		d.Identity.Proxies, d.Identity.Header = []string{"10.0.0.0/8"}, "X-Forwarded-For"
		d.Identity.Token = &wire.Token{From: "header:Authorization", Algorithm: "HS256", Key: secret, Claim: "sub"}
	})
	if err != nil || !strings.Contains(s.Settings, secret) {
		t.Fatalf("%v", err)
	}
	log, err := sites.DB.AuditLog(ctx, store.AuditQuery{Site: s.ID, Limit: 10})
	if err != nil || len(log) != 2 {
		t.Fatalf("%d entries, %v", len(log), err)
	}
	if e := log[0]; !strings.Contains(e.Later, `"proxies":["10.0.0.0/8"]`) || strings.Contains(e.Earlier, "10.0.0.0") || !strings.Contains(e.Earlier, `"defaults":true`) || strings.Contains(e.Later, secret) {
		t.Errorf("from %s to %s", e.Earlier, e.Later)
	}
}
