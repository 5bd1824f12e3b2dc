package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/exposure"
	"palisade.dev/scan/exposure/checks"
	"palisade.dev/store"
)

// exposureWatch looks at a site's hosts again and again. It has the rules of [apiWatch]: proof by the site's token for
// what is public, and nothing within the own network unless the installation allows it.
type exposureWatch struct {
	owner   func(site store.Site) string
	private bool
}

// exposureSettings is what a monitor of hosts says.
type exposureSettings struct {
	Hosts  []string `json:"hosts"`
	Ports  string   `json:"ports,omitempty"`  // common unless given
	Mode   string   `json:"mode,omitempty"`   // passive unless given
	Expect string   `json:"expect,omitempty"` // ports that are meant to be open
}

func (w *exposureWatch) read(raw json.RawMessage) (o exposure.Options, err error) {
	var s exposureSettings
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return o, fmt.Errorf("settings: %w", err)
	}
	if len(s.Hosts) == 0 || len(s.Hosts) > 10 {
		return o, errors.New("hosts: want from one to ten")
	}
	for _, text := range s.Hosts {
		host, err := exposure.CleanHost(text)
		if err != nil {
			return o, fmt.Errorf("hosts: %w", err)
		}
		o.Hosts = append(o.Hosts, host)
	}
	slices.Sort(o.Hosts)
	o.Hosts = slices.Compact(o.Hosts)
	if s.Ports == "" {
		s.Ports = "common"
	}
	if o.Ports, err = exposure.ParsePorts(s.Ports); err != nil {
		return o, err
	}
	if s.Expect != "" {
		if o.Expect, err = exposure.ParsePorts(s.Expect); err != nil {
			return o, fmt.Errorf("expect: %w", err)
		}
	}
	if s.Mode == "" {
		s.Mode = "passive"
	}
	if o.Mode, err = exposure.ParseMode(s.Mode); err != nil {
		return o, fmt.Errorf("mode: %w", err)
	}
	return o, nil
}

// Check says what is wrong with settings, and what they aim at.
func (w *exposureWatch) Check(_ store.Site, raw json.RawMessage) (string, error) {
	o, err := w.read(raw)
	return strings.Join(o.Hosts, " "), err
}

// Scan runs it.
func (w *exposureWatch) Scan(ctx context.Context, site store.Site, raw json.RawMessage) (*scan.Run, error) {
	o, err := w.read(raw)
	if err != nil {
		return nil, err
	}
	o.Checks, o.Seed, o.Tool, o.Proof = checks.All(), 1, "palisade "+Version, client.Proof{Token: w.owner(site), Public: !w.private}
	return exposure.Scan(ctx, o)
}
