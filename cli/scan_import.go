package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"palisade.dev/scan/settings"
	"palisade.dev/scan/suppress"
	"palisade.dev/scan/suppress/sobelow"
	"palisade.dev/scan/tree"
)

type scanImportCmd struct {
	Path  string `arg:"" optional:"" default:"." help:"The project's folder."`
	Print bool   `help:"Show what would be written, and write nothing."`
}

// imported is what a project told Sobelow, in our words.
type imported struct {
	items    []suppress.Item
	settings []string // lines of .palisade.yaml
	said     []string // what has no counterpart
}

// Run takes over .sobelow-conf and .sobelow-skips. Comments stay where they are: they are understood as they stand.
func (c *scanImportCmd) Run(s *session) error {
	root, only, err := open(c.Path)
	if err != nil {
		return err
	}
	defer root.Close()
	if only != "" {
		return misuse{fmt.Errorf("%s is no folder", c.Path)}
	}
	t, err := tree.Read(s.ctx, root.FS(), tree.Limits{}, nil)
	if err != nil {
		return err
	}
	var in imported
	for _, f := range t.Files {
		switch f.Base() {
		case ".sobelow-conf":
			err = in.conf(t, f.Path)
		case ".sobelow-skips":
			err = in.skips(t, f.Path)
		}
		if err != nil {
			return misuse{fmt.Errorf("%s: %w", f.Path, err)}
		}
	}
	for _, line := range in.said {
		fmt.Fprintln(s.Err, line)
	}
	if len(in.items) == 0 && len(in.settings) == 0 {
		fmt.Fprintln(s.Err, "Nothing to take over: no .sobelow-conf and no .sobelow-skips. Comments as # sobelow_skip are understood as they stand.")
		return nil
	}
	list, err := yaml.MarshalWithOptions(suppress.List{Ignore: in.items}, yaml.IndentSequence(true))
	if err != nil {
		return err
	}
	files := []struct {
		name string
		data []byte
	}{
		{suppress.FileName, append([]byte("# Taken over from Sobelow. Every entry deserves a reason of its own, and most a day on which it ends (until:).\n"), list...)},
		{settings.Name, []byte(strings.Join(append([]string{"# Taken over from .sobelow-conf."}, in.settings...), "\n") + "\n")},
	}
	for i, f := range files {
		if i == 0 && len(in.items) == 0 || i == 1 && len(in.settings) == 0 {
			continue
		}
		if c.Print {
			fmt.Fprintf(s.Out, "--- %s\n%s", f.name, f.data)
			continue
		}
		if _, err := fs.Stat(root.FS(), f.name); err == nil {
			return misuse{fmt.Errorf("%s is there already; take what you need from: palisade scan import-sobelow --print", f.name)}
		}
		if err := root.WriteFile(f.name, f.data, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", f.name, cause(err))
		}
		fmt.Fprintf(s.Err, "Wrote %s.\n", f.name)
	}
	return nil
}

func (in *imported) conf(t *tree.Tree, file string) error {
	data, err := t.Text(file)
	if err != nil {
		return err
	}
	conf, err := sobelow.Read(bytes.TrimSpace(data))
	if err != nil {
		return err
	}
	below := func(name string) string {
		return strings.TrimPrefix(path.Join(path.Dir(file), strings.TrimPrefix(name, "./")), "./")
	}
	for _, name := range conf.Ignore {
		kinds := sobelow.Find(name)
		if len(kinds) == 0 {
			in.said = append(in.said, fmt.Sprintf("%s ignores %s, which Sobelow does not have either.", file, name))
		}
		in.add(kinds, suppress.Item{Path: below("**"), Reason: "Sobelow ignored " + name}, path.Dir(file) == ".")
	}
	for _, name := range conf.IgnoreFiles {
		in.items = append(in.items, suppress.Item{Check: "elixir/*", Path: below(name), Reason: "in Sobelow's ignore_files"})
	}
	if conf.Exit != "" && len(in.settings) == 0 {
		in.settings = append(in.settings, "fail_on: "+conf.Exit)
	}
	if conf.Threshold == "medium" || conf.Threshold == "high" {
		in.settings = append(in.settings, "min_confidence: firm")
	}
	if conf.Router != "" {
		in.said = append(in.said, "router: is not needed; routers are found by what they are.")
	}
	return nil
}

func (in *imported) skips(t *tree.Tree, file string) error {
	data, err := t.Text(file)
	if err != nil {
		return err
	}
	skips, faults := sobelow.Skips(data)
	bare := 0
	for _, skip := range skips {
		if skip.Name == "" {
			bare++
			continue
		}
		in.add(sobelow.Find(skip.Name), suppress.Item{Path: path.Join(path.Dir(file), skip.File), Line: skip.At, Reason: "skipped by Sobelow as " + skip.Name + " " + skip.Hash}, false)
	}
	if bare > 0 {
		in.said = append(in.said, fmt.Sprintf("%s: %d lines are bare hashes, which only Sobelow can tell; what they hid will be found again.", file, bare))
	}
	for _, f := range faults {
		in.said = append(in.said, file+": "+f+".")
	}
	return nil
}

// add makes an entry for each of our checks that a kind of Sobelow's stands for. A whole project needs no path.
func (in *imported) add(kinds []sobelow.Kind, item suppress.Item, whole bool) {
	if whole {
		item.Path = ""
	}
	for _, k := range kinds {
		for _, check := range k.Checks {
			item := item
			item.Check, item.Package = check, k.Package
			if !slices.Contains(in.items, item) {
				in.items = append(in.items, item)
			}
		}
	}
}
