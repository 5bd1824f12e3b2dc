// Package alerts holds the pages that say who is told of what: channels, made and changed by form, a button that tries each,
// and the log of what was sent and what came back. An address or a secret that lets others post in our name is shown once, to
// who made it.
package alerts

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/alert"
	"palisade.dev/console/page"
	"palisade.dev/guard/engine"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Alerts shows and changes channels.
type Alerts struct {
	Alerts *alert.Alerts
	DB     *store.DB
	Rand   io.Reader // for secrets to sign with
	once   page.Once
}

// Routes are its pages. Channels hear of all sites, so they are for who may change all.
func (a *Alerts) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /alerts", Need: access.Change, Handle: a.list},
		{Pattern: "GET /alerts/new", Need: access.Change, Handle: a.begin},
		{Pattern: "POST /alerts/new", Need: access.Change, Handle: a.add},
		{Pattern: "GET /alerts/{id}", Need: access.Change, Handle: a.channel},
		{Pattern: "POST /alerts/{id}", Need: access.Change, Handle: a.change},
		{Pattern: "POST /alerts/{id}/test", Need: access.Change, Handle: a.test},
		{Pattern: "POST /alerts/{id}/mute", Need: access.Change, Handle: a.mute},
		{Pattern: "POST /alerts/{id}/secret", Need: access.Change, Handle: a.rotate},
		{Pattern: "POST /alerts/{id}/delete", Need: access.Change, Handle: a.remove},
	}
}

const perPage = 50

// line is a channel in the list.
type line struct {
	alert.Channel
	To    string
	Sites []string
}

// sent is a delivery in the log.
type sent struct {
	store.AlertDelivery
	Name string // of its channel, while there is one
}

type told struct {
	Channels []line
	Sent     []sent
	Next     string
	Only     string // the channel whose log it is
	NoMail   bool
}

func (a *Alerts) list(r *page.Request) error {
	channels, err := a.Alerts.Channels(r.Context())
	if err != nil {
		return err
	}
	sites, err := a.names(r)
	if err != nil {
		return err
	}
	v := told{NoMail: !slices.Contains(a.Alerts.Media(), "email")}
	names := map[string]string{}
	for _, c := range channels {
		l := line{Channel: c, To: to(c)}
		for _, id := range c.Hears.Sites {
			if name := sites[id]; name != "" {
				l.Sites = append(l.Sites, name)
			}
		}
		names[c.ID] = c.Name
		v.Channels = append(v.Channels, l)
	}
	only := r.FormValue("channel")
	v.Only = names[only]
	log, err := a.Alerts.Log(r.Context(), only, r.FormValue("after"), perPage)
	if err != nil {
		return err
	}
	for _, d := range log {
		v.Sent = append(v.Sent, sent{d, names[d.Channel]})
	}
	if len(log) == perPage {
		v.Next = log[perPage-1].ID
	}
	return r.Render(http.StatusOK, pages, "alerts.html", "Alerts", v)
}

// to says where a channel leads, as far as it may be shown.
func to(c alert.Channel) string {
	var s struct {
		URL string   `json:"url"`
		To  []string `json:"to"`
	}
	if json.Unmarshal(c.Settings, &s) != nil {
		return ""
	}
	return s.URL + strings.Join(s.To, ", ")
}

func (a *Alerts) names(r *page.Request) (map[string]string, error) {
	sites, err := a.DB.Sites(r.Context())
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, s := range sites {
		names[s.ID] = s.Name
	}
	return names, nil
}

// media are what a form calls the kinds of channels.
var media = map[string]string{"slack": "Slack", "email": "Mail", "webhook": "Webhook"}

// choice is a box to tick.
type choice struct {
	Value, Text string
	On          bool
}

// form is a channel as it is being typed.
type form struct {
	Kind, Medium string
	Name, URL    string
	Mail         string
	Severity     string
	Hears        []choice
	Sites        []choice
	Channel      *alert.Channel // that is changed; none: a new one
	Now          string         // where it leads now, as far as it may be shown
	Rotating     bool
	Secret       string // that was just made
	Faults       map[string]string
}

// Severities are the levels from which a channel may hear.
func (form) Severities() []choice {
	return []choice{
		{"info", "everything", false},
		{"low", "low: look when there is time", false},
		{"medium", "medium: look today", false},
		{"high", "high: look now", false},
		{"critical", "critical: a site stands open", false},
	}
}

// words are kinds of alerts in plain words. Kinds that are told by what is not built yet have none and are not offered.
var words = map[alert.Kind]string{
	alert.Ban: "somebody is banned", alert.Lever: "a route is closed, or open again", alert.Trap: "a trap is touched",
	alert.GuardGone: "a guard is lost", alert.GuardHere: "a guard is back", alert.Rehearsal: "what rehearsed rules would have done",
	alert.Appeal: "somebody who is banned says that it is a mistake",
}

