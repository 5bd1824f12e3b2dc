package link

import (
	"sync/atomic"

	"palisade.dev/guard/wire"
)

// queue is a bounded ring between the request path and the sender. Putting an event in takes two atomic operations
// and a copy; where the ring is full the event is lost and counted, because no request waits for us.
type queue struct {
	slots []slot
	mask  uint64
	tail  atomic.Uint64
	_     [56]byte // the reader's word on a line of its own
	head  atomic.Uint64
	lost  atomic.Uint64
}

// slot's turn says whose it is: equal to a ticket, the writer's with that ticket; one more, the reader's.
type slot struct {
	turn  atomic.Uint64
	event wire.Event
}

func newQueue(size int) *queue {
	n := 1
	for n < size {
		n <<= 1
	}
	q := &queue{slots: make([]slot, n), mask: uint64(n - 1)}
	for i := range q.slots {
		q.slots[i].turn.Store(uint64(i))
	}
	return q
}

func (q *queue) put(e *wire.Event) {
	for {
		ticket := q.tail.Load()
		s := &q.slots[ticket&q.mask]
		switch turn := s.turn.Load(); {
		case turn == ticket:
			if q.tail.CompareAndSwap(ticket, ticket+1) {
				s.event = *e
				s.turn.Store(ticket + 1)
				return
			}
		case turn < ticket:
			q.lost.Add(1)
			return
		}
	}
}

// take moves up to len(into) events out, in order. Only one goroutine may call it.
func (q *queue) take(into []wire.Event) int {
	n := 0
	for n < len(into) {
		head := q.head.Load()
		s := &q.slots[head&q.mask]
		if s.turn.Load() != head+1 {
			break
		}
		into[n] = s.event
		s.event = wire.Event{} // let go of its strings
		s.turn.Store(head + q.mask + 1)
		q.head.Store(head + 1)
		n++
	}
	return n
}

func (q *queue) len() int { return int(q.tail.Load() - q.head.Load()) }
