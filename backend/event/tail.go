package event

import (
	"context"
	"sync"

	"palisade.dev/guard/wire"
)

// Live is what a tail gets: events as they were taken in, and how many it lost before them because it was slow.
type Live struct {
	Events []wire.Event // shared with other tails: to be read, not changed
	Lost   int
}

// tailLength is how many batches wait for a slow reader.
const tailLength = 64

type tails struct {
	sync.Mutex
	of     map[string]map[*tail]struct{}
	closed bool
}

type tail struct {
	ch   chan Live
	lost int
}

// Tail gives a site's events as they are taken in, until ctx is done or the log is closed; then the channel closes. Who
// reads too slowly loses events and is told how many.
func (l *Log) Tail(ctx context.Context, site string) <-chan Live {
	t := &tail{ch: make(chan Live, tailLength)}
	l.tails.Lock()
	defer l.tails.Unlock()
	if l.tails.closed {
		close(t.ch)
		return t.ch
	}
	if l.tails.of == nil {
		l.tails.of = make(map[string]map[*tail]struct{})
	}
	if l.tails.of[site] == nil {
		l.tails.of[site] = make(map[*tail]struct{})
	}
	l.tails.of[site][t] = struct{}{}
	context.AfterFunc(ctx, func() {
		l.tails.Lock()
		defer l.tails.Unlock()
		if _, ok := l.tails.of[site][t]; !ok {
			return
		}
		delete(l.tails.of[site], t)
		if len(l.tails.of[site]) == 0 {
			delete(l.tails.of, site)
		}
		close(t.ch)
	})
	return t.ch
}

func (s *tails) send(site string, events []wire.Event) {
	s.Lock()
	defer s.Unlock()
	for t := range s.of[site] {
		select {
		case t.ch <- Live{Events: events, Lost: t.lost}:
			t.lost = 0
		default:
			t.lost += len(events)
		}
	}
}

func (s *tails) close() {
	s.Lock()
	defer s.Unlock()
	s.closed = true
	for _, of := range s.of {
		for t := range of {
			close(t.ch)
		}
	}
	s.of = nil
}
