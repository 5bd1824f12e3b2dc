package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"palisade.dev/scan/api/answer"
)

// Budget is the most a scan may take. A zero is no bound.
type Budget struct {
	Requests int
	Rate     float64 // a second, bursts of rate-limit probes excepted
	Bytes    int64   // of answers
	Time     time.Duration
	Patience time.Duration // for one whole exchange, so a slow drip costs ten seconds and not the scan
	Parallel int
}

// Spent is what a scan took.
type Spent struct {
	Requests int
	Bytes    int64
	Longest  time.Duration
	Waited   time.Duration
}

// Spent tells what was taken so far.
func (c *Client) Spent() Spent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.spent
}

// Distress tells why the scan was stopped for the target's sake, if it was.
func (c *Client) Distress() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.distress
}

// Short tells for want of what a request was not sent, if one was not.
func (c *Client) Short() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.short
}

// Late tells that the time is over, so that nothing more is begun.
func (c *Client) Late() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.o.Budget; b.Time > 0 && c.o.Clock.Now().Sub(c.began) >= b.Time {
		c.short = fmt.Errorf("%w: %v are over. Allow more with --time", ErrSpent, b.Time)
		return c.short
	}
	return nil
}

// Left tells how many requests the budget still allows.
func (c *Client) Left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.o.Budget.Requests == 0 {
		return 1 << 30
	}
	return c.o.Budget.Requests - c.spent.Requests
}

// take spends one request of the budget and waits for its turn.
func (c *Client) take(ctx context.Context, burst bool) error {
	c.mu.Lock()
	b := c.o.Budget
	now := c.o.Clock.Now()
	var err error
	switch {
	case c.distress != nil:
		err = c.distress
	case b.Requests > 0 && c.spent.Requests >= b.Requests:
		err = fmt.Errorf("%w: %d requests were sent. Allow more with --requests", ErrSpent, c.spent.Requests)
	case b.Bytes > 0 && c.spent.Bytes >= b.Bytes:
		err = fmt.Errorf("%w: %d MB were read. Allow more with --bytes", ErrSpent, c.spent.Bytes>>20)
	case b.Time > 0 && now.Sub(c.began) >= b.Time:
		err = fmt.Errorf("%w: %v are over. Allow more with --time", ErrSpent, b.Time)
	}
	if err != nil {
		if errors.Is(err, ErrSpent) {
			c.short = err
		}
		c.mu.Unlock()
		return err
	}
	c.spent.Requests++
	var wait time.Duration
	if !burst {
		at := now
		if c.next.After(at) {
			at = c.next
		}
		if b.Rate > 0 {
			c.next = at.Add(time.Duration(float64(time.Second) / b.Rate))
		}
		if c.paused.After(at) {
			at = c.paused
		}
		wait = at.Sub(now)
		c.spent.Waited += wait
	}
	c.mu.Unlock()
	if wait > 0 {
		return c.o.Clock.Sleep(ctx, wait)
	}
	return ctx.Err()
}

// note keeps the books, and an eye on the target: where it answered well at first and then half of the last exchanges
// fail at the gateway or not at all, it is we who hurt it.
func (c *Client) note(a *answer.Answer, burst bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spent.Bytes += int64(len(a.Body))
	c.spent.Longest = max(c.spent.Longest, a.Took)
	if errors.Is(a.Err, context.Canceled) {
		return
	}
	// A handshake that is refused for want of a certificate is an answer, and no sign of distress.
	refused := a.Err != nil && strings.Contains(a.Err.Error(), "remote error: tls:")
	failed := a.Err != nil && !refused || a.Status == http.StatusBadGateway || a.Status == http.StatusGatewayTimeout ||
		(a.Status == http.StatusServiceUnavailable && !burst)
	if !failed {
		c.healthy++
	}
	c.recent = append(c.recent, failed)
	if len(c.recent) > distressed {
		c.recent = c.recent[1:]
	}
	bad := 0
	for _, f := range c.recent {
		if f {
			bad++
		}
	}
	if len(c.recent) == distressed && bad > distressed/2 && c.distress == nil {
		why := "it never answered well"
		if c.healthy > distressed {
			why = fmt.Sprintf("it answered %d requests well before", c.healthy)
		}
		c.distress = fmt.Errorf("%w: %d of the last %d requests failed; %s. Wait until it is well, then scan with a lower --rate", ErrDistress, bad, distressed, why)
	}
}
