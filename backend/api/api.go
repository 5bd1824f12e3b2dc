// Package api is the people's side of the back end: /api/v1, of which the command line and the console are clients, with
// an OpenAPI 3.1 document of itself at /api/v1/openapi.json.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/backend/appeal"
	"palisade.dev/backend/ban"
	"palisade.dev/backend/client"
	"palisade.dev/backend/detect"
	"palisade.dev/backend/entry"
	"palisade.dev/backend/event"
	"palisade.dev/backend/feed"
	"palisade.dev/backend/finding"
	"palisade.dev/backend/lever"
	"palisade.dev/backend/network"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/people"
	"palisade.dev/backend/retention"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/site"
	"palisade.dev/backend/trap"
	"palisade.dev/backend/watch"
	"palisade.dev/guard/engine"
	"palisade.dev/store"
)

// Parts are what the API is a door to.
type Parts struct {
	DB         *store.DB
	Sites      *site.Sites
	Bans       *ban.Bans
	Levers     *lever.Levers
	Feed       *feed.Feed
	Events     *event.Log
	Search     *event.Search
	Rules      *rule.Rules
	Clients    *client.Clients
	Entry      *entry.Entry
	People     *people.People
	Findings   *finding.Findings
	Detections *detect.Detections
	Watch      *watch.Watch
	Owner      func(store.Site) string // what proves that a target is a site's
	Alerts     *alert.Alerts
	Appeals    *appeal.Appeals
	Rand       io.Reader
	Networks   Networks
	Desk       *desk.Desk
	Traps      *trap.Traps
	Retention  *retention.Retention
	Version    string
	Now        func() time.Time
	ID         func() string
	Log        *slog.Logger

	// Actor says who makes a request, or why it is nobody. Operator is told the address of one who steers.
	Actor    func(*http.Request) (access.Actor, error)
	Operator func(remote string)
}

// Networks is what the API shows of network lists.
type Networks interface {
	Status() []network.Status
	Lookup(a netip.Addr) []network.Match
	Refresh(ctx context.Context, name string, anySize bool) error
	AtHand() []engine.NetworkList
}

type api struct {
	Parts
	huma huma.API
}

// New makes the handler; it answers below /api/v1/.
func New(p Parts) http.Handler {
	mux := http.NewServeMux()
	c := huma.DefaultConfig("Palisade", p.Version)
	c.DocsPath = "" // its page would load a script from elsewhere
	c.OpenAPIPath = "/api/v1/openapi"
	c.SchemasPath = "/api/v1/schemas"
	c.Components.Schemas = schemas()
	c.CreateHooks = nil // no $schema fields in answers
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
	c.Security = []map[string][]string{{"token": {}}}
	a := &api{Parts: p, huma: humago.New(mux, c)}
	a.sites()
	a.rules()
	a.lists()
	a.levers()
	a.networks()
	a.traps()
	a.events()
	a.status()
	a.audit()
	a.alerts()
	a.people()
	a.findings()
	a.detections()
	a.monitors()
	a.settings()
	a.retention()
	a.appeals()
	mux.HandleFunc("GET /api/v1/sites/{site}/tail", func(w http.ResponseWriter, r *http.Request) {
		a.tail(w, r.WithContext(context.WithValue(r.Context(), needKey{}, on(access.See))))
	})
	return a.guarded(mux)
}

// guarded lets in who has a token, and nobody's page in another tab.
func (a *api) guarded(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	return cross.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		actor, err := a.Actor(r)
		if err != nil {
			a.stranger(w, err)
			return
		}
		if actor.Steers() {
			a.Operator(r.RemoteAddr)
		}
		next.ServeHTTP(w, r.WithContext(access.With(r.Context(), actor)))
	}))
}

