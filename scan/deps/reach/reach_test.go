package reach

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"palisade.dev/scan/deps/gomod"
	"palisade.dev/scan/deps/osv"
)

// A project with its dependencies vendored, so that nothing is fetched: one advisory is about what it calls, one about a
// package that it imports, one about a module that it only asks for, one about older versions.
var files = map[string]string{
	"go.mod":                            "module example.com/shop\n\ngo 1.26.0\n\nrequire (\n\texample.com/lib v1.1.0\n\texample.com/asked v1.0.0\n)\n",
	"main.go":                           "package main\n\nimport (\n\t_ \"example.com/asked\"\n\t\"example.com/lib\"\n)\n\nfunc main() { greet() }\n\nfunc greet() { lib.Bad() }\n",
	"vendor/modules.txt":                "# example.com/asked v1.0.0\n## explicit; go 1.26\nexample.com/asked\n# example.com/lib v1.1.0\n## explicit; go 1.26\nexample.com/lib\n",
	"vendor/example.com/lib/lib.go":     "package lib\n\nfunc Bad() {}\n\nfunc Worse() {}\n",
	"vendor/example.com/asked/asked.go": "package asked\n\nfunc Unused() {}\n",
}

func advisory(id, module, pkg, symbol, fixed string) string {
	return `{"schema_version":"1.3.1","id":"` + id + `","modified":"2026-01-01T00:00:00Z","summary":"x","affected":[{"package":{"ecosystem":"Go","name":"` + module +
		`"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"` + fixed + `"}]}],"ecosystem_specific":{"imports":[{"path":"` + pkg + `","symbols":["` + symbol + `"]}]}}]}`
}

var advisories = map[string]string{
	"GO-2026-0001": advisory("GO-2026-0001", "example.com/lib", "example.com/lib", "Bad", "1.2.0"),
	"GO-2026-0002": advisory("GO-2026-0002", "example.com/lib", "example.com/lib", "Worse", "1.2.0"),
	"GO-2026-0003": advisory("GO-2026-0003", "example.com/asked", "example.com/asked/below", "Unused", "1.2.0"),
	"GO-2026-0004": advisory("GO-2026-0004", "example.com/lib", "example.com/lib", "Bad", "1.0.5"),
}

func TestSource(t *testing.T) {
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw := map[string][]byte{}
	db := osv.New()
	for id, text := range advisories {
		raw[id] = []byte(text)
		if err := db.Read([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	answers, err := Source(context.Background(), dir, raw)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[[2]string]string{
		{"GO-2026-0001", "example.com/lib"}:   "called: main",
		{"GO-2026-0002", "example.com/lib"}:   "imported",
		{"GO-2026-0003", "example.com/asked"}: "required",
		{"GO-2026-0004", "example.com/none"}:  "required", // no package of it is used, so govulncheck says nothing
	} {
		if got := answers.Of(k[0], k[1]); !strings.HasPrefix(got, want) {
			t.Errorf("%s of %s is %q, want %q", k[0], k[1], got, want)
		}
	}
	// What we say of modules is what govulncheck says of them.
	_, l := gomod.Read("go.mod", []byte(files["go.mod"]))
	var ours []string
	for _, p := range l.Packages {
		matches, err := db.Match(p.Ecosystem, p.Name, p.Version)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range matches {
			ours = append(ours, m.ID+" "+p.Name)
		}
	}
	var theirs []string
	for k := range maps.Keys(answers) {
		theirs = append(theirs, k[0]+" "+k[1])
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	if !slices.Equal(ours, theirs) || len(ours) != 3 {
		t.Errorf("we say %v and govulncheck says %v", ours, theirs)
	}
}

func TestWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := exec.LookPath("go"); err == nil {
		t.Fatal("the go command is still there")
	}
	if _, err := Source(context.Background(), t.TempDir(), nil); !errors.Is(err, ErrNoGo) {
		t.Errorf("without the go command: %v", err)
	}
}

func TestWhatIsNoModule(t *testing.T) {
	_, err := Source(context.Background(), t.TempDir(), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "govulncheck could not follow the calls: ") {
		t.Errorf("an empty folder gives %v", err)
	}
}
