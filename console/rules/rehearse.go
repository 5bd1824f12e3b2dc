package rules

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/veil"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

// span reads how far back a rehearsal looks.
func span(text string) (time.Duration, string, error) {
	switch cmp.Or(text, "24h") {
	case "1h":
		return time.Hour, "hour", nil
	case "24h":
		return 24 * time.Hour, "24 hours", nil
	case "7d":
		return 7 * 24 * time.Hour, "7 days", nil
	}
	return 0, "", page.Refuse(http.StatusUnprocessableEntity, "For how far back: want 1h, 24h or 7d.")
}

// stage is what a rehearsal's page shows.
type stage struct {
	Name     string // in the address
	Title    string // of the rule
	Kept     *rule.State
	Job      *rehearse.Job
	Says     sentence
	YAML     string
	Span     string
	Percent  int
	Is       bool  // the rule as rehearsed is the one that is kept, but for its mode
	Ended    int64 // unix milliseconds
	LookedAt int   // per cent of what is stored
}

// Events leads to the events of a client.
func (stage) Events(client string) string {
	if strings.Contains(client, "/") || veil.MarkedNet(client) {
		return "?network=" + url.QueryEscape(client)
	}
	return "?address=" + url.QueryEscape(client)
}

// Own is whether the rule can be switched from here.
func (s stage) Own() bool { return s.Kept == nil || s.Kept.Source != store.SourceFile }

// stage offers to rehearse a rule, and shows the newest rehearsal of it that is still known.
func (p *Pages) stage(r *page.Request) error {
	name := r.PathValue("name")
	if name == unborn {
		return r.Redirect(r.Path("rules", unborn))
	}
	s, err := p.Rules.Get(r.Context(), r.Here, name)
	if err != nil {
		return err
	}
	v := stage{Name: name, Title: name, Kept: &s, Says: sentence(s.Says)}
	if j, ok := p.Rules.Under(r.Here, name); ok {
		return r.Redirect(r.Path("rules", name, "rehearse", j.ID))
	}
	return r.Render(http.StatusOK, pages, "rehearse.html", "Rehearsal of "+name, v)
}

// rehearse begins one of the rule as it is kept.
func (p *Pages) rehearse(r *page.Request) error {
	name := r.PathValue("name")
	back, _, err := span(r.PostForm.Get("back"))
	if err != nil {
		return err
	}
	s, err := p.Rules.Get(r.Context(), r.Here, name)
	if err != nil {
		return err
	}
	j, err := p.Rules.Begin(r.Context(), r.Here, s.Rule, back, r.Author(), s.Version)
	if errors.Is(err, rehearse.ErrBusy) {
		return r.Sorry(r.Path("rules", name), "%s", page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	return r.Redirect(r.Path("rules", name, "rehearse", j.ID))
}

// rehearsal shows how far one is, and what came of it. While it runs, the page asks again by itself.
func (p *Pages) rehearsal(r *page.Request) error {
	name := r.PathValue("name")
	j, ok := p.Rules.Desk.Job(r.Here.ID, r.PathValue("id"))
	if !ok || name != j.Rule.Name && name != unborn {
		return page.Refuse(http.StatusNotFound, "This rehearsal is no longer known: its result is kept for two hours, and not over a restart. Rehearse the rule again.")
	}
	v := stage{Name: name, Title: j.Rule.Name, Job: &j, Says: sentence(rule.Sentence(j.Rule))}
	draft := j.Rule
	draft.Mode, draft.Source = "", ""
	v.YAML = rule.YAML(draft)
	v.Span = map[time.Duration]string{time.Hour: "hour", 24 * time.Hour: "24 hours", 7 * 24 * time.Hour: "7 days"}[j.Back]
	if s, err := p.Rules.Get(r.Context(), r.Here, j.Rule.Name); err == nil {
		v.Kept = &s
		v.Is = rule.Same(s.Rule) == j.Same
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if j.Stored > 0 {
		v.Percent = min(100*j.Progress.Requests/j.Stored, 99)
		v.LookedAt = min(100*j.Report.Requests/j.Stored, 100)
	}
	v.Ended = j.Ended.UnixMilli()
	if !j.Done {
		r.W.Header().Set("Refresh", "1")
	}
	return r.Render(http.StatusOK, pages, "rehearse.html", "Rehearsal of "+j.Rule.Name, v)
}
