package limit

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is a limit as people write it: Count in each Per, all at once if they like.
type Rate struct {
	Count int
	Per   time.Duration
}

// The bounds of a Rate. A year and a month hold any contract; below a second a limit is a matter of load, not of abuse.
const (
	MaxCount = 1_000_000_000
	MinPer   = time.Second
	MaxPer   = 400 * day
)

const day = 24 * time.Hour

// ParseRate reads "5 per 1m", "100 per h", "1000 per 7d" or "2 per 1m30s".
func ParseRate(s string) (Rate, error) {
	f := strings.Fields(s)
	if len(s) > 64 || len(f) != 3 || f[1] != "per" {
		return Rate{}, fmt.Errorf("rate %q: want a count and a time, such as \"5 per 1m\"", clip(s))
	}
	n, err := strconv.Atoi(f[0])
	if err != nil || n < 1 || n > MaxCount {
		return Rate{}, fmt.Errorf("rate %q: the count %q is not a number from 1 to %d", s, f[0], MaxCount)
	}
	per, ok := parsePer(f[2])
	if !ok {
		return Rate{}, fmt.Errorf("rate %q: the time %q is not one such as 30s, 1m, 1h or 7d", s, f[2])
	}
	if per < MinPer || per > MaxPer {
		return Rate{}, fmt.Errorf("rate %q: the time %q is not between 1s and 400d", s, f[2])
	}
	return Rate{n, per}, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

func parsePer(s string) (time.Duration, bool) {
	if len(s) == 1 {
		s = "1" + s // "100 per h"
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseUint(n, 10, 14)
		return time.Duration(days) * day, err == nil
	}
	per, err := time.ParseDuration(s)
	return per, err == nil
}

// String is what ParseRate reads.
func (r Rate) String() string {
	per := r.Per.String()
	switch {
	case r.Per%day == 0:
		per = strconv.Itoa(int(r.Per/day)) + "d"
	case r.Per%time.Hour == 0:
		per = strconv.Itoa(int(r.Per/time.Hour)) + "h"
	case r.Per%time.Minute == 0:
		per = strconv.Itoa(int(r.Per/time.Minute)) + "m"
	}
	return strconv.Itoa(r.Count) + " per " + per
}
