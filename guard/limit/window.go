package limit

import "time"

// Window counts per key within a stretch of the calendar: quotas, which people expect to begin anew at midnight or on
// the first. Anything shorter than that is better under a Limit, since twice as much passes round a border. It is safe
// for any number of goroutines. Where a bucket is full, the key whose stretch ends soonest makes room.
type Window struct{ pairs }

// NewWindow makes a table for about n keys, 32 bytes each; it never grows.
func NewWindow(n int) *Window { return &Window{makePairs(n)} }

// Stretch is a piece of the calendar, in unix nanoseconds. It begins and ends on a minute.
type Stretch struct{ Start, End int64 }

// Hour is the hour of a time, in UTC.
func Hour(now int64) Stretch {
	t := time.Unix(0, now).UTC().Truncate(time.Hour)
	return Stretch{t.UnixNano(), t.Add(time.Hour).UnixNano()}
}

// Day is the day of a time, in UTC.
func Day(now int64) Stretch {
	t := time.Unix(0, now).UTC().Truncate(day)
	return Stretch{t.UnixNano(), t.Add(day).UnixNano()}
}

// Month is the month of a time, in UTC.
func Month(now int64) Stretch {
	year, month, _ := time.Unix(0, now).UTC().Date()
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	return Stretch{first.UnixNano(), first.AddDate(0, 1, 0).UnixNano()}
}

// The word of a key is the minute at which its stretch ends, then how much is spent, in 32 bits.
const spent = 1<<32 - 1

// Take spends cost of the at most max that a key has in a stretch, which is the one of now, if so much is left. A
// refusal spends nothing; its Wait is until the stretch ends.
//
// After a clock that stepped back over a border what was spent in the later stretch is not given back; when it stepped
// back over several, the key's count moves to the stretch of now, so that nobody waits for longer than its end.
func (t *Window) Take(h uint64, s Stretch, now, limit, cost int64) Result {
	limit, cost = min(max(limit, 0), spent), max(cost, 0)
	for {
		e, word := t.find(h)
		end, have := s.count(word)
		left := limit - have
		if cost > left {
			if moved := end<<32 | word&spent; e != nil && have > 0 && moved != word {
				e.word.CompareAndSwap(word, moved) // if not, the next refusal will
			}
			return Result{Wait: max(s.End-now, 0), Left: int32(min(max(left, 0), MaxCount))}
		}
		next := end<<32 | uint64(have+cost)
		if e == nil && t.add(h, next, stretched, now) || e != nil && e.word.CompareAndSwap(word, next) {
			return Result{OK: true, Wait: max(s.End-now, 0), Left: int32(min(left-cost, MaxCount))}
		}
	}
}

// count gives how much a word has spent in a stretch, and under which end to note more.
func (s Stretch) count(word uint64) (end uint64, have int64) {
	end = uint64(s.End / int64(time.Minute))
	noted := word >> 32
	switch {
	case noted < end:
		return end, 0
	case noted > end+uint64((s.End-s.Start)/int64(time.Minute)):
		return end, int64(word & spent)
	}
	return noted, int64(word & spent)
}

// stretched is what a count weighs: nothing once its stretch has ended.
func stretched(word uint64, now int64) uint64 {
	if int64(word>>32)*int64(time.Minute) <= now {
		return 0
	}
	return word
}

// Forget gives a key back what it has spent.
func (t *Window) Forget(h uint64) { t.forget(h) }

// Evicted is how many keys whose stretch had not ended were dropped.
func (t *Window) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Window) Bytes() int { return t.bytes() }
