// Package limit counts what clients do and says when it is too much. It is arithmetic and tables of fixed size: time,
// chance and keys come in as arguments, nothing is logged, and nothing is allocated once a table stands.
package limit

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Rate is a limit as people write it: Count in each Per, all at once if they like.
type Rate struct {
	Count int
	Per   time.Duration
}

// The bounds of a Rate. A quota longer than a season is a matter of contracts, not of a guard that may restart.
const (
	MaxCount = 1_000_000_000
	MaxPer   = 100 * 24 * time.Hour
)

// ParseRate reads "5 per 1m", "100 per h" or "1000 per 7d".
func ParseRate(s string) (Rate, error) {
	f := strings.Fields(s)
	if len(s) > 64 || len(f) != 3 || f[1] != "per" {
		return Rate{}, fmt.Errorf("rate %q: want a count and a time, such as \"5 per 1m\"", clip(s))
	}
	n, err := strconv.Atoi(f[0])
	if err != nil || n < 1 || n > MaxCount {
		return Rate{}, fmt.Errorf("rate %q: the count %q is not a number from 1 to %d", s, f[0], MaxCount)
	}
	per, err := parsePer(f[2])
	if err != nil || per < time.Second || per > MaxPer {
		return Rate{}, fmt.Errorf("rate %q: the time %q is not between 1s and 100d (units s, m, h, d)", s, f[2])
	}
	return Rate{n, per}, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "…"
	}
	return s
}

func parsePer(s string) (time.Duration, error) {
	if len(s) == 1 {
		s = "1" + s
	}
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.Atoi(n)
		if err != nil || days < 0 || days > 10_000 {
			return 0, fmt.Errorf("no days: %q", s)
		}
		return time.Duration(days) * 24 * time.Hour, nil
	}
	return time.ParseDuration(s)
}

// String is what ParseRate reads.
func (r Rate) String() string {
	per := r.Per.String()
	switch {
	case r.Per%(24*time.Hour) == 0:
		per = strconv.Itoa(int(r.Per/(24*time.Hour))) + "d"
	case r.Per%time.Hour == 0:
		per = strconv.Itoa(int(r.Per/time.Hour)) + "h"
	case r.Per%time.Minute == 0:
		per = strconv.Itoa(int(r.Per/time.Minute)) + "m"
	}
	return strconv.Itoa(r.Count) + " per " + per
}

// Limit is a Rate made ready for arithmetic, in nanoseconds.
type Limit struct {
	interval  int64 // one token comes back in this
	tolerance int64 // debt a key may have: Count intervals, at least Per rounded down to them
}

// Limit makes the arithmetic of the rate.
func (r Rate) Limit() Limit {
	interval := int64(r.Per) / int64(r.Count)
	if interval < 1 {
		interval = 1
	}
	return Limit{interval: interval, tolerance: interval * int64(r.Count)}
}

// Result is what one step of a limit says.
type Result struct {
	OK   bool
	Wait int64 // nanoseconds: until it would pass, or where it passed until everything is refilled
	Left int32 // whole tokens left
}

// Step is the generic cell rate algorithm. tat is the theoretical arrival time: the moment at which a key is free of
// debt. A request passes when its cost still fits the tolerance; one that does not changes nothing. After a clock that
// stepped back a tat may lie further ahead than any honest debt: it is taken for a full one, so nothing is given away
// and nobody waits longer than Per.
func (l Limit) Step(tat, now int64, cost int64) (next int64, res Result) {
	debt := l.debt(tat, now)
	after := debt + l.interval*cost
	if after > l.tolerance {
		wait := after - l.tolerance
		return now + debt, Result{Wait: min(wait, l.tolerance), Left: l.left(debt)}
	}
	return now + after, Result{OK: true, Wait: after, Left: l.left(after)}
}

// Add puts debt on a key whatever the limit says, a full one at most.
func (l Limit) Add(tat, now int64, cost int64) (next int64) {
	return now + min(l.debt(tat, now)+l.interval*cost, l.tolerance)
}

// ahead reports a debt that no request of this clock can have made: it was made before the clock stepped back. Left
// there it would keep its key out until the clock has caught up, so whoever meets it puts a full debt in its place. A
// second is for requests that overtake each other.
func (l *Limit) ahead(tat, now int64) bool { return tat-now > l.tolerance+int64(time.Second) }

func (l Limit) debt(tat, now int64) int64 {
	return min(max(tat-now, 0), l.tolerance)
}

func (l Limit) left(debt int64) int32 {
	return int32((l.tolerance - debt) / l.interval)
}

// MaxBan caps the length of a ban that grows with repeats.
const MaxBan = 7 * 24 * time.Hour

// Escalate gives the length of a ban after some earlier ones: four times as long for each, seven days at most unless
// the first is longer.
func Escalate(base time.Duration, strikes int) time.Duration {
	longest := max(base, MaxBan)
	for range strikes {
		if base >= longest/4 {
			return longest
		}
		base *= 4
	}
	return base
}

// pow2 is the power of two that holds at least n.
func pow2(n, least int) int {
	if n < least {
		n = least
	}
	return 1 << bits.Len(uint(n-1))
}
