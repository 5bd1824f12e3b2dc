package golang_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"palisade.dev/scan"
	"palisade.dev/scan/golang"
	"palisade.dev/scan/golang/checks"
	"palisade.dev/scan/tree"
)

func look(t testing.TB, files fstest.MapFS) scan.Part {
	t.Helper()
	tr, err := tree.Read(context.Background(), files, tree.Limits{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	part, err := golang.New(checks.All()).Scan(context.Background(), tr, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	part.Findings = scan.Stamp(part.Findings)
	return part
}

// samples are those of all checks, in a folder of their own each.
func samples(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{"go.mod": {Data: []byte("module example.com/all\n")}}
	names, err := filepath.Glob("*/testdata/*/*.go")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d samples: %v", len(names), err)
	}
	for _, n := range names {
		data, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.Replace(filepath.ToSlash(n), "testdata", "sample", 1)] = &fstest.MapFile{Data: data}
	}
	return files
}

// TestSameEveryTime holds the promise that a tree gives the same bytes, whichever map was walked in which order.
func TestSameEveryTime(t *testing.T) {
	files := samples(t)
	var first []byte
	for i := range 4 {
		part := look(t, files)
		data, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = data
			if len(part.Findings) < 60 || len(part.Gaps) > 0 {
				t.Errorf("%d findings, gaps %v", len(part.Findings), part.Gaps)
			}
			continue
		}
		if !bytes.Equal(first, data) {
			t.Fatalf("run %d differs", i)
		}
	}
}

// TestBroken reads what is no Go, or only in part, and says so.
func TestBroken(t *testing.T) {
	for _, c := range []struct{ name, source, why string }{
		{"empty", "", "it is no Go source"},
		{"text", "hello", "it is no Go source"},
		{"cut", "package a\n\nfunc f() {\n", "it was read in part: line"},
		{"binary", "package a\n\x00", "bytes that no text holds"},
	} {
		part := look(t, fstest.MapFS{"a.go": {Data: []byte(c.source)}})
		if len(part.Gaps) != 1 || !strings.Contains(part.Gaps[0].Why, c.why) {
			t.Errorf("%s: %+v", c.name, part.Gaps)
		}
	}
	sound := "package a\n\nimport \"net/http\"\n\nfunc g(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.FormValue(\"to\"), 302) }\n"
	part := look(t, fstest.MapFS{"a.go": {Data: []byte(sound + "\nfunc f( {\n")}})
	if len(part.Gaps) != 1 || len(part.Findings) == 0 {
		t.Errorf("the sound part of a broken file: %d findings, gaps %v", len(part.Findings), part.Gaps)
	}
}

// TestUnknown says which packages are known by name only, and never that a flow through them is none.
func TestUnknown(t *testing.T) {
	part := look(t, fstest.MapFS{"a.go": {Data: []byte("package a\n\nimport (\n\t\"crypto/tls\"\n\t\"example.com/nobody/knows\"\n)\n\nvar c tls.Config\nvar x = knows.That()\n")}})
	told := false
	for _, o := range part.Outcomes {
		told = told || o.Verdict == scan.CouldNotTell && o.Where == "example.com/nobody/knows"
	}
	if !told {
		t.Errorf("%+v", part.Outcomes)
	}
}

// TestLarge walks what machines write: a chain of ten thousand plus signs, deep literals, loops in loops in literals.
func TestLarge(t *testing.T) {
	var b strings.Builder
	b.WriteString("package a\n\nimport \"net/http\"\n\nvar x = \"\"" + strings.Repeat(" +\n\t\"a\"", 10_000) + "\n\nfunc h(w http.ResponseWriter, r *http.Request) {\n\ts := r.FormValue(\"x\")\n")
	b.WriteString(strings.Repeat("for {\nfunc() {\n", 40) + "s = s + s\n" + strings.Repeat("}()\n}\n", 40) + "}\n")
	b.WriteString("\nfunc y(r *http.Request) string { return " + strings.Repeat("(", 2000) + "r.Host" + strings.Repeat(")", 2000) + " }\n")
	part := look(t, fstest.MapFS{"a.go": {Data: []byte(b.String())}})
	if len(part.Gaps) > 0 {
		t.Error(part.Gaps)
	}
}

// FuzzScan reads any bytes as Go source: no crash, no fault of ours, and places within the file.
func FuzzScan(f *testing.F) {
	seeds := 0
	for _, file := range samples(f) {
		f.Add(file.Data)
		seeds++
	}
	for _, s := range []string{"package a; type T = T", "package a; func f[T any](x T) { f[T](x) }", "package a; import . \"net/http\"; func f(r *Request) { f(r) }", "package a; type T struct{ *T }; func (t *T) M() *T { return t.M().M() }"} {
		f.Add([]byte(s))
		seeds++
	}
	if seeds < 60 {
		f.Fatalf("%d seeds", seeds)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		part := look(t, fstest.MapFS{"a.go": {Data: data}})
		for _, g := range part.Gaps {
			if strings.Contains(g.Why, "a fault of ours") || strings.Contains(g.Why, "it took longer") {
				t.Errorf("%s: %s", g.Where, g.Why)
			}
		}
		for _, f := range part.Findings {
			if f.Place.Start.Offset < 0 || f.Place.End.Offset > len(data) || f.Place.End.Offset < f.Place.Start.Offset || f.Place.Start.Line < 1 {
				t.Errorf("%s is at %+v of %d bytes", f.Check, f.Place, len(data))
			}
		}
	})
}
