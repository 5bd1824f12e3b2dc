package limit

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// A slot packs a tag of 24 bits and an arrival time of 40 bits in units of 2^14 ns (16.4 µs): 208 days. Rounding goes
// up, so a limit faster than 61,000 a second errs on the strict side.
const (
	unit    = 14
	timeCap = 1<<40 - 1
	day     = int64(24 * time.Hour)
)

type line [8]atomic.Uint64

// Table holds one limit's state for each of the last so many keys, in eight bytes.
//
// The promise and its price: with 24 bits of tag and eight slots a bucket, a lookup meets another client's slot once
// in two million. The two then share one limit until either falls idle: somebody may be refused early, nobody is let
// through late. A key with several rules lives in Cards, where this does not happen.
type Table struct {
	mask    uint64
	lines   []line
	epoch   atomic.Int64 // what time zero of the packed times is, set by the first use
	evicted atomic.Uint64
}

// NewTable makes a table for about n live keys: two slots for each, because a bucket that is full drops the least
// indebted of its eight (at half load 0.8 % of live keys meet that, at a quarter 0.015 %).
func NewTable(n int) *Table {
	lines := pow2(n*2, 8) / 8
	raw := make([]line, lines+1)
	if uintptr(unsafe.Pointer(&raw[0]))&63 != 0 {
		raw = raw[1:]
	}
	return &Table{mask: uint64(lines - 1), lines: raw[:lines]}
}

// since turns unix nanoseconds into time since the table's epoch, a day before its first use so that a clock stepping
// back a little stays positive.
func (t *Table) since(now int64) int64 {
	epoch := t.epoch.Load()
	if epoch == 0 {
		t.epoch.CompareAndSwap(0, now-day)
		epoch = t.epoch.Load()
	}
	rel := now - epoch
	switch {
	case rel < 0:
		// The clock stepped back by more than a day. Every slot now lies ahead, so it reads as a full debt, which is
		// gone after one Per.
		t.epoch.Store(now)
		return 0
	case rel > timeCap<<unit-int64(MaxPer):
		// 108 days of uptime: begin anew, before packed times wrap.
		t.epoch.Store(now - day)
		for i := range t.lines {
			for j := range t.lines[i] {
				t.lines[i][j].Store(0)
			}
		}
		return day
	}
	return rel
}

func slotTag(h uint64) uint64 {
	if tag := h >> 40; tag != 0 {
		return tag
	}
	return 1
}

func pack(tag uint64, tat int64) uint64 {
	return tag<<40 | uint64((tat+1<<unit-1)>>unit)&timeCap
}

func unpack(s uint64) int64 { return int64(s&timeCap) << unit }

// Peek answers as if one were paid now, and pays nothing.
func (t *Table) Peek(h uint64, l *Limit, now int64) Result {
	now = t.since(now)
	tag, line := slotTag(h), &t.lines[h&t.mask]
	for i := range line {
		if s := line[i].Load(); s>>40 == tag {
			_, r := l.Step(unpack(s), now, 1)
			return r
		}
	}
	_, r := l.Step(0, now, 1)
	return r
}

// Take pays cost if the limit allows it.
func (t *Table) Take(h uint64, l *Limit, now int64, cost int64) Result {
	now = t.since(now)
	tag, line := slotTag(h), &t.lines[h&t.mask]
	for {
		slot, s := line.find(tag)
		tat := int64(0)
		if s>>40 == tag {
			tat = unpack(s)
		}
		next, r := l.Step(tat, now, cost)
		if !r.OK {
			return r
		}
		if line[slot].CompareAndSwap(s, pack(tag, next)) {
			t.lost(s, tag, now)
			return r
		}
	}
}

// Debit adds n to what a key owes, a full debt at most.
func (t *Table) Debit(h uint64, l *Limit, now int64, n int64) {
	now = t.since(now)
	tag, line := slotTag(h), &t.lines[h&t.mask]
	for {
		slot, s := line.find(tag)
		tat := int64(0)
		if s>>40 == tag {
			tat = unpack(s)
		}
		if line[slot].CompareAndSwap(s, pack(tag, l.Add(tat, now, n))) {
			t.lost(s, tag, now)
			return
		}
	}
}

// Forget clears a key.
func (t *Table) Forget(h uint64) {
	tag, line := slotTag(h), &t.lines[h&t.mask]
	for i := range line {
		if s := line[i].Load(); s>>40 == tag {
			line[i].CompareAndSwap(s, 0)
		}
	}
}

// find gives the key's slot, or the one that owes least and may make room.
func (l *line) find(tag uint64) (slot int, seen uint64) {
	low := ^uint64(0)
	for i := range l {
		s := l[i].Load()
		if s>>40 == tag {
			return i, s
		}
		if owes := s & timeCap; owes < low {
			low, slot, seen = owes, i, s
		}
	}
	return slot, seen
}

func (t *Table) lost(s, tag uint64, now int64) {
	if s>>40 != tag && unpack(s) > now {
		t.evicted.Add(1)
	}
}

// Evicted is how many keys that still owed something were dropped.
func (t *Table) Evicted() uint64 { return t.evicted.Load() }

// Bytes is the table's size.
func (t *Table) Bytes() int { return len(t.lines) * int(unsafe.Sizeof(line{})) }
