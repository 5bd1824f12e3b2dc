package toolchain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/deps/osv"
	"palisade.dev/scan/deps/pack"
	"palisade.dev/scan/fix"
	"palisade.dev/scan/tree"
)

// files are how projects say what they are built with, and what is read of each: a tool and a version.
var files = map[string]struct {
	text string
	want []string
}{
	".tool-versions":           {"# ours\nelixir 1.14.3-otp-25\nerlang 25.2.1 system\ngolang   1.21.3\nnodejs v18.12.1\nruby 3.2.0\nelixir\n", []string{"elixir 1.14.3", "otp 25.2.1", "go 1.21.3", "node 18.12.1"}},
	"mise.toml":                {"[env]\ngo = \"1.0\"\n[tools]\ngo = \"1.21\"\nnode = ['20', \"18\"]\n\"elixir\" = { version = \"1.13.4\" }\nerlang = 26\n", []string{"go 1.21", "node 20", "elixir 1.13.4"}},
	"a/.go-version":            {"1.20.5\n", []string{"go 1.20.5"}},
	".nvmrc":                   {"lts/hydrogen", []string{"node lts/hydrogen"}},
	"Dockerfile":               {"ARG V=1.14.0\nARG OTP=25.1\nFROM --platform=linux/amd64 hexpm/elixir:${V}-erlang-${OTP}-debian AS build\nFROM golang:1.21.3-alpine\nfrom node\nFROM docker.io/library/erlang:24@sha256:00\nFROM golang:$UNKNOWN\nFROM elixir:${E:-1.12}-otp-24\nFROM build\nFROM alpine:3\n", []string{"elixir 1.14.0", "otp 25.1", "go 1.21.3", "node ", "otp 24", "go $UNKNOWN", "elixir 1.12", "otp 24"}},
	"deploy/Containerfile.web": {"FROM registry.example:5000/golang:1.27-bookworm\r\n", []string{"go 1.27"}},
	".github/workflows/ci.yml": {"jobs:\n  t:\n    steps:\n      - uses: erlef/setup-beam@v1\n        with:\n          otp-version: \"25.0\" # old\n          elixir-version: ${{ matrix.elixir }}\n      - with: {}\n        go-version: '1.22.x'\n        node-version: [18, 20]\n", []string{"otp 25.0", "elixir ${{ matrix.elixir }}", "go 1.22.x"}},
	"go.mod":                   {"module x\n\ngo 1.21\n\ntoolchain go1.21.3\n", []string{"go 1.21.3"}},
	"sub/go.mod":               {"module x\n\ngo 1.21.0\ntoolchain default\n", []string{"go 1.21.0"}},
	"README.md":                {"golang 1.0\n", nil},
}

func TestPins(t *testing.T) {
	seen := 0
	for name, f := range files {
		var got []string
		for _, p := range read(name, f.text) {
			got = append(got, p.Tool+" "+p.Version)
			if p.End > p.Start && f.text[p.Start:p.End] != p.Version {
				t.Errorf("%s: %q stands where %q is", name, p.Version, f.text[p.Start:p.End])
			}
			seen++
		}
		if !slices.Equal(got, f.want) {
			t.Errorf("%s: %q, want %q", name, got, f.want)
		}
	}
	if seen != 23 {
		t.Errorf("%d pins were read", seen)
	}
}

