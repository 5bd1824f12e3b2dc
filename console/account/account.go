// Package account is a person's own page: how they come in, where they are signed in, and the tokens that act for them.
// What would let somebody else in asks for a sign-in of the last quarter of an hour, whoever sits at the browser.
package account

import (
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/entry"
	"palisade.dev/backend/people"
	"palisade.dev/console/door"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Account is the room.
type Account struct {
	Door   *door.Door
	People *people.People
	Entry  *entry.Entry
}

// Routes are its pages.
func (a *Account) Routes() []page.Route {
	own := func(do func(*page.Request, people.Session) error) func(*page.Request) error {
		return func(r *page.Request) error {
			s, err := a.Door.Session(r)
			if err == nil {
				err = do(r, s)
			}
			return a.asked(r, err)
		}
	}
	return []page.Route{
		{Pattern: "GET /account", Handle: a.show},
		{Pattern: "POST /account/end", Handle: a.end},
		{Pattern: "POST /account/end-others", Handle: own(a.endOthers)},
		{Pattern: "GET /account/again", Handle: own(a.again)},
		{Pattern: "POST /account/again", Handle: own(a.prove)},
		{Pattern: "POST /account/again/passkey/begin", Handle: own(a.beginProve)},
		{Pattern: "POST /account/again/passkey", Handle: own(a.provePasskey)},
		{Pattern: "POST /account/name", Handle: own(a.rename)},
		{Pattern: "POST /account/password", Handle: own(a.password)},
		{Pattern: "POST /account/password/drop", Handle: own(a.dropPassword)},
		{Pattern: "POST /account/codes", Handle: own(a.beginCodes)},
		{Pattern: "POST /account/codes/confirm", Handle: own(a.confirmCodes)},
		{Pattern: "POST /account/codes/drop", Handle: own(a.dropCodes)},
		{Pattern: "POST /account/codes/recovery", Handle: own(a.recovery)},
		{Pattern: "POST /account/passkeys/begin", Handle: own(a.beginPasskey)},
		{Pattern: "POST /account/passkeys", Handle: own(a.addPasskey)},
		{Pattern: "POST /account/passkeys/remove", Handle: own(a.removePasskey)},
		{Pattern: "POST /account/untie", Handle: own(a.untie)},
		{Pattern: "POST /account/tokens", Handle: own(a.newToken)},
		{Pattern: "POST /account/tokens/revoke", Handle: own(a.revoke)},
	}
}

// asked turns what a person can mend into a word on their page, and a stale session into the question who they are.
func (a *Account) asked(r *page.Request, err error) error {
	if errors.Is(err, people.ErrStale) {
		return r.Redirect("/account/again?next=/account")
	}
	if status, text, ok := door.Fault(r, err); ok {
		if status == http.StatusTooManyRequests {
			return page.Refuse(status, "%s", text)
		}
		return r.Sorry("/account", "%s", text)
	}
	if errors.Is(err, people.ErrLastOwner) || errors.Is(err, people.ErrLastWay) {
		return r.Sorry("/account", "%s", page.Sentence(err.Error()))
	}
	return err
}

// mine is what a person's page shows.
type mine struct {
	people.Member
	Gives      []string
	Fresh      bool
	Sessions   []people.Session
	Mine       string // id of this browser's
	Keys       []people.Passkey
	Identities []store.Identity
	Providers  []people.Provider
	Tokens     []people.Token
	Tries      []store.Signin
	Scopes     []string
	Sites      []store.Site
	Made       string // a token, which is shown this once
	NoPasskeys string // why there are none here
}

func (a *Account) show(r *page.Request) error {
	if r.Person.Actor.ID == "" {
		return r.Render(http.StatusOK, pages, "operator.html", "Your account", struct {
			Sessions []entry.Session
			Mine     string
		}{a.Entry.Sessions(), r.Person.Session})
	}
	s, err := a.Door.Session(r)
	if err != nil {
		return err
	}
	return a.render(r, s, "")
}

// tries is how many of the last tries to sign in the page shows.
const tries = 20

func (a *Account) render(r *page.Request, s people.Session, made string) error {
	ctx := r.Context()
	m := mine{Fresh: s.Fresh(r.Now), Mine: s.ID, Providers: a.People.Providers(), Scopes: access.Scopes(), Made: made}
	sites, err1 := r.Frame.Sites(ctx)
	for _, site := range sites {
		if s.Actor().May(site.ID, access.See) {
			m.Sites = append(m.Sites, site)
		}
	}
	var err2, err3, err4, err5, err6, err7, err8 error
	m.Member, err2 = a.People.Find(ctx, s.Person)
	m.Gives, err3 = door.Roles(r, m.Member.Roles)
	m.Sessions, err4 = a.People.Sessions(ctx, s)
	m.Keys, err5 = a.People.Passkeys(ctx, s.Person)
	m.Identities, err6 = a.People.Identities(ctx, s.Person)
	m.Tokens, err7 = a.People.Tokens(ctx, s.Person)
	m.Tries, err8 = a.People.Signins(ctx, s.Person, "", tries)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
		return err
	}
	if _, err := a.Door.Party(r); err != nil {
		m.NoPasskeys = page.Sentence(err.Error())
	}
	return r.Render(http.StatusOK, pages, "account.html", "Your account", m)
}

