// Package elixirtest holds a check to its samples. Below testdata/bad and testdata/good each file, or each folder as a small
// project, is scanned alone. A line with a comment `want "words"` must have a finding whose message holds the words, one with
// `note "words"` a finding of severity info, one with `fact "words"` none and an outcome that says the words, and all other lines
// none; good samples want nothing above info.
// Edits that a finding proposes are applied: the result must parse, and the finding must be gone.
package elixirtest

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"palisade.dev/scan"
	"palisade.dev/scan/elixir"
	"palisade.dev/scan/elixir/syntax"
	"palisade.dev/scan/fix"
	"palisade.dev/scan/tree"
)

var comment = regexp.MustCompile(`\b(want|note|fact) "((?:[^"\\]|\\.)*)"`)

// Run scans the samples in a folder, as a rule testdata.
func Run(t *testing.T, c elixir.Check, folder string) {
	t.Helper()
	count := map[string]int{}
	wanted, silent, fixed := 0, 0, 0
	for _, kind := range []string{"bad", "good"} {
		entries, err := os.ReadDir(filepath.Join(folder, kind))
		if err != nil {
			t.Fatalf("a check has samples: %v", err)
		}
		for _, e := range entries {
			sample := read(t, filepath.Join(folder, kind, e.Name()))
			run := look(t, c, sample)
			w, s := compare(t, kind, e.Name(), sample, run)
			if kind == "bad" && w == 0 {
				t.Errorf("bad/%s wants nothing", e.Name())
			}
			count[kind]++
			wanted, silent = wanted+w, silent+s
			fixed += fixes(t, c, e.Name(), sample, run)
		}
	}
	if count["bad"] == 0 || count["good"] == 0 || silent < wanted {
		t.Errorf("%d bad and %d good samples with %d lines wanted and %d silent: each kind needs one, and silence at least as many lines", count["bad"], count["good"], wanted, silent)
	}
	t.Logf("%d bad, %d good, %d wanted, %d silent, %d fixes", count["bad"], count["good"], wanted, silent, fixed)
}

// Scan runs checks over source held in memory, by path.
func Scan(t *testing.T, checks []elixir.Check, files map[string]string) scan.Part {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	part, err := elixir.New(checks).Scan(context.Background(), tr, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return part
}

func look(t *testing.T, c elixir.Check, sample map[string]string) scan.Part {
	t.Helper()
	part := Scan(t, []elixir.Check{c}, sample)
	for _, g := range part.Gaps {
		t.Errorf("%s: %s", g.Where, g.Why)
	}
	part.Findings = scan.Stamp(part.Findings)
	return part
}

func read(t *testing.T, name string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(name, path)
		if rel == "." {
			rel = filepath.Base(name)
		}
		out[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type place struct {
	file string
	line int
}

type want struct {
	note bool
	text string
}

func compare(t *testing.T, kind, name string, sample map[string]string, part scan.Part) (wanted, silent int) {
	t.Helper()
	wants := map[place][]want{}
	for file, text := range sample {
		for i, line := range strings.Split(text, "\n") {
			for _, m := range comment.FindAllStringSubmatch(line, -1) {
				at := place{file, i + 1}
				wanted++
				if m[1] == "fact" {
					told(t, kind+"/"+name, at, strings.ReplaceAll(m[2], `\"`, `"`), part.Outcomes)
					continue
				}
				wants[at] = append(wants[at], want{m[1] == "note", strings.ReplaceAll(m[2], `\"`, `"`)})
				if m[1] == "want" && kind == "good" {
					t.Errorf("good/%s: %s:%d wants a finding", name, file, i+1)
				}
			}
			if trimmed := strings.TrimSpace(line); trimmed != "" && trimmed != "end" && len(wants[place{file, i + 1}]) == 0 {
				silent++
			}
		}
	}
	for _, f := range part.Findings {
		at := place{f.Place.File, f.Place.Start.Line}
		met := -1
		for i, w := range wants[at] {
			if w.note == (f.Severity == scan.Info) && strings.Contains(f.Message, w.text) {
				met = i
			}
		}
		if met < 0 {
			t.Errorf("%s/%s: %s says %q (%v), which is not wanted there", kind, name, f.Place.Where(), f.Message, f.Severity)
			continue
		}
		wants[at] = append(wants[at][:met:met], wants[at][met+1:]...)
		if f.Place.End.Offset < f.Place.Start.Offset || f.Place.Symbol == "" && strings.Contains(sample[f.Place.File], "defmodule") {
			t.Errorf("%s/%s: %s has no end or no symbol: %+v", kind, name, f.Place.Where(), f.Place)
		}
	}
	for at, ws := range wants {
		for _, w := range ws {
			t.Errorf("%s/%s: %s:%d wants %q and there is no such finding", kind, name, at.file, at.line, w.text)
		}
	}
	return wanted, silent
}

// told says that a fact is wanted on a line and there is none of these words.
func told(t *testing.T, name string, at place, words string, outcomes []scan.Outcome) {
	t.Helper()
	for _, o := range outcomes {
		if strings.HasPrefix(o.Where, fmt.Sprintf("%s:%d:", at.file, at.line)) && strings.Contains(o.Why, words) {
			return
		}
	}
	t.Errorf("%s: %s:%d wants the fact %q and it is not told", name, at.file, at.line, words)
}

// fixes applies what each finding proposes, alone.
func fixes(t *testing.T, c elixir.Check, name string, sample map[string]string, run scan.Part) (n int) {
	t.Helper()
	for _, f := range run.Findings {
		if f.Fix == nil || len(f.Fix.Edits) == 0 {
			continue
		}
		n++
		mended := map[string]string{}
		for file, text := range sample {
			mended[file] = text
		}
		_, edits := fix.ByFile(f.Fix.Edits)
		for file, es := range edits {
			out, err := fix.Apply([]byte(mended[file]), es)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			mended[file] = string(out)
			if strings.HasSuffix(file, ".ex") || strings.HasSuffix(file, ".exs") {
				if after := syntax.Parse(out, syntax.Option{}); after.Partial {
					t.Errorf("%s: the fix at %s leaves source that does not parse: %v\n%s", name, f.Place.Where(), after.Faults, out)
				}
			}
		}
		if after := look(t, c, mended); len(after.Findings) >= len(run.Findings) {
			t.Errorf("%s: the fix at %s leaves %d findings of %d\n%s", name, f.Place.Where(), len(after.Findings), len(run.Findings), fix.Diff(f.Place.File, []byte(sample[f.Place.File]), []byte(mended[f.Place.File])))
		}
	}
	return n
}
