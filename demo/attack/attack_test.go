package attack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"palisade.dev/demo/shop"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// memory is a network of pipes, so that a bubble's clock only moves when every request has been answered.
type memory struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemory() *memory { return &memory{conns: make(chan net.Conn), done: make(chan struct{})} }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.done) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (m *memory) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-m.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// doorman is the least a gateway could do: 20 sign-ups in all, 5 sign-ins of an address, and after the first .env or
// .php nothing more from there.
type doorman struct {
	next    http.Handler
	mu      sync.Mutex
	signUps int
	signIns map[string]int
	banned  map[string]bool
}

func (d *doorman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.refuses(r) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"error":{"code":"refused","message":"Please come back later."}}`)
		return
	}
	d.next.ServeHTTP(w, r)
}

func (d *doorman) refuses(r *http.Request) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	who := r.Header.Get("X-Forwarded-For")
	switch {
	case r.Method == "POST" && r.URL.Path == "/users/register":
		d.signUps++
		return d.signUps > 20
	case r.Method == "POST" && r.URL.Path == "/users/log_in":
		d.signIns[who]++
		return d.signIns[who] > 5
	case strings.Contains(r.URL.Path, ".env"), strings.HasSuffix(r.URL.Path, ".php"):
		d.banned[who] = true
	}
	return d.banned[who]
}

// stage opens a shop behind a door of the test's and gives options to attack it with. It must be called in a bubble.
func stage(t *testing.T, door func(http.Handler) http.Handler) Options {
	t.Helper()
	pots := shop.New(time.Now, rand.NewChaCha8([32]byte{7}), "")
	network := newMemory()
	server := &http.Server{Handler: door(pots), ErrorLog: log.New(io.Discard, "", 0)}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(network) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return Options{
		Target: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"},
		Clock:  WallClock{},
		Rand:   rand.New(rand.NewPCG(1, 2)),
		Stats:  func(context.Context) (shop.Stats, error) { return pots.Stats(), nil },
		Dial:   network.Dial,
	}
}

func open(next http.Handler) http.Handler { return next }

func guarded(next http.Handler) http.Handler {
	return &doorman{next: next, signIns: make(map[string]int), banned: make(map[string]bool)}
}

// hangUp waits until the caller gives up, which a server only notices once it has read the whole request.
func hangUp(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// golden compares with a file in testdata, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run go test ./demo/attack -update and read the diff", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

func TestReports(t *testing.T) {
	doors := map[string]func(http.Handler) http.Handler{"open": open, "guarded": guarded}
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := Run(t.Context(), stage(t, door), nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range r.Acts {
					answered := 0
					for _, n := range a.Answers {
						answered += n
					}
					if a.Sent != a.Refused+a.Errors+a.Passed || a.Sent != answered+a.Errors {
						t.Errorf("the numbers of %q do not add up: %+v", a.Name, a)
					}
					if a.Shop.Requests != int64(a.Passed) {
						t.Errorf("in %q %d requests passed and the shop saw %d", a.Name, a.Passed, a.Shop.Requests)
					}
				}
				var text bytes.Buffer
				if err := r.WriteText(&text); err != nil {
					t.Fatal(err)
				}
				golden(t, name+".txt", text.Bytes())
				raw, err := json.MarshalIndent(r, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name+".json", append(raw, '\n'))
			})
		})
	}
}

func TestOneActShorterAndSlower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := stage(t, guarded)
		o.Acts, o.Duration, o.Rate, o.Stats = []string{Stuffing}, 3*time.Second, 40, nil
		var seen []Progress
		r, err := Run(t.Context(), o, func(p Progress) { seen = append(seen, p) })
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Acts) != 1 || r.Acts[0].Name != Stuffing || r.Acts[0].Sent != 30 || r.Acts[0].Shop != nil {
			t.Errorf("played %+v", r.Acts)
		}
		if r.Acts[0].First == nil || *r.Acts[0].First != (Refusal{Request: 6, AfterMS: 500}) {
			t.Errorf("the first refusal was %+v, expected the sixth request after half a second", r.Acts[0].First)
		}
		last := seen[len(seen)-1]
		if len(seen) < 8 || last.Planned != 30 || last.Answered != 30 || last.Refused != r.Acts[0].Refused {
			t.Errorf("%d reports of progress, the last %+v", len(seen), last)
		}
	})
}

func TestStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// From the second sign-up on the shop does not answer any more.
		hang := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "POST" && r.Header.Get("X-Forwarded-For") != "198.18.0.0" {
					hangUp(r)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		ctx, stop := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, errors.New("the user went for lunch"))
		defer stop()
		r, err := Run(ctx, stage(t, hang), nil)
		if err == nil || err.Error() != `the attack was stopped in the act "sign-up": the user went for lunch` {
			t.Errorf("stopped with %v", err)
		}
		if r.TookMS != 500 {
			t.Errorf("it took %d ms to stop after 500", r.TookMS)
		}
		if len(r.Acts) != 1 || r.Acts[0].Sent != 1 || r.Acts[0].Unsent != 2399 || r.Acts[0].Errors != 0 {
			t.Errorf("what was given up on is not told apart: %+v", r.Acts)
		}
	})
}

func TestASilentShopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		flying, most := 0, 0
		hang := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					next.ServeHTTP(w, r)
					return
				}
				mu.Lock()
				flying++
				most = max(most, flying)
				mu.Unlock()
				hangUp(r)
				mu.Lock()
				flying--
				mu.Unlock()
			})
		}
		o := stage(t, hang)
		o.Acts = []string{SignUp}
		r, err := Run(t.Context(), o, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := r.Acts[0]
		if a.Sent+a.Unsent != 2400 || a.Errors != a.Sent || a.Refused != 0 || most > maxFlying {
			t.Errorf("with %d in the air at once: %+v", most, a)
		}
		if took := time.Duration(a.TookMS) * time.Millisecond; took > 10*time.Second+patience {
			t.Errorf("the act took %s", took)
		}
	})
}

func TestNobodyHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := stage(t, open)
		o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
		_, err := Run(t.Context(), o, nil)
		const want = "nothing answers at http://127.0.0.1:8080, so nothing was attacked; is `make run` running? connection refused"
		if err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}

func TestStatsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := stage(t, open)
		o.Acts, o.Duration = []string{Scan}, time.Second
		readings := 0
		o.Stats = func(context.Context) (shop.Stats, error) {
			readings++
			if readings > 1 {
				return shop.Stats{}, errors.New("the shop is gone")
			}
			return shop.Stats{}, nil
		}
		r, err := Run(t.Context(), o, nil)
		if err == nil || err.Error() != "the shop is gone" || len(r.Acts) != 1 || r.Acts[0].Shop != nil || r.Acts[0].Sent != 60 {
			t.Errorf("got %v with %+v", err, r)
		}
	})
}