// end signs one of the person's browsers out; of the operator's, one of theirs.
func (a *Account) end(r *page.Request) error {
	id := r.PostForm.Get("id")
	if r.Person.Actor.ID == "" {
		if err := a.Entry.End(r.Context(), id); err != nil {
			return err
		}
		return r.Done("/account", "That browser is signed out.")
	}
	s, err := a.Door.Session(r)
	if err == nil {
		err = a.People.EndSession(r.Context(), s, id)
	}
	if err != nil {
		return err
	}
	return r.Done("/account", "That browser is signed out.")
}

func (a *Account) endOthers(r *page.Request, s people.Session) error {
	if err := a.People.EndOthers(r.Context(), s); err != nil {
		return err
	}
	return r.Done("/account", "Every other browser is signed out.")
}

// proof is what the question who somebody is shows.
type proof struct {
	people.Member
	Next, Fault string
	Providers   []people.Provider
	NoPasskeys  string
}

func (a *Account) again(r *page.Request, s people.Session) error {
	return a.ask(r, s, http.StatusOK, "")
}

func (a *Account) ask(r *page.Request, s people.Session, status int, fault string) error {
	m, err := a.People.Find(r.Context(), s.Person)
	if err != nil {
		return err
	}
	p := proof{Member: m, Next: page.Local(r.FormValue("next")), Fault: fault, Providers: a.People.Providers()}
	if m.Identities == 0 {
		p.Providers = nil
	}
	if _, err := a.Door.Party(r); err != nil {
		p.NoPasskeys = page.Sentence(err.Error())
	}
	return r.Render(status, pages, "again.html", "Is it still you?", p)
}

// renewed ends a proof: with the page that asked for it, or with the question once more.
func (a *Account) renewed(r *page.Request, s people.Session, token string, err error) error {
	if status, text, ok := door.Fault(r, err); ok {
		if errors.Is(err, people.ErrRefused) {
			text = "The password is wrong."
		}
		return a.ask(r, s, status, text)
	}
	if err != nil {
		return err
	}
	a.Door.Renew(r, token)
	return r.Redirect(r.PostForm.Get("next"))
}

func (a *Account) prove(r *page.Request, s people.Session) error {
	token, _, err := a.People.Reauthenticate(r.Context(), s, people.Proof{Password: r.PostForm.Get("password"), Code: r.PostForm.Get("code")}, door.Visit(r.Request))
	return a.renewed(r, s, token, err)
}

func (a *Account) beginProve(r *page.Request, s people.Session) error {
	party, err := a.Door.Party(r)
	var begun people.Begun
	if err == nil {
		begun, err = a.People.BeginProve(r.Context(), s, party)
	}
	return door.Script(r, begun, err)
}

func (a *Account) provePasskey(r *page.Request, s people.Session) error {
	party, err := a.Door.Party(r)
	if err != nil {
		return err
	}
	token, _, err := a.People.ProvePasskey(r.Context(), s, party, door.Answered(r), door.Visit(r.Request))
	return a.renewed(r, s, token, err)
}

func (a *Account) rename(r *page.Request, s people.Session) error {
	if err := a.People.Rename(r.Context(), s, r.PostForm.Get("name")); err != nil {
		return err
	}
	return r.Done("/account", "Your name is changed.")
}

