package door

import (
	"net/http"
	"net/url"

	"palisade.dev/backend/people"
	"palisade.dev/console/page"
)

// travel sends a browser to an identity provider: to sign in, to join by a link, or for who is signed in, to tie the
// account there to themselves or to show that it is still them.
func (d *Door) travel(r *page.Request) error {
	var why people.Purpose
	next := page.Local(r.FormValue("next"))
	switch what := r.FormValue("to"); what {
	case "tie", "prove":
		s, err := d.Session(r)
		if err != nil {
			return err
		}
		if what == "tie" {
			why.Tie, next = &s, "/account"
		} else {
			why.Prove = &s
		}
	default:
		why.Code = r.FormValue("code")
	}
	name := r.PathValue("provider")
	address, browser, err := d.People.BeginSSO(r.Context(), name, d.Address(r)+"/sso/"+url.PathEscape(name)+"/back", why, Visit(r.Request))
	if status, text, ok := Fault(r, err); ok {
		return page.Refuse(status, "%s", text)
	}
	if err != nil {
		r.Frame.Log.Warn("an identity provider could not be asked", "provider", name, "err", err)
		return page.Refuse(http.StatusBadGateway, "The identity provider could not be reached. Try again in a moment, or sign in another way; the log of the back end says why.")
	}
	// Where to go afterwards travels in the same cookie: it is of this browser alone, and page.Local is asked again.
	keep(r, travel, browser+"."+url.QueryEscape(next), begunLife)
	http.Redirect(r.W, r.Request, address, http.StatusSeeOther)
	return nil
}

func (d *Door) back(r *page.Request) error {
	browser, next := split(read(r.Request, travel))
	keep(r, travel, "", 0)
	e, err := d.People.FinishSSO(r.Context(), r.PathValue("provider"), browser, r.URL.Query(), Visit(r.Request))
	if _, text, ok := Fault(r, err); ok {
		if r.Signed {
			return r.Sorry("/account", "%s", text)
		}
		return r.Sorry("/signin", "%s", text)
	}
	if err != nil {
		return err
	}
	switch {
	case e.Token == "": // it was tied; the session goes on
		return r.Done("/account", "That account is tied to you: you can sign in with it.")
	case e.Device == "": // it was shown that it is still them
		d.Renew(r, e.Token)
		return r.Redirect(next)
	}
	return d.enter(r, e, next)
}

func split(kept string) (browser, next string) {
	for i := range kept {
		if kept[i] == '.' {
			next, err := url.QueryUnescape(kept[i+1:])
			if err != nil {
				return kept[:i], "/"
			}
			return kept[:i], page.Local(next)
		}
	}
	return kept, "/"
}
