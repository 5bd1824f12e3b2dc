package api

import (
	"context"

	"palisade.dev/backend/event"
)

// Status is how the back end does.
type Status struct {
	Version string      `json:"version"`
	Events  event.Stats `json:"events"`
}

func (a *api) status() {
	op(a, anyone, "GET", "/status", "get-status", "How the back end does", func(ctx context.Context, _ *struct{}) (Status, error) {
		stats, err := a.Events.Stats(ctx)
		return Status{a.Version, stats}, err
	})
}
