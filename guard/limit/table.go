package limit

// Table holds one limit's state for each of the last so many keys, in 16 bytes of which it keeps twice as many as it is
// asked for. It is safe for any number of goroutines; a key that is over its limit is refused without a write, and one
// that is not pays with a single compare-and-swap.
//
// A refusal has to be of the right client. A pair keeps 63 bits of the keyed hash, so a new key is taken for one of a
// million others once in 10^13 times, and nobody outside can choose keys that meet. Packing tag and time into eight
// bytes would halve the memory; with 24 bits of tag that happens once in two million times, the times left over are
// coarser than a limit of 100,000 per second, and waiting exactly as long as told is not quite enough.
//
// Where a bucket is full, keys without debt make room first, then those that were never refused, then those that owe
// for the shortest time: a flood of fresh keys pushes out other fresh keys.
type Table struct{ pairs }

// NewTable makes a table for about n live keys, 32 bytes each; it never grows.
func NewTable(n int) *Table { return &Table{makePairs(n)} }

// Peek answers as if one were paid now, and pays nothing. A key that the table does not know owes nothing, and Peek
// makes none. The first refusal leaves a mark, for which the key is kept longer.
func (t *Table) Peek(h uint64, l *Limit, now int64) Result {
	e, word := t.find(h)
	next, write, r := l.step(word, now, 1)
	if write && !r.OK {
		e.word.CompareAndSwap(word, next) // if not, the next refusal will
	}
	return r
}

// Take pays cost if the limit allows it.
func (t *Table) Take(h uint64, l *Limit, now, cost int64) Result {
	for {
		e, word := t.find(h)
		next, write, r := l.step(word, now, cost)
		if !write {
			return r
		}
		if e == nil && !t.add(h, next, weight, now) || e != nil && !e.word.CompareAndSwap(word, next) {
			continue
		}
		return r
	}
}

// Debit adds n to what a key owes whatever the limit says, a full debt at most: for what is counted once it has
// happened, such as failed logins.
func (t *Table) Debit(h uint64, l *Limit, now, n int64) {
	for {
		e, word := t.find(h)
		next := l.add(word, now, n)
		if e == nil && !t.add(h, next, weight, now) || e != nil && !e.word.CompareAndSwap(word, next) {
			continue
		}
		return
	}
}

// Forget frees a key of all debt.
func (t *Table) Forget(h uint64) { t.forget(h) }

// Evicted is how many keys that still owed something were dropped.
func (t *Table) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Table) Bytes() int { return t.bytes() }
