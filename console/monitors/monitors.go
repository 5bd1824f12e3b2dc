// Package monitors shows the scans that are run again and again on a site, lets people add, run and pause them, and says how a
// target is shown to be theirs.
package monitors

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/finding"
	"palisade.dev/backend/watch"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Room holds the pages.
type Room struct {
	DB    *store.DB
	Watch *watch.Watch
	// Findings has the reports in which a change of a target is seen; without it none is shown.
	Findings *finding.Findings
	Owner    func(store.Site) string // what proves that a target is a site's
}

// Routes are its pages.
func (x *Room) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /s/{site}/monitors", Need: access.See, Handle: x.list},
		{Pattern: "GET /s/{site}/monitors/{id}", Need: access.See, Handle: x.one},
		{Pattern: "POST /s/{site}/monitors", Need: access.Change, Handle: x.add},
		{Pattern: "POST /s/{site}/monitors/{id}/run", Need: access.Change, Handle: x.act((*watch.Watch).Go, "It runs within seconds; what it finds is under Findings.")},
		{Pattern: "POST /s/{site}/monitors/{id}/pause", Need: access.Change, Handle: x.act((*watch.Watch).Pause, "It is paused.")},
		{Pattern: "POST /s/{site}/monitors/{id}/delete", Need: access.Change, Handle: x.act((*watch.Watch).Delete, "It is deleted. What it found stays.")},
	}
}

type list struct {
	Monitors []store.Monitor
	Kinds    []string
	Token    string
	Typed    map[string]string
	Fault    string
}

func (x *Room) list(r *page.Request) error {
	return x.render(r, http.StatusOK, map[string]string{"schedule": "1d", "mode": "passive"}, "")
}

func (x *Room) render(r *page.Request, status int, typed map[string]string, fault string) error {
	all, err := x.DB.Monitors(r.Context(), r.Here.ID)
	if err != nil {
		return err
	}
	l := list{Monitors: all, Kinds: x.Watch.Kinds(), Typed: typed, Fault: fault}
	if r.Person.Actor.May(r.Here.ID, access.Change) {
		l.Token = x.Owner(r.Here)
	}
	return r.Render(status, pages, "monitors.html", "Monitors", l)
}

func (x *Room) add(r *page.Request) error {
	typed := map[string]string{}
	for _, name := range []string{"kind", "target", "spec", "mode", "identities", "schedule", "ports"} {
		typed[name] = strings.TrimSpace(r.PostForm.Get(name))
	}
	settings := map[string]any{}
	if typed["kind"] == "exposure" {
		settings["hosts"] = strings.FieldsFunc(typed["target"], func(c rune) bool { return c == ' ' || c == ',' || c == '\n' || c == '\r' })
		settings["mode"] = typed["mode"]
	} else {
		settings["url"], settings["mode"] = typed["target"], typed["mode"]
		if typed["spec"] != "" {
			settings["spec"] = typed["spec"]
		}
		if who := strings.Fields(typed["identities"]); len(who) > 0 {
			settings["identities"] = who
		}
	}
	raw, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	_, err = x.Watch.Add(r.Context(), r.Here, watch.Draft{Kind: typed["kind"], Schedule: typed["schedule"], Settings: raw}, r.Author())
	if errors.Is(err, watch.ErrInvalid) || errors.Is(err, store.ErrConflict) {
		return x.render(r, http.StatusUnprocessableEntity, typed, page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	return r.Done(r.Path("monitors"), "It runs within seconds, and then as its schedule says.")
}

func (x *Room) act(do func(*watch.Watch, context.Context, store.Site, string, string) error, told string) func(*page.Request) error {
	return func(r *page.Request) error {
		if err := do(x.Watch, r.Context(), r.Here, r.PathValue("id"), r.Author()); err != nil {
			return err
		}
		return r.Done(r.Path("monitors"), "%s", told)
	}
}
