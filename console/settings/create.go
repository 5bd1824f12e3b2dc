package settings

import (
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/backend/feed"
	"palisade.dev/backend/site"
	"palisade.dev/console/page"
)

// making is the page for a new site.
type making struct {
	Form  form
	Zones []string
}

// zones are offered; any other of the database of zones can be typed.
var zones = []string{
	"UTC", "Europe/Berlin", "Europe/London", "Europe/Madrid", "Europe/Warsaw", "America/New_York", "America/Chicago", "America/Los_Angeles",
	"America/Sao_Paulo", "Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney",
}

func (s *Settings) draft(r *page.Request) error {
	f := filled("new", url.Values{"environment": {"prod"}, "zone": {"UTC"}, "web_facing": {"yes"}, "app": {"127.0.0.1:4000"}})
	return r.Render(http.StatusOK, pages, "new.html", "A new site", making{f, zones})
}

// create makes a site and its first key, and leads to the page that says how to protect it.
func (s *Settings) create(r *page.Request) error {
	f := typed("new", r)
	facts := factsOf(r)
	facts.Name = strings.TrimSpace(r.PostForm.Get("name"))
	at := wanted{App: r.PostForm.Get("app"), Host: r.PostForm.Get("host")}
	if name, text := at.check(); name != "" {
		f = f.wrong(name, text)
	}
	if name, err := field(&facts); err != nil {
		f = f.wrong(name, plain(err))
	}
	if f.faults != nil {
		return r.Render(unprocessable, pages, "new.html", "A new site", making{f, zones})
	}
	made, err := s.Sites.Create(r.Context(), facts, feed.Settings{Defaults: true}, r.Author())
	if faulty(err) { // the only conflict there can be
		return r.Render(unprocessable, pages, "new.html", "A new site", making{f.wrong("name", "there is a site of this name already; take another"), zones})
	}
	if err != nil {
		return err
	}
	key, kept, err := s.Sites.AddKey(r.Context(), made.ID, "first", r.Author())
	if err != nil {
		return err
	}
	s.once.Keep(r, kept.ID, made.ID, key.String())
	q := url.Values{"key": {kept.ID}, "app": {at.App}, "host": {at.Host}}
	return r.Done("/s/"+url.PathEscape(made.Name)+"/protect?"+q.Encode(), "Site %s is made, with the default rules.", made.Name)
}

// factsOf reads what both forms say of a site.
func factsOf(r *page.Request) site.Facts {
	v := r.PostForm
	return site.Facts{
		Environment: strings.TrimSpace(v.Get("environment")), Zone: strings.TrimSpace(v.Get("zone")),
		WebFacing: v.Get("web_facing") != "", PersonalData: v.Get("personal_data") != "",
	}
}

// field checks facts and tells which of them a fault is of.
func field(f *site.Facts) (string, error) {
	err := f.Check()
	if err == nil {
		return "", nil
	}
	for _, name := range []string{"environment", "zone"} {
		if strings.HasPrefix(plain(err), name+" ") {
			return name, err
		}
	}
	return "name", err
}
