// Package detections shows attacks that were detected: what goes on, with the numbers it stands on, who and what asks, and what
// can be done about it with one press; and what people said of those that are over.
package detections

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/detect"
	"palisade.dev/backend/feed"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Room holds the pages.
type Room struct {
	DB         *store.DB
	Detections *detect.Detections
	Feed       *feed.Feed
}

// Routes are its pages.
func (x *Room) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /s/{site}/detections", Need: access.See, Handle: x.list},
		{Pattern: "GET /s/{site}/detections/{id}", Need: access.See, Handle: x.show},
		{Pattern: "POST /s/{site}/detections/{id}", Need: access.Respond, Handle: x.answer},
	}
}

type list struct {
	Open    []store.Detection
	All     []store.Detection
	Next    string
	Recipes []detect.Recipe
}

// perPage is how many the list shows at once.
const perPage = 50

func (x *Room) list(r *page.Request) error {
	var l list
	var err error
	before := page.Cut(r.URL.Query().Get("before"), 64)
	if before == "" {
		if l.Open, err = x.DB.OpenDetections(r.Context(), r.Here.ID, 10*detect.MostOpen); err != nil {
			return err
		}
	}
	all, err := x.DB.Detections(r.Context(), r.Here.ID, before, perPage)
	if err != nil {
		return err
	}
	if len(all) == perPage {
		l.Next = all[perPage-1].ID
	}
	for _, d := range all {
		if d.Ended != 0 {
			l.All = append(l.All, d)
		}
	}
	l.Recipes = x.Detections.Recipes
	return r.Render(http.StatusOK, pages, "list.html", "Detections", l)
}

type one struct {
	store.Detection
	Evidence detect.Evidence
	Recipe   *detect.Recipe // nil where this program knows it no more
	Who      string         // link to the client page of whoever it is about
	Close    string         // what a lever would close: the named route, or what was asked for
	Lever    string         // link to close the route it is about
	Known    string         // link to let only known users in there
	Share    int            // percent that did not come to what it was for
}

func (x *Room) show(r *page.Request) error {
	d, err := x.DB.Detection(r.Context(), r.Here.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	o := one{Detection: d, Recipe: x.Detections.Recipe(d.Recipe)}
	if o.Evidence, err = detect.ReadEvidence(d); err != nil {
		return err
	}
	if e := o.Evidence; e.Acts > 0 {
		o.Share = int(100 * (e.Failed + e.Refused) / e.Acts)
	}
	if d.Subject != "" {
		o.Who = r.Path("client") + "?" + url.Values{"subject": {d.Subject}}.Encode()
	}
	if d.Route != "" {
		if o.Close, err = x.closes(r, d.Route, o.Evidence.Examples); err != nil {
			return err
		}
		lever := func(position string) string {
			return r.Path("levers", "confirm") + "?" + url.Values{"match": {o.Close}, "position": {position}, "for": {"1h"}}.Encode()
		}
		o.Lever, o.Known = lever("closed"), lever("known")
	}
	return r.Render(http.StatusOK, pages, "detection.html", "Detection", o)
}

// closes is what a lever has to be moved of: events name the path, and a named route has all the spellings of it.
func (x *Room) closes(r *page.Request, path string, examples []wire.Event) (string, error) {
	match := path
	if len(examples) > 0 && !strings.HasPrefix(path, "@") {
		match = examples[0].Method + " " + path
	}
	p, err := x.Feed.Outline(r.Context(), r.Here)
	if err != nil {
		return "", err
	}
	for _, named := range p.Routes {
		if named.Name != "" && slices.Contains(named.Match, match) {
			return "@" + named.Name, nil
		}
	}
	return match, nil
}

func (x *Room) answer(r *page.Request) error {
	id := r.PathValue("id")
	err := x.Detections.Answer(r.Context(), r.Here.ID, id, r.PostForm.Get("answer"), strings.TrimSpace(r.PostForm.Get("reason")), r.Author())
	if errors.Is(err, detect.ErrInvalid) {
		return r.Sorry(r.Path("detections", id), "%s", page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	if r.PostForm.Get("answer") == detect.Harmless {
		return r.Done(r.Path("detections"), "Noted as harmless. The same is not told again for 30 days.")
	}
	return r.Done(r.Path("detections"), "Noted as handled. If it goes on for more than an hour it is told again.")
}
