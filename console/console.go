// Package console is what people see: pages rendered on the server, which work without script, with small scripts that
// keep them live. This file puts the rooms together; package page is the frame round all of them.
package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

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
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/people"
	"palisade.dev/backend/retention"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/site"
	"palisade.dev/backend/trap"
	"palisade.dev/backend/watch"
	"palisade.dev/console/account"
	"palisade.dev/console/alerts"
	appeals "palisade.dev/console/appeal"
	"palisade.dev/console/asset"
	"palisade.dev/console/detections"
	"palisade.dev/console/door"
	"palisade.dev/console/findings"
	"palisade.dev/console/monitors"
	"palisade.dev/console/networks"
	"palisade.dev/console/page"
	members "palisade.dev/console/people"
	"palisade.dev/console/rules"
	"palisade.dev/console/settings"
	"palisade.dev/console/steer"
	"palisade.dev/console/traffic"
	"palisade.dev/store"
)

// Parts are what the console shows and steers.
type Parts struct {
	DB         *store.DB
	Events     *event.Log
	Search     *event.Search
	Bans       *ban.Bans
	Levers     *lever.Levers
	Feed       *feed.Feed
	Clients    *client.Clients
	Alerts     *alert.Alerts
	Appeals    *appeal.Appeals
	Sites      *site.Sites
	Rules      *rule.Rules
	Desk       *desk.Desk
	Traps      *trap.Traps
	Retention  *retention.Retention
	Rand       io.Reader // for secrets
	Here       settings.Installation
	Entry      *entry.Entry
	People     *people.People
	Findings   *finding.Findings
	Detections *detect.Detections
	Watch      *watch.Watch
	Docs       func(check string) (string, bool) // a check's page in Markdown
	Owner      func(store.Site) string           // what proves that a target is a site's
	Public     string                            // where people open the console; "": wherever they ask
	Operator   func(token string) bool           // whether a token is the operator's
	Seen       func(remote string)               // told from where somebody steers, so that no ban holds them
	Key        []byte                            // signs what is told on the next page
	ID         func() string
	Now        func() time.Time
	Log        *slog.Logger
}

// New makes the handler.
func New(p Parts) http.Handler {
	page.Parse()
	d := &door.Door{People: p.People, Entry: p.Entry, Operator: p.Operator, Public: p.Public}
	f := &page.Frame{
		Who: func(r *http.Request) (page.Person, bool, error) {
			who, ok, err := d.Who(r)
			if ok && who.Actor.Steers() {
				p.Seen(r.RemoteAddr)
			}
			return who, ok, err
		},
		Site: p.DB.SiteByName, Sites: func(ctx context.Context) ([]store.Site, error) { return p.DB.Sites(ctx) },
		Fault: fault, Public: p.Public, Now: p.Now, Key: p.Key, Log: p.Log,
	}
	mux := http.NewServeMux()
	mux.Handle("/asset/", asset.Handler())
	mux.Handle("/", f.Handler(routes(d, p)))
	return mux
}

// Routes lists every page, with who may open it.
func Routes(p Parts) []page.Route { return routes(&door.Door{}, p) }

func routes(d *door.Door, p Parts) []page.Route {
	t := &traffic.Traffic{DB: p.DB, Events: p.Events, Search: p.Search, Clients: p.Clients, Desk: p.Desk, Now: p.Now}
	s := &steer.Steer{DB: p.DB, Bans: p.Bans, Levers: p.Levers, Feed: p.Feed, Clients: p.Clients, ID: p.ID, Now: p.Now}
	a := &account.Account{Door: d, People: p.People, Entry: p.Entry}
	m := &members.Room{Door: d, People: p.People}
	set := &settings.Settings{DB: p.DB, Sites: p.Sites, Rules: p.Rules, Feed: p.Feed, Search: p.Search, Here: p.Here, Retention: p.Retention, Now: p.Now}
	hear := &appeals.Appeal{DB: p.DB, Appeals: p.Appeals, URL: p.Here.URL}
	told := &alerts.Alerts{Alerts: p.Alerts, DB: p.DB, Rand: p.Rand}
	nets := &networks.Networks{Desk: p.Desk, Traps: p.Traps}
	again := &monitors.Room{DB: p.DB, Watch: p.Watch, Findings: p.Findings, Owner: p.Owner}
	fault := &findings.Room{DB: p.DB, Findings: p.Findings, Docs: p.Docs}
	attacks := &detections.Room{DB: p.DB, Detections: p.Detections, Feed: p.Feed}
	var all []page.Route
	for _, some := range [][]page.Route{d.Routes(), a.Routes(), m.Routes(), fault.Routes(), attacks.Routes(), again.Routes(), t.Routes(), s.Routes(), (&rules.Pages{Rules: p.Rules}).Routes(), set.Routes(), hear.Routes()} {
		all = append(all, some...)
	}
	all = append(all, told.Routes()...)
	all = append(all, nets.Routes()...)
	return all
}

// fault gives an error of the back end its status and what a person is told.
func fault(err error) (int, string) {
	switch {
	case errors.Is(err, people.ErrUnauthorized):
		return http.StatusUnauthorized, "You are not signed in, or no longer"
	case errors.Is(err, access.ErrForbidden), errors.Is(err, people.ErrStale):
		return http.StatusForbidden, err.Error()
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, err.Error()
	case errors.Is(err, store.ErrConflict), errors.Is(err, ban.ErrOperator), errors.Is(err, people.ErrLastOwner), errors.Is(err, people.ErrLastWay):
		return http.StatusConflict, err.Error()
	case errors.Is(err, alert.ErrInvalid), errors.Is(err, appeal.ErrInvalid), errors.Is(err, ban.ErrInvalid), errors.Is(err, lever.ErrInvalid), errors.Is(err, rule.ErrInvalid), errors.Is(err, client.ErrInvalid),
		errors.Is(err, site.ErrInvalid), errors.Is(err, people.ErrInvalid), errors.Is(err, finding.ErrInvalid), errors.Is(err, detect.ErrInvalid), errors.Is(err, watch.ErrInvalid), errors.Is(err, desk.ErrInvalid), errors.Is(err, trap.ErrInvalid), errors.Is(err, event.ErrQuery):
		return http.StatusUnprocessableEntity, err.Error()
	}
	return http.StatusInternalServerError, "That could not be done now. Try again in a moment; the log of the back end says why."
}
