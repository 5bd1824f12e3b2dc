// Package site keeps the sites: what is said of them, the keys that let their guards in, and the rules they have of
// their own, whether a person or the configuration file put them there.
package site

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/guardapi"
	"palisade.dev/config"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Sites makes and changes sites.
type Sites struct {
	DB     *store.DB
	Public ed25519.PublicKey
	Now    func() time.Time
	ID     func() string
	Rand   io.Reader
}

// ErrInvalid says what is wrong with a request.
var ErrInvalid = errors.New("invalid")

// Facts are what people say of a site.
type Facts struct {
	Name         string `json:"name"`
	Environment  string `json:"environment"`
	Zone         string `json:"zone"`
	WebFacing    bool   `json:"web_facing"`
	PersonalData bool   `json:"personal_data"`
}

func (f *Facts) check() error {
	if !config.Name(f.Name) {
		return fmt.Errorf("%w: name %q: want 1 to 40 of a-z, 0-9 and -", ErrInvalid, f.Name)
	}
	if f.Environment == "" {
		f.Environment = "prod"
	}
	if f.Zone == "" {
		f.Zone = "UTC"
	}
	if _, err := time.LoadLocation(f.Zone); err != nil {
		return fmt.Errorf("%w: zone %q: want a name such as Europe/Berlin", ErrInvalid, f.Zone)
	}
	return nil
}

// Create makes a site with the defaults.
func (s *Sites) Create(ctx context.Context, f Facts, settings feed.Settings) (store.Site, error) {
	if err := f.check(); err != nil {
		return store.Site{}, err
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(s.Rand, secret); err != nil {
		return store.Site{}, fmt.Errorf("making a site's secret: %w", err)
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return store.Site{}, err
	}
	site := store.Site{
		ID: s.ID(), Name: f.Name, Environment: f.Environment, Zone: f.Zone, WebFacing: f.WebFacing, PersonalData: f.PersonalData,
		Secret: secret, Settings: string(text), Created: s.Now().UnixMilli(), Revision: 1,
	}
	return site, s.DB.CreateSite(ctx, site)
}

// AddKey makes a key for guards; it is shown once and stored as a hash.
func (s *Sites) AddKey(ctx context.Context, site, label string) (wire.SiteKey, store.SiteKey, error) {
	k := wire.SiteKey{Public: s.Public}
	if _, err := io.ReadFull(s.Rand, k.Secret[:]); err != nil {
		return k, store.SiteKey{}, fmt.Errorf("making a site key: %w", err)
	}
	kept := store.SiteKey{ID: s.ID(), Site: site, Label: label, Hash: guardapi.Hash(k), Created: s.Now().UnixMilli()}
	return k, kept, s.DB.AddSiteKey(ctx, kept)
}

// Declare makes a site what the configuration file says, and leaves alone what people added. Where nothing differs
// nothing is written, so that a restart is no new revision.
func (s *Sites) Declare(ctx context.Context, c config.Site) (store.Site, error) {
	f := Facts{Name: c.Name, Environment: c.Environment, Zone: c.Zone, WebFacing: c.WebFacing == nil || *c.WebFacing, PersonalData: c.PersonalData}
	if err := f.check(); err != nil {
		return store.Site{}, err
	}
	settings := feed.Settings{Identity: c.Identity, Answer: c.Answer, Defaults: c.Defaults == nil || *c.Defaults}
	site, err := s.DB.SiteByName(ctx, c.Name)
	if errors.Is(err, store.ErrNotFound) {
		if site, err = s.Create(ctx, f, settings); err != nil {
			return site, err
		}
	} else if err != nil {
		return site, err
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return site, err
	}
	want := site
	want.Environment, want.Zone, want.WebFacing, want.PersonalData, want.Settings = f.Environment, f.Zone, f.WebFacing, f.PersonalData, string(text)
	if want.Environment != site.Environment || want.Zone != site.Zone || want.WebFacing != site.WebFacing || want.PersonalData != site.PersonalData || want.Settings != site.Settings {
		if err := s.DB.UpdateSite(ctx, want, "configuration file", s.Now().UnixMilli()); err != nil {
			return site, err
		}
	}
	if err := s.declareRules(ctx, site.ID, c.Rules); err != nil {
		return site, err
	}
	traps := c.Traps
	if c.Honeypot != nil {
		traps = append(append([]wire.Trap{}, traps...), wire.Trap{Name: "honeypot-form", Paths: []string{}, Form: c.Honeypot.Path, Then: []string{"block", "ban 1h", "alert"}})
	}
	err = errors.Join(
		declare(ctx, s, site.ID, feed.KindRoute, c.Routes, func(r wire.Route) string { return routeName(r) }),
		declare(ctx, s, site.ID, feed.KindBlock, c.Blocks, func(b wire.Block) string { return b.Name }),
		declare(ctx, s, site.ID, feed.KindTrap, traps, func(t wire.Trap) string { return t.Name }),
	)
	if err != nil {
		return site, err
	}
	return s.DB.SiteByID(ctx, site.ID)
}

func routeName(r wire.Route) string {
	if r.Name != "" {
		return r.Name
	}
	if len(r.Match) > 0 {
		return r.Match[0]
	}
	return ""
}

func (s *Sites) declareRules(ctx context.Context, site string, rules []wire.Rule) error {
	have, err := s.DB.Rules(ctx, site)
	if err != nil {
		return err
	}
	old := map[string]store.Rule{}
	for _, r := range have {
		if r.Source == store.SourceFile {
			old[r.Name] = r
		}
	}
	for i, r := range rules {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		mode := r.Mode
		if mode == "" {
			mode = "on"
		}
		o, kept := old[r.Name]
		delete(old, r.Name)
		if kept && o.Body == string(text) && o.Position == i {
			continue
		}
		if err := s.DB.PutRule(ctx, store.Rule{ID: s.ID(), Site: site, Name: r.Name, Body: string(text), Position: i, Mode: mode, Source: store.SourceFile, Author: "configuration file", Updated: s.Now().UnixMilli()}); err != nil {
			return err
		}
	}
	for name := range old {
		if err := s.DB.DeleteRule(ctx, site, name, "configuration file", s.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

func declare[T any](ctx context.Context, s *Sites, site, kind string, want []T, name func(T) string) error {
	have, err := s.DB.Documents(ctx, site, kind)
	if err != nil {
		return err
	}
	old := map[string]store.Document{}
	for _, d := range have {
		if d.Source == store.SourceFile {
			old[d.Name] = d
		}
	}
	for _, v := range want {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		n := name(v)
		o, kept := old[n]
		delete(old, n)
		if kept && o.Body == string(text) {
			continue
		}
		if err := s.DB.PutDocument(ctx, store.Document{Site: site, Kind: kind, Name: n, Body: string(text), Source: store.SourceFile, Author: "configuration file", Updated: s.Now().UnixMilli()}); err != nil {
			return err
		}
	}
	for n := range old {
		if err := s.DB.DeleteDocument(ctx, site, kind, n, "configuration file", s.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}
