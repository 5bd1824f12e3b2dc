package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes `palisade` a command of the scripts, played by this binary.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"palisade": func() { os.Exit(Main(context.Background(), os.Args[1:], Std())) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			// Ports of this script's own, found free; the app behind is served by the test.
			for _, name := range []string{"LISTEN", "LISTEN2", "CONSOLE"} {
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					return err
				}
				e.Setenv(name, l.Addr().String())
				_ = l.Close()
			}
			app, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/log_in") {
					w.WriteHeader(http.StatusUnauthorized)
				}
				fmt.Fprintln(w, "hello from the app")
			})}
			go func() { _ = server.Serve(app) }()
			e.Defer(func() { _ = server.Close() })
			e.Setenv("UPSTREAM_URL", "http://"+app.Addr().String())
			e.Setenv("PALISADE_SERVER", "http://"+e.Getenv("CONSOLE"))
			e.Setenv("PALISADE_DATA", e.WorkDir+"/data")
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answers": answersCmd,
			"get":     getCmd,
			"hangup":  hangupCmd,
		},
	})
	scripts, err := os.ReadDir("testdata/script")
	if err != nil || len(scripts) < 9 {
		t.Errorf("%d scripts, %v", len(scripts), err)
	}
}

// answersCmd waits until an address answers: answers ADDRESS.
func answersCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: answers ADDRESS")
	}
	end := time.Now().Add(20 * time.Second)
	for {
		c, err := net.DialTimeout("tcp", args[0], time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("nothing answers at %s: %v", args[0], err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// getCmd makes a request and wants a status, perhaps after a while: get STATUS METHOD URL [Header=value]…
func getCmd(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 || neg {
		ts.Fatalf("usage: get STATUS METHOD URL [Header=value]...")
	}
	end := time.Now().Add(3 * time.Second)
	for {
		r, err := http.NewRequest(args[1], args[2], nil)
		ts.Check(err)
		for _, h := range args[3:] {
			name, value, _ := strings.Cut(h, "=")
			r.Header.Set(name, value)
		}
		res, err := http.DefaultClient.Do(r)
		got := fmt.Sprint(err)
		if err == nil {
			_ = res.Body.Close()
			got = fmt.Sprint(res.StatusCode)
		}
		if got == args[0] {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s %s: %s, want %s", args[1], args[2], got, args[0])
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// hangupCmd sends the hang-up signal to the script's last background command, which testscript's kill cannot.
func hangupCmd(ts *testscript.TestScript, neg bool, args []string) {
	background := ts.BackgroundCmds()
	if neg || len(background) == 0 {
		ts.Fatalf("nothing runs in the background")
	}
	ts.Check(background[len(background)-1].Process.Signal(syscall.SIGHUP))
}
