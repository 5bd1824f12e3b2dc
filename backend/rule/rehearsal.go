package rule

import (
	"context"
	"fmt"
	"time"

	"palisade.dev/backend/event"
	"palisade.dev/backend/rehearse"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// maxBack is how far back a rehearsal may begin.
const maxBack = 31 * 24 * time.Hour

// rehearsal prepares one over the traffic between two times, with the newest part of it where all is too much.
func (r *Rules) rehearsal(ctx context.Context, s store.Site, draft wire.Rule, from, to time.Time) (x rehearse.Rehearsal, stored int, err error) {
	if to.Sub(from) > maxBack || !from.Before(to) {
		return x, 0, fmt.Errorf("%w: a rehearsal looks back 31 days at most", ErrInvalid)
	}
	p, err := r.Feed.Build(ctx, s)
	if err != nil {
		return x, 0, err
	}
	if err := r.fits(p, draft); err != nil {
		return x, 0, err
	}
	x = rehearse.Rehearsal{Policy: p, Networks: r.Networks.AtHand(), Rule: draft, From: from, To: to, Now: r.Now}
	if x.Veil, err = r.Search.Veil(ctx, s.ID); err != nil {
		return x, 0, err
	}
	x.Events = func(ctx context.Context, from, to time.Time, f func(*wire.Event) error) error {
		return r.Search.Export(ctx, event.Query{Site: s.ID, From: from, To: to}, func(e wire.Event) error { return f(&e) })
	}
	sum, err := r.Search.Summary(ctx, s.ID, from, to, time.Minute)
	if err != nil {
		return x, 0, err
	}
	stored = int(sum.Total.Requests)
	left := rehearse.MaxRequests
	for i := len(sum.Points) - 1; i >= 0; i-- {
		if left -= int(sum.Points[i].Requests); left < 0 && i < len(sum.Points)-1 {
			x.From = sum.Points[i+1].Start
			break
		}
	}
	return x, stored, nil
}

// Rehearse runs a draft over stored traffic and says whom it would have hurt.
func (r *Rules) Rehearse(ctx context.Context, s store.Site, draft wire.Rule, back time.Duration) (rehearse.Report, error) {
	now := r.Now()
	return r.RehearseBetween(ctx, s, draft, now.Add(-back), now)
}

// RehearseBetween is Rehearse for a time that is over.
func (r *Rules) RehearseBetween(ctx context.Context, s store.Site, draft wire.Rule, from, to time.Time) (rehearse.Report, error) {
	x, stored, err := r.rehearsal(ctx, s, draft, from, to)
	if err != nil {
		return rehearse.Report{}, err
	}
	leave, err := r.Desk.Turn(ctx)
	if err != nil {
		return rehearse.Report{}, err
	}
	defer leave()
	rep, err := x.Run(ctx)
	rep.Asked, rep.Stored = from.UnixMilli(), stored
	return rep, err
}

// Begin begins a rehearsal that nobody has to wait for; the desk tells how far it is. Was is the version of the rule that the
// draft is a change of, which the job keeps for whoever switches it on.
func (r *Rules) Begin(ctx context.Context, s store.Site, draft wire.Rule, back time.Duration, author, was string) (rehearse.Job, error) {
	now := r.Now()
	x, stored, err := r.rehearsal(ctx, s, draft, now.Add(-back), now)
	if err != nil {
		return rehearse.Job{}, err
	}
	return r.Desk.Begin(rehearse.Job{Site: s.ID, Rule: draft, Was: was, Same: Same(draft), Back: back, Author: author, Stored: stored}, func(ctx context.Context, told func(rehearse.Progress)) (rehearse.Report, error) {
		x.Told = told
		rep, err := x.Run(ctx)
		rep.Asked, rep.Stored = now.Add(-back).UnixMilli(), stored
		return rep, err
	})
}

// Rehearsed finds the newest finished rehearsal of a rule as the draft has it, whatever its mode.
func (r *Rules) Rehearsed(s store.Site, draft wire.Rule) (rehearse.Job, bool) {
	return r.Desk.Newest(s.ID, func(j rehearse.Job) bool { return j.Done && j.Fault == "" && j.Same == Same(draft) })
}

// Under finds the newest rehearsal of a rule by its name, finished or not.
func (r *Rules) Under(s store.Site, name string) (rehearse.Job, bool) {
	return r.Desk.Newest(s.ID, func(j rehearse.Job) bool { return j.Rule.Name == name })
}

// Same is what two drafts share that differ in nothing but their mode.
func Same(draft wire.Rule) string {
	draft.Mode = "on"
	return version(draft)
}

// Rehearsing lists the rules of a site that are in rehearsal, for the daily summary.
func (r *Rules) Rehearsing(ctx context.Context, s store.Site) ([]rehearse.Standing, error) {
	all, err := r.List(ctx, s)
	if err != nil {
		return nil, err
	}
	var some []rehearse.Standing
	for _, x := range all {
		if x.Mode == "rehearse" {
			some = append(some, rehearse.Standing{Rule: x.Rule, Since: x.Updated})
		}
	}
	return some, nil
}