// boxes ticks what a channel hears. One that hears everything has all boxes ticked.
func (a *Alerts) boxes(r *page.Request, f *form, h alert.Hears) error {
	f.Severity = h.Severity.String()
	f.Hears = nil
	for _, k := range alert.Kinds {
		if words[k] != "" {
			f.Hears = append(f.Hears, choice{string(k), words[k], len(h.Kinds) == 0 || slices.Contains(h.Kinds, k)})
		}
	}
	sites, err := a.DB.Sites(r.Context())
	if err != nil {
		return err
	}
	f.Sites = nil
	for _, s := range sites {
		f.Sites = append(f.Sites, choice{s.ID, s.Name, len(h.Sites) == 0 || slices.Contains(h.Sites, s.ID)})
	}
	return nil
}

func (a *Alerts) begin(r *page.Request) error {
	kind := r.FormValue("kind")
	if !slices.Contains(a.Alerts.Media(), kind) || media[kind] == "" {
		return page.Refuse(http.StatusNotFound, "There is no such kind of channel here. Mail needs a server: PALISADE_SMTP names it.")
	}
	f := form{Kind: kind, Medium: media[kind]}
	if err := a.boxes(r, &f, alert.Hears{}); err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "channel.html", "New "+f.Medium+" channel", f)
}

// read takes what was typed, and gives it back as a form too, so that none of it is lost.
func (a *Alerts) read(r *page.Request, kind string) (alert.Draft, form, error) {
	p := r.PostForm
	f := form{Kind: kind, Medium: media[kind], Name: p.Get("name"), URL: strings.TrimSpace(p.Get("url")), Mail: p.Get("to"), Severity: p.Get("severity"), Faults: map[string]string{}}
	d := alert.Draft{Kind: kind, Name: f.Name, Hears: alert.Hears{Sites: p["sites"]}}
	for _, k := range p["kinds"] {
		d.Hears.Kinds = append(d.Hears.Kinds, alert.Kind(k))
	}
	if err := d.Hears.Severity.UnmarshalText([]byte(f.Severity)); err != nil {
		f.Faults["severity"] = err.Error()
	}
	shown := d.Hears
	if err := a.boxes(r, &f, shown); err != nil {
		return d, f, err
	}
	// All boxes ticked is everything, what is added later included; none is a mistake.
	if n := len(f.Hears); len(d.Hears.Kinds) == n {
		d.Hears.Kinds = nil
	} else if len(d.Hears.Kinds) == 0 {
		f.Faults["kinds"] = "Choose at least one; a channel that is to be silent for a while can be muted."
		untick(f.Hears)
	}
	if n := len(f.Sites); n > 0 && len(d.Hears.Sites) == n {
		d.Hears.Sites = nil
	} else if n > 0 && len(d.Hears.Sites) == 0 {
		f.Faults["sites"] = "Choose at least one."
		untick(f.Sites)
	}
	settings := map[string]any{}
	if kind == "email" {
		settings["to"] = strings.FieldsFunc(f.Mail, func(c rune) bool { return c == '\n' || c == '\r' || c == ',' || c == ';' })
	} else if f.URL != "" {
		settings["url"] = f.URL
	}
	var err error
	d.Settings, err = json.Marshal(settings)
	return d, f, err
}

func untick(all []choice) {
	for i := range all {
		all[i].On = false
	}
}

// fields are what the back end calls a channel's parts, by what the form calls them.
var fields = []struct{ prefix, field string }{
	{"name: ", "name"}, {"url: ", "url"}, {"to: ", "to"}, {"hears.kinds: ", "kinds"}, {"hears.severity: ", "severity"}, {"hears: ", "kinds"},
}

// blame puts each line of a fault beside its field; what is about none stands at the top. It reports whether the person can
// mend it.
func (f *form) blame(err error) bool {
	if errors.Is(err, store.ErrConflict) {
		f.Faults["name"] = "Another channel is called so already."
		return true
	}
	if !errors.Is(err, alert.ErrInvalid) {
		return false
	}
	text := strings.TrimPrefix(err.Error(), alert.ErrInvalid.Error()+": ")
lines:
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		for _, x := range fields {
			if rest, ok := strings.CutPrefix(l, x.prefix); ok {
				f.Faults[x.field] = strings.TrimSpace(f.Faults[x.field] + " " + page.Sentence(rest))
				continue lines
			}
		}
		f.Faults["all"] = strings.TrimSpace(f.Faults["all"] + " " + page.Sentence(l))
	}
	return true
}

