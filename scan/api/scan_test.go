package api_test

import (
	"fmt"
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
