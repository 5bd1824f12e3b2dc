package reach

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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

// TestMain lets this binary be the process that follows calls, and one that misbehaves.
func TestMain(m *testing.M) {
	switch os.Args[0] {
	case "serve":
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "fail":
		fmt.Fprintln(os.Stderr, "no\n  such thing")
		os.Exit(1)
	case "babble":
		fmt.Println("this is no answer")
	case "hang": // with a process of its own, which has to go as well
		child := exec.Command(os.Args[1], os.Args[2])
		if err := child.Start(); err != nil {
			panic(err)
		}
		if err := os.WriteFile(os.Args[3], fmt.Append(nil, child.Process.Pid), 0o600); err != nil {
			panic(err)
		}
		_ = child.Wait()
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	default:
		os.Exit(m.Run())
	}
}

// as is this binary under another name.
func as(t *testing.T, args ...string) Follower {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Follower{Program: append([]string{self}, args...)}
}

// project writes the files above to a folder.
func project(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSource(t *testing.T) {
	dir := project(t)
	raw := map[string][]byte{}
	db := osv.New()
	for id, text := range advisories {
		raw[id] = []byte(text)
		if err := db.Read([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	answers, err := as(t, "serve").Source(context.Background(), dir, raw)
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
	if _, err := as(t, "serve").Source(context.Background(), t.TempDir(), nil); !errors.Is(err, ErrNoGo) {
		t.Errorf("without the go command: %v", err)
	}
}

func TestWhatIsNoModule(t *testing.T) {
	_, err := as(t, "serve").Source(context.Background(), t.TempDir(), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "the go command could not list the packages: ") {
		t.Errorf("an empty folder gives %v", err)
	}
}

// Where no package at fault is used, nothing is started: this program would fail.
func TestNothingToFollow(t *testing.T) {
	answers, err := as(t, "fail").Source(context.Background(), project(t), map[string][]byte{"GO-2026-0003": []byte(advisories["GO-2026-0003"])})
	if err != nil || answers.Of("GO-2026-0003", "example.com/asked") != "required" {
		t.Errorf("what no package uses is %v, %v", answers, err)
	}
}

// What the project's version falls under is called, though the Go that is installed may be newer.
func TestStandardLibrary(t *testing.T) {
	dir := project(t)
	err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nimport (\n\t_ \"example.com/asked\"\n\t_ \"example.com/lib\"\n\t\"path\"\n)\n\nfunc main() { path.Clean(\"x\") }\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	fixed := advisory("GO-2026-0006", "stdlib", "path", "Clean", "1.2.0")
	answers, err := as(t, "serve").Source(context.Background(), dir, map[string][]byte{"GO-2026-0006": []byte(fixed)})
	if got := answers.Of("GO-2026-0006", "stdlib"); err != nil || !strings.HasPrefix(got, "called: main") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWhatFails(t *testing.T) {
	dir := project(t)
	raw := map[string][]byte{"GO-2026-0001": []byte(advisories["GO-2026-0001"])}
	for program, want := range map[string]string{
		"fail":   "the process that follows the calls failed: no such thing exit status 1",
		"babble": "the process that follows the calls failed: invalid character",
		"killed": "was ended from outside (signal: killed), as systems do that run out of memory",
	} {
		if _, err := as(t, program).Source(context.Background(), dir, raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", program, err, want)
		}
	}
	if _, err := (Follower{Program: []string{filepath.Join(dir, "none"), "none"}}).Source(context.Background(), dir, raw); err == nil ||
		!strings.HasPrefix(err.Error(), "starting a process to follow the calls: ") {
		t.Errorf("a program that is not there: %v", err)
	}
	small := as(t, "serve")
	small.Memory = 1 << 20
	var bound Bound
	if _, err := small.Source(context.Background(), dir, raw); !errors.As(err, &bound) || bound.Why != "following the calls takes more than the 1 MB of memory that it may" || bound.Unlock() == "" {
		t.Errorf("with a megabyte: %v", err)
	}
	if _, err := as(t, "serve").Source(context.Background(), dir, map[string][]byte{"X": []byte("{")}); err == nil || err.Error() != "the advisory X: unexpected end of JSON input" {
		t.Errorf("a broken advisory: %v", err)
	}
}

func TestTime(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	dir := project(t)
	note := filepath.Join(t.TempDir(), "pid")
	f := as(t, "hang", sleep, "600", note)
	f.Time = 3 * time.Second
	_, err = f.Source(context.Background(), dir, map[string][]byte{"GO-2026-0001": []byte(advisories["GO-2026-0001"])})
	var bound Bound
	if !errors.As(err, &bound) || bound.Why != "following the calls took longer than 3s" {
		t.Fatalf("what hangs ends with %v", err)
	}
	text, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	// It is dead; until somebody waits for it, it may still be listed as such.
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !strings.Contains(string(stat), ") Z ") {
		t.Errorf("what it started lives on: %s", stat)
	}
}

// Whoever asked may die; what it started must not live on.
func TestGone(t *testing.T) {
	out := &strings.Builder{}
	in := strings.NewReader(`{"dir":"` + project(t) + `","advisories":"` + t.TempDir() + `","packages":["./..."]}` + "\n")
	if err := Serve(context.Background(), in, out); err == nil || err.Error() != "whoever asked is gone" {
		t.Errorf("without a lifeline: %v, %s", err, out)
	}
	if err := Serve(context.Background(), strings.NewReader("scan"), out); err == nil || !strings.HasPrefix(err.Error(), "this follows the calls of Go code for palisade scan code") {
		t.Errorf("without a request: %v", err)
	}
}

func FuzzSaid(f *testing.F) {
	seeds := []string{
		`{"finding":{"osv":"GO-1","trace":[{"module":"m","package":"m/p","function":"F","receiver":"*T"},{"module":"o","package":"o","function":"main","position":{"filename":"main.go","line":3}}]}}`,
		`{"finding":{"osv":"GO-1","trace":[{"module":"m"}]}} {"finding":{"osv":"GO-1","trace":[{"module":"m","package":"p"}]}}`,
		`{"config":{}}`, `{"finding":{"trace":[]}}`, "[", "",
	}
	for _, s := range seeds {
		f.Add(s)
	}
	if len(seeds) != 6 {
		f.Fatal("seeds are missing")
	}
	f.Fuzz(func(t *testing.T, said string) {
		answers, err := read(strings.NewReader(said))
		if err != nil && !strings.HasPrefix(err.Error(), "reading what govulncheck says: ") {
			t.Errorf("%q: %v", said, err)
		}
		for k, text := range answers {
			if text != "required" && text != "imported" && !strings.HasPrefix(text, "called: ") {
				t.Errorf("%v is %q", k, text)
			}
		}
	})
}
