package limit

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
	"time"
)

// noon is some time at which tests begin.
const noon = int64(1_900_000_000_000_000_000)

// doomsday is when a table's times run out.
const doomsday = tatBits - 2*int64(MaxPer)

// anyRate gives a rate as people and fuzzers write them.
func anyRate(r *rand.Rand) Rate {
	pers := []time.Duration{time.Second, time.Minute, time.Hour, day, 30 * day, MaxPer, time.Second + 1, 7777777777}
	counts := []int{1, 2, 3, 5, 7, 10, 60, 1000, 99_999, MaxCount}
	return Rate{counts[r.IntN(len(counts))], pers[r.IntN(len(pers))]}
}

// anyPause gives the time to the next request: mostly about what the rate allows, often none, sometimes an age.
func anyPause(r *rand.Rand, l *Limit) int64 {
	switch r.IntN(5) {
	case 0:
		return 0
	case 1:
		return r.Int64N(l.interval + 1)
	case 2:
		return r.Int64N(3*l.interval + 1)
	case 3:
		return r.Int64N(l.tolerance + 1)
	}
	return r.Int64N(1000)
}

func TestSixthFastRequestIsRefused(t *testing.T) {
	l := Rate{5, time.Minute}.Limit()
	var tat int64
	for i := range 5 {
		next, r := l.Step(tat, noon, 1)
		if !r.OK || int(r.Left) != 4-i || r.Wait != int64(i+1)*12e9 {
			t.Fatalf("request %d: %+v", i+1, r)
		}
		tat = next
	}
	_, r := l.Step(tat, noon, 1)
	if r.OK || r.Wait != 12e9 || r.Left != 0 {
		t.Fatalf("the sixth: %+v", r)
	}
	if _, r = l.Step(tat, noon+12e9-1, 1); r.OK || r.Wait != 1 {
		t.Fatalf("a nanosecond early: %+v", r)
	}
	if _, r = l.Step(tat, noon+12e9, 1); !r.OK || r.Left != 0 {
		t.Fatalf("as long as told: %+v", r)
	}
}

type passed struct{ at, cost int64 }

// overdrawn reports whether some window lets through more than the burst plus rate × time.
func overdrawn(r Rate, all []passed) bool {
	for i := range all {
		sum := int64(0)
		for _, p := range all[i:] {
			// (sum - Count) × Per ≤ Count × time
			if sum += p.cost; sum <= int64(r.Count) {
				continue
			}
			ah, al := bits.Mul64(uint64(sum-int64(r.Count)), uint64(r.Per))
			bh, bl := bits.Mul64(uint64(r.Count), uint64(p.at-all[i].at))
			if ah > bh || ah == bh && al > bl {
				return true
			}
		}
	}
	return false
}

// TestProperties plays random schedules and holds the limiter's promises against each step.
func TestProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	refusals, passes := 0, 0
	for range 400 {
		rate := anyRate(r)
		l := rate.Limit()
		now, tat := noon, int64(0)
		var all []passed
		credit := l.tolerance // the slow twin: a bucket of nanoseconds
		for range 200 {
			pause := anyPause(r, &l)
			if now += pause; now > doomsday {
				break
			}
			credit = min(credit+pause, l.tolerance)
			cost := int64(1)
			if r.IntN(4) == 0 {
				cost = 1 + r.Int64N(min(int64(rate.Count), 1000))
			}
			next, res := l.Step(tat, now, cost)
			if want := credit >= cost*l.interval; res.OK != want {
				t.Fatalf("%v: cost %d with %d ns of credit: %+v", rate, cost, credit, res)
			}
			if res.OK {
				credit -= cost * l.interval
			}
			if want := credit / l.interval; int64(res.Left) != want {
				t.Fatalf("%v: %d left, want %d", rate, res.Left, want)
			}
			if res.OK {
				passes++
				all = append(all, passed{now, cost})
				if free := now + res.Wait; l.left(l.debt(next, free)) != int32(rate.Count) || res.Wait > 0 && l.debt(next, free-1) == 0 {
					t.Fatalf("%v: not refilled just then: %+v", rate, res)
				}
				tat = next
				continue
			}
			refusals++
			if res.Wait <= 0 || res.Wait > l.tolerance {
				t.Fatalf("%v: wait %d", rate, res.Wait)
			}
			if _, early := l.Step(tat, now+res.Wait-1, cost); early.OK {
				t.Fatalf("%v: would have passed earlier than told", rate)
			}
			if _, later := l.Step(next, now+res.Wait, cost); !later.OK {
				t.Fatalf("%v: waiting exactly as long as told was not enough: %+v", rate, later)
			}
			if next != tat {
				t.Fatalf("%v: a refusal costs %d ns", rate, next-tat)
			}
		}
		if overdrawn(rate, all) {
			t.Fatalf("%v: a window lets through too much", rate)
		}
	}
	if refusals < 10_000 || passes < 10_000 {
		t.Errorf("%d refusals and %d passes", refusals, passes)
	}
}

