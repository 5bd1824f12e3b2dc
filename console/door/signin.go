package door

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"palisade.dev/backend/entry"
	"palisade.dev/backend/people"
	"palisade.dev/console/page"
	"palisade.dev/guard/identity"
)

type form struct {
	Next, Email string
	Providers   []people.Provider
	Passkeys    string // why there are none here; "" where there are
	Fault       string
	Operator    string // what was wrong with the operator's token
}

func (d *Door) form(r *page.Request) error {
	if r.Signed {
		return r.Redirect(r.FormValue("next"))
	}
	return d.signin(r, http.StatusOK, form{})
}

func (d *Door) signin(r *page.Request, status int, f form) error {
	f.Next, f.Providers = page.Local(r.FormValue("next")), d.People.Providers()
	if _, err := d.Party(r); err != nil {
		f.Passkeys = page.Sentence(err.Error())
	}
	return r.Render(status, pages, "signin.html", "Sign in", f)
}

// Fault is what a page says of a try that did not succeed, and its status; ok is false for an error that is no try's.
func Fault(r *page.Request, err error) (status int, text string, ok bool) {
	var limited *people.Limited
	switch {
	case errors.As(err, &limited):
		r.W.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(limited.Wait.Seconds()))))
		status = http.StatusTooManyRequests
	case errors.Is(err, people.ErrRefused), errors.Is(err, people.ErrCode), errors.Is(err, people.ErrPasskey), errors.Is(err, people.ErrSSO), errors.Is(err, people.ErrInvalid):
		status = http.StatusUnprocessableEntity
	case errors.Is(err, people.ErrGone):
		status = http.StatusGone
	case errors.Is(err, people.ErrStale):
		status = http.StatusForbidden
	default:
		return 0, "", false
	}
	return status, page.Sentence(err.Error()), true
}

func (d *Door) withPassword(r *page.Request) error {
	email := r.PostForm.Get("email")
	e, err := d.People.SignIn(r.Context(), email, r.PostForm.Get("password"), Visit(r.Request))
	if status, text, ok := Fault(r, err); ok {
		return d.signin(r, status, form{Email: email, Fault: text})
	}
	if err != nil {
		return err
	}
	if e.Pending != "" {
		keep(r, second, e.Pending, begunLife)
		return r.Redirect("/signin/code?next=" + url.QueryEscape(page.Local(r.FormValue("next"))))
	}
	return d.enter(r, e, r.PostForm.Get("next"))
}

func (d *Door) codeForm(r *page.Request) error {
	if read(r.Request, second) == "" {
		return r.Redirect("/signin")
	}
	return r.Render(http.StatusOK, pages, "code.html", "One-time code", form{Next: page.Local(r.FormValue("next"))})
}

func (d *Door) withCode(r *page.Request) error {
	e, err := d.People.Second(r.Context(), read(r.Request, second), r.PostForm.Get("code"), Visit(r.Request))
	if errors.Is(err, people.ErrGone) {
		keep(r, second, "", 0)
		return r.Sorry("/signin", "That took longer than five minutes, or too many codes were wrong. Begin again with your password.")
	}
	if status, text, ok := Fault(r, err); ok {
		return r.Render(status, pages, "code.html", "One-time code", form{Next: page.Local(r.FormValue("next")), Fault: text})
	}
	if err != nil {
		return err
	}
	return d.enter(r, e, r.PostForm.Get("next"))
}

func (d *Door) beginPasskey(r *page.Request) error {
	party, err := d.Party(r)
	if err != nil {
		return Script(r, people.Begun{}, err)
	}
	begun, err := d.People.BeginPasskeySignIn(r.Context(), party, Visit(r.Request))
	return Script(r, begun, err)
}

// Script answers the passkey script: with what a browser needs, or with why not.
func Script(r *page.Request, begun people.Begun, err error) error {
	if status, text, ok := Fault(r, err); ok {
		return r.JSON(status, map[string]string{"error": text})
	}
	if err != nil {
		return err
	}
	return r.JSON(http.StatusOK, begun)
}

// Answered is what the passkey script put into a form.
func Answered(r *page.Request) people.Answer {
	return people.Answer{ID: r.PostForm.Get("ceremony"), JSON: []byte(r.PostForm.Get("answer"))}
}

func (d *Door) withPasskey(r *page.Request) error {
	party, err := d.Party(r)
	var e people.Entered
	if err == nil {
		e, err = d.People.PasskeySignIn(r.Context(), party, Answered(r), Visit(r.Request))
	}
	if status, text, ok := Fault(r, err); ok {
		return d.signin(r, status, form{Fault: text})
	}
	if err != nil {
		return err
	}
	return d.enter(r, e, r.PostForm.Get("next"))
}

func (d *Door) withToken(r *page.Request) error {
	if !d.Operator(r.PostForm.Get("token")) {
		return d.signin(r, http.StatusUnprocessableEntity, form{Operator: "This is not the operator's token. It is in the file operator.token of the data folder; or make a link with: palisade console"})
	}
	secret, err := d.Entry.Begin(r.Context(), identity.Peer(r.RemoteAddr).String(), r.UserAgent())
	if err != nil {
		return err
	}
	return d.asOperator(r, secret)
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
	return d.asOperator(r, secret)
}

// asOperator ends who was signed in at this browser before.
func (d *Door) asOperator(r *page.Request, secret string) error {
	if r.Signed && r.Person.Actor.ID != "" {
		s, err := d.Session(r)
		if err == nil {
			err = d.People.SignOut(r.Context(), s)
		}
		if err != nil {
			return err
		}
	}
	if err := d.endOperator(r); err != nil {
		return err
	}
	keep(r, session, secret, entry.SessionLife)
	return r.Redirect(r.PostForm.Get("next"))
}
