package e2e

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// soon is how long anything may take that takes a moment where the machine is not busy with something else.
const soon = 30 * time.Second

// freePort finds an address of loopback that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program until the test ends, and returns once it listens, with the file that holds what it says. That is
// shown if the test fails.
func start(t *testing.T, cmd *exec.Cmd, listens ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "output")
	output, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", cmd.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(soon):
			_ = cmd.Process.Kill()
			<-ended
			t.Errorf("%s did not end when told to", cmd.Path)
		}
		if t.Failed() {
			said, _ := os.ReadFile(path)
			t.Logf("%s (process %d) said:\n%s", cmd.Path, cmd.Process.Pid, last(said, 8<<10))
		}
	})
	for _, address := range listens {
		eventually(t, func() error {
			select {
			case err := <-ended:
				ended <- err
				t.Fatalf("%s ended before it listened on %s: %v", cmd.Path, address, err)
			default:
			}
			c, err := net.DialTimeout("tcp", address, time.Second)
			if err == nil {
				_ = c.Close()
			}
			return err
		})
	}
	return path
}

// eventually tries until there is no error.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	for end := time.Now().Add(soon); ; time.Sleep(20 * time.Millisecond) {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still after %v: %v", soon, err)
		}
	}
}

func last(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// palisade is one that runs, with its gateway's address.
type palisade struct {
	url  string
	env  []string
	talk string // file that holds what it says
	data string // its folder
	api  string // where its API is
}

// run starts Palisade with a configuration of the given text, or with none at all: then it is in front of the demo
// shop.
func run(t *testing.T, config string, env ...string) *palisade {
	t.Helper()
	dir, listen, console := t.TempDir(), freePort(t), freePort(t)
	p := &palisade{url: "http://" + listen, data: filepath.Join(dir, "data"), api: "http://" + console + "/api/v1", env: append(os.Environ(),
		"PALISADE_DATA="+filepath.Join(dir, "data"), "PALISADE_SERVER=http://"+console, "LISTEN="+listen, "CONSOLE="+console)}
	cmd := exec.Command(binary, "run")
	if config != "" {
		file := filepath.Join(dir, "palisade.yml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd.Args = append(cmd.Args, "--config", file)
	}
	cmd.Env, cmd.Dir = append(p.env, env...), dir
	p.talk = start(t, cmd, console, listen)
	return p
}

// command runs another command of Palisade's against it and returns its answer.
func (p *palisade) command(args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = p.env
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		return out.String(), errors.Join(err, errors.New("palisade "+strings.Join(args, " ")+": "+talk.String()))
	}
	return out.String(), nil
}

// post sends the API something as the operator.
func (p *palisade) post(t *testing.T, path string, body []byte) []byte {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(p.data, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.api+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", path, res.StatusCode, text, err)
	}
	return text
}

func (p *palisade) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := p.command(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
