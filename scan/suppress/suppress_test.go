package suppress

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/tree"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func read(t *testing.T, files map[string]string) (*Set, []scan.Gap) {
	t.Helper()
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return Read(context.Background(), tr)
}

// at is a finding of a check on a line.
func at(check, file string, line int) scan.Finding {
	return scan.Finding{Check: check, Place: scan.Place{File: file, Start: scan.Position{Line: line, Column: 1}, End: scan.Position{Line: line, Column: 9}}, Key: fmt.Sprint(line)}
}

func everything(string) bool { return true }

const source = `defmodule A do
  # palisade:ignore elixir/sqlquery -- the table is a constant
  def one(x) do
    Repo.query!(x)
    Repo.query!(y)
  end

  def two(x) do
    Repo.query!(x) # palisade:ignore elixir/sqlquery until 2026-11-23 -- today is the day after
    Repo.query!(x) # palisade:ignore elixir/sqlquery until 2026-11-01 -- long gone
    # palisade:ignore elixir/raw, elixir/sqlquery -- both
    Repo.query!(
      x
    )
    Repo.query!(x)
  end

  # sobelow_skip ["SQL.Query", "XSS"]
  def three(x), do: Repo.query!(x)

  def four(x), do: Repo.query!(x)

  # palisade:ignore elixir/sqlquery
  def five(x), do: Repo.query!(x)

  # palisade:ignore -- everything
  # palisade:ignore elixir/sqlquery until soon -- a reason
  # palisade:ignore elixir/csp -- nothing of the kind is here
  def six, do: "palisade:ignore elixir/sqlquery -- no comment"
end
`

func TestComments(t *testing.T) {
	set, gaps := read(t, map[string]string{"lib/a.ex": source})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	var findings []scan.Finding
	for _, line := range []int{4, 5, 9, 10, 12, 15, 19, 21, 24} {
		findings = append(findings, at("elixir/sqlquery", "lib/a.ex", line))
	}
	findings = append(findings, at("elixir/other", "lib/a.ex", 4))
	findings = scan.Stamp(findings)
	notes := set.Apply(findings, now, everything)
	var hidden []string
	for _, f := range findings {
		if f.Suppressed != nil {
			hidden = append(hidden, fmt.Sprintf("%d %s: %s", f.Place.Start.Line, f.Suppressed.Source, f.Suppressed.Reason))
		}
	}
	want := []string{
		"4 comment lib/a.ex:2: the table is a constant", "5 comment lib/a.ex:2: the table is a constant",
		"9 comment lib/a.ex:9: today is the day after", "12 comment lib/a.ex:11: both", "19 sobelow_skip lib/a.ex:18: sobelow_skip",
	}
	if !slices.Equal(hidden, want) {
		t.Errorf("accepted are\n%s", strings.Join(hidden, "\n"))
	}
	var said []string
	for _, n := range notes {
		said = append(said, fmt.Sprintf("%s %d", n.Check, n.Place.Start.Line))
	}
	if want := "suppress/unclear 23 suppress/unclear 26 suppress/unclear 27 suppress/expired 10 suppress/stale 28"; strings.Join(said, " ") != want {
		t.Errorf("told are %v", said)
	}
	for _, n := range notes {
		if n.Place.Start.Line == 27 && !strings.Contains(n.Message, `"soon" is no day`) {
			t.Error(n.Message)
		}
	}
	// A check that did not run cannot make a comment stale.
	set, _ = read(t, map[string]string{"lib/a.ex": source})
	for _, n := range set.Apply(nil, now, func(string) bool { return false }) {
		if n.Check == "suppress/stale" {
			t.Errorf("told as stale though nobody looked: line %d", n.Place.Start.Line)
		}
	}
}

func TestOtherLanguages(t *testing.T) {
	set, _ := read(t, map[string]string{
		"main.go":              "package main\n\nfunc main() {\n\t//palisade:ignore go/timeout -- local only\n\thttp.ListenAndServe()\n}\n",
		"a.html.heex":          "<div>\n  <%!-- palisade:ignore elixir/raw -- our own markdown --%>\n  <p>\n    {raw(@x)}\n  </p>\n  {raw(@y)}\n</div>\n",
		"b.html.eex":           "<%= raw(x) %> <%# palisade:ignore elixir/raw -- icons %>\r\n<%= raw(y) %>\r\n",
		"notes.txt":            "# palisade:ignore elixir/raw -- not a file that is looked at\n",
		".sobelow-conf":        `[ignore: ["Config.HTTPS", "Vuln.Ecto"], ignore_files: ["lib/gen.ex"]]`,
		".sobelow-skips":       "SQL.Query: SQL injection,lib/b.ex:3,AA\nABCDEF\n",
		"apps/w/mix.exs":       "",
		"apps/w/.sobelow-conf": `[ignore: ["XSS.Raw"]]`,
	})
	ecto := at("deps/advisory", "mix.lock", 1)
	ecto.Package = &scan.Package{Name: "ecto"}
	plug := at("deps/advisory", "mix.lock", 2)
	plug.Package = &scan.Package{Name: "plug"}
	findings := scan.Stamp([]scan.Finding{
		at("go/timeout", "main.go", 5), at("elixir/raw", "a.html.heex", 4), at("elixir/raw", "a.html.heex", 6), at("elixir/raw", "b.html.eex", 1), at("elixir/raw", "b.html.eex", 2),
		at("elixir/https", "config/prod.exs", 1), ecto, plug, at("elixir/atom", "lib/gen.ex", 9), at("elixir/sqlquery", "lib/b.ex", 3), at("elixir/sqlquery", "lib/b.ex", 4),
		at("elixir/raw", "apps/w/lib/x.ex", 1),
	})
	set.Apply(findings, now, everything)
	var hidden []string
	for _, f := range findings {
		if f.Suppressed != nil {
			hidden = append(hidden, fmt.Sprintf("%s:%d", f.Place.File, f.Place.Start.Line))
		}
	}
	want := "a.html.heex:4 apps/w/lib/x.ex:1 b.html.eex:1 config/prod.exs:1 lib/b.ex:3 lib/gen.ex:9 main.go:5 mix.lock:1"
	if strings.Join(hidden, " ") != want {
		t.Errorf("accepted are %v", hidden)
	}
}

