package gateway

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// health is what is known of an upstream. Three failures to connect in a row take it out for five seconds, twice as
// long at each further one, to a minute; then one request tries it.
type health struct {
	now      func() time.Time
	failures atomic.Int32
	retry    atomic.Int64 // unix nanoseconds
	asked    atomic.Bool  // an active check says that it is down
}

const (
	failuresToDown = 3
	firstDown      = 5 * time.Second
	longestDown    = time.Minute
)

func (h *health) up() bool {
	if h.asked.Load() {
		return false
	}
	if h.failures.Load() < failuresToDown {
		return true
	}
	at, now := h.retry.Load(), h.now().UnixNano()
	// Who moves the time tries; the others see it as down.
	return now >= at && h.retry.CompareAndSwap(at, now+int64(firstDown))
}

func (h *health) ok() {
	if h.failures.Load() != 0 {
		h.failures.Store(0)
	}
}

// failed notes a failure and says which in a row it is.
func (h *health) failed() int32 {
	n := h.failures.Add(1)
	if n >= failuresToDown {
		d := min(firstDown<<min(n-failuresToDown, 8), longestDown)
		h.retry.Store(h.now().UnixNano() + int64(d))
	}
	return n
}

// watch asks each new upstream of a site for its health path.
func (s *site) watch(every time.Duration, log *slog.Logger) {
	if s.Health == "" {
		return
	}
	for _, o := range s.origins {
		if o.stop != nil {
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		o.stop = cancel
		go o.check(ctx, s.Name, s.Health, every, log)
	}
}

func (o *origin) check(ctx context.Context, site, path string, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		c, cancel := context.WithTimeout(ctx, max(every, time.Second))
		err := o.ask(c, path)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if down := err != nil; o.state.asked.Swap(down) != down {
			log.Warn("upstream health changed", "site", site, "upstream", o.url.String(), "up", !down, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (o *origin) ask(ctx context.Context, path string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url.JoinPath(path).String(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", "Palisade health check")
	res, err := o.std.RoundTrip(r)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, res.Body, 4096)
	_ = res.Body.Close()
	if res.StatusCode >= 500 {
		return &statusError{res.Status}
	}
	return nil
}

type statusError struct{ status string }

func (e *statusError) Error() string { return "it answered " + e.status }
