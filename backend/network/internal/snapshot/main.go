// Command snapshot remakes the bundled network lists from a folder of plain lists and its manifest.json. It is for
// maintainers: go run ./backend/network/internal/snapshot SOURCE backend/network/snapshot
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/network"
	"palisade.dev/guard/prefix"
)

// The file of a list, where it is not the second word of the list's name.
var files = map[string]string{
	"cdn/bunny":          "bunnycdn",
	"crawler/ahrefs":     "ahrefsbot",
	"crawler/duckassist": "duckassistbot",
	"hosting":            "hosting-aggregate",
	"relay/icloud":       "icloud-private-relay",
	"tor":                "tor-exits",
	"vpn":                "vpn-aggregate",
	"vpn/proton":         "protonvpn",
	"webhook/stripe":     "stripe-webhooks",
}

type provider struct {
	Name    string `json:"name"`
	File    string `json:"file"`
	Licence string `json:"licence"`
	Mirrors []struct {
		Repo   string `json:"repo"`
		Path   string `json:"path"`
		Date   string `json:"date"`
		Commit string `json:"commit"`
	} `json:"mirrors"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: snapshot SOURCE TARGET\nexample: go run ./backend/network/internal/snapshot ../ip-ranges backend/network/snapshot")
		os.Exit(2)
	}
	if err := remake(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "snapshot:", err)
		os.Exit(1)
	}
}

func remake(source, target string) error {
	raw, err := os.ReadFile(filepath.Join(source, "manifest.json"))
	if err != nil {
		return err
	}
	var manifest struct {
		Providers []provider `json:"providers"`
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return fmt.Errorf("reading the manifest of %s: %w", source, err)
	}
	known := map[string]provider{}
	for _, p := range manifest.Providers {
		known[p.Name] = p
	}
	var entries []network.Entry
	for _, s := range network.Catalogue() {
		p, ok := known[fileOf(s)]
		if !ok {
			fmt.Fprintf(os.Stderr, "%s: not in the source, comes with its first refresh\n", s.Name)
			continue
		}
		e, err := pack(s, p, source, target)
		if err != nil {
			return fmt.Errorf("list %s: %w", s.Name, err)
		}
		entries = append(entries, e)
	}
	out, err := json.MarshalIndent(entries, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(target, "manifest.json"), append(out, '\n'), 0o644)
}

func fileOf(s network.Source) string {
	if f, ok := files[s.Name]; ok {
		return f
	}
	_, rest, _ := strings.Cut(s.Name, "/")
	if s.Kind == network.Scanner {
		return "scanner-" + rest
	}
	if s.Kind == network.Webhook {
		return rest + "-webhooks"
	}
	return rest
}

func pack(s network.Source, p provider, source, target string) (network.Entry, error) {
	e := network.Entry{
		Name: s.Name, Kind: s.Kind, Title: s.Title, Official: s.Official,
		File: strings.ReplaceAll(s.Name, "/", "-") + ".txt.gz",
	}
	var err error
	if e.Licence, err = licence(p.Licence); err != nil {
		return e, err
	}
	// A list of several copies is as old as the oldest.
	var copies, dates []string
	for _, m := range p.Mirrors {
		if _, err := time.Parse(time.DateOnly, m.Date); err != nil {
			return e, fmt.Errorf("date of %s: %w", m.Path, err)
		}
		dates = append(dates, m.Date)
		copies = append(copies, fmt.Sprintf("%s %s at %.12s", m.Repo, m.Path, m.Commit))
	}
	if len(dates) == 0 {
		return e, errors.New("no copy is named")
	}
	e.Date, e.Source = slices.Min(dates), strings.Join(copies, ", ")

	f, err := os.Open(filepath.Join(source, p.File))
	if err != nil {
		return e, err
	}
	defer f.Close()
	read, err := prefix.Parse(f)
	if err != nil {
		return e, err
	}
	prefixes := network.Public(read)
	if err := network.Sane(prefixes, false); err != nil {
		return e, err
	}
	e.Prefixes, e.Checksum = len(prefixes), network.Checksum(prefixes)
	var packed bytes.Buffer
	zw, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if _, err := zw.Write(network.Text(prefixes)); err != nil {
		return e, err
	}
	if err := zw.Close(); err != nil {
		return e, err
	}
	return e, os.WriteFile(filepath.Join(target, e.File), packed.Bytes(), 0o644)
}

// licence refuses a list that nobody gave a licence for and that its operator does not publish.
func licence(stated string) (string, error) {
	switch {
	case stated == "CC0-1.0" || stated == "MIT":
		return stated, nil
	case strings.Contains(stated, "copied from the operator's own published list"), strings.Contains(stated, "copied from ServiceTags_Public"):
		return "none stated; addresses as the operator publishes them", nil
	}
	return "", fmt.Errorf("licence %q: neither a known one nor the operator's own publication", stated)
}