func (a *Alerts) add(r *page.Request) error {
	kind := r.PostForm.Get("kind")
	if media[kind] == "" {
		return page.Refuse(http.StatusUnprocessableEntity, "Want slack, email or webhook. Nothing was changed.")
	}
	d, f, err := a.read(r, kind)
	if err != nil {
		return err
	}
	if len(f.Faults) == 0 {
		made, secret, err := a.Alerts.OpenChannel(r.Context(), d, a.Rand)
		if err == nil {
			if secret != "" {
				a.once.Keep(r, made.ID, "alert secret", secret)
				return r.Done(channelPath(made.ID), "%s hears alerts from now on. Its secret is below; then send a test.", made.Name)
			}
			return r.Done(channelPath(made.ID), "%s hears alerts from now on. Send it a test.", made.Name)
		}
		if !f.blame(err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, pages, "channel.html", "New "+f.Medium+" channel", f)
}

func channelPath(id string) string { return "/alerts/" + url.PathEscape(id) }

func (a *Alerts) channel(r *page.Request) error {
	c, err := a.Alerts.Channel(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := form{Kind: c.Kind, Medium: media[c.Kind], Name: c.Name, Secret: a.once.Show(r, c.ID, "alert secret")}
	if c.Kind == "email" {
		f.Mail = strings.ReplaceAll(to(c), ", ", "\n")
	}
	if err := a.boxes(r, &f, c.Hears); err != nil {
		return err
	}
	f.about(c)
	return r.Render(http.StatusOK, pages, "channel.html", c.Name, f)
}

// about adds what is known of a channel that is changed.
func (f *form) about(c alert.Channel) {
	f.Channel, f.Now = &c, to(c)
	var s struct {
		Rotating bool `json:"rotating"`
	}
	if json.Unmarshal(c.Settings, &s) == nil {
		f.Rotating = s.Rotating
	}
}

func (a *Alerts) change(r *page.Request) error {
	c, err := a.Alerts.Channel(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	d, f, err := a.read(r, c.Kind)
	if err != nil {
		return err
	}
	if len(f.Faults) == 0 {
		changed, err := a.Alerts.ChangeChannel(r.Context(), c.ID, d)
		if err == nil {
			return r.Done(channelPath(c.ID), "%s is changed.", changed.Name)
		}
		if !f.blame(err) {
			return err
		}
	}
	f.about(c)
	return r.Render(http.StatusUnprocessableEntity, pages, "channel.html", c.Name, f)
}

// test sends a channel a test now and tells what the other side said.
func (a *Alerts) test(r *page.Request) error {
	id := r.PathValue("id")
	said, err := a.Alerts.Test(r.Context(), id, r.Author())
	back := "/alerts"
	if r.PostForm.Get("back") == "channel" {
		back = channelPath(id)
	}
	if errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil {
		return r.Sorry(back, "The test did not arrive: %s", err)
	}
	return r.Done(back, "The test arrived. The other side said: %s", said)
}

func (a *Alerts) mute(r *page.Request) error {
	id := r.PathValue("id")
	text := strings.TrimSpace(r.PostForm.Get("for"))
	var until time.Time
	if text != "" {
		d, err := engine.ParseDuration(text)
		if err != nil || d <= 0 {
			return page.Refuse(http.StatusUnprocessableEntity, "For %q: want a length such as 2h or 3d. Nothing was changed.", text)
		}
		until = r.Now.Add(d)
	}
	c, err := a.Alerts.MuteChannel(r.Context(), id, until)
	if err != nil {
		return err
	}
	if text == "" {
		return r.Done(channelPath(id), "%s speaks again.", c.Name)
	}
	return r.Done(channelPath(id), "%s is told nothing for %s. What already waits for it still arrives.", c.Name, text)
}

// rotate makes a webhook's new secret, or ends the time in which two are valid.
func (a *Alerts) rotate(r *page.Request) error {
	id := r.PathValue("id")
	if r.PostForm.Get("finish") != "" {
		c, err := a.Alerts.FinishRotation(r.Context(), id)
		if err != nil {
			return err
		}
		return r.Done(channelPath(id), "%s is signed with the new secret only.", c.Name)
	}
	_, secret, err := a.Alerts.RotateSecret(r.Context(), id, a.Rand)
	if err != nil {
		return err
	}
	a.once.Keep(r, id, "alert secret", secret)
	return r.Done(channelPath(id), "There is a new secret. Give it to the receiver; until you finish, messages are signed with both.")
}

func (a *Alerts) remove(r *page.Request) error {
	c, err := a.Alerts.Channel(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := a.Alerts.DeleteChannel(r.Context(), c.ID); err != nil {
		return err
	}
	return r.Done("/alerts", "%s is deleted, with what it was still to be told. The log of what it was told stays.", c.Name)
}