func TestFile(t *testing.T) {
	set, gaps := read(t, map[string]string{FileName: `# what we accepted
ignore:
  - check: elixir/sqlquery
    path: lib/**/report.ex
    symbol: Shop.Report.run/1
    reason: constant table names
    author: kim
    until: 2027-01-01
  - fingerprint: abc
    reason: looked at
  - check: elixir/*
    path: lib/gone.ex
    reason: was there once
`})
	if len(gaps) > 0 {
		t.Fatal(gaps)
	}
	hit := at("elixir/sqlquery", "lib/shop/deep/report.ex", 5)
	hit.Place.Symbol = "Shop.Report.run/1"
	print := at("x/y", "z", 1)
	print.Fingerprint = "abc"
	findings := []scan.Finding{hit, at("elixir/sqlquery", "lib/shop/deep/report.ex", 9), print}
	notes := set.Apply(findings, now, everything)
	if s := findings[0].Suppressed; s == nil || s.By != "kim" || s.Source != ".palisade-ignore.yaml:3" || s.Until.Format(time.DateOnly) != "2027-01-01" {
		t.Errorf("%+v", s)
	}
	if findings[1].Suppressed != nil || findings[2].Suppressed == nil {
		t.Errorf("%+v", findings[1:])
	}
	if len(notes) != 1 || notes[0].Check != "suppress/stale" || notes[0].Place.Start.Line != 11 {
		t.Errorf("%+v", notes)
	}
}

func TestFileFaults(t *testing.T) {
	for src, want := range map[string]string{
		"ignore:\n  - check: elixir/raw\n":                    ".palisade-ignore.yaml:2: it gives no reason",
		"ignore:\n  - reason: x\n":                            ".palisade-ignore.yaml:2: it names neither a check nor a fingerprint",
		"ignore:\n  - {check: '*', reason: x}\n":              `"*" names no check`,
		"ignore:\n  - {check: a/b, reason: x, until: soon}\n": `until: "soon" is no day as 2027-01-31`,
		"ignore:\n  - {check: a/b, reason: x, path: ../x}\n":  `"../x" is no pattern of paths below the scanned folder`,
		"ignore:\n  - {check: a/b, reason: x, line: 3}\n":     "it has a line and no path",
		"ignore:\n  - {check: a/b, raison: x}\n":              `unknown field "raison"`,
	} {
		if _, err := Parse([]byte(src)); !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s gives %v, want %s", src, err, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"lib/a.ex", "lib/a.ex", true},
		{"lib", "lib/a/b.ex", true},
		{"lib/", "lib/a.ex", true},
		{"lib/*.ex", "lib/a/b.ex", false},
		{"lib/**/*.ex", "lib/a.ex", true},
		{"lib/**/*.ex", "lib/a/b/c.ex", true},
		{"**/test", "apps/a/test/x.exs", true},
		{"lib/a.ex", "lib/a.exs", false},
		{"**", "x", true},
	} {
		f, err := Glob([]string{c.pattern})
		if err != nil || f(c.name) != c.want {
			t.Errorf("%s and %s: %v, %v", c.pattern, c.name, !c.want, err)
		}
	}
}

func FuzzComments(f *testing.F) {
	for _, s := range []string{source, "<%!-- palisade:ignore a/b -- c --%>", "# palisade:ignore a/b,", "# sobelow_skip [\"", "\t# palisade:ignore a/b -- \xff\r\n\tx\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, ext := range []string{".ex", ".go", ".heex"} {
			entries, _ := comments("x"+ext, commented[ext], []byte(s))
			for _, e := range entries {
				if e.First < 1 || e.Last < e.First || e.Reason == "" || len(e.Checks) == 0 {
					t.Fatalf("%+v", e)
				}
			}
		}
		_, _ = Parse([]byte(s))
	})
}