func advisories(t *testing.T) func(string) (*osv.Database, error) {
	db := osv.New()
	for _, text := range []string{
		`{"id":"GO-1","affected":[{"package":{"ecosystem":"Go","name":"stdlib"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.21.5"},{"introduced":"1.22.0-0"},{"fixed":"1.22.2"}]}]}]}`,
		`{"id":"GO-2","affected":[{"package":{"ecosystem":"Go","name":"toolchain"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.27.1"}]}]}]}`,
		`{"id":"EEF-1","affected":[{"package":{"ecosystem":"Hex","name":"x"}},{"ranges":[{"type":"GIT","repo":"https://github.com/erlang/otp","events":[{"introduced":"00"}]}]}]}`,
	} {
		if err := db.Read([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return func(string) (*osv.Database, error) { return db, nil }
}

func look(t *testing.T, day string, texts map[string]string) scan.Part {
	root := fstest.MapFS{}
	for name, text := range texts {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := tree.Read(context.Background(), root, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return Check.Whole(&pack.World{Tree: tr, Advisories: advisories(t), Now: now})
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, day string
		want            []string
	}{
		"the last day":     {"Dockerfile", "FROM elixir:1.14.5-otp-28\n", "2025-10-16", []string{"could not tell: 1 advisories about Erlang/OTP name commits and no versions"}},
		"the day after":    {"Dockerfile", "FROM elixir:1.14.5\n", "2025-10-17", []string{"medium Elixir 1.14.5 is no longer mended"}},
		"long ago":         {".tool-versions", "nodejs 0.12.0\n", "2026-01-01", []string{"medium Node.js 0.12.0 is no longer mended"}},
		"not yet listed":   {".tool-versions", "elixir 1.99.0\n", "2026-01-01", nil},
		"a release":        {"Dockerfile", "FROM golang:1.22.1\n", "2024-03-01", []string{"medium Go 1.22.1 has 2 known faults"}},
		"its newest patch": {"Dockerfile", "FROM golang:1.22\n", "2024-03-01", []string{"medium Go 1.22 has 1 known faults"}},
		"mended":           {"Dockerfile", "FROM golang:1.27.1\n", "2026-11-01", nil},
		"a candidate":      {"Dockerfile", "FROM golang:1.27rc1\n", "2026-11-01", []string{"medium Go 1.27rc1 has 1 known faults"}},
		"a workflow":       {".github/workflows/a.yaml", "  go-version: 1.27.0\n", "2026-11-01", []string{"low Go 1.27.0 has 1 known faults"}},
		"at least":         {"go.mod", "module x\n\ngo 1.21.0\n", "2026-11-01", []string{"could not tell: 1.21.0 is what it asks for at least, and not which one it is built with"}},
		"a range":          {"mise.toml", "[tools]\nnode = \"latest\"\n", "2026-11-01", []string{`could not tell: "latest" does not say which Node.js it is built with`}},
		"a line of a line": {".github/workflows/a.yml", "  go-version: 1.x\n", "2026-11-01", []string{`could not tell: "1.x" does not say which Go it is built with`}},
		"no tag":           {"Dockerfile", "FROM golang\n", "2026-11-01", []string{"could not tell: it says no version of Go"}},
		"testdata":         {"a/testdata/Dockerfile", "FROM golang:1.2.3\n", "2026-11-01", nil},
	} {
		part := look(t, c.day, map[string]string{c.file: c.text})
		var got []string
		for _, f := range part.Findings {
			got = append(got, f.Severity.String()+" "+f.Title)
			if f.Fix == nil || len(f.Fix.Edits) == 0 {
				continue
			}
			_, edits := fix.ByFile(f.Fix.Edits)
			out, err := fix.Apply([]byte(c.text), edits[c.file])
			if err != nil || len(look(t, c.day, map[string]string{c.file: string(out)}).Findings) > 0 {
				t.Errorf("%s: the fix gives %q, %v", name, out, err)
			}
		}
		for _, o := range part.Outcomes {
			got = append(got, string(o.Verdict)+": "+o.Why)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	// What go.mod asks for at least is no question where a build says which one it is.
	if part := look(t, "2026-11-01", map[string]string{"go.mod": "module x\n\ngo 1.21\n", "Dockerfile": "FROM golang:1.27.1"}); len(part.Outcomes) > 0 {
		t.Error(part.Outcomes)
	}
}

func TestEnds(t *testing.T) {
	all, err := readEnds(endsText)
	if err != nil || len(all) != 4 || len(all[Go]) < 11 || len(all[Node]) < 12 {
		t.Fatal(len(all), err)
	}
	for text, want := range map[string]string{
		"go 1.21":              "line 1 of the ends of tool chains has 2 fields, not tool, line and day",
		"#\ngo one 2024-01-01": `line 2 of the ends of tool chains: "go one 2024-01-01" is no line of releases with its day`,
		"go 1.21 tomorrow":     `line 1 of the ends of tool chains: "go 1.21 tomorrow" is no line of releases with its day`,
	} {
		if _, err := readEnds(text); fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	n := 0
	for name, file := range files {
		f.Add(name, file.text)
		n++
	}
	f.Add("Dockerfile", "ARG A=$A$A$A\nARG A=$A$A\nFROM golang:$A\nFROM ${}:")
	f.Add("go.mod", "go \xff\n\ttoolchain")
	if n != 10 {
		f.Fatalf("%d seeds", n)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		for _, p := range read(name, text) {
			if names[p.Tool] == "" || p.Start < 0 || p.End < p.Start || p.End > len(text) || strings.ContainsRune(p.Version, '\n') {
				t.Errorf("%s: %q has %+v", name, text, p)
			}
			if at, ok := lineOf(p.Tool, p.Version); p.told() && ok && at.major < 0 {
				t.Errorf("%q is the line %v", p.Version, at)
			}
		}
	})
}
