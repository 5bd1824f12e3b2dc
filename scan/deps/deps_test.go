package deps

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/settings"
	"palisade.dev/scan/tree"
)

// TestEveryFolderIsInTheList: a folder with a doc.md is a check, and its path is the check's identifier.
func TestEveryFolderIsInTheList(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if _, err := os.Stat(path.Join(e.Name(), "doc.md")); err == nil {
			folders = append(folders, "deps/"+e.Name())
		}
	}
	var checks []string
	for _, c := range New(Settings{}).Checks() {
		checks = append(checks, c.ID)
		for _, part := range []string{"# " + c.Title + "\n", "\n## Before\n", "\n## After\n"} {
			if !strings.Contains(c.Doc, part) {
				t.Errorf("the page of %s lacks %q", c.ID, part)
			}
		}
	}
	if !slices.Equal(folders, checks) || len(checks) < 7 {
		t.Errorf("the folders are %v and the list is %v", folders, checks)
	}
}

// scanned runs the scanner over files and shows what it found, a line each.
func scanned(t *testing.T, s Settings, files map[string]string) []string {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Now = func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }
	part, err := New(s).Scan(context.Background(), tr, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range scan.Stamp(part.Findings) {
		line := fmt.Sprintf("%s %s %s", f.Check, f.Severity, f.Place.Where())
		if f.Package != nil {
			line += " " + f.Package.Name + " " + f.Package.Advisory
		}
		if f.Fix != nil {
			for _, e := range f.Fix.Edits {
				line += fmt.Sprintf(" %q>%q", files[e.File][e.Start:e.End], e.New)
			}
		}
		got = append(got, strings.TrimSpace(line))
	}
	for _, o := range part.Outcomes {
		got = append(got, fmt.Sprintf("%s %s %s", o.Check, o.Verdict, o.Where))
	}
	for _, g := range part.Gaps {
		got = append(got, fmt.Sprintf("gap %s %s", g.Where, g.Why))
	}
	return got
}

