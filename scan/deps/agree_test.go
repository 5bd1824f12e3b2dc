package deps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	vuln "golang.org/x/vuln/scan"

	"palisade.dev/scan/deps/gomod"
	"palisade.dev/scan/deps/osv"
)

// TestGovulncheck holds the pairs of module and advisory to those that govulncheck tells of the same database, for the
// folders in PALISADE_GO_MODULES, or this repository, and for an invented module that uses all there are advisories about.
func TestGovulncheck(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal("the oracle needs the go command, which runs these tests")
	}
	dirs := filepath.SplitList(os.Getenv("PALISADE_GO_MODULES"))
	if len(dirs) == 0 {
		dirs = []string{"../.."}
	}
	db, _, err := osv.Bundled("Go")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	written := 0
	for _, r := range db.Records() {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(r.ID)+".json"), r.Raw(), 0o600); err != nil {
			t.Fatal(err)
		}
		written++
	}
	if written < 4000 {
		t.Fatalf("the database has %d advisories", written)
	}
	dirs = append(dirs, everything(t, db))
	modules, pairs := 0, 0
	for _, dir := range dirs {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		theirs, used := oracle(t, dir, folder)
		var ours []string
		_, lock := gomod.Read("go.mod", data)
		for _, p := range lock.Packages {
			if !used[p.Name] {
				continue // of a module that no package here uses govulncheck does not speak; we do
			}
			modules++
			matches, err := db.Match(p.Ecosystem, p.Name, p.Version)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range matches {
				ours = append(ours, m.ID+" "+p.Name)
			}
		}
		slices.Sort(ours)
		for _, pair := range ours {
			if !slices.Contains(theirs, pair) {
				t.Errorf("%s: we alone say %s", dir, pair)
			}
		}
		for _, pair := range theirs {
			if !slices.Contains(ours, pair) {
				t.Errorf("%s: govulncheck alone says %s", dir, pair)
			}
		}
		pairs += len(theirs)
	}
	t.Logf("%d folders, %d modules, %d pairs", len(dirs), modules, pairs)
	if modules < 500 || pairs < 500 {
		t.Errorf("only %d modules and %d pairs were compared", modules, pairs)
	}
}

// everything writes a module that uses modules of the database at versions that its advisories name, where things begin and
// end. All are vendored, with an empty package each.
func everything(t *testing.T, db *osv.Database) string {
	t.Helper()
	versions := map[string]string{}
	folded := map[string]string{} // the go command takes no two that differ in case alone
	n := 0
	for _, r := range db.Records() {
		for _, a := range r.Affected {
			name := a.Package.Name
			if versions[name] != "" || module.CheckPath(name) != nil || len(a.Ranges) == 0 || folded[strings.ToLower(name)] != "" {
				continue
			}
			folded[strings.ToLower(name)] = name
			var named []string
			for _, e := range a.Ranges[0].Events {
				for _, v := range []string{"v" + e.Introduced, "v" + e.Fixed} {
					if module.CheckPathMajor(v, major(name)) == nil && semver.IsValid(v) && semver.Canonical(v) == v {
						named = append(named, v)
					}
				}
			}
			for _, v := range []string{"v0.0.1", "v1.0.0"} {
				if module.CheckPathMajor(v, major(name)) == nil {
					named = append(named, v)
				}
			}
			if len(named) > 0 {
				versions[name] = named[n%len(named)]
				n++
			}
		}
	}
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var mod, vendored, imports strings.Builder
	mod.WriteString("module invented.example/all\n\ngo 1.26.0\n\n")
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		v := versions[name]
		fmt.Fprintf(&mod, "require %s %s\n", name, v)
		fmt.Fprintf(&vendored, "# %s %s\n## explicit\n%s\n", name, v, name)
		fmt.Fprintf(&imports, "import _ %q\n", name)
		write("vendor/"+name+"/empty.go", "package empty\n")
	}
	write("go.mod", mod.String())
	write("vendor/modules.txt", vendored.String())
	write("all.go", "package all\n\n"+imports.String())
	return dir
}

// major is what of a module's path says its major version.
func major(path string) string {
	_, suffix, _ := module.SplitPathVersion(path)
	return suffix
}

// oracle asks govulncheck for pairs, and for the modules that it looked at.
func oracle(t *testing.T, dir, folder string) (pairs []string, used map[string]bool) {
	t.Helper()
	var out, said bytes.Buffer
	mod := "-mod=readonly"
	if _, err := os.Stat(filepath.Join(dir, "vendor")); err == nil {
		mod = "-mod=vendor"
	}
	cmd := vuln.Command(context.Background(), "-json", "-scan", "package", "-db", "file://"+filepath.ToSlash(folder), "-C", dir, "./...")
	cmd.Env = append(os.Environ(), "GOFLAGS="+mod, "GOPROXY=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOWORK=off")
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v %s", dir, err, said.String())
	}
	used = map[string]bool{}
	for d := json.NewDecoder(&out); ; {
		var m struct {
			SBOM *struct {
				Modules []struct {
					Path string `json:"path"`
				} `json:"modules"`
			} `json:"SBOM"`
			Finding *struct {
				OSV   string `json:"osv"`
				Trace []struct {
					Module string `json:"module"`
				} `json:"trace"`
			} `json:"finding"`
		}
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if m.SBOM != nil {
			for _, mod := range m.SBOM.Modules {
				used[mod.Path] = true
			}
		}
		if m.Finding != nil && m.Finding.Trace[0].Module != "stdlib" { // of the Go that is installed here
			pairs = append(pairs, m.Finding.OSV+" "+m.Finding.Trace[0].Module)
		}
	}
	slices.Sort(pairs)
	return slices.Compact(pairs), used
}
