// Package appeal holds the page on which a refused person says that it was a mistake, which tells them nothing about the
// site, and the one on which people at work read what was said beside the ban's proof, and answer.
package appeal

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/appeal"
	"palisade.dev/console/page"
	"palisade.dev/guard/identity"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Appeal hears and answers.
type Appeal struct {
	DB      *store.DB
	Appeals *appeal.Appeals
	URL     string // where people outside reach the console; "" is where this request did

	once page.Once
}

// Routes are its pages.
func (a *Appeal) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /appeal/{code}", Open: true, Handle: a.read},
		{Pattern: "POST /appeal/{code}", Open: true, Handle: a.send},
		{Pattern: "GET /s/{site}/appeals", Need: access.See, Handle: a.list},
		{Pattern: "POST /s/{site}/appeals/offer", Need: access.Respond, Handle: a.offer},
		{Pattern: "GET /s/{site}/appeals/link", Need: access.Respond, Handle: a.link},
		{Pattern: "POST /s/{site}/appeals/answer", Need: access.Respond, Handle: a.answer},
	}
}

// words is what the public page shows.
type words struct {
	appeal.State
	Most          int
	Said, Contact string
	Faults        map[string]string
}

// closed turns an error into what a stranger is told: the same of a code that never was and one that no longer works.
func closed(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return page.Refuse(http.StatusNotFound, "This link does not work, or no longer. Ask whoever sent it to you for another.")
	case errors.Is(err, appeal.ErrLimited):
		return page.Refuse(http.StatusTooManyRequests, "Too many tries. Wait a quarter of an hour, then open the link again.")
	}
	return err
}

func (a *Appeal) read(r *page.Request) error {
	s, err := a.Appeals.Find(r.Context(), r.PathValue("code"), identity.Peer(r.RemoteAddr))
	if err != nil {
		return closed(err)
	}
	return r.Render(http.StatusOK, pages, "say.html", "Tell us what happened", words{State: s, Most: appeal.MostSaid})
}

func (a *Appeal) send(r *page.Request) error {
	code, said, contact := r.PathValue("code"), r.PostForm.Get("said"), r.PostForm.Get("contact")
	err := a.Appeals.Send(r.Context(), code, said, contact, identity.Peer(r.RemoteAddr))
	var f *appeal.Fault
	if errors.As(err, &f) {
		w := words{State: appeal.State{Open: true}, Most: appeal.MostSaid, Said: said, Contact: contact, Faults: map[string]string{f.Field: f.Text}}
		return r.Render(http.StatusUnprocessableEntity, pages, "say.html", "Tell us what happened", w)
	}
	if err != nil && !errors.Is(err, store.ErrConflict) { // sent twice: the page says that it was sent
		return closed(err)
	}
	return r.Redirect("/appeal/" + url.PathEscape(code))
}

const perPage = 20

// heard is an appeal beside the ban it is about.
type heard struct {
	store.Appeal
	Ban      *store.Ban // nil where it is no longer kept
	Standing bool
	Event    *wire.Event
	Guard    string
}

type hearing struct {
	Appeals []heard
	Waiting int
	Next    string
	Faulty  string // id of the appeal whose answer was refused
	Fault   string
	Reason  string
}

func (a *Appeal) list(r *page.Request) error { return a.show(r, http.StatusOK, hearing{}) }

func (a *Appeal) show(r *page.Request, status int, h hearing) error {
	list, err := a.DB.Appeals(r.Context(), r.Here.ID, r.URL.Query().Get("after"), perPage)
	if err != nil {
		return err
	}
	if len(list) == perPage {
		h.Next = list[perPage-1].ID
	}
	if h.Waiting, err = a.DB.CountAppeals(r.Context(), r.Here.ID); err != nil {
		return err
	}
	for _, x := range list {
		one := heard{Appeal: x}
		b, err := a.DB.Ban(r.Context(), r.Here.ID, x.Ban)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			one.Ban, one.Standing = &b, b.Lifted == 0 && (b.Until == 0 || b.Until > r.Now.UnixMilli())
			var proof struct {
				Event *wire.Event `json:"event"`
				Guard string      `json:"guard"`
			}
			if json.Unmarshal([]byte(b.Proof), &proof) == nil {
				one.Event, one.Guard = proof.Event, proof.Guard
			}
		}
		h.Appeals = append(h.Appeals, one)
	}
	return r.Render(status, pages, "appeals.html", "Appeals", h)
}

func (a *Appeal) offer(r *page.Request) error {
	code, kept, err := a.Appeals.Offer(r.Context(), r.Here.ID, strings.TrimSpace(r.PostForm.Get("subject")), r.Author())
	if err != nil {
		return err
	}
	a.once.Keep(r, kept.ID, r.Here.ID, code)
	return r.Redirect(r.Path("appeals", "link") + "?id=" + url.QueryEscape(kept.ID) + "&subject=" + url.QueryEscape(kept.Subject))
}

// passed is a link to pass on.
type passed struct{ Link, Subject string }

func (a *Appeal) link(r *page.Request) error {
	q := r.URL.Query()
	code := a.once.Show(r, q.Get("id"), r.Here.ID)
	if code == "" {
		return page.Refuse(http.StatusNotFound, "The link is no longer shown. Make another on the page of the ban; the earlier one then stops working.")
	}
	return r.Render(http.StatusOK, pages, "link.html", "Appeal link", passed{a.base(r) + "/appeal/" + code, q.Get("subject")})
}

func (a *Appeal) base(r *page.Request) string {
	if a.URL != "" {
		return strings.TrimSuffix(a.URL, "/")
	}
	return page.Origin(r.Request)
}

// told is what the next page says of an answer.
var told = map[string]string{
	appeal.Lifted:   "is no longer banned",
	appeal.Allowed:  "is no longer banned and stands on the allow list for 30 days",
	appeal.Declined: "stays banned",
}

func (a *Appeal) answer(r *page.Request) error {
	f := r.PostForm
	x, err := a.Appeals.Answer(r.Context(), r.Here.ID, f.Get("id"), f.Get("answer"), f.Get("reason"), r.Author())
	switch {
	case errors.Is(err, appeal.ErrInvalid), errors.Is(err, store.ErrConflict):
		text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), appeal.ErrInvalid.Error()+": "), store.ErrConflict.Error()+": ")
		return a.show(r, http.StatusUnprocessableEntity, hearing{Faulty: f.Get("id"), Fault: page.Sentence(text), Reason: f.Get("reason")})
	case err != nil:
		return err
	}
	return r.Done(r.Path("appeals"), "%s %s. Whoever appealed reads it under their link.", x.Subject, told[x.Answer])
}
