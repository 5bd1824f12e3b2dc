package rate

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRead(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for in, want := range map[string]Fields{
		"RateLimit: \"default\";r=49;t=10\nRateLimit-Policy: \"default\";q=50;w=10": {Limit: 50, Remaining: 49, Reset: 10 * time.Second, ResetSaid: true},
		"X-RateLimit-Limit: 100, 100;w=60\nX-RateLimit-Remaining: 7":                {Limit: 100, Remaining: 7},
		"RateLimit-Reset: 30":            {Limit: -1, Remaining: -1, Reset: 30 * time.Second, ResetSaid: true},
		"X-Rate-Limit-Reset: 1800000009": {Limit: -1, Remaining: -1, Reset: 9 * time.Second, ResetSaid: true},
		"A: b":                           {Limit: -1, Remaining: -1},
	} {
		h := http.Header{}
		for line := range strings.SplitSeq(in, "\n") {
			n, v, _ := strings.Cut(line, ": ")
			h.Set(n, v)
		}
		got := Read(h, now)
		if got.Limit != want.Limit || got.Remaining != want.Remaining || got.Reset != want.Reset || got.ResetSaid != want.ResetSaid || len(got.Wrong) > 0 {
			t.Errorf("%q is read as %+v", in, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`"a";r=1;t=2`, "100, 100;w=60", "-1", "r=;t"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, v string) {
		h := http.Header{}
		for _, n := range []string{"RateLimit", "RateLimit-Policy", "X-RateLimit-Remaining"} {
			h.Set(n, v)
		}
		if got := Read(h, time.Unix(1e9, 0)); got.Remaining < -1 || got.Limit < -1 {
			t.Errorf("%q is read as %+v", v, got)
		}
	})
}