func (a *Account) password(r *page.Request, s people.Session) error {
	token, _, err := a.People.ChangePassword(r.Context(), s, r.PostForm.Get("old"), r.PostForm.Get("new"), door.Visit(r.Request))
	if errors.Is(err, people.ErrRefused) {
		return r.Sorry("/account", "Your present password is another. Nothing was changed.")
	}
	if err != nil {
		return err
	}
	a.Door.Renew(r, token)
	return r.Done("/account", "Your password is changed, and every other browser is signed out.")
}

func (a *Account) dropPassword(r *page.Request, s people.Session) error {
	if err := a.People.DropPassword(r.Context(), s); err != nil {
		return err
	}
	return r.Done("/account", "You have no password any more: you come in by passkey or provider.")
}

// enrolling is the page with a new one-time secret.
type enrolling struct {
	people.Enrolment
	QR    template.URL // made here of a picture, and of nothing that anybody typed
	Fault string
}

func (a *Account) beginCodes(r *page.Request, s people.Session) error {
	e, err := a.People.BeginTOTP(r.Context(), s)
	if err != nil {
		return err
	}
	return a.enrol(r, http.StatusOK, e, "")
}

func (a *Account) enrol(r *page.Request, status int, e people.Enrolment, fault string) error {
	png, err := e.PNG(200)
	if err != nil {
		return err
	}
	return r.Render(status, pages, "codes.html", "One-time codes", enrolling{e, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png)), fault})
}

func (a *Account) confirmCodes(r *page.Request, s people.Session) error {
	codes, token, _, err := a.People.ConfirmTOTP(r.Context(), s, r.PostForm.Get("code"), door.Visit(r.Request))
	if errors.Is(err, people.ErrCode) {
		e, again := a.People.PendingTOTP(r.Context(), s)
		if again != nil {
			return again
		}
		return a.enrol(r, http.StatusUnprocessableEntity, e, page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	a.Door.Renew(r, token)
	return r.Render(http.StatusOK, pages, "recovery.html", "Recovery codes", codes)
}

func (a *Account) dropCodes(r *page.Request, s people.Session) error {
	if err := a.People.DropTOTP(r.Context(), s); err != nil {
		return err
	}
	return r.Done("/account", "One-time codes are off.")
}

func (a *Account) recovery(r *page.Request, s people.Session) error {
	codes, err := a.People.NewRecoveryCodes(r.Context(), s)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "recovery.html", "Recovery codes", codes)
}

func (a *Account) beginPasskey(r *page.Request, s people.Session) error {
	party, err := a.Door.Party(r)
	var begun people.Begun
	if err == nil {
		begun, err = a.People.BeginPasskey(r.Context(), s, party)
	}
	return door.Script(r, begun, err)
}

func (a *Account) addPasskey(r *page.Request, s people.Session) error {
	party, err := a.Door.Party(r)
	if err == nil {
		err = a.People.FinishPasskey(r.Context(), s, party, door.Answered(r), r.PostForm.Get("label"))
	}
	if err != nil {
		return err
	}
	return r.Done("/account", "The passkey is yours: sign in with it from now on.")
}

func (a *Account) removePasskey(r *page.Request, s people.Session) error {
	if err := a.People.RemovePasskey(r.Context(), s, r.PostForm.Get("id")); err != nil {
		return err
	}
	return r.Done("/account", "The passkey is removed.")
}

func (a *Account) untie(r *page.Request, s people.Session) error {
	if err := a.People.Untie(r.Context(), s, r.PostForm.Get("issuer"), r.PostForm.Get("subject")); err != nil {
		return err
	}
	return r.Done("/account", "That account lets you in no more.")
}

func (a *Account) newToken(r *page.Request, s people.Session) error {
	days, err := time.ParseDuration(strings.TrimSpace(r.PostForm.Get("days")) + "h")
	if err != nil {
		return r.Sorry("/account", "For how many days? Want a number from 1 to 365.")
	}
	text, _, err := a.People.NewToken(r.Context(), s, r.PostForm.Get("name"), r.PostForm["scope"], r.PostForm["site"], 24*days)
	if err != nil {
		return err
	}
	return a.render(r, s, text)
}

func (a *Account) revoke(r *page.Request, s people.Session) error {
	if err := a.People.RevokeToken(r.Context(), s.Person, r.PostForm.Get("id")); err != nil {
		return err
	}
	return r.Done("/account", "The token works no more.")
}
