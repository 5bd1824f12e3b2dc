package site

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/veil"
	"palisade.dev/config"
	"palisade.dev/guard"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// Document is all that is said once about a site.
type Document struct {
	Facts
	feed.Settings
	Privacy veil.Setting `json:"privacy,omitzero"`
	// Declared are the parts that the configuration file says; people change them there.
	Declared []string `json:"declared,omitempty"`
}

// The parts of a Document, each of which is the configuration file's or people's.
const (
	PartName         = "name" // of every site that is in the file
	PartEnvironment  = "environment"
	PartZone         = "zone"
	PartWebFacing    = "web_facing"
	PartPersonalData = "personal_data"
	PartDefaults     = "defaults"
	PartAddress      = "proxies" // the proxies and their header
	PartKey          = "api_key"
	PartSession      = "session"
	PartIdentity     = "identity" // what is left of it: paths, tokens, certificates, outcomes
	PartAnswer       = "answer"
	PartPrivacy      = "privacy" // the mode
)

// part is how one is told, taken over and compared.
type part struct {
	name string
	said func(c config.Site) bool
	copy func(to, from *Document)
}

var parts = []part{
	{PartName, func(config.Site) bool { return true }, func(_, _ *Document) {}},
	{PartEnvironment, func(c config.Site) bool { return c.Environment != "" }, func(to, from *Document) { to.Environment = from.Environment }},
	{PartZone, func(c config.Site) bool { return c.Zone != "" }, func(to, from *Document) { to.Zone = from.Zone }},
	{PartWebFacing, func(c config.Site) bool { return c.WebFacing != nil }, func(to, from *Document) { to.WebFacing = from.WebFacing }},
	{PartPersonalData, func(c config.Site) bool { return c.PersonalData }, func(to, from *Document) { to.PersonalData = from.PersonalData }},
	{PartDefaults, func(c config.Site) bool { return c.Defaults != nil }, func(to, from *Document) { to.Defaults = from.Defaults }},
	{PartAddress, func(c config.Site) bool { return len(c.Identity.Proxies) > 0 || c.Identity.Header != "" }, func(to, from *Document) {
		to.Identity.Proxies, to.Identity.Header = from.Identity.Proxies, from.Identity.Header
	}},
	{PartKey, func(c config.Site) bool { return c.Identity.Key != nil }, func(to, from *Document) { to.Identity.Key = from.Identity.Key }},
	{PartSession, func(c config.Site) bool { return c.Identity.Session != "" }, func(to, from *Document) { to.Identity.Session = from.Identity.Session }},
	{PartIdentity, func(c config.Site) bool { return !reflect.DeepEqual(rest(c.Identity), wire.Identity{}) }, func(to, from *Document) {
		mine := to.Identity
		to.Identity = from.Identity
		to.Identity.Proxies, to.Identity.Header, to.Identity.Key, to.Identity.Session = mine.Proxies, mine.Header, mine.Key, mine.Session
	}},
	{PartAnswer, func(c config.Site) bool { return c.Answer != wire.Answer{} }, func(to, from *Document) { to.Answer = from.Answer }},
	{PartPrivacy, func(c config.Site) bool { return c.Privacy != "" }, func(to, from *Document) { to.Privacy.Mode = from.Privacy.Mode }},
}

// rest is an identity without the parts that have a name of their own.
func rest(i wire.Identity) wire.Identity {
	i.Proxies, i.Header, i.Key, i.Session = nil, "", nil, ""
	return i
}

func saidIn(c config.Site) []string {
	var names []string
	for _, p := range parts {
		if p.said(c) {
			names = append(names, p.name)
		}
	}
	return names
}

// declare takes over what a file says, and goes back to the default where it said something before and no longer does: a
// proxy taken out of the file must not be trusted on.
func (d Document) declare(file Document, said []string) Document {
	for _, p := range parts {
		if slices.Contains(said, p.name) || slices.Contains(d.Declared, p.name) {
			p.copy(&d, &file) // which has the default where the file is silent
		}
	}
	d.Declared = said
	return d
}

// Declares reports whether the configuration file says a part.
func (d Document) Declares(part string) bool { return slices.Contains(d.Declared, part) }

// Read gives what is said about a site.
func Read(s store.Site) (Document, error) {
	var d Document
	if s.Settings == "" {
		return d, nil // it is being made
	}
	if err := json.Unmarshal([]byte(s.Settings), &d); err != nil {
		return d, fmt.Errorf("the settings of site %s: %w", s.Name, err)
	}
	d.Facts = Facts{Name: s.Name, Environment: s.Environment, Zone: s.Zone, WebFacing: s.WebFacing, PersonalData: s.PersonalData}
	return d, nil
}

// Privacy reads only how addresses are kept: it is asked for whenever events are taken in.
func Privacy(s store.Site) (veil.Setting, error) {
	var d struct {
		Privacy veil.Setting `json:"privacy"`
	}
	if s.Settings == "" {
		return d.Privacy, nil
	}
	if err := json.Unmarshal([]byte(s.Settings), &d); err != nil {
		return d.Privacy, fmt.Errorf("the settings of site %s: %w", s.Name, err)
	}
	return d.Privacy, nil
}

