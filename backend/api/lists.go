package api

import (
	"context"

	"palisade.dev/backend/access"
	"palisade.dev/backend/lever"
	"palisade.dev/store"
)

// Entry is what is said of a new ban or allowance.
type Entry struct {
	Subject string `json:"subject" minLength:"1" maxLength:"300" doc:"an address, a prefix, or account:…, api_key:…, certificate:…, session:…, fingerprint:…"`
	For     string `json:"for,omitempty" doc:"how long, such as 10m or 7d; empty stands until lifted"`
	Note    string `json:"note,omitempty" maxLength:"500"`
}

// Listed is a subject on a list of a site.
type Listed struct {
	On
	Subject string `query:"subject" required:"true" maxLength:"300"`
}

func (a *api) lists() {
	op(a, on(access.See), "GET", "/sites/{site}/bans", "list-bans", "Standing bans, newest first", func(ctx context.Context, in *struct {
		On
		After string `query:"after" doc:"id of the last one seen"`
		Limit int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	},
	) ([]store.Ban, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		bans, err := a.DB.StandingBans(ctx, s.ID, a.Now().UnixMilli(), in.After, in.Limit)
		return append([]store.Ban{}, bans...), err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/bans", "impose-ban", "Keep a client out, at every guard within a second", func(ctx context.Context, in *struct {
		On
		Body Entry
	},
	) (store.Ban, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return store.Ban{}, err
		}
		length, err := duration(in.Body.For)
		if err != nil {
			return store.Ban{}, err
		}
		return a.Bans.Impose(ctx, s.ID, in.Body.Subject, length, in.Body.Note, author(ctx))
	})
	op(a, on(access.Respond), "DELETE", "/sites/{site}/bans", "lift-ban", "Lift a ban", func(ctx context.Context, in *Listed) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"the ban of " + in.Subject + " is lifted"}, a.Bans.Lift(ctx, s.ID, in.Subject, author(ctx))
	})
	op(a, on(access.See), "GET", "/sites/{site}/allowances", "list-allowances", "The allow list", func(ctx context.Context, in *On) ([]store.Allowance, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		list, err := a.DB.Allowances(ctx, s.ID, a.Now().UnixMilli())
		return append([]store.Allowance{}, list...), err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/allowances", "allow", "Let a client pass whatever the rules say", func(ctx context.Context, in *struct {
		On
		Body Entry
	},
	) (store.Allowance, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return store.Allowance{}, err
		}
		length, err := duration(in.Body.For)
		if err != nil {
			return store.Allowance{}, err
		}
		return a.Bans.Allow(ctx, s.ID, in.Body.Subject, length, in.Body.Note, author(ctx))
	})
	op(a, on(access.Respond), "DELETE", "/sites/{site}/allowances", "disallow", "Take a client off the allow list", func(ctx context.Context, in *Listed) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{in.Subject + " is off the allow list"}, a.Bans.Disallow(ctx, s.ID, in.Subject, author(ctx))
	})
}

// LeverState is a lever that was just moved, and the revision by which guards say that they enforce it.
type LeverState struct {
	store.Lever
	Revision uint64 `json:"revision"`
}

// Receipts is what the guards say.
type Receipts struct {
	Revision uint64          `json:"revision"`
	All      bool            `json:"all"`
	Guards   []lever.Receipt `json:"guards"`
}

func (a *api) levers() {
	op(a, on(access.See), "GET", "/sites/{site}/levers", "list-levers", "Levers that are not open", func(ctx context.Context, in *On) ([]store.Lever, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		list, err := a.DB.Levers(ctx, s.ID, a.Now().UnixMilli())
		return append([]store.Lever{}, list...), err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/levers", "set-lever", "Move the lever of a route; it returns by itself", func(ctx context.Context, in *struct {
		On
		Body struct {
			ID       string `json:"id,omitempty" maxLength:"64" doc:"makes a repeated request the same one"`
			Match    string `json:"match" minLength:"1" maxLength:"1024" doc:"a route such as POST /users/register, or a named one such as @signup"`
			Position string `json:"position" enum:"open,newcomers,known,attested,closed"`
			For      string `json:"for,omitempty" doc:"15m unless given"`
			Note     string `json:"note,omitempty" maxLength:"500"`
		}
	},
	) (LeverState, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return LeverState{}, err
		}
		if in.Body.For == "" {
			in.Body.For = "15m"
		}
		length, err := duration(in.Body.For)
		if err != nil {
			return LeverState{}, err
		}
		l, err := a.Levers.Set(ctx, s.ID, in.Body.ID, in.Body.Match, in.Body.Position, length, in.Body.Note, author(ctx))
		if err != nil {
			return LeverState{}, err
		}
		s, err = a.DB.SiteByID(ctx, s.ID)
		return LeverState{l, s.Revision}, err
	})
	op(a, on(access.See), "GET", "/sites/{site}/receipts", "get-receipts", "Which guards enforce a revision", func(ctx context.Context, in *struct {
		On
		Revision uint64 `query:"revision" required:"true"`
	},
	) (Receipts, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return Receipts{}, err
		}
		list, all, err := a.Levers.Receipts(ctx, s.ID, in.Revision)
		return Receipts{in.Revision, all, append([]lever.Receipt{}, list...)}, err
	})
}
