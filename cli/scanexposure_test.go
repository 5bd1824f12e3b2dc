package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"palisade.dev/scan"
	"palisade.dev/store"
)

// TestScanExposureScripts plays the command line against a site, one that serves its repository, a cache without a password,
// and a port at which nobody listens.
func TestScanExposureScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/scanexposure",
		Setup: func(e *testscript.Env) error {
			serve := func(name string, handle func(net.Listener)) error {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				e.Defer(func() { _ = l.Close() })
				e.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
				go handle(l)
				return nil
			}
			site := func(leaks bool) func(net.Listener) {
				return func(l net.Listener) {
					_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						switch {
						case r.URL.Path == "/":
							_, _ = io.WriteString(w, "hello")
						case leaks && r.URL.Path == "/.git/HEAD":
							_, _ = io.WriteString(w, "ref: refs/heads/main\n")
						default:
							http.NotFound(w, r)
						}
					}))
				}
			}
			closed := func(l net.Listener) { _ = l.Close() }
			return errors.Join(
				serve("SITE", site(false)), serve("LEAK", site(true)), serve("CLOSED", closed),
				serve("CACHE", func(l net.Listener) {
					for {
						c, err := l.Accept()
						if err != nil {
							return
						}
						go func() {
							defer c.Close()
							b := make([]byte, 512)
							for {
								n, err := c.Read(b)
								if err != nil {
									return
								}
								if strings.Contains(string(b[:n]), "PING") {
									_, _ = io.WriteString(c, "+PONG\r\n")
								} else {
									_, _ = io.WriteString(c, "-ERR unknown command\r\n")
								}
							}
						}()
					}
				}),
			)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": codeCmd},
	})
	scripts, err := os.ReadDir("testdata/scanexposure")
	if err != nil || len(scripts) < 2 {
		t.Errorf("%d scripts, %v", len(scripts), err)
	}
}

// codeCmd runs a command and wants an exit code: code NUMBER COMMAND….
func codeCmd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code NUMBER COMMAND...")
	}
	got := 0
	err := ts.Exec(args[1], args[2:]...)
	var e *exec.ExitError
	if errors.As(err, &e) {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func TestExposureSettings(t *testing.T) {
	w := &exposureWatch{owner: func(store.Site) string { return "token" }}
	for text, want := range map[string]string{
		`{"hosts":["Shop.example.","203.0.113.7"]}`:                                  "",
		`{"hosts":["shop.example"],"ports":"all","mode":"active","expect":"80,443"}`: "",
		`{"hosts":[]}`:                                 "from one to ten",
		`{}`:                                           "from one to ten",
		`{"hosts":["https://shop.example/"]}`:          "is no host",
		`{"hosts":["shop.example:80"]}`:                "is no host",
		`{"hosts":["a b"]}`:                            "is no host",
		`{"hosts":["shop.example"],"ports":"0"}`:       "no port from 1",
		`{"hosts":["shop.example"],"expect":"x"}`:      "expect",
		`{"hosts":["shop.example"],"mode":"wild"}`:     "passive or active",
		`{"hosts":["shop.example"],"i_own_this":true}`: "unknown field",
	} {
		target, err := w.Check(store.Site{}, json.RawMessage(text))
		if want == "" && (err != nil || target == "") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %q %v", text, target, err)
		}
	}
}

// TestAMonitorLeavesTheOwnNetworkAlone holds that settings which anybody with a site may write do not reach what only this
// machine can, unless the installation allows it.
func TestAMonitorLeavesTheOwnNetworkAlone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	settings := json.RawMessage(`{"hosts":["127.0.0.1"],"ports":"` + strconv.Itoa(l.Addr().(*net.TCPAddr).Port) + `"}`)
	w := &exposureWatch{owner: func(store.Site) string { return "token" }}
	if _, err := w.Scan(t.Context(), store.Site{}, settings); err == nil || !strings.Contains(err.Error(), "own network") {
		t.Errorf("it was scanned: %v", err)
	}
	w.private = true
	run, err := w.Scan(t.Context(), store.Site{}, settings)
	if err != nil || run.Kind != "exposure" || len(run.Findings) == 0 || run.Findings[0].Severity > scan.Low {
		t.Errorf("%v %+v", err, run)
	}
}
