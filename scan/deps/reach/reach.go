// Package reach asks govulncheck how far a Go project's own code goes into what is at fault. It needs the go command and
// the project's modules on the disk; it fetches nothing, and builds no C.
package reach

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	vuln "golang.org/x/vuln/scan"
)

// ErrNoGo is of a machine without the go command.
var ErrNoGo = errors.New("the go command is not there to follow the calls")

// Answers are by advisory and module.
type Answers map[[2]string]string

// Of tells how far code reaches. Of a module that go.mod asks for and no package uses, govulncheck says nothing.
func (a Answers) Of(advisory, module string) string {
	if text := a[[2]string{advisory, module}]; text != "" {
		return text
	}
	return "required"
}

// message is what of govulncheck's stream matters here.
type message struct {
	Finding *struct {
		OSV   string  `json:"osv"`
		Trace []frame `json:"trace"`
	} `json:"finding"`
}

type frame struct {
	Module   string `json:"module"`
	Version  string `json:"version"`
	Package  string `json:"package"`
	Function string `json:"function"`
	Receiver string `json:"receiver"`
	Position *struct {
		Filename string `json:"filename"`
		Line     int    `json:"line"`
	} `json:"position"`
}

func (f frame) name() string {
	name := f.Function
	if f.Receiver != "" {
		name = strings.TrimPrefix(f.Receiver, "*") + "." + name
	}
	return name
}

// Source follows the calls of the module in a folder, for some advisories in OSV's form by identifier.
func Source(ctx context.Context, dir string, advisories map[string][]byte) (Answers, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, ErrNoGo
	}
	db, err := os.MkdirTemp("", "palisade-osv-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(db)
	for id, data := range advisories {
		if err := os.WriteFile(filepath.Join(db, filepath.Base(id)+".json"), data, 0o600); err != nil {
			return nil, err
		}
	}
	// Nothing of the project is run: no tool chain or module of its choosing is fetched, and no C compiler started.
	env := append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOWORK=off", "GOSUMDB=off")
	if _, err := os.Stat(filepath.Join(dir, "vendor", "modules.txt")); err == nil {
		env = append(env, "GOFLAGS=-mod=vendor")
	}
	out, in := io.Pipe()
	cmd := vuln.Command(ctx, "-json", "-db", "file://"+filepath.ToSlash(db), "-C", dir, "./...")
	var said strings.Builder
	cmd.Env, cmd.Stdout, cmd.Stderr = env, in, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = in.CloseWithError(io.EOF)
		failed <- err
	}()
	answers, err := read(out)
	_ = out.CloseWithError(io.ErrClosedPipe)
	if fault := <-failed; fault != nil {
		words := strings.Join(strings.Fields(said.String()+" "+fault.Error()), " ")
		return nil, fmt.Errorf("govulncheck could not follow the calls: %.300s", words)
	}
	return answers, err
}

// read takes the farthest of what is said of an advisory and a module: called outranks imported outranks required.
func read(r io.Reader) (Answers, error) {
	answers := Answers{}
	rank := map[string]int{"": 0, "required": 1, "imported": 2}
	far := func(s string) int {
		if n, ok := rank[s]; ok {
			return n
		}
		return 3
	}
	for d := json.NewDecoder(r); ; {
		var m message
		if err := d.Decode(&m); err != nil {
			if errors.Is(err, io.EOF) {
				return answers, nil
			}
			return nil, fmt.Errorf("reading what govulncheck says: %w", err)
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		at := m.Finding.Trace[0]
		text := "required"
		switch {
		case at.Function != "":
			own := m.Finding.Trace[len(m.Finding.Trace)-1]
			text = "called: " + own.name()
			if own.Position != nil && own.Position.Filename != "" {
				text += fmt.Sprintf(" at %s:%d", filepath.ToSlash(own.Position.Filename), own.Position.Line)
			}
			text += " reaches " + at.name()
		case at.Package != "":
			text = "imported"
		}
		k := [2]string{m.Finding.OSV, at.Module}
		if far(text) > far(answers[k]) {
			answers[k] = text
		}
	}
}
