package event

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"palisade.dev/guard/wire"
)

// maxOverlap is how many unpacked segments Export holds, some 2 MiB each at the worst.
const maxOverlap = 32

// Export gives all events of a range that the query asks for, in the order of their time; limit and cursor do not count.
// It reads every segment of the range that may have some, a day's list at a time, and stops at the first error of visit. Order is exact as
// long as no more than maxOverlap segments overlap in time; deliveries that were later than that come later.
func (s *Search) Export(ctx context.Context, q Query, visit func(wire.Event) error) error {
	cs, err := s.conditions(ctx, q)
	if err != nil {
		return err
	}
	w, err := s.walk(ctx, q, cs, newest)
	if err != nil {
		return err
	}
	for i := len(w.days) - 1; i >= 0; i-- {
		list, err := w.candidates(ctx, w.days[i])
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.id, b.id)) })
		if err := s.merge(ctx, q, cs, list, visit); err != nil {
			return err
		}
	}
	return nil
}

// merge gives the events of segments, sorted by their first time, in the order of time: those before the next segment's
// first can have nothing before them any more.
func (s *Search) merge(ctx context.Context, q Query, cs []condition, list []candidate, visit func(wire.Event) error) error {
	var held runs
	for i := 0; i < len(list) || len(held) > 0; {
		if i < len(list) && len(held) < maxOverlap && (len(held) == 0 || list[i].first <= held[0][0].At) {
			events, err := s.matching(ctx, q, cs, list[i].place)
			if err != nil {
				return err
			}
			i++
			if len(events) > 0 {
				heap.Push(&held, events)
			}
			continue
		}
		if len(held) == 0 {
			continue
		}
		if err := visit(held[0][0]); err != nil {
			return err
		}
		if held[0] = held[0][1:]; len(held[0]) == 0 {
			heap.Pop(&held)
		} else {
			heap.Fix(&held, 0)
		}
	}
	return nil
}

// matching gives a segment's events that meet a query, by time.
func (s *Search) matching(ctx context.Context, q Query, cs []condition, at place) ([]wire.Event, error) {
	from, to := q.between()
	var events []wire.Event
	err := s.visit(ctx, q.Site, at, func(f *frame, _ int) error {
		times, err := f.number(numAt)
		if err != nil {
			return err
		}
		return f.sieve(cs, func(i int) error {
			if times[i] < from || times[i] >= to {
				return nil
			}
			e, err := f.event(i)
			events = append(events, e)
			return err
		})
	})
	slices.SortStableFunc(events, func(a, b wire.Event) int { return cmp.Compare(a.At, b.At) })
	return events, err
}

// runs is a heap of sorted runs by their first event's time.
type runs [][]wire.Event

func (r runs) Len() int           { return len(r) }
func (r runs) Less(i, j int) bool { return r[i][0].At < r[j][0].At }
func (r runs) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)        { *r = append(*r, x.([]wire.Event)) }
func (r *runs) Pop() any {
	old := *r
	last := old[len(old)-1]
	*r = old[:len(old)-1]
	return last
}
