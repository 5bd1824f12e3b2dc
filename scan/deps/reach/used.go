package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// environment keeps the go command from what a project might choose: no tool chain or module is fetched, and no C
// compiler is started.
func environment(dir string) []string {
	env := append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOWORK=off", "GOSUMDB=off")
	if _, err := os.Stat(filepath.Join(dir, "vendor", "modules.txt")); err == nil {
		env = append(env, "GOFLAGS=-mod=vendor")
	}
	return env
}

// fault is what of an advisory matters here.
type fault struct {
	ID       string `json:"id"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
		EcosystemSpecific struct {
			Imports []struct {
				Path string `json:"path"`
			} `json:"imports"`
		} `json:"ecosystem_specific"`
	} `json:"affected"`
	data []byte
}

// parse reads advisories. That the standard library falls under them was told by the version that the project names;
// govulncheck would compare the Go that is installed here, so it is made to take any.
func parse(advisories map[string][]byte) ([]fault, error) {
	var faults []fault
	for id, data := range advisories {
		f := fault{data: data}
		if err := json.Unmarshal(data, &f); err != nil {
			return nil, fmt.Errorf("the advisory %s: %w", id, err)
		}
		f.ID = id
		if slices.ContainsFunc(f.modules(), standard) {
			var err error
			if f.data, err = anyVersion(data); err != nil {
				return nil, fmt.Errorf("the advisory %s: %w", id, err)
			}
		}
		faults = append(faults, f)
	}
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.ID, b.ID) })
	return faults, nil
}

func (f fault) modules() (names []string) {
	for _, a := range f.Affected {
		names = append(names, a.Package.Name)
	}
	return names
}

func standard(module string) bool { return module == "stdlib" || module == "toolchain" }

// anyVersion writes an advisory anew with every version of the standard library in it.
func anyVersion(data []byte) ([]byte, error) {
	var whole map[string]any
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, err
	}
	affected, _ := whole["affected"].([]any)
	for _, a := range affected {
		a, _ := a.(map[string]any)
		p, _ := a["package"].(map[string]any)
		if name, _ := p["name"].(string); standard(name) {
			a["ranges"] = []any{map[string]any{"type": "SEMVER", "events": []any{map[string]any{"introduced": "0"}}}}
		}
	}
	return json.Marshal(whole)
}

// of says whether an advisory speaks of a package of a module. One that names no packages speaks of all.
func (f fault) of(module, path string) bool {
	for _, a := range f.Affected {
		if a.Package.Name != module {
			continue
		}
		if len(a.EcosystemSpecific.Imports) == 0 {
			return true
		}
		for _, i := range a.EcosystemSpecific.Imports {
			if i.Path == path {
				return true
			}
		}
	}
	return false
}

// graph is what a module's packages import, those of others and of the standard library among them. The go command gives
// a package after all that it imports.
type graph []node

type node struct {
	ImportPath string
	Imports    []string
	DepOnly    bool
	Standard   bool
	Module     *struct {
		Path    string
		Replace *struct{ Path string }
	}
}

func (n node) module() string {
	switch {
	case n.Module == nil:
		return "stdlib"
	case n.Module.Replace != nil:
		return n.Module.Replace.Path
	}
	return n.Module.Path
}

// mostListed bounds what the go command may say of a project: ours takes a megabyte.
const mostListed = 128 << 20

func list(ctx context.Context, dir string) (graph, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=ImportPath,Imports,DepOnly,Standard,Module", "./...")
	cmd.Dir, cmd.Env = dir, environment(dir)
	together(cmd)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting the go command: %w", err)
	}
	g, err := listed(io.LimitReader(out, mostListed))
	if err != nil {
		_ = cmd.Cancel()
	}
	ended := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err == nil && ended != nil:
		return nil, fmt.Errorf("the go command could not list the packages: %s", short(settled(said.String())+" "+ended.Error()))
	case err != nil:
		return nil, fmt.Errorf("the go command could not list the packages: %s", short(settled(said.String())+" "+err.Error()))
	}
	return g, nil
}

func listed(r io.Reader) (g graph, err error) {
	for d := json.NewDecoder(r); ; {
		var n node
		if err := d.Decode(&n); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading what it says of package %d: %w", len(g)+1, err)
		}
		g = append(g, n)
	}
}

// roots are the project's own packages from which imports lead to one at fault.
func (g graph) roots(faults []fault) (roots []string) {
	leads := map[string]bool{}
	for _, n := range g {
		module := n.module()
		if slices.ContainsFunc(n.Imports, func(i string) bool { return leads[i] }) ||
			slices.ContainsFunc(faults, func(f fault) bool { return f.of(module, n.ImportPath) }) {
			leads[n.ImportPath] = true
			if !n.DepOnly {
				roots = append(roots, n.ImportPath)
			}
		}
	}
	return roots
}

// settled is what the go command says of what it looks for at once, in one order: a report says the same however often it is
// made.
func settled(said string) string {
	var lines []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "go: downloading ") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), " ")
}

// short is what programs say on one line.
func short(said string) string { return fmt.Sprintf("%.300s", strings.Join(strings.Fields(said), " ")) }
