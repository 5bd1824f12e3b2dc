package forwardauth_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Each example is run as it stands in the repository, with its three addresses put where the test is.
func TestExamplesWithTheRealProxies(t *testing.T) {
	if os.Getenv("PALISADE_SKIP_PROXIES") == "1" {
		t.Skip("PALISADE_SKIP_PROXIES is set: nginx, Caddy and HAProxy were not tried")
	}
	for _, p := range []struct {
		program, apt string
		files        []string
		args         func(dir string) []string
		limits       bool // the proxy hands RateLimit fields of a yes on
		away         int  // what a client gets while palisade is away
	}{
		{"nginx", "nginx", []string{"nginx.conf"}, func(dir string) []string {
			return []string{"-p", dir, "-e", "stderr", "-c", filepath.Join(dir, "nginx.conf"), "-g", "daemon off; pid " + dir + "/pid;"}
		}, true, 500},
		{"caddy", "caddy", []string{"Caddyfile"}, func(dir string) []string {
			return []string{"run", "--adapter", "caddyfile", "--config", filepath.Join(dir, "Caddyfile")}
		}, false, 502},
		{"haproxy", "haproxy", []string{"haproxy.cfg", "haproxy.lua"}, func(string) []string { return []string{"-db", "-f", "haproxy.cfg"} }, false, 200},
	} {
		t.Run(p.program, func(t *testing.T) {
			path, err := exec.LookPath(p.program)
			if err != nil {
				path = "/usr/sbin/" + p.program
			}
			if _, err := os.Stat(path); err != nil {
				t.Fatalf("%s is missing: apt-get install %s, or set PALISADE_SKIP_PROXIES=1", p.program, p.apt)
			}
			try(t, path, p.files, p.args, p.limits, p.away)
		})
	}
}

