package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"palisade.dev/backend"
	"palisade.dev/backend/watch"
	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/identity"
	"palisade.dev/scan/api/probes"
	"palisade.dev/store"
)

// scanners are what monitors of a back end can run.
func (s *session) scanners(b *backend.Backend) map[string]watch.Scanner {
	private, _ := s.Env("PALISADE_SCAN_PRIVATE")
	return map[string]watch.Scanner{
		"api":      &apiWatch{env: s.Env, owner: b.OwnerToken, private: private == "1"},
		"exposure": &exposureWatch{owner: b.OwnerToken, private: private == "1"},
	}
}

// apiWatch scans an API again and again. What it may ask as stands in the back end's environment, under names that begin with
// PALISADE_SCAN_: a monitor's settings name them, and can name nothing else of that environment.
type apiWatch struct {
	env     func(string) (string, bool)
	owner   func(site store.Site) string // what proves that a public target is the site's
	private bool                         // targets within the own network may be watched
}

const scanEnv = "PALISADE_SCAN_"

// fromScanEnv lets in identities whose value stands in such a variable, and no file.
var fromScanEnv = regexp.MustCompile(`^[\w-]{1,40}(:[\w-]{1,20})?=(bearer|basic|header|query|cookie)(:[\w-]{1,60})?:env:` + scanEnv + `[A-Z0-9_]{1,60}$`)

// apiSettings is what a monitor of an API says.
type apiSettings struct {
	URL        string   `json:"url"`
	Spec       string   `json:"spec,omitempty"`
	Mode       string   `json:"mode,omitempty"`       // passive unless given; nothing that writes
	Identities []string `json:"identities,omitempty"` // alice=bearer:env:PALISADE_SCAN_ALICE
}

func (w *apiWatch) read(raw json.RawMessage) (apiSettings, error) {
	var s apiSettings
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("settings: %w", err)
	}
	for name, text := range map[string]string{"url": s.URL, "spec": s.Spec} {
		u, err := url.Parse(text)
		if text == "" && name == "spec" {
			continue
		}
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" || len(text) > 1000 {
			return s, fmt.Errorf("%s: %.100q: want an address such as https://api.example.com", name, text)
		}
	}
	if s.Mode == "" {
		s.Mode = "passive"
	}
	if m, err := api.ParseMode(s.Mode); err != nil || m == api.Intrusive {
		return s, errors.New("mode: want passive or active: what writes is not done without somebody looking on")
	}
	if len(s.Identities) > 5 {
		return s, errors.New("identities: want five at the most")
	}
	for _, text := range s.Identities {
		if !fromScanEnv.MatchString(text) {
			return s, fmt.Errorf("identities: %.100q: want one such as alice=bearer:env:%sALICE, whose value stands in the back end's environment", text, scanEnv)
		}
	}
	return s, nil
}

// Check says what is wrong with settings, and what they aim at.
func (w *apiWatch) Check(_ store.Site, raw json.RawMessage) (string, error) {
	s, err := w.read(raw)
	return s.URL, err
}

// Scan runs it.
func (w *apiWatch) Scan(ctx context.Context, site store.Site, raw json.RawMessage) (*scan.Run, error) {
	s, err := w.read(raw)
	if err != nil {
		return nil, err
	}
	o := api.Options{ // the target's addresses are looked at when they are dialled, so that a name cannot change in between
		URL: s.URL, SpecURL: s.Spec, Probes: probes.All(), Seed: 1, Tool: "palisade " + Version, Proof: client.Proof{Token: w.owner(site), Public: !w.private},
	}
	if o.Mode, err = api.ParseMode(s.Mode); err != nil {
		return nil, err
	}
	for _, text := range s.Identities {
		who, err := identity.Parse(text, identity.Sources{Env: w.env})
		if err != nil {
			return nil, err
		}
		o.Identities = append(o.Identities, who)
	}
	return api.Scan(ctx, o)
}
