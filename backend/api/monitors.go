package api

import (
	"context"
	"encoding/json"

	"palisade.dev/backend/access"
	"palisade.dev/backend/watch"
	"palisade.dev/store"
)

// MonitorProof says how a site shows that a public target is its own.
type MonitorProof struct {
	Token string `json:"token"`
	DNS   string `json:"dns" doc:"TXT record that may hold it, before the target's host name"`
	Value string `json:"value" doc:"of that record"`
	File  string `json:"file" doc:"or the file that may hold the token, on the target"`
}

func (a *api) monitors() {
	op(a, on(access.See), "GET", "/sites/{site}/monitors", "list-monitors", "Scans that are run again and again", func(ctx context.Context, in *struct{ On }) ([]store.Monitor, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		list, err := a.DB.Monitors(ctx, s.ID)
		return append([]store.Monitor{}, list...), err
	})
	op(a, on(access.Change), "POST", "/sites/{site}/monitors", "add-monitor", "Run a scan again and again; the first run is at once", func(ctx context.Context, in *struct {
		On
		Body struct {
			Kind     string          `json:"kind" enum:"api,exposure"`
			Schedule string          `json:"schedule" maxLength:"100" doc:"an interval such as 6h, or five fields as cron has them, in the site's zone"`
			Settings json.RawMessage `json:"settings" doc:"api: {url, spec, mode: passive or active, identities: [alice=bearer:env:PALISADE_SCAN_ALICE]}"`
		}
	},
	) (store.Monitor, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return store.Monitor{}, err
		}
		return a.Watch.Add(ctx, s, watch.Draft{Kind: in.Body.Kind, Schedule: in.Body.Schedule, Settings: in.Body.Settings}, author(ctx))
	})
	op(a, on(access.Change), "GET", "/sites/{site}/monitors/proof", "get-monitor-proof", "What shows that a public target is the site's own", func(ctx context.Context, in *struct{ On }) (MonitorProof, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return MonitorProof{}, err
		}
		token := a.Owner(s)
		return MonitorProof{token, "_palisade.", "palisade-owner=" + token, "/.well-known/palisade-owner.txt"}, nil
	})
	for _, act := range []struct {
		method, path, id, summary, told string
		do                              func(context.Context, store.Site, string, string) error
	}{
		{"POST", "/pause", "pause-monitor", "Do not run a monitor until it is run again", "the monitor is paused", a.Watch.Pause},
		{"POST", "/run", "run-monitor", "Run a monitor now, paused or not", "the monitor runs within seconds", a.Watch.Go},
		{"DELETE", "", "delete-monitor", "Forget a monitor; what it found stays", "the monitor is deleted", a.Watch.Delete},
	} {
		op(a, on(access.Change), act.method, "/sites/{site}/monitors/{id}"+act.path, act.id, act.summary, func(ctx context.Context, in *struct {
			On
			ID string `path:"id"`
		},
		) (done, error) {
			s, err := a.site(ctx, in.Site)
			if err != nil {
				return done{}, err
			}
			return done{act.told}, act.do(ctx, s, in.ID, author(ctx))
		})
	}
}
