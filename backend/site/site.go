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
	"strings"
	"time"
	"unicode"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/guardapi"
	"palisade.dev/backend/veil"
	"palisade.dev/config"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Sites makes and changes sites.
type Sites struct {
	DB     *store.DB
	Feed   *feed.Feed
	Public ed25519.PublicKey
	Veils  *veil.Veils
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

// Check reads the facts, and fills in what was left out.
func (f *Facts) Check() error {
	if !config.Name(f.Name) {
		return fmt.Errorf("%w: name %q: want 1 to 40 of a-z, 0-9 and -", ErrInvalid, f.Name)
	}
	if f.Environment == "" {
		f.Environment = "prod"
	}
	if len(f.Environment) > 40 || strings.ContainsFunc(f.Environment, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%w: environment %.60q: want a word of at most 40 letters, such as prod or staging", ErrInvalid, f.Environment)
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
func (s *Sites) Create(ctx context.Context, f Facts, settings feed.Settings, author string) (store.Site, error) {
	return s.create(ctx, Document{Facts: f, Settings: settings}, author)
}

func (s *Sites) create(ctx context.Context, d Document, author string) (store.Site, error) {
	if err := d.Check(); err != nil {
		return store.Site{}, err
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(s.Rand, secret); err != nil {
		return store.Site{}, fmt.Errorf("making a site's secret: %w", err)
	}
	id := s.ID()
	d = s.settle(d, Document{}, id)
	d.Privacy.Past = nil // there was no time before it
	made, err := d.onto(store.Site{ID: id, Name: d.Name, Secret: secret, Created: s.Now().UnixMilli(), Revision: 1, Author: author})
	if err != nil {
		return store.Site{}, err
	}
	return made, s.DB.CreateSite(ctx, made)
}

// AddKey makes a key for guards; it is shown once and stored as a hash.
func (s *Sites) AddKey(ctx context.Context, site, label, author string) (wire.SiteKey, store.SiteKey, error) {
	k := wire.SiteKey{Public: s.Public}
	if _, err := io.ReadFull(s.Rand, k.Secret[:]); err != nil {
		return k, store.SiteKey{}, fmt.Errorf("making a site key: %w", err)
	}
	kept := store.SiteKey{ID: s.ID(), Site: site, Label: label, Hash: guardapi.Hash(k), Created: s.Now().UnixMilli(), Author: author}
	return k, kept, s.DB.AddSiteKey(ctx, kept)
}

// Declare makes a site what the configuration file says, and leaves alone what people added, and what the file says nothing
// of. Where nothing differs nothing is written, so that a restart is no new revision.
func (s *Sites) Declare(ctx context.Context, c config.Site) (store.Site, error) {
	f := Facts{Name: c.Name, Environment: c.Environment, Zone: c.Zone, WebFacing: c.WebFacing == nil || *c.WebFacing, PersonalData: c.PersonalData}
	if err := f.Check(); err != nil {
		return store.Site{}, err
	}
	privacy, err := veil.ParseMode(c.Privacy)
	if err != nil {
		return store.Site{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	file, said := Document{Facts: f, Privacy: veil.Setting{Spell: veil.Spell{Mode: privacy}}, Settings: feed.Settings{Identity: c.Identity, Answer: c.Answer, Defaults: c.Defaults == nil || *c.Defaults}}, saidIn(c)
	site, err := s.DB.SiteByName(ctx, c.Name)
	if errors.Is(err, store.ErrNotFound) {
		file.Declared = said
		site, err = s.create(ctx, file, "configuration file")
	}
	if err != nil {
		return site, err
	}
	have, err := Read(site)
	if err != nil {
		return site, err
	}
	want, err := s.settle(have.declare(file, said), have, site.ID).onto(site)
	if err != nil {
		return site, err
	}
	if changed(site, want) {
		if err := s.DB.UpdateSite(ctx, want, "configuration file", s.Now().UnixMilli()); err != nil {
			return site, err
		}
	}
	d := store.Declaration{
		Site: site.ID, Source: store.SourceFile, Author: "configuration file", At: s.Now().UnixMilli(),
		Kinds: []string{feed.KindRoute, feed.KindBlock, feed.KindTrap},
	}
	for i, r := range c.Rules {
		text, err := json.Marshal(r)
		if err != nil {
			return site, err
		}
		mode := r.Mode
		if mode == "" {
			mode = "on"
		}
		d.Rules = append(d.Rules, store.Rule{ID: s.ID(), Site: site.ID, Name: r.Name, Body: string(text), Position: i, Mode: mode, Source: d.Source, Author: d.Author, Updated: d.At})
	}
	traps := c.Traps
	if c.Honeypot != nil {
		traps = append(append([]wire.Trap{}, traps...), wire.Trap{Name: "honeypot-form", Form: c.Honeypot.Path, Then: []string{"block", "ban 1h", "alert"}})
	}
	err = errors.Join(
		add(&d, feed.KindRoute, c.Routes, routeName),
		add(&d, feed.KindBlock, c.Blocks, func(b wire.Block) string { return b.Name }),
		add(&d, feed.KindTrap, traps, func(t wire.Trap) string { return t.Name }),
	)
	if err != nil {
		return site, err
	}
	if err := s.DB.Declare(ctx, d); err != nil {
		return site, err
	}
	return s.DB.SiteByID(ctx, site.ID)
}

// add puts documents of a kind into a declaration.
func add[T any](d *store.Declaration, kind string, want []T, name func(T) string) error {
	for _, v := range want {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		d.Documents = append(d.Documents, store.Document{Site: d.Site, Kind: kind, Name: name(v), Body: string(text), Source: d.Source, Author: d.Author, Updated: d.At})
	}
	return nil
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
