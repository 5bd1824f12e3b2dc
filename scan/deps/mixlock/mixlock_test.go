package mixlock

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/pack"
)

func show(p pack.Package) string {
	s := fmt.Sprintf("%d %s", p.Place.Start.Line, p.Name)
	if p.App != "" {
		s += " as " + p.App
	}
	if p.Version != "" {
		s += " " + p.Version + " from " + p.Registry
	}
	if p.Git != nil {
		s += fmt.Sprintf(" git %s %s", p.Git.URL, p.Git.Commit)
		for _, w := range [][2]string{{"branch", p.Git.Branch}, {"tag", p.Git.Tag}, {"ref", p.Git.Ref}, {"sparse", p.Git.Sparse}} {
			if w[1] != "" {
				s += " " + w[0] + "=" + w[1]
			}
		}
	}
	if len(p.Needs) > 0 {
		s += " needs " + strings.Join(p.Needs, ",")
	}
	return s
}

// TestLocks reads each sample and compares what came of it, packages and gaps, with the text beside it.
func TestLocks(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lock")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		l := Read("mix.lock", src)
		var b strings.Builder
		for _, p := range l.Packages {
			fmt.Fprintln(&b, show(p))
		}
		for _, g := range l.Gaps {
			fmt.Fprintf(&b, "gap %s: %s\n", g.Where, g.Why)
		}
		want, err := os.ReadFile(strings.TrimSuffix(file, ".lock") + ".want")
		if err != nil || b.String() != string(want) {
			t.Errorf("%s is read as\n%s\nwant\n%s", file, b.String(), want)
		}
	}
}

func TestManifest(t *testing.T) {
	src := `defmodule Shop.MixProject do
  use Mix.Project

  # {:not_this, "~> 1.0"}
  @moduledoc """
  {:nor_this, "~> 1.0"}
  """
  def project, do: [app: :shop, version: "0.1.0", deps: deps()]

  defp deps do
    [
      {:phoenix, "~> 1.7.0"},
      {:hpack, "~> 0.2", hex: :hpack_erl},
      {:ex_doc, ">= 0.0.0", only: [:dev, :test], runtime: false},
      {:credo, "~> 1.6", only: :dev},
      {:guardian, github: "ueberauth/guardian", branch: "master"},
      {:legacy, git: "http://git.example.com/legacy.git", tag: "v1"},
      {:core, in_umbrella: true},
      {:local, path: "../local"},
      {:jason, "~> 1.4", override: true},
      {:computed, "~> 2.0", only: envs()},
      {:ok, "a word"},
      {:error, :enoent},
    ]
  end
end
`
	m := Manifest("mix.exs", []byte(src))
	var got []string
	for _, r := range m.Requirements {
		s := fmt.Sprintf("%d %s", r.Place.Start.Line, r.App)
		if r.Name != r.App {
			s += "/" + r.Name
		}
		if r.Text != "" {
			s += " " + r.Text
			if src[r.Start:r.End] != r.Text {
				t.Errorf("%s: the requirement stands at %q", r.App, src[r.Start:r.End])
			}
		}
		if r.Git != nil {
			s += " " + r.Git.URL
		}
		for word, yes := range map[string]bool{" dev": r.Dev, " local": r.Local, " over": r.Over, " opaque": r.Opaque} {
			if yes {
				s += word
			}
		}
		if r.SchemeEnd > 0 && src[r.Scheme:r.SchemeEnd] != "http" {
			t.Errorf("%s: the scheme stands at %q", r.App, src[r.Scheme:r.SchemeEnd])
		}
		got = append(got, s)
	}
	want := []string{
		"12 phoenix ~> 1.7.0", "13 hpack/hpack_erl ~> 0.2", "14 ex_doc >= 0.0.0 dev", "15 credo ~> 1.6 dev", "16 guardian https://github.com/ueberauth/guardian.git",
		"17 legacy http://git.example.com/legacy.git", "18 core local", "19 local local", "20 jason ~> 1.4 over", "21 computed ~> 2.0 opaque",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("mix.exs asks for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.lock")
	if err != nil || len(files) < 5 {
		f.Fatalf("%d seeds, %v", len(files), err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte("%{\n\"a\": {:hex, :a, \"1.0.0\"\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		l := Read("mix.lock", src)
		for _, p := range l.Packages {
			if p.Name == "" || p.Version == "" && p.Git == nil {
				t.Fatalf("a package without name or version: %+v", p)
			}
			if p.Place.End.Offset > len(src) || p.Place.Start.Offset > p.Place.End.Offset {
				t.Fatalf("%s stands at %d to %d of %d", p.Name, p.Place.Start.Offset, p.Place.End.Offset, len(src))
			}
		}
		if len(l.Packages) == 0 && len(l.Gaps) == 0 && strings.Contains(string(src), ":hex,") && !strings.Contains(string(src), "#") {
			t.Fatalf("%q is passed over in silence", src)
		}
		for _, r := range Manifest("mix.exs", src).Requirements {
			if r.End > len(src) || r.Start > r.End {
				t.Fatalf("%+v", r)
			}
		}
	})
}

func TestNothingIsRun(t *testing.T) {
	l := Read("mix.lock", []byte("%{\n  \"a\": {:hex, System.cmd(\"sh\", []), \"1.0.0\"},\n  \"b\": {:hex, :b, \"1.0.0\"},\n}\n"))
	want := scan.Gap{Where: "mix.lock:2", Why: "this entry was not read: code stands where a constant should be"}
	if len(l.Packages) != 1 || l.Packages[0].Name != "b" || len(l.Gaps) != 1 || l.Gaps[0] != want {
		t.Errorf("%+v", l)
	}
}