// settle notes since when, and with which key, a mode holds that was chosen anew. Nobody but this function says so.
func (s *Sites) settle(want, had Document, site string) Document {
	want.Privacy = had.Privacy.Next(want.Privacy.Name(), s.Veils.Print(site), s.Now().UnixMilli())
	return want
}

// Secretless is the document without the keys that tokens are signed with.
func (d Document) Secretless() Document {
	for _, t := range []**wire.Token{&d.Identity.Token, &d.Identity.Attest} {
		if *t != nil && (*t).Algorithm == "HS256" {
			without := **t
			without.Key = ""
			*t = &without
		}
	}
	return d
}

// told is what the audit log keeps of the settings. A key that was replaced shows as one that is there.
func (d Document) told() (string, error) {
	text, err := json.Marshal(struct {
		feed.Settings
		Privacy veil.Setting `json:"privacy,omitzero"`
	}{d.Secretless().Settings, d.Privacy})
	return string(text), err
}

// onto gives the site as a document says it.
func (d Document) onto(s store.Site) (store.Site, error) {
	text, err := json.Marshal(struct {
		feed.Settings
		Privacy  veil.Setting `json:"privacy,omitzero"`
		Declared []string     `json:"declared,omitempty"`
	}{d.Settings, d.Privacy, d.Declared})
	if err != nil {
		return s, err
	}
	before, err := Read(s)
	if err != nil {
		return s, err
	}
	if s.Earlier, err = before.told(); err != nil {
		return s, err
	}
	s.Environment, s.Zone, s.WebFacing, s.PersonalData, s.Settings = d.Environment, d.Zone, d.WebFacing, d.PersonalData, string(text)
	s.Later, err = d.told()
	return s, err
}

func changed(a, b store.Site) bool {
	return a.Environment != b.Environment || a.Zone != b.Zone || a.WebFacing != b.WebFacing || a.PersonalData != b.PersonalData || a.Settings != b.Settings
}

// Change lets edit change what is said of a site, reads the outcome as a guard would, and keeps it. What the configuration
// file says cannot be changed here, nor the name: running guards refuse the policy of a site of another name.
func (s *Sites) Change(ctx context.Context, site store.Site, author string, edit func(*Document)) (store.Site, error) {
	site, err := s.DB.SiteByID(ctx, site.ID) // as it is by now: another may have changed another part
	if err != nil {
		return site, err
	}
	d, err := Read(site)
	if err != nil {
		return site, err
	}
	want := d
	edit(&want)
	if want.Name != d.Name {
		return site, fmt.Errorf("%w: a site's name stays, as guards refuse the policy of another; make a new site and move the guards", ErrInvalid)
	}
	want.Declared = d.Declared
	for _, p := range parts {
		with := d
		p.copy(&with, &want)
		if !same(with, d) && slices.Contains(d.Declared, p.name) {
			return site, fmt.Errorf("%w: the configuration file says this site's %s; change it there", ErrInvalid, strings.ReplaceAll(p.name, "_", " "))
		}
	}
	if err := want.Check(); err != nil {
		return site, err
	}
	if _, err := veil.ParseMode(string(want.Privacy.Mode)); err != nil {
		return site, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	want = s.settle(want, d, site.ID)
	next, err := want.onto(site)
	if err != nil || !changed(site, next) {
		return site, err
	}
	if err := s.Sound(ctx, next); err != nil {
		return site, err
	}
	if err := s.DB.UpdateSite(ctx, next, author, s.Now().UnixMilli()); err != nil {
		return site, err
	}
	return s.DB.SiteByID(ctx, site.ID)
}

// same compares as what is kept.
func same(a, b Document) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(x) == string(y)
}

// Sound reads the policy that a site would have as a guard does.
func (s *Sites) Sound(ctx context.Context, site store.Site) error {
	p, err := s.Feed.Outline(ctx, site)
	if err != nil {
		return err
	}
	if _, err := guard.Check(p, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// Delete forgets a site and all that belongs to it.
func (s *Sites) Delete(ctx context.Context, site, author string) error {
	return s.DB.DeleteSite(ctx, site, author, s.Now().UnixMilli())
}

// RevokeKey ends a key at once.
func (s *Sites) RevokeKey(ctx context.Context, site, id, author string) error {
	return s.DB.RevokeSiteKey(ctx, site, id, author, s.Now().UnixMilli())
}

// Silent is after how long a guard that said nothing may be forgotten: three times as long as its poll waits.
const Silent = 90 * time.Second

// ForgetGuard takes a guard out of the list that is no longer there.
func (s *Sites) ForgetGuard(ctx context.Context, site, id, author string) error {
	now := s.Now()
	return s.DB.ForgetGuard(ctx, site, id, author, now.Add(-Silent).UnixMilli(), now.UnixMilli())
}