func invented(t *testing.T) func(string) (*osv.Database, []osv.Source, error) {
	t.Helper()
	db := osv.New()
	for _, line := range []string{
		`{"id":"EEF-1","aliases":["CVE-1","GHSA-1"],"summary":"one","severity":[{"score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],"affected":[{"package":{"ecosystem":"Hex","name":"hpack_erl"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"0.3.0"}]}]}]}`,
		`{"id":"GHSA-1","package":"hpack_erl","severity":"high","title":"one","vulnerable_version_ranges":["< 0.4.0"]}`,
		`{"id":"GHSA-2","package":"hpack","severity":"high","title":"two","vulnerable_version_ranges":["< 9.0.0"]}`,
		`{"id":"GHSA-3","package":"private","severity":"high","title":"three","vulnerable_version_ranges":["< 9.0.0"]}`,
		`{"id":"GHSA-4","package":"tool","severity":"high","title":"four","vulnerable_version_ranges":["< 2.0.0"]}`,
		`{"id":"GHSA-5","package":"moved","severity":"low","title":"five","vulnerable_version_ranges":["< 2.0.0"]}`,
		`{"id":"N-1","summary":"npm","affected":[{"package":{"ecosystem":"npm","name":"left"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]}]}`,
		`{"id":"GO-1","summary":"go","affected":[{"package":{"ecosystem":"Go","name":"example.com/x"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"}]}]}]}`,
	} {
		if err := db.Read([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	return func(string) (*osv.Database, []osv.Source, error) {
		return db, []osv.Source{{Name: "invented", Records: db.Len()}}, nil
	}
}

type taken map[string]string

func (r taken) Retired(name, version string) (string, string, bool, error) {
	reason, ok := r[name+" "+version]
	return reason, "says its owner", ok, nil
}

func TestFindings(t *testing.T) {
	got := scanned(t, Settings{Advisories: invented(t), Retired: taken{"tool 1.0.0": "security", "hpack_erl 0.2.3": "", "below 1.0.0": ""}}, map[string]string{
		"mix.exs": `defmodule A do
  defp deps do
    [
      {:hpack, "~> 0.2", hex: :hpack_erl},
      {:tool, "~> 1.0", only: :dev},
      {:moved, git: "http://git.example.com/moved.git", branch: "main"},
      {:missing, "~> 1.0"},
      {:ahead, "~> 2.0"},
      {:private, "~> 1.0", organization: "acme"},
    ]
  end
end
`,
		"mix.lock": `%{
  "hpack": {:hex, :hpack_erl, "0.2.3", "x", [:rebar3], [], "hexpm", "y"},
  "tool": {:hex, :tool, "1.0.0", "x", [:mix], [{:below, "~> 1.0", [hex: :below]}], "hexpm", "y"},
  "below": {:hex, :below, "1.0.0", "x", [:mix], [], "hexpm", "y"},
  "moved": {:git, "http://git.example.com/moved.git", "0123456789", [branch: "main"]},
  "ahead": {:hex, :ahead, "1.0.0", "x", [:mix], [], "hexpm", "y"},
  "private": {:hex, :private, "1.0.0", "x", [:mix], [], "hexpm:acme", "y"},
}
`,
		"go.mod":                   "module a\n\nrequire example.com/x v1.1.0\n",
		"assets/package.json":      `{"dependencies": {"left": "^1.0.0"}}`,
		"assets/package-lock.json": `{"lockfileVersion": 3, "packages": {"node_modules/left": {"version": "1.1.0", "deprecated": "use right"}}}`,
		"testdata/sample/mix.lock": `%{"tool": {:hex, :tool, "1.0.0"}}`,
		"deps/tool/mix.lock":       `%{"tool": {:hex, :tool, "1.0.0"}}`,
		"apps/web/mix.exs":         `{:hpack, "~> 0.2", hex: :hpack_erl}`,
		"other/mix.exs":            `{:tool, "~> 1.0"}`,
	})
	want := []string{
		`deps/advisory medium assets/package-lock.json:1:37 left N-1 "^1.0.0">"^1.2.0"`,
		`deps/unmaintained info assets/package-lock.json:1:37 left`,
		`deps/advisory medium go.mod:3:1 example.com/x GO-1 "v1.1.0">"v1.2.0"`,
		`deps/gitbranch low mix.exs:6:7`,
		`deps/plainhttp medium mix.exs:6:7 "http">"https"`,
		`deps/lock low mix.exs:7:7`,
		`deps/lock low mix.exs:8:7`,
		`deps/advisory critical mix.lock:2:3 hpack_erl EEF-1 "~> 0.2">"~> 0.4"`,
		`deps/advisory medium mix.lock:3:3 tool GHSA-4 "~> 1.0">"~> 2.0"`,
		`deps/retired high mix.lock:3:3 tool`,
		`deps/lock low other/mix.exs:1:1`,
		`deps/retired could not tell mix.lock`,
		`deps/advisory could not tell mix.lock:5:3`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLicences(t *testing.T) {
	policy := settings.Licences{Deny: []string{"AGPL-3.0-only"}, Except: []string{"fine"}}
	got := scanned(t, Settings{Advisories: invented(t), Licences: policy}, map[string]string{
		"mix.exs":                       "",
		"mix.lock":                      `%{"a": {:hex, :a, "1.0.0"}, "b": {:hex, :b, "1.0.0"}, "c": {:hex, :c, "1.0.0"}, "fine": {:hex, :fine, "1.0.0"}}`,
		"deps/a/hex_metadata.config":    "{<<\"app\">>,<<\"a\">>}.\n{<<\"licenses\">>,[<<\"AGPL-3.0-only\">>]}.\n",
		"deps/b/hex_metadata.config":    "{<<\"licenses\">>,\n [<<\"MIT\">>,<<\"AGPL-3.0-only\">>]}.\n",
		"deps/fine/hex_metadata.config": "{<<\"licenses\">>,[<<\"AGPL-3.0-only\">>]}.\n",
	})
	want := []string{"deps/licence medium mix.lock:1:3 a", "deps/licence could not tell mix.lock", "deps/retired could not tell mix.lock"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s", strings.Join(got, "\n"))
	}
}
