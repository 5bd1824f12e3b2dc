package npm

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"palisade.dev/scan/deps/pack"
)

func samples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.*")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, f := range files {
		if !strings.HasSuffix(f, ".want") {
			list = append(list, f)
		}
	}
	if len(list) < 8 {
		t.Fatalf("only %d samples", len(list))
	}
	return list
}

func TestLocks(t *testing.T) {
	for _, file := range samples(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, format, _ := strings.Cut(filepath.Base(file), ".")
		l := Files[format](format, src)
		var b strings.Builder
		for _, p := range l.Packages {
			fmt.Fprintf(&b, "%d %s", p.Place.Start.Line, p.Name)
			if p.Version != "" {
				b.WriteString(" " + p.Version)
			}
			switch {
			case p.Git != nil:
				fmt.Fprintf(&b, " git %s %s", p.Git.URL, p.Git.Commit)
			case p.URL != "":
				fmt.Fprintf(&b, " %s", p.URL)
			}
			if p.Direct {
				b.WriteString(" direct")
			}
			if p.Dev {
				b.WriteString(" dev")
			}
			if p.Licence != "" {
				b.WriteString(" " + p.Licence)
			}
			if p.Deprecated != "" {
				b.WriteString(" deprecated: " + p.Deprecated)
			}
			b.WriteString("\n")
		}
		for _, g := range l.Gaps {
			fmt.Fprintf(&b, "gap %s: %s\n", g.Where, g.Why)
		}
		want, err := os.ReadFile("testdata/" + name + ".want")
		if err != nil || b.String() != string(want) {
			t.Errorf("%s is read as\n%swant\n%s%v", file, b.String(), want, err)
		}
	}
}

func TestManifest(t *testing.T) {
	src := `{"scripts": {"a": "^1.0.0 "}, "dependencies": {"a": "^1.0.0", "own": "file:../own", "g": "git+http://x.example/g.git"}, "devDependencies": {"d": "~2.0.0"}}`
	m, err := Manifest("package.json", []byte(src))
	if err != nil || len(m.Requirements) != 4 {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, r := range m.Requirements {
		if src[r.Start:r.End] != r.Text {
			t.Errorf("%s stands at %q", r.Name, src[r.Start:r.End])
		}
		if r.Dev != (r.Name == "d") || r.Local != (r.Name == "own") {
			t.Errorf("%+v", r)
		}
	}
	if _, err := Manifest("package.json", []byte("{")); fmt.Sprint(err) != "it was not read: unexpected end of JSON input" {
		t.Error(err)
	}
}

func FuzzLocks(f *testing.F) {
	for _, file := range samples(f) {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		for name, read := range Files {
			for _, p := range read(name, src).Packages {
				if p.Ecosystem != pack.NPM || p.Place.End.Offset > len(src) {
					t.Fatalf("%s: %+v", name, p)
				}
			}
		}
		_, _ = Manifest("package.json", src)
	})
}
