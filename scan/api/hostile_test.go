package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/probes"
)

// memory is what the program has of the system now, what it gave back taken off.
func memory() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}

// most memory a scan may take, with all that the test itself has.
const mostMemory = 200 << 20

// watch tells the most memory that was seen, looking twenty times a second.
func watch(t *testing.T) (most func() uint64) {
	runtime.GC()
	debug.FreeOSMemory()
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		peak := memory()
		for {
			select {
			case <-tick.C:
				peak = max(peak, memory())
			case <-stop:
				done <- max(peak, memory())
				return
			}
		}
	}()
	t.Helper()
	return func() uint64 { close(stop); return <-done }
}

// bomb is 100 MB of blanks in 100 KB.
func bomb() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(`["`))
	blanks := bytes.Repeat([]byte(" "), 1<<20)
	for range 100 {
		_, _ = z.Write(blanks)
	}
	_ = z.Close()
	return b.Bytes()
}

// announcing serves a sound first page and a specification of so many operations, and does its worst with each of them.
func announcing(operations int, worst http.HandlerFunc) http.HandlerFunc {
	var paths strings.Builder
	for i := range operations {
		fmt.Fprintf(&paths, `%s"/things%d":{"get":{"parameters":[{"name":"q","in":"query","schema":{"type":"string"}}],"responses":{"200":{"description":"a thing"}}}}`, ","[:min(i, 1)], i)
	}
	doc := `{"openapi":"3.1.0","info":{"title":"Hostile","version":"1"},"paths":{` + paths.String() + `}}`
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"name":"hostile"}`)
		case "/openapi.json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, doc)
		default:
			worst(w, r)
		}
	}
}

// TestHostileTargetsEnd: whatever a target answers, the scan ends within its time, says what it could not tell, and stays
// small.
func TestHostileTargetsEnd(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(150 << 20)) // as the command line has it
	packed := bomb()
	j := func(w http.ResponseWriter) { w.Header().Set("Content-Type", "application/json") }
	endless := func(w http.ResponseWriter, r *http.Request) {
		j(w)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, `["`+strings.Repeat("x", 64<<10)+`"],`); err != nil {
				return
			}
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"redirects in a circle": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) },
		"three megabytes for everything": func(w http.ResponseWriter, _ *http.Request) {
			j(w)
			_, _ = w.Write([]byte(`["` + strings.Repeat("x", 3<<20) + `"]`))
		},
		"links without end": func(w http.ResponseWriter, r *http.Request) {
			j(w)
			for i := range 200 {
				_, _ = fmt.Fprintf(w, "%c\"%s/%d\"", "[,"[min(i, 1)], r.URL.Path, i)
			}
			_, _ = w.Write([]byte("]"))
		},
		"a thousand brackets": func(w http.ResponseWriter, _ *http.Request) {
			j(w)
			_, _ = w.Write([]byte(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)))
		},
		"bodies without end":                 endless,
		"bodies without end, but for a page": announcing(30, endless),
		"another megabyte for each request": announcing(20, func(w http.ResponseWriter, r *http.Request) {
			j(w)
			seed := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
			_, _ = io.WriteString(w, "[")
			for i := range 100_000 {
				_, _ = fmt.Fprintf(w, "%s%d", ","[:min(i, 1)], seed.Uint32())
			}
			_, _ = io.WriteString(w, "]")
		}),
		"bombs": announcing(20, func(w http.ResponseWriter, _ *http.Request) {
			j(w)
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed)
		}),
		"a letter now and then": announcing(10, func(w http.ResponseWriter, r *http.Request) {
			j(w)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-r.Context().Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		}),
		"five thousand operations": announcing(5000, func(w http.ResponseWriter, r *http.Request) {
			j(w)
			_, _ = fmt.Fprintf(w, `{"at":%q}`, r.URL.Path)
		}),
		"a specification of 5 MB": announcing(40_000, func(w http.ResponseWriter, r *http.Request) {
			j(w)
			_, _ = fmt.Fprintf(w, `{"at":%q}`, r.URL.Path)
		}),
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			defer server.CloseClientConnections()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			defer cancel()
			peak := watch(t)
			began := time.Now()
			run, err := api.Scan(ctx, api.Options{
				URL: server.URL, Probes: probes.All(), Mode: api.Active, Seed: 1,
				Budget: client.Budget{Requests: 400, Rate: 1000, Patience: 200 * time.Millisecond, Time: 10 * time.Second},
			})
			took, high := time.Since(began), peak()
			if err != nil || ctx.Err() != nil {
				t.Fatalf("%v %v", err, ctx.Err())
			}
			unsure := 0
			for _, o := range run.Outcomes {
				if o.Verdict == scan.CouldNotTell {
					unsure++
				}
			}
			for _, f := range run.Findings {
				// Which is right about megabytes, and about limits that are not there.
				if f.Severity >= scan.Medium && f.Check != "api/rate/size" {
					t.Errorf("a false alarm: %s %s", f.Check, f.Message)
				}
			}
			t.Logf("%v, %d MB, %d outcomes, %d could not tell, complete %v", took.Round(time.Millisecond), high>>20, len(run.Outcomes), unsure, api.Complete(run))
			if high > mostMemory {
				t.Errorf("%d MB", high>>20)
			}
			if took > 40*time.Second {
				t.Errorf("it took %v, with a budget of 10 s and what was begun within it", took)
			}
			if unsure == 0 && api.Complete(run) {
				t.Error("the scan is sure of everything")
			}
		})
	}
}

// TestTargetsThatNeverAnswer: of these nothing can be known, and the error says so within the time of one exchange.
func TestTargetsThatNeverAnswer(t *testing.T) {
	hundred := func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		line := []byte("X-Padding: " + strings.Repeat("h", 32<<10) + "\r\n")
		for range 100 << 20 / len(line) {
			if _, err := conn.Write(line); err != nil {
				return
			}
		}
	}
	drip := func(conn net.Conn) {
		for _, c := range []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + strings.Repeat("X: y\r\n", 1000)) {
			if _, err := conn.Write([]byte{c}); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // the slowness is what is tested; it ends when the scanner hangs up
		}
	}
	silence := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	interim := func(conn net.Conn) {
		for {
			if _, err := io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		scheme string
		serve  func(net.Conn)
	}{
		"a hundred megabytes of headers":  {"http", hundred},
		"headers that drip":               {"http", drip},
		"silence":                         {"http", silence},
		"a handshake that never ends":     {"https", silence},
		"a handshake with something else": {"https", hundred},
		"hints without end":               {"http", interim},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					go func() { defer conn.Close(); c.serve(conn) }()
				}
			}()
			peak := watch(t)
			began := time.Now()
			_, err = api.Scan(t.Context(), api.Options{URL: c.scheme + "://" + l.Addr().String(), Probes: probes.All(), Mode: api.Active, Seed: 1, Budget: client.Budget{Patience: 300 * time.Millisecond}})
			took, high := time.Since(began), peak()
			if !errors.Is(err, api.ErrUnreachable) || !strings.Contains(err.Error(), "Check the address") {
				t.Errorf("%v", err)
			}
			if took > 5*time.Second || high > mostMemory {
				t.Errorf("it took %v and %d MB", took, high>>20)
			}
		})
	}
}
