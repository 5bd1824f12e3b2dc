package tree

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"palisade.dev/scan"
)

// PerFile is how long one file may take. The largest of thirty public applications takes 90 ms.
const PerFile = 20 * time.Second

// Each does the same to some files on all cores and gives what came of it in the order of the files, whoever finished
// first. A file that takes too long, or meets a fault of ours, is a gap and not the end of the scan; work has to look at
// its context for the former.
func Each[T any](ctx context.Context, items []T, name func(T) string, work func(context.Context, T) scan.Part) (scan.Part, error) {
	parts := make([]scan.Part, len(items))
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(items)) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(items) {
					return
				}
				parts[i] = one(ctx, name(items[i]), items[i], work)
			}
		})
	}
	group.Wait()
	var all scan.Part
	for _, p := range parts {
		all.Add(p)
	}
	return all, ctx.Err()
}

func one[T any](ctx context.Context, where string, item T, work func(context.Context, T) scan.Part) (p scan.Part) {
	inner, cancel := context.WithTimeout(ctx, PerFile)
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil {
			p = scan.Part{Gaps: []scan.Gap{{Where: where, Why: fmt.Sprintf("a fault of ours stopped the reading (please report it): %v at %s", fault, frame(debug.Stack()))}}}
		}
	}()
	p = work(inner, item)
	if errors.Is(inner.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		p.Gaps = append(p.Gaps, scan.Gap{Where: where, Why: fmt.Sprintf("it took longer than %v and was read in part", PerFile)})
	}
	return p
}
