package settings

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"palisade.dev/backend/arrival"
	"palisade.dev/backend/network"
	"palisade.dev/backend/retention"
	"palisade.dev/console/page"
)

// Installation is what the environment and the configuration file say of the whole, for people to look at.
type Installation struct {
	Version  string
	File     string // the configuration file; "" is none
	Data     string
	Listen   string   // where the console listens
	Proxies  []string // whose word is taken for who opens the console
	URL      string   // PALISADE_URL: where people reach it
	Database string   // SQLite or PostgreSQL, and where
	Mail     string   // the server and who mails come from; "" is none
	Networks func() []network.Status
}

// whole is the page.
type whole struct {
	Installation
	Size     int64
	Days     int
	Lists    int
	Failing  int
	Oldest   int64 // unix milliseconds: of the list that was confirmed longest ago
	Prefixes int
	Sites    int
	You      arrival.Arrival // how the request for the page came
	Kept     retention.Kept
	Damaged  bool // what was said of it cannot be read
	Form     form // for how long events are to be kept
}

func (s *Settings) installation(r *page.Request) error { return s.whole(r, http.StatusOK, form{}) }

func (s *Settings) whole(r *page.Request, status int, f form) error {
	w := whole{Installation: s.Here, You: arrival.Of(r.Request), Form: f}
	var err error
	w.Kept, err = s.Retention.Get(r.Context())
	if w.Damaged = errors.Is(err, retention.ErrDamaged); err != nil && !w.Damaged {
		return err
	}
	if f.ID == "" {
		w.Form = filled("retention", url.Values{"days": {strconv.Itoa(w.Kept.Days)}})
	}
	if w.Size, err = s.DB.Size(r.Context()); err != nil {
		return err
	}
	days, err := s.DB.EventDays(r.Context())
	if err != nil {
		return err
	}
	sites, err := s.DB.Sites(r.Context())
	if err != nil {
		return err
	}
	w.Days, w.Sites = len(days), len(sites)
	if s.Here.Networks != nil {
		for _, l := range s.Here.Networks() {
			w.Lists++
			w.Prefixes += l.Prefixes
			if l.LastError != "" {
				w.Failing++
			}
			if at := r.Now.Add(-l.Age).UnixMilli(); !l.Date.IsZero() && (w.Oldest == 0 || at < w.Oldest) {
				w.Oldest = at
			}
		}
	}
	return r.Render(status, pages, "installation.html", "Settings", w)
}

// jsonOf is a thing as the store keeps it.
func jsonOf(v any) (json.RawMessage, error) { return json.Marshal(v) }