// TestClockStepsBack plays schedules in true time against a clock that jumps back now and then, by a second or a year.
// The key must never get more than without the jumps, and must never be out for longer than Per.
func TestClockStepsBack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	jumps := 0
	for range 400 {
		rate := anyRate(r)
		l := rate.Limit()
		table := NewTable(8)
		truth, clock := noon, noon
		var all []passed
		for range 150 {
			pause := anyPause(r, &l)
			if truth, clock = truth+pause, clock+pause; truth > doomsday {
				break
			}
			if r.IntN(10) == 0 {
				clock -= []int64{1000, 1e9, 60e9, l.tolerance, int64(365 * day)}[r.IntN(5)]
				jumps++
			}
			res := table.Take(9, &l, clock, 1)
			if res.OK {
				all = append(all, passed{truth, 1})
				continue
			}
			if res.Wait > l.tolerance+slack {
				t.Fatalf("%v: told to wait %d", rate, res.Wait)
			}
			truth, clock = truth+res.Wait, clock+res.Wait
			if res := table.Take(9, &l, clock, 1); !res.OK {
				t.Fatalf("%v: waited as told and was refused: %+v", rate, res)
			}
			all = append(all, passed{truth, 1})
		}
		if overdrawn(rate, all) {
			t.Fatalf("%v: a clock that stepped back gave something away", rate)
		}
	}
	if jumps < 4000 {
		t.Errorf("%d jumps", jumps)
	}
}

func TestCostsBeyondReason(t *testing.T) {
	l := Rate{5, time.Minute}.Limit()
	for _, cost := range []int64{5, 6, 1000, math.MaxInt64} {
		next, r := l.Step(0, noon, cost)
		if !r.OK || r.Left != 0 {
			t.Errorf("cost %d of a full bucket: %+v", cost, r)
		}
		if _, r = l.Step(next, noon, cost); r.OK || r.Wait != 60e9 {
			t.Errorf("cost %d again: %+v", cost, r)
		}
		if next := l.Add(next, noon, cost); next != noon+60e9 {
			t.Errorf("debit %d: a debt of %d", cost, next-noon)
		}
	}
	for _, cost := range []int64{0, -1, math.MinInt64} {
		if next, r := l.Step(noon+7, noon, cost); !r.OK || next != noon+7 {
			t.Errorf("cost %d: %+v, tat %d", cost, r, next)
		}
		if next := l.Add(noon+7, noon, cost); next != noon+7 {
			t.Errorf("debit %d: tat %d", cost, next)
		}
	}
	var none Limit
	for range 3 {
		if next, r := none.Step(0, noon, 1); !r.OK || next != noon {
			t.Errorf("no limit: %+v", r)
		}
	}
	if (Rate{}).Limit() != none || (Rate{-1, time.Second}).Limit() != none {
		t.Error("a rate that is none makes a limit")
	}
}

// TestLimitIsNeverFaster holds that the rounding of the interval is to the strict side, and how strict.
func TestLimitIsNeverFaster(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		rate := Rate{1 + r.IntN(1<<r.IntN(30)), MinPer + time.Duration(r.Int64N(int64(MaxPer-MinPer)))}
		l := rate.Limit()
		if over := l.tolerance - int64(rate.Per); over < 0 || over >= int64(rate.Count) {
			t.Fatalf("%v: %d ns more than Per", rate, over)
		}
	}
}

func TestLeft(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 100_000 {
		l := anyRate(r).Limit()
		debt := r.Int64N(l.tolerance + 1)
		if r.IntN(2) == 0 {
			debt -= debt % l.interval
		}
		if got, want := int64(l.left(debt)), (l.tolerance-debt)/l.interval; got != want {
			t.Fatalf("%+v: debt %d leaves %d, want %d", l, debt, got, want)
		}
	}
}
