package attack

import (
	"strconv"
	"sync"
	"time"
)

// A tally counts one act while it runs.
type tally struct {
	mu      sync.Mutex
	sent    int
	unsent  int
	refused int
	errors  int
	landed  int
	answers map[int]int
	first   int // number of the first request that was refused, from 1; 0 for none
	firstAt time.Duration
}

// answered files the answer to request n (from 0), which was sent so long after the start of the act.
func (t *tally) answered(n int, after time.Duration, got answer, landed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	if got.err != nil {
		t.errors++
		return
	}
	t.answers[got.status]++
	switch {
	case got.refused:
		t.refused++
		if t.first == 0 || n+1 < t.first {
			t.first, t.firstAt = n+1, after
		}
	case landed:
		t.landed++
	}
}

func (t *tally) skipped(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unsent += n
}

func (t *tally) progress(a act, elapsed time.Duration) Progress {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Progress{Act: a.name, Planned: a.count, Answered: t.sent - t.errors, Refused: t.refused, Errors: t.errors, Elapsed: elapsed}
}

func (t *tally) report(a act, took time.Duration) Act {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Act{
		Name: a.name, Rate: a.rate, TookMS: took.Milliseconds(),
		Sent: t.sent, Unsent: t.unsent, Refused: t.refused, Errors: t.errors,
		Passed: t.sent - t.refused - t.errors, Landed: t.landed,
		Answers: make(map[string]int, len(t.answers)),
	}
	for status, n := range t.answers {
		r.Answers[strconv.Itoa(status)] = n
	}
	if t.first > 0 {
		r.First = &Refusal{Request: t.first, AfterMS: t.firstAt.Milliseconds()}
	}
	return r
}
