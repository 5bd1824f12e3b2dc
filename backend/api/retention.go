package api

import (
	"context"

	"palisade.dev/backend/access"
	"palisade.dev/backend/retention"
)

// Retention is for how long events are kept, and what another time would forget.
type Retention struct {
	retention.Kept
	Forgets *retention.Loss `json:"forgets,omitempty" doc:"what keeping them for the days that were asked about would forget now"`
}

// Forget is how much of what is stored a change may forget.
type Forget struct {
	Forget int `query:"forget" minimum:"0" doc:"days that may be forgotten: as many as get-retention says for the change, which else is refused"`
}

func (a *api) retention() {
	op(a, everywhere(access.See), "GET", "/retention", "get-retention", "For how long events are kept, and what another time would forget", func(ctx context.Context, in *struct {
		Days int `query:"days" minimum:"0" maximum:"3650" doc:"that one thinks of; nothing is changed"`
	},
	) (Retention, error) {
		kept, err := a.Retention.Get(ctx)
		if err != nil || in.Days == 0 {
			return Retention{Kept: kept}, err
		}
		loss, err := a.Retention.Preview(ctx, in.Days)
		return Retention{kept, &loss}, err
	})
	op(a, everywhere(access.Own), "PUT", "/retention", "set-retention", "Keep events for so many days, on all sites; older ones are forgotten at once", func(ctx context.Context, in *struct {
		Forget
		Body struct {
			Days int `json:"days" minimum:"1" maximum:"3650"`
		}
	},
	) (retention.Kept, error) {
		return a.Retention.Set(ctx, in.Body.Days, in.Forget.Forget)
	})
	op(a, everywhere(access.Own), "DELETE", "/retention", "reset-retention", "Keep events for as long as the configuration file says", func(ctx context.Context, in *Forget) (retention.Kept, error) {
		return a.Retention.Reset(ctx, in.Forget)
	})
}