func try(t *testing.T, program string, files []string, args func(string) []string, limits bool, away int) {
	d := newDesk(t)
	auth := httptest.NewServer(d)
	defer auth.Close()
	var mu sync.Mutex
	var seen, references []string
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen = append(seen, fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, b))
		references = append(references, r.Header.Get("X-Palisade-Reference"))
		mu.Unlock()
		if r.Method == "POST" {
			result := "succeeded"
			if r.URL.Path == "/signin" {
				result = "failed"
			}
			report, _ := http.NewRequest("POST", auth.URL+"/outcome", strings.NewReader(`{"outcome":"login","result":"`+result+`","account":"Alice"}`))
			report.Header.Set("X-Palisade-Reference", r.Header.Get("X-Palisade-Reference"))
			res, err := http.DefaultClient.Do(report)
			if err != nil {
				t.Error(err)
				return
			}
			if said, _ := io.ReadAll(res.Body); res.StatusCode != 204 {
				t.Errorf("reporting: %d %s", res.StatusCode, said)
			}
			res.Body.Close()
		}
		if r.URL.Path == "/own" {
			http.Error(w, "the app's own", http.StatusForbidden)
			return
		}
		fmt.Fprint(w, "from the app")
	}))
	defer app.Close()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := socket.Addr().String()
	socket.Close()
	dir := t.TempDir()
	moved := strings.NewReplacer("127.0.0.1:9091", auth.Listener.Addr().String(), "127.0.0.1:4000", app.Listener.Addr().String(), "127.0.0.1:8080", front,
		"shop.example:8080", "shop.example"+front[strings.LastIndexByte(front, ':'):],
		"/auth/nginx;", "/auth/nginx?report;", "uri /auth\n", "uri /auth?report\n", "/auth\"", "/auth?report\"", "http {", "http {\naccess_log off;\nclient_body_temp_path "+dir+"/body;\nproxy_temp_path "+dir+"/proxy;")
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join("..", "examples", name))
		if err != nil {
			t.Fatal(err)
		}
		text := moved.Replace(string(b))
		if name == "Caddyfile" {
			text = "{\n\tadmin off\n}\n" + text // its port is one for the whole machine
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args(dir)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	stop := func() {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case <-exited:
		case <-time.After(3 * time.Second):
			_ = cmd.Process.Kill()
			<-exited
		}
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", front); err == nil {
			c.Close()
			break
		}
		if time.Since(begun) > 10*time.Second {
			stop()
			t.Fatalf("%s does not listen:\n%s", program, &said)
		}
	}
	defer func() {
		stop()
		if t.Failed() {
			t.Logf("%s\n%s", &said, &d.log)
		}
	}()

	get := func(method, uri, body string, fields ...string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+front+uri, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "shop.example"
		r.Header.Set("Accept", "text/html")
		for _, f := range fields {
			name, value, _ := strings.Cut(f, ": ")
			r.Header.Add(name, value)
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(b)
	}
	expect := func(what string, res *http.Response, status int) {
		t.Helper()
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", what, res.StatusCode, status)
		}
	}

	res, body := get("GET", "/page%2Fone?q=a;b", "")
	expect("a page", res, 200)
	if e := d.last(); body != "from the app" || e.Method != "GET" || e.Host != "shop.example" || e.Address.String() != "127.0.0.1" || e.Status != 204 {
		t.Errorf("%q %+v", body, e)
	}
	if limits && res.Header.Get("RateLimit-Policy") == "" {
		t.Errorf("no RateLimit-Policy: %v", res.Header)
	}
	res, _ = get("POST", "/login", "name=a&password=b", "X-Forwarded-For: 203.0.113.66", "X-Forwarded-Method: GET", "X-Forwarded-Uri: /harmless", "X-Forwarded-Host: unknown.example")
	expect("a sign-in that says it is something else", res, 200)
	if e := d.last(); e.Method != "POST" || e.Path != "/login" || e.Host != "shop.example" {
		t.Errorf("the guard saw %+v", e)
	}
	get("POST", "/login", "name=a")
	get("POST", "/login", "name=a")
	res, body = get("POST", "/login", "name=a")
	expect("one too many", res, 429)
	if res.Header.Get("Retry-After") == "" || !strings.Contains(body, "Please wait a moment") || !strings.Contains(body, "Reference") {
		t.Errorf("%v\n%s", res.Header, body)
	}
	res, _ = get("POST", "/login", "name=a", "Accept: application/json")
	expect("one too many again", res, 429)
	res, body = get("GET", "/closed", "")
	expect("a closed route", res, 503)
	if !strings.Contains(body, "Closed for a moment") {
		t.Error(body)
	}
	res, _ = get("GET", "/api/things", "")
	expect("without a key", res, 401)
	res, _ = get("GET", "/api/things", "", "X-API-Key: abcdefgh12345678")
	expect("with a key", res, 200)
	res, body = get("GET", "/own", "")
	expect("what the app itself refuses", res, 403)
	if !strings.Contains(body, "the app's own") {
		t.Errorf("the app's own page became\n%s", body)
	}
	for range 5 {
		res, _ = get("POST", "/signin", "", "X-Palisade-Reference: forged")
		expect("a sign-in that fails", res, 200)
	}
	if e := d.last(); len(e.Outcomes) != 1 || e.Outcomes[0].Name() != "login.failed" || e.Outcomes[0].Subject != "alice" || e.Account != "" {
		t.Errorf("the event of a reported sign-in: %+v", e)
	}
	res, _ = get("POST", "/signin", "")
	expect("a sixth", res, 429)
	get("GET", "/page", "", "X-Palisade-Reference: forged")
	auth.Close()
	res, _ = get("GET", "/page", "")
	expect("while palisade is away", res, away)
	mu.Lock()
	defer mu.Unlock()
	if slices.Contains(references, "forged") {
		t.Error("a client's own reference reached the app")
	}
	if all := strings.Join(seen, "\n"); strings.Contains(all, "/closed") || strings.Count(all, "POST /login") > 3 || !strings.HasPrefix(all, "GET /page%2Fone?q=a;b") || !strings.Contains(all, "POST /login name=a&password=b") {
		t.Errorf("the app saw\n%s", all)
	}
}