// stranger answers who has no token that works.
func (a *api) stranger(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	fault := huma.Error401Unauthorized("a token is needed: make one in the console under Your account; the operator's is in the file operator.token of the data folder")
	switch {
	case !errors.Is(err, people.ErrUnauthorized):
		a.Log.Error("finding out who asks", "err", err)
		fault = huma.Error500InternalServerError("who asks could not be found out now; try again in a moment")
	case err != people.ErrUnauthorized: //nolint:errorlint // the bare one says nothing more
		fault = huma.Error401Unauthorized(err.Error())
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="palisade"`)
	w.WriteHeader(fault.GetStatus())
	body, err := json.Marshal(fault)
	if err == nil {
		_, _ = w.Write(append(body, '\n'))
	}
}

// author is who changes something, as lists and the audit log name them.
func author(ctx context.Context) string { return access.Of(ctx).Name }

// need is what an operation asks of who calls it.
type need struct {
	permission access.Permission
	everywhere bool // it concerns the whole installation
}

func on(p access.Permission) need         { return need{permission: p} }
func everywhere(p access.Permission) need { return need{permission: p, everywhere: true} }

// anyone who is let in at all.
var anyone need

type needKey struct{}

// fault gives an error its status. What went wrong inside is for the log.
func (a *api) fault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound(err.Error())
	case errors.Is(err, store.ErrConflict), errors.Is(err, people.ErrLastOwner), errors.Is(err, ban.ErrOperator), errors.Is(err, retention.ErrUnconfirmed), errors.Is(err, store.ErrTampered):
		return huma.Error409Conflict(err.Error())
	case errors.Is(err, access.ErrForbidden):
		return huma.Error403Forbidden(err.Error())
	case errors.Is(err, rule.ErrInvalid), errors.Is(err, alert.ErrInvalid), errors.Is(err, appeal.ErrInvalid), errors.Is(err, client.ErrInvalid), errors.Is(err, ban.ErrInvalid), errors.Is(err, lever.ErrInvalid), errors.Is(err, site.ErrInvalid), errors.Is(err, people.ErrInvalid), errors.Is(err, desk.ErrInvalid), errors.Is(err, trap.ErrInvalid), errors.Is(err, retention.ErrInvalid), errors.Is(err, errInvalid):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, event.ErrQuery):
		return huma.Error422UnprocessableEntity(err.Error())
	case errors.Is(err, context.Canceled):
		return huma.NewError(499, "the client left")
	}
	a.Log.Error("an API request failed", "err", err)
	return huma.Error500InternalServerError("that could not be done now; the log of the back end says why")
}

var errInvalid = errors.New("invalid")

// On is the site that a path names. It is exported because the library fills only exported fields.
type On struct {
	Site string `path:"site" doc:"name of the site"`
}

// site finds the site that a path names, if the caller may do there what the operation needs. One that the caller does
// not see is as if it were not there.
func (a *api) site(ctx context.Context, name string) (store.Site, error) {
	n, ok := ctx.Value(needKey{}).(need)
	if !ok || n.permission == 0 {
		panic("an operation on a site was registered without the permission it needs")
	}
	s, err := a.DB.SiteByName(ctx, name)
	if err != nil {
		return store.Site{}, err
	}
	if !access.Of(ctx).May(s.ID, access.See) {
		return store.Site{}, fmt.Errorf("%w: site %s", store.ErrNotFound, name)
	}
	return s, access.Check(ctx, s.ID, n.permission)
}

// out wraps an answer's body.
type out[T any] struct{ Body T }

// op registers an operation.
func op[I, O any](a *api, n need, method, path, id, summary string, f func(context.Context, *I) (O, error)) {
	huma.Register(a.huma, huma.Operation{
		OperationID: id, Method: method, Path: "/api/v1" + path, Summary: summary, MaxBodyBytes: 1 << 20,
		Errors: []int{401, 403, 404, 409, 422, 500},
	}, func(ctx context.Context, in *I) (*out[O], error) {
		if n.everywhere {
			if err := access.Check(ctx, access.Everywhere, n.permission); err != nil {
				return nil, a.fault(err)
			}
		}
		body, err := f(context.WithValue(ctx, needKey{}, n), in)
		if err != nil {
			return nil, a.fault(err)
		}
		return &out[O]{body}, nil
	})
}

// done is the answer where there is nothing else to say.
type done struct {
	Done string `json:"done"`
}

func duration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := engine.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errInvalid, err)
	}
	return d, nil
}
