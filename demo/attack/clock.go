package attack

import (
	"context"
	"time"
)

// A Clock paces the attack.
type Clock interface {
	Now() time.Time
	// Wait returns nil once the clock has reached at, or earlier with the context's error.
	Wait(ctx context.Context, at time.Time) error
}

// WallClock is the machine's own clock.
type WallClock struct{}

// Now is the time of the machine.
func (WallClock) Now() time.Time { return time.Now() }

// Wait sleeps until at.
func (WallClock) Wait(ctx context.Context, at time.Time) error {
	left := time.Until(at)
	if left <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
