// Package settings reads .palisade.yaml, the file in which a project says how it wants to be scanned. What the command
// line says goes before it.
package settings

import (
	"fmt"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/strict"
	"palisade.dev/scan/suppress"
)

// Name of the file in the scanned folder.
const Name = ".palisade.yaml"

// Settings are what it may say.
type Settings struct {
	FailOn        string   `yaml:"fail_on"`        // the gate: none, info, low, medium, high, critical
	MinConfidence string   `yaml:"min_confidence"` // tentative, firm, confirmed
	Checks        []string `yaml:"checks"`
	Skip          []string `yaml:"skip"`
	Ignore        []string `yaml:"ignore"` // patterns of paths that are not scanned
	Baseline      string   `yaml:"baseline"`
	NewOnly       bool     `yaml:"new_only"`
	Licences      Licences `yaml:"licences"`
}

// Licences are a policy on what dependencies may be under, by SPDX identifier. Without one nothing is said of licences.
type Licences struct {
	Allow  []string `yaml:"allow"`
	Deny   []string `yaml:"deny"`
	Except []string `yaml:"except"` // packages that somebody looked at
}

// Read reads the file and checks that its words mean something.
func Read(data []byte) (Settings, error) {
	var s Settings
	if err := strict.Decode(data, &s); err != nil {
		return s, err
	}
	if s.FailOn != "" {
		if _, err := scan.ParseSeverity(s.FailOn); err != nil {
			return s, fmt.Errorf("fail_on: %w", err)
		}
	}
	if s.MinConfidence != "" {
		var c scan.Confidence
		if err := c.UnmarshalText([]byte(s.MinConfidence)); err != nil {
			return s, fmt.Errorf("min_confidence: %w", err)
		}
	}
	if _, err := suppress.Glob(s.Ignore); err != nil {
		return s, fmt.Errorf("ignore: %w", err)
	}
	for _, list := range [][]string{s.Checks, s.Skip} {
		for _, c := range list {
			if !strings.Contains(c, "/") {
				return s, fmt.Errorf("%q names no check: write elixir/sqlquery, or deps/* for all of a kind", c)
			}
		}
	}
	return s, nil
}
