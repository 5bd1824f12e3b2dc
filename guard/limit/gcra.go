// Package limit counts what clients do and says when it is too much. It is arithmetic and tables of fixed size: time,
// chance and keys come in as arguments, nothing is logged, and nothing is allocated once a table stands.
package limit

import (
	"math"
	"math/bits"
	"time"
)

// Limit is a Rate made ready for arithmetic, in nanoseconds. The zero Limit refuses nothing.
type Limit struct {
	interval  int64  // one token comes back in this
	tolerance int64  // the debt of a key that spent everything: Count intervals
	inverse   uint64 // 2^64 / interval: a division costs more than all the rest of a step
}

// Limit makes the arithmetic of the rate: a burst of Count, then one token back each Per/Count. The interval is rounded
// up to whole nanoseconds, so that no window lets through more than it says; the price is a rate that is too low by
// less than one nanosecond in an interval: one part in a million for 1,000 per second, a third at worst (above half a
// billion per second).
func (r Rate) Limit() Limit {
	if r.Count < 1 || r.Per < 1 {
		return Limit{}
	}
	count := int64(min(r.Count, MaxCount))
	interval := (int64(min(r.Per, MaxPer)) + count - 1) / count
	return Limit{interval, interval * count, math.MaxUint64 / uint64(interval)}
}

// Result is what one step of a limit says.
type Result struct {
	OK   bool
	Wait int64 // nanoseconds: refused, until it would pass; passed, until everything is refilled
	Left int32 // whole tokens left
}

// slack is how far beyond a full debt a time may lie and be believed. Requests on two processors take their times in
// one order and come here in another; taking each such pair for a clock that stepped back would forgive a little each
// time.
const slack = int64(time.Second)

// Step is the generic cell rate algorithm. tat is the theoretical arrival time: the moment at which a key is free of
// debt. A request passes when its cost still fits the tolerance; next is then the new tat. A refusal costs nothing.
// Who asks for more than Count is asked for Count, since nothing would ever be enough; below nothing is nothing.
//
// After a clock that stepped back a tat may lie further ahead than any debt this clock can have made. It is then taken
// for a full debt: nothing is given away and nobody waits longer than Per. A refusal gives that debt as next, and it
// has to be kept, or it would be a full one again each time until the clock has caught up.
func (l *Limit) Step(tat, now, cost int64) (next int64, r Result) {
	word, _, r := l.step(uint64(min(max(tat, 0), tatBits)), now, cost)
	return int64(word & tatBits), r
}

// Add puts debt on a key whatever the limit says, a full one at most.
func (l *Limit) Add(tat, now, cost int64) (next int64) {
	debt := l.debt(tat, now)
	return now + max(debt, min(debt+l.price(cost), l.tolerance))
}

func (l *Limit) debt(tat, now int64) int64 {
	debt := max(tat-now, 0)
	if debt > l.tolerance+slack {
		return l.tolerance
	}
	return debt
}

func (l *Limit) price(cost int64) int64 {
	if cost == 1 {
		return l.interval
	}
	if cost <= 0 {
		return 0
	}
	if hi, lo := bits.Mul64(uint64(l.interval), uint64(cost)); hi == 0 && lo < uint64(l.tolerance) {
		return int64(lo)
	}
	return l.tolerance
}

// left is how many tokens fit beside a debt. The product with the inverse is right or one too low.
func (l *Limit) left(debt int64) int32 {
	room := uint64(max(l.tolerance-debt, 0))
	n, _ := bits.Mul64(room, l.inverse)
	if l.interval > 0 && room-n*uint64(l.interval) >= uint64(l.interval) {
		n++
	}
	return int32(n)
}

// A table keeps a tat in the low 62 bits of a word, which last to the year 2116, and beside it whether the key was
// refused since it last was free of debt.
const (
	refused = 1 << 62
	tatBits = refused - 1
)

// weight is how much is lost when a state makes room for another. A word is a tat and perhaps refused, so of two
// states the one that was refused weighs more, then the one that owes for longer; without debt all are alike. The mark
// matters where limits of different length meet in one table: one request under "10 per 1d" owes for hours, and a
// flood of those must not set free who is at the end of "5 per 1m".
func weight(word uint64, now int64) uint64 {
	if int64(word&tatBits) <= now {
		return 0
	}
	return word
}

// step is Step on a word of a table. write says that next has to be kept.
func (l *Limit) step(word uint64, now, cost int64) (next uint64, write bool, r Result) {
	tat := int64(word & tatBits)
	debt := l.debt(tat, now)
	after := debt + l.price(cost)
	if after > l.tolerance {
		next = uint64(now+debt) | refused
		return next, next < word || word < refused, Result{Wait: after - l.tolerance, Left: l.left(debt)}
	}
	next = uint64(now + after)
	if debt > 0 {
		next |= word & refused
	}
	return next, cost > 0, Result{OK: true, Wait: after, Left: l.left(after)}
}

// add is Add on a word of a table.
func (l *Limit) add(word uint64, now, cost int64) (next uint64) {
	tat := int64(word & tatBits)
	next = uint64(l.Add(tat, now, cost))
	if tat > now {
		next |= word & refused
	}
	return next
}
