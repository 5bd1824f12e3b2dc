// Package licence holds dependencies against a policy of the project: which licences may be, which may not. Without a
// policy it says nothing.
package licence

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/late"
	"palisade.dev/scan/settings"
)

//go:embed doc.md
var doc string

// Check is the value.
var Check = pack.Check{Check: scan.Check{
	ID: "deps/licence", Title: "A dependency's licence is not allowed", Severity: scan.Medium,
	Tags: []string{"dependencies", "policy"}, Doc: doc,
}}

func init() { Check.Run = run } // run names the check

func run(p *pack.Project, w *pack.World) scan.Part {
	var part scan.Part
	policy := w.Licences
	if len(policy.Allow) == 0 && len(policy.Deny) == 0 {
		return part
	}
	unknown := 0
	for _, pkg := range p.Packages() {
		if slices.Contains(policy.Except, pkg.Name) || pkg.Name == "stdlib" {
			continue
		}
		licences := find(w, p, pkg)
		if len(licences) == 0 {
			unknown++
			continue
		}
		if bad, ok := refused(policy, licences); ok {
			f := Check.Finding(pkg.Place, pkg.Name+" "+bad, fmt.Sprintf("%s %s is under %s, which the policy of %s does not allow.", pkg.Name, pkg.Version, bad, settings.Name))
			f.Excerpt = pkg.Excerpt()
			f.Package = &scan.Package{Ecosystem: pkg.Ecosystem, Name: pkg.Name, Version: pkg.Version}
			f.Fix = &scan.Fix{Text: fmt.Sprintf("Use another package, or name it under licences: except: in %s once somebody has looked.", settings.Name)}
			part.Findings = append(part.Findings, f)
		}
	}
	if unknown > 0 {
		part.Outcomes = append(part.Outcomes, scan.Outcome{
			Check: Check.ID, Where: p.Lock.Path, Verdict: scan.CouldNotTell, Why: fmt.Sprintf("for %d of the packages the licence is not at hand", unknown),
			Unlock: "fetch the dependencies before the scan (mix deps.get, npm ci, go mod vendor)",
		})
	}
	return part
}

// refused gives the licences that are not allowed. A package under several may be used under the one that is.
func refused(policy settings.Licences, licences []string) (string, bool) {
	ok := func(id string) bool {
		return !slices.ContainsFunc(policy.Deny, equal(id)) && (len(policy.Allow) == 0 || slices.ContainsFunc(policy.Allow, equal(id)))
	}
	for _, l := range licences {
		if parse(l).allowed(ok) {
			return "", false
		}
	}
	return strings.Join(licences, " or "), true
}

func equal(l string) func(string) bool {
	return func(o string) bool { return strings.EqualFold(l, o) }
}

// largest bounds a package's own description.
const largest = 1 << 20

func find(w *pack.World, p *pack.Project, pkg pack.Package) []string {
	if pkg.Licence != "" {
		return []string{pkg.Licence}
	}
	key := pkg.Name
	if pkg.App != "" {
		key = pkg.App
	}
	switch pkg.Ecosystem {
	case pack.Hex:
		data, err := read(w.Tree.FS(), path.Join(p.Dir, "deps", key, "hex_metadata.config"))
		if err != nil {
			return nil
		}
		return hex(data)
	case pack.Go:
		for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "License", "license"} {
			data, err := read(w.Tree.FS(), path.Join(p.Dir, "vendor", key, name))
			if err != nil {
				continue
			}
			if id := recognise(string(data)); id != "" {
				return []string{id}
			}
		}
	case pack.NPM:
		data, err := read(w.Tree.FS(), path.Join(p.Dir, "node_modules", key, "package.json"))
		var file struct {
			License any `json:"license"`
		}
		if err != nil || json.Unmarshal(data, &file) != nil {
			return nil
		}
		switch l := file.License.(type) {
		case string:
			return []string{l}
		case map[string]any:
			if t, ok := l["type"].(string); ok {
				return []string{t}
			}
		}
	}
	return nil
}

func read(root fs.FS, name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, errors.New("no path")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("no plain file")
	}
	return io.ReadAll(io.LimitReader(f, largest))
}

var (
	licences = late.Pattern(`(?s)\{<<"licenses">>,\s*\[(.*?)\]\}`)
	binary   = late.Pattern(`<<"([^"]*)"(?:/utf8)?>>`)
)

// hex reads the licences of hex_metadata.config, a list of Erlang terms.
func hex(data []byte) []string {
	m := licences.FindSubmatch(data)
	if m == nil {
		return nil
	}
	var list []string
	for _, b := range binary.FindAllSubmatch(m[1], 20) {
		list = append(list, string(b[1]))
	}
	return list
}
