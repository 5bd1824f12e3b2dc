// Package door is the console's way in and out, and the list of who is in.
package door

import (
	"embed"
	"errors"
	"net/http"

	"palisade.dev/backend/access"
	"palisade.dev/backend/entry"
	"palisade.dev/console/page"
	"palisade.dev/guard/identity"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Door lets people in.
type Door struct {
	Entry *entry.Entry
	// Operator reports whether a token is the operator's.
	Operator func(token string) bool
}

// The cookie's name. A browser takes one that begins with __Host- only over TLS, for the whole site and from nobody else.
const (
	cookie       = "palisade"
	secureCookie = "__Host-palisade"
)

// Who tells who makes a request.
func (d *Door) Who(r *http.Request) (page.Person, bool) {
	for _, name := range []string{secureCookie, cookie} {
		c, err := r.Cookie(name)
		if err != nil {
			continue
		}
		if s, ok := d.Entry.Find(c.Value); ok {
			return page.Person{Actor: access.Operator, Session: s.ID}, true
		}
	}
	return page.Person{}, false
}

// Routes are the door's pages.
func (d *Door) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /signin", Open: true, Handle: d.form},
		{Pattern: "POST /signin", Open: true, Handle: d.withToken},
		{Pattern: "GET /enter/{code}", Open: true, Handle: d.link},
		{Pattern: "POST /enter/{code}", Open: true, Handle: d.redeem},
		{Pattern: "POST /signout", Handle: d.leave},
		{Pattern: "GET /account", Handle: d.account},
		{Pattern: "POST /account/end", Handle: d.end},
	}
}

type form struct{ Next, Fault string }

func (d *Door) form(r *page.Request) error {
	if r.Signed {
		return r.Redirect(r.FormValue("next"))
	}
	return r.Render(http.StatusOK, pages, "signin.html", "Sign in", form{Next: page.Local(r.FormValue("next"))})
}

func (d *Door) withToken(r *page.Request) error {
	if !d.Operator(r.PostForm.Get("token")) {
		return r.Render(http.StatusUnprocessableEntity, pages, "signin.html", "Sign in", form{
			page.Local(r.FormValue("next")), "This is not the operator's token. It is in the file operator.token of the data folder; or make a link with: palisade console",
		})
	}
	secret, err := d.Entry.Begin(r.Context(), identity.Peer(r.RemoteAddr).String(), r.UserAgent())
	if err != nil {
		return err
	}
	return d.in(r, secret)
}

// link asks before it signs in, so that a chat program that looks at the link does not use it up.
func (d *Door) link(r *page.Request) error {
	return r.Render(http.StatusOK, pages, "enter.html", "Sign in", r.PathValue("code"))
}

func (d *Door) redeem(r *page.Request) error {
	secret, err := d.Entry.Redeem(r.Context(), r.PathValue("code"), identity.Peer(r.RemoteAddr).String(), r.UserAgent())
	if errors.Is(err, entry.ErrCode) {
		return page.Refuse(http.StatusForbidden, "%s", page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	return d.in(r, secret)
}

// in always begins anew: a value that was in the browser before is worth nothing afterwards.
func (d *Door) in(r *page.Request, secret string) error {
	if r.Signed {
		if err := d.Entry.End(r.Context(), r.Person.Session); err != nil {
			return err
		}
	}
	name := cookie
	if r.Secure() {
		name = secureCookie
	}
	http.SetCookie(r.W, &http.Cookie{Name: name, Value: secret, Path: "/", HttpOnly: true, Secure: r.Secure(), SameSite: http.SameSiteLaxMode, MaxAge: 7 * 24 * 3600})
	return r.Redirect(r.PostForm.Get("next"))
}

func (d *Door) leave(r *page.Request) error {
	if err := d.Entry.End(r.Context(), r.Person.Session); err != nil {
		return err
	}
	for _, name := range []string{cookie, secureCookie} {
		http.SetCookie(r.W, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: name == secureCookie})
	}
	return r.Redirect("/signin")
}

type account struct {
	Sessions []entry.Session
	Mine     string
}

func (d *Door) account(r *page.Request) error {
	return r.Render(http.StatusOK, pages, "account.html", "Your account", account{d.Entry.Sessions(), r.Person.Session})
}

func (d *Door) end(r *page.Request) error {
	if err := d.Entry.End(r.Context(), r.PostForm.Get("id")); err != nil {
		return err
	}
	return r.Done("/account", "That browser is signed out.")
}
