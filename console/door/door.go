// Package door is the console's way in and out: by password and one-time code, by passkey, through an identity provider,
// by a link that makes somebody a person here, and for who can read the data folder, by a link as the operator.
package door

import (
	"embed"
	"errors"
	"net/http"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/entry"
	"palisade.dev/backend/people"
	"palisade.dev/console/page"
	"palisade.dev/guard/identity"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Door lets people in.
type Door struct {
	People *people.People
	Entry  *entry.Entry
	// Operator reports whether a token is the operator's.
	Operator func(token string) bool
	// Public is the console's address as people know it; where it is not given, as a browser asks for it.
	Public string
}

// What browsers keep. Over TLS each name begins with __Host-: a browser takes such a cookie for the whole site only, and
// from nobody else, and a plain one of the same name counts for nothing.
const (
	session = "palisade"        // who is signed in
	device  = "palisade-device" // that somebody has signed in here before; it lets nobody in
	second  = "palisade-second" // a right password that still lacks its code
	travel  = "palisade-travel" // who is at an identity provider now
)

const (
	sessionLife = 30 * 24 * time.Hour // the longest a session lasts; the back end ends it earlier
	deviceLife  = 180 * 24 * time.Hour
	begunLife   = 5 * time.Minute
)

func read(r *http.Request, name string) string {
	if page.Secure(r) {
		name = "__Host-" + name
	}
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// keep puts a value into the browser; "" takes it out.
func keep(r *page.Request, name, value string, life time.Duration) {
	secure := page.Secure(r.Request)
	if secure {
		name = "__Host-" + name
	}
	c := &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(r.W, c)
}

// Visit says where a request comes from and what its browser kept.
func Visit(r *http.Request) people.Visit {
	return people.Visit{Address: identity.Peer(r.RemoteAddr), Agent: r.UserAgent(), Device: read(r, device), Session: read(r, session)}
}

// Who tells who makes a request.
func (d *Door) Who(r *http.Request) (page.Person, bool, error) {
	value := read(r, session)
	if value == "" {
		return page.Person{}, false, nil
	}
	if s, ok := d.Entry.Find(value); ok {
		return page.Person{Actor: access.Operator, Session: s.ID}, true, nil
	}
	s, err := d.People.Session(r.Context(), value, Visit(r))
	if errors.Is(err, people.ErrUnauthorized) {
		return page.Person{}, false, nil
	}
	if err != nil {
		return page.Person{}, false, err
	}
	return page.Person{Actor: s.Actor(), Session: s.ID}, true, nil
}

// Session is the signed-in person's own; the operator, who came by a link or the token, has none.
func (d *Door) Session(r *page.Request) (people.Session, error) {
	if !r.Signed || r.Person.Actor.ID == "" {
		return people.Session{}, page.Refuse(http.StatusForbidden, "The operator has no account: sign in as a person. Without one, make it with the set-up link that Palisade prints at start.")
	}
	return d.People.Session(r.Context(), read(r.Request, session), Visit(r.Request))
}

// Fresh reports whether who is signed in showed who they are a short while ago; the operator shows it with a new link.
func (d *Door) Fresh(r *page.Request) (bool, error) {
	if r.Person.Actor.ID == "" {
		s, ok := d.Entry.Find(read(r.Request, session))
		return ok && r.Now.UnixMilli()-s.Created < people.FreshFor.Milliseconds(), nil
	}
	s, err := d.Session(r)
	return err == nil && s.Fresh(r.Now), err
}

// Renew gives the browser the session's new secret.
func (d *Door) Renew(r *page.Request, token string) { keep(r, session, token, sessionLife) }

// enter is the end of every way in. It always begins anew: a value that was in the browser before is worth nothing
// afterwards.
func (d *Door) enter(r *page.Request, e people.Entered, next string) error {
	if err := d.endOperator(r); err != nil {
		return err
	}
	keep(r, session, e.Token, sessionLife)
	keep(r, device, e.Device, deviceLife)
	keep(r, second, "", 0)
	return r.Redirect(next)
}

func (d *Door) endOperator(r *page.Request) error {
	if !r.Signed || r.Person.Actor.ID != "" {
		return nil
	}
	return d.Entry.End(r.Context(), r.Person.Session)
}

// Party is what passkeys are made for. Where no public address is configured it is the one that the browser asks for: a
// browser offers no passkey to another than it was made for, whatever we say.
func (d *Door) Party(r *page.Request) (people.Party, error) { return people.PartyOf(d.Address(r)) }

// Address is where people open the console.
func (d *Door) Address(r *page.Request) string {
	if d.Public != "" {
		return d.Public
	}
	return page.Origin(r.Request)
}

// Routes are the door's pages.
func (d *Door) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /signin", Open: true, Handle: d.form},
		{Pattern: "POST /signin", Open: true, Handle: d.withPassword},
		{Pattern: "GET /signin/code", Open: true, Handle: d.codeForm},
		{Pattern: "POST /signin/code", Open: true, Handle: d.withCode},
		{Pattern: "POST /signin/passkey/begin", Open: true, Handle: d.beginPasskey},
		{Pattern: "POST /signin/passkey", Open: true, Handle: d.withPasskey},
		{Pattern: "POST /signin/operator", Open: true, Handle: d.withToken},
		{Pattern: "GET /enter/{code}", Open: true, Handle: d.link},
		{Pattern: "POST /enter/{code}", Open: true, Handle: d.redeem},
		{Pattern: "GET /join/{code}", Open: true, Handle: d.invited},
		{Pattern: "POST /join/{code}", Open: true, Handle: d.join},
		{Pattern: "POST /join/{code}/passkey", Open: true, Handle: d.beginJoining},
		{Pattern: "POST /join/{code}/accept", Open: true, Handle: d.accept},
		{Pattern: "GET /sso/{provider}", Open: true, Handle: d.travel},
		{Pattern: "GET /sso/{provider}/back", Open: true, Handle: d.back},
		{Pattern: "POST /signout", Handle: d.leave},
	}
}

func (d *Door) leave(r *page.Request) error {
	if r.Person.Actor.ID == "" {
		if err := d.endOperator(r); err != nil {
			return err
		}
	} else {
		s, err := d.Session(r)
		if err != nil {
			return err
		}
		if err := d.People.SignOut(r.Context(), s); err != nil {
			return err
		}
	}
	keep(r, session, "", 0)
	return r.Redirect("/signin")
}
