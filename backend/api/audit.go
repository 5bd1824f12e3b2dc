package api

import (
	"context"

	"palisade.dev/backend/access"
	"palisade.dev/store"
)

// SignInLink leads into the console.
type SignInLink struct {
	Path string `json:"path" doc:"of the console; it signs in whoever opens it first, within 15 minutes"`
}

func (a *api) audit() {
	op(a, everywhere(access.Audit), "GET", "/audit", "list-audit", "Who changed what, newest first", func(ctx context.Context, in *struct {
		Subject string `query:"subject" doc:"such as: rule login, or: ban 203.0.113.7"`
		Before  int64  `query:"before" doc:"number of the last one seen"`
		Limit   int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	},
	) ([]store.Audited, error) {
		list, err := a.DB.AuditLog(ctx, store.AuditQuery{Subject: in.Subject, Before: in.Before, Limit: in.Limit})
		return append([]store.Audited{}, list...), err
	})
	op(a, everywhere(access.Audit), "GET", "/audit/verify", "verify-audit", "Recompute the whole chain of the audit log", func(ctx context.Context, _ *struct{}) (store.AuditHead, error) {
		return a.DB.VerifyAudit(ctx, nil)
	})
	op(a, everywhere(access.Own), "POST", "/sign-in-links", "create-sign-in-link", "Make a link that signs in to the console once", func(context.Context, *struct{}) (SignInLink, error) {
		code, err := a.Entry.Link()
		return SignInLink{"/enter/" + code}, err
	})
}
