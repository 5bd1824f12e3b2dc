package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"palisade.dev/backend/access"
	"palisade.dev/backend/finding"
	"palisade.dev/scan"
	"palisade.dev/store"
)

// Found is a finding with what became of it.
type Found struct {
	store.Finding
	State string `json:"state" enum:"open,accepted,resolved"`
}

// Detail is a finding with the scanner's own words.
type Detail struct {
	Found
	Said json.RawMessage `json:"said" doc:"the finding as the scanner's JSON has it: message, flow, evidence, fix"`
}

func (a *api) found(f store.Finding) Found { return Found{f, f.State(a.Now().UnixMilli())} }

func (a *api) findings() {
	huma.Register(a.huma, huma.Operation{
		OperationID: "bring-scan", Method: http.MethodPost, Path: "/api/v1/sites/{site}/scans", Summary: "Bring the report of a scan, as palisade scan … --format json writes it",
		SkipValidateBody: true, MaxBodyBytes: finding.MaxReport, BodyReadTimeout: time.Minute, Errors: []int{401, 403, 404, 409, 413, 422, 500},
	}, func(ctx context.Context, in *struct {
		On
		RawBody []byte `contentType:"application/json"`
	},
	) (*out[finding.Brought], error) {
		s, err := a.site(context.WithValue(ctx, needKey{}, on(access.Report)), in.Site)
		if err != nil {
			return nil, a.fault(err)
		}
		b, err := a.Findings.Bring(ctx, s, in.RawBody, author(ctx))
		if err != nil {
			return nil, a.fault(err)
		}
		return &out[finding.Brought]{b}, nil
	})
	op(a, on(access.See), "GET", "/sites/{site}/scans", "list-scans", "Scans of a site, newest first", func(ctx context.Context, in *struct {
		On
		Before string `query:"before" doc:"id of the last one seen"`
		Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500"`
	},
	) ([]store.Scan, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		list, err := a.DB.Scans(ctx, s.ID, in.Before, in.Limit)
		return append([]store.Scan{}, list...), err
	})
	op(a, on(access.See), "GET", "/sites/{site}/scans/{id}", "get-scan-report", "The report of a scan, byte for byte as it was brought", func(ctx context.Context, in *struct {
		On
		ID string `path:"id"`
	},
	) (json.RawMessage, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		_, report, err := a.Findings.Report(ctx, s, in.ID)
		return report, err
	})
	op(a, on(access.See), "GET", "/sites/{site}/findings", "list-findings", "What scans found, the worst first", func(ctx context.Context, in *struct {
		On
		State    string `query:"state" enum:"open,accepted,resolved,all" default:"open"`
		Severity string `query:"severity" enum:"info,low,medium,high,critical" default:"info" doc:"and above"`
		Kind     string `query:"kind" maxLength:"20"`
		Check    string `query:"check" maxLength:"128"`
		Text     string `query:"text" maxLength:"200"`
		After    string `query:"after" maxLength:"64"`
		Limit    int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
	},
	) ([]Found, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		least, err := scan.ParseSeverity(in.Severity)
		if err != nil {
			return nil, err
		}
		q := store.FindingQuery{State: in.State, Least: int(least), Kind: in.Kind, Check: in.Check, Text: in.Text, After: in.After, Limit: in.Limit, At: a.Now().UnixMilli()}
		list, err := a.DB.Findings(ctx, s.ID, q)
		all := make([]Found, 0, len(list))
		for _, f := range list {
			all = append(all, a.found(f))
		}
		return all, err
	})
	op(a, on(access.See), "GET", "/sites/{site}/findings/{id}", "get-finding", "A finding with flow, evidence and fix", func(ctx context.Context, in *struct {
		On
		ID string `path:"id"`
	},
	) (Detail, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return Detail{}, err
		}
		f, err := a.DB.Finding(ctx, s.ID, in.ID)
		return Detail{a.found(f), json.RawMessage(f.Body)}, err
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/findings/{id}/accept", "accept-finding", "Live with a finding, for a reason and until a time", func(ctx context.Context, in *struct {
		On
		ID   string `path:"id"`
		Body struct {
			Reason string `json:"reason" maxLength:"400"`
			For    string `json:"for,omitempty" doc:"30d, 12h; for good without"`
		}
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		lasts, err := duration(in.Body.For)
		if err != nil {
			return done{}, err
		}
		return done{"the finding is accepted"}, a.Findings.Accept(ctx, s, in.ID, in.Body.Reason, lasts, author(ctx))
	})
	op(a, on(access.Respond), "POST", "/sites/{site}/findings/{id}/reopen", "reopen-finding", "Take an acceptance back", func(ctx context.Context, in *struct {
		On
		ID string `path:"id"`
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"the finding is open"}, a.Findings.Reopen(ctx, s, in.ID, author(ctx))
	})
}
