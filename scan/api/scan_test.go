package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"palisade.dev/scan"
	"palisade.dev/scan/api"
	"palisade.dev/scan/api/client"
	"palisade.dev/scan/api/fixture"
	"palisade.dev/scan/api/probes"
)

// TestFiftyOperationsInAMinute holds the promise on time and budget, on the wall's clock.
func TestFiftyOperationsInAMinute(t *testing.T) {
	if testing.Short() {
		t.Skip("most of a minute")
	}
	s := fixture.New()
	for i := range 40 {
		s.Add(&fixture.Route{Pattern: fmt.Sprintf("GET /shelf%d", i), Params: `[{"name":"limit","in":"query","schema":{"type":"integer"}}]`, Do: func(c *fixture.Call) {
			c.JSON(200, map[string]any{"shelf": i, "of": c.User.Name})
		}})
	}
	began := time.Now()
	s.Limit = func(c *fixture.Call, r *fixture.Route) (string, int) {
		s.Clock.Advance(time.Since(began) - s.Clock.Now().Sub(fixture.Begin)) // the shop's clock keeps up with the wall's
		key := c.Address()
		if c.User != nil {
			key = c.User.Name
		}
		if fixture.SignIn(r) {
			return key + r.Pattern, 20
		}
		return key + r.Pattern, 50
	}
	defer s.Start()()
	o := s.Options(fixture.Sample{}, probes.All())
	o.Clock, o.Budget = client.Wall{}, client.Budget{}
	run, err := api.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	requests := ""
	for _, f := range run.Facts {
		if f.Name == "requests" {
			requests = f.Value
		}
	}
	t.Logf("%d operations, %s requests, %v, %d points, %d %% coverage", len(s.Routes), requests, took.Round(time.Second), run.Score.Points, run.Score.Coverage)
	if took > time.Minute || !api.Complete(run) {
		t.Errorf("it took %v; gaps %v", took, run.Gaps)
	}
	for _, f := range run.Findings {
		if f.Severity >= scan.Medium {
			t.Errorf("a false alarm: %s %s", f.Check, f.Message)
		}
	}
}

// TestHostileTargetsEnd: whatever a target answers, the scan ends, says so, and stays small.
func TestHostileTargetsEnd(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(150 << 20))
	for name, h := range map[string]http.HandlerFunc{
		"redirects in a circle": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) },
		"three megabytes for everything": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`["` + strings.Repeat("x", 3<<20) + `"]`))
		},
		"links without end": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for i := range 200 {
				_, _ = fmt.Fprintf(w, "%c\"%s/%d\"", "[,"[min(i, 1)], r.URL.Path, i)
			}
			_, _ = w.Write([]byte("]"))
		},
		"a thousand brackets": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(strings.Repeat("[", 5000) + strings.Repeat("]", 5000)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			defer server.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
			defer cancel()
			run, err := api.Scan(ctx, api.Options{URL: server.URL, Probes: probes.All(), Mode: api.Active, Seed: 1, Budget: client.Budget{Requests: 300, Rate: 1000}})
			if err != nil || ctx.Err() != nil {
				t.Fatalf("%v %v", err, ctx.Err())
			}
			for _, f := range run.Findings {
				if f.Severity >= scan.Medium && f.Check != "api/rate/size" { // which is right about three megabytes
					t.Errorf("a false alarm: %s %s", f.Check, f.Message)
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			t.Logf("%d MB, %d outcomes", m.Sys>>20, len(run.Outcomes))
			if m.Sys > 200<<20 {
				t.Errorf("%d MB", m.Sys>>20)
			}
		})
	}
}
