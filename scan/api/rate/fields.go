package rate

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fields are what an answer says of limits.
type Fields struct {
	Limit, Remaining int // -1: not said
	Reset            time.Duration
	ResetSaid        bool
	Names            []string
	Wrong            []string // fields that cannot be read
}

// Read reads the fields of RateLimit and its elders.
func Read(h http.Header, now time.Time) Fields {
	f := Fields{Limit: -1, Remaining: -1}
	number := func(name string, into *int) {
		v := h.Get(name)
		if v == "" {
			return
		}
		f.Names = append(f.Names, name)
		v, _, _ = strings.Cut(v, ",")
		v, _, _ = strings.Cut(v, ";")
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < 0 {
			f.Wrong = append(f.Wrong, fmt.Sprintf("%s: %.40q is no number", name, h.Get(name)))
			return
		}
		*into = n
	}
	for _, prefix := range []string{"X-RateLimit-", "RateLimit-", "X-Rate-Limit-"} {
		number(prefix+"Limit", &f.Limit)
		number(prefix+"Remaining", &f.Remaining)
		reset := -1
		number(prefix+"Reset", &reset)
		if reset >= 0 {
			f.ResetSaid = true
			// Some say how many seconds, some when; nobody waits thirty years.
			f.Reset = time.Duration(reset) * time.Second
			if reset > 1_000_000_000 {
				f.Reset = time.Unix(int64(reset), 0).Sub(now)
			}
		}
	}
	// The newer form: RateLimit: "default";r=49;t=10 and RateLimit-Policy: "default";q=50;w=10.
	if v := h.Get("RateLimit"); v != "" {
		f.Names = append(f.Names, "RateLimit")
		if n, ok := parameter(v, "r"); ok {
			f.Remaining = n
		} else {
			f.Wrong = append(f.Wrong, fmt.Sprintf("RateLimit: %.60q has no r", v))
		}
		if n, ok := parameter(v, "t"); ok {
			f.Reset, f.ResetSaid = time.Duration(n)*time.Second, true
		}
	}
	if v := h.Get("RateLimit-Policy"); v != "" {
		f.Names = append(f.Names, "RateLimit-Policy")
		if n, ok := parameter(v, "q"); ok {
			f.Limit = n
		}
	}
	return f
}

func parameter(v, name string) (int, bool) {
	v, _, _ = strings.Cut(v, ",")
	for p := range strings.SplitSeq(v, ";") {
		if k, val, ok := strings.Cut(strings.TrimSpace(p), "="); ok && k == name {
			n, err := strconv.Atoi(val)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}
