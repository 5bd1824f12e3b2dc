// Command bench weighs what a request costs in the gateway beside other proxies: the CPU time of the proxy's process per
// request, with the same app behind and the same clients in front, in rounds that take turns. Absolute figures belong to
// the machine and its mood; the ratios travel.
//
//	go run ./gateway/internal/bench
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

var (
	requests = flag.Int("n", 20_000, "requests a round")
	rounds   = flag.Int("rounds", 5, "rounds, of which the median counts")
	clients  = flag.Int("c", 32, "connections")
	only     = flag.String("only", "", "names of proxies, by comma")
	profile  = flag.String("profile", "", "file for a CPU profile of the gateway")
)

// kind is what a request of the load is like.
type kind struct{ name, text string }

var kinds = []kind{
	{"GET", "GET /hello?a=b HTTP/1.1\r\n" + head + "\r\n"},
	{"POST 1 KB", "POST /form HTTP/1.1\r\n" + head + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024)},
}

// head is as long as a browser's.
const head = "Host: shop.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef\r\n"

// proxy is one contestant.
type proxy struct {
	name  string
	start func(dir, listen, app string) *exec.Cmd
	addr  string
	cmd   *exec.Cmd
	cpu   map[string][]float64 // µs a request, by kind
}

func main() {
	flag.Parse()
	if role := flag.Arg(0); role != "" {
		play(role, flag.Arg(1), flag.Arg(2))
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	app := free()
	behind := self("app", app, "")
	if err := behind.Start(); err != nil {
		return err
	}
	defer func() { _ = behind.Process.Kill(); _ = behind.Wait() }()
	contestants := contestants()
	contestants = slices.DeleteFunc(contestants, func(p *proxy) bool {
		return *only != "" && !slices.Contains(strings.Split(*only, ","), p.name)
	})
	for _, p := range contestants {
		p.addr, p.cpu = free(), map[string][]float64{}
		p.cmd = p.start(dir, p.addr, app)
		p.cmd.Dir = dir
		p.cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_DATA_HOME="+dir)
		if err := p.cmd.Start(); err != nil {
			return fmt.Errorf("starting %s: %w", p.name, err)
		}
		defer func() {
			_ = p.cmd.Process.Signal(os.Interrupt)
			_ = p.cmd.Wait()
		}()
	}
	for _, p := range contestants {
		if err := await(p.addr); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		for _, k := range kinds { // connections and caches warm
			if err := load(p.addr, k.text, *requests/10); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	for range *rounds {
		for _, k := range kinds {
			for _, p := range contestants {
				before := cpu(p.cmd.Process.Pid)
				if err := load(p.addr, k.text, *requests); err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				spent := cpu(p.cmd.Process.Pid) - before
				p.cpu[k.name] = append(p.cpu[k.name], float64(spent.Microseconds())/float64(*requests))
			}
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, k := range kinds {
		fmt.Fprintf(w, "%s\tCPU µs\tto bare\n", k.name)
		bare := median(contestants[0].cpu[k.name])
		for _, p := range contestants {
			m := median(p.cpu[k.name])
			fmt.Fprintf(w, "%s\t%.1f\t%.2f\n", p.name, m, m/bare)
		}
	}
	return w.Flush()
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

func contestants() []*proxy {
	out := []*proxy{
		{name: "bare", start: func(_, listen, app string) *exec.Cmd { return self("bare", listen, app) }},
		{name: "palisade", start: func(_, listen, app string) *exec.Cmd {
			c := self("palisade", listen, app)
			if *profile != "" {
				c.Args = slices.Insert(c.Args, 1, "-profile", absolute(*profile))
			}
			return c
		}},
	}
	configured := func(name, program, file, config string, args ...string) {
		path, err := exec.LookPath(program)
		if err != nil {
			if path = "/usr/sbin/" + program; !exists(path) {
				fmt.Fprintf(os.Stderr, "%s is not installed and left out\n", program)
				return
			}
		}
		out = append(out, &proxy{name: name, start: func(dir, listen, app string) *exec.Cmd {
			text := strings.NewReplacer("LISTEN", listen, "PORT", listen[strings.LastIndexByte(listen, ':')+1:], "APP", app, "DIR", dir).Replace(config)
			_ = os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "DIR", dir)
			}
			return exec.Command(path, args...)
		}})
	}
	configured("caddy", "caddy", "Caddyfile", "{\n admin off\n auto_https off\n}\n:PORT {\n bind 127.0.0.1\n reverse_proxy APP\n}\n", "run", "--adapter", "caddyfile", "--config", "DIR/Caddyfile")
	configured("nginx", "nginx", "nginx.conf", `master_process off; daemon off; pid DIR/pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 10000000; client_body_temp_path DIR/b; proxy_temp_path DIR/p;
upstream app { server APP; keepalive 64; keepalive_requests 10000000; }
server { listen LISTEN; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`, "-e", "stderr", "-p", "DIR", "-c", "DIR/nginx.conf")
	return out
}

func absolute(p string) string {
	a, err := filepath.Abs(p)
	if err != nil {
		return p
	}
	return a
}

func exists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}

func self(args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	c.Stderr = os.Stderr
	return c
}

func free() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err) // the machine has no loopback
	}
	defer l.Close()
	return l.Addr().String()
}

func await(addr string) error {
	for range 500 {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("nobody listens on %s", addr)
}

// cpu is the time that a process has had, in steps of 10 ms.
func cpu(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// load sends requests over kept connections, each waiting for its answer.
func load(addr, text string, n int) error {
	var wg sync.WaitGroup
	errs := make(chan error, *clients)
	for range *clients {
		wg.Go(func() { errs <- talk(addr, text, n / *clients) })
	}
	wg.Wait()
	for range *clients {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func talk(addr, text string, n int) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for range n {
		if _, err := io.WriteString(c, text); err != nil {
			return err
		}
		length, first := 0, true
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return err
			}
			if first && !bytes.Contains(line, []byte(" 200 ")) {
				return fmt.Errorf("answer: %s", line)
			}
			first = false
			if line = bytes.TrimSpace(line); len(line) == 0 {
				break
			}
			if name, value, ok := bytes.Cut(line, []byte(": ")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
				length, _ = strconv.Atoi(string(value))
			}
		}
		if _, err := r.Discard(length); err != nil {
			return err
		}
	}
	return nil
}
