// Package people is the owners' page about everybody else: who is here, who they are on which site, who is asked in, and
// what to do for somebody who is locked out or has left.
package people

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"palisade.dev/backend/access"
	"palisade.dev/backend/people"
	"palisade.dev/console/door"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Room holds the pages.
type Room struct {
	Door   *door.Door
	People *people.People
}

// Routes are its pages. An owner of one site sees who has a role there and gives roles there; what is about a person as
// such takes an owner of all sites, which the back end asks for itself.
func (p *Room) Routes() []page.Route {
	act := func(do func(*page.Request) error) func(*page.Request) error {
		return func(r *page.Request) error { return p.act(r, do) }
	}
	return []page.Route{
		{Pattern: "GET /people", Handle: p.list},
		{Pattern: "POST /people/invite", Handle: act(p.invite)},
		{Pattern: "POST /people/withdraw", Handle: act(p.withdraw)},
		{Pattern: "GET /people/{id}", Handle: p.show},
		{Pattern: "POST /people/{id}/grant", Handle: act(p.grant)},
		{Pattern: "POST /people/{id}/revoke", Handle: act(p.revoke)},
		{Pattern: "POST /people/{id}/recover", Handle: act(p.recover)},
		{Pattern: "POST /people/{id}/end", Handle: act(p.end)},
		{Pattern: "POST /people/{id}/disable", Handle: act(p.disable)},
		{Pattern: "POST /people/{id}/enable", Handle: act(p.enable)},
		{Pattern: "POST /people/{id}/remove", Handle: act(p.remove)},
	}
}

// act does what gives or takes access: for who showed a short while ago who they are.
func (p *Room) act(r *page.Request, do func(*page.Request) error) error {
	fresh, err := p.Door.Fresh(r)
	if err != nil {
		return err
	}
	if !fresh {
		return p.stale(r)
	}
	err = do(r)
	back := "/people"
	if id := r.PathValue("id"); id != "" {
		back += "/" + url.PathEscape(id)
	}
	switch {
	case errors.Is(err, people.ErrInvalid), errors.Is(err, people.ErrLastOwner), errors.Is(err, store.ErrConflict), errors.Is(err, access.ErrForbidden):
		return r.Sorry(back, "%s", page.Sentence(err.Error()))
	}
	return err
}

func (p *Room) stale(r *page.Request) error {
	if r.Person.Actor.ID == "" {
		return page.Refuse(http.StatusForbidden, "This needs a sign-in of the last 15 minutes. Nothing was changed. Make a new link with: palisade console")
	}
	return r.Redirect("/account/again?next=" + url.QueryEscape(page.Local(r.FormValue("from"))))
}

// owned gives the sites whose people the reader answers for, and whether that is all of them.
func owned(r *page.Request) (sites []store.Site, all bool, err error) {
	every, err := r.Frame.Sites(r.Context())
	for _, s := range every {
		if r.Person.Actor.May(s.ID, access.Own) {
			sites = append(sites, s)
		}
	}
	all = r.Person.Actor.May(access.Everywhere, access.Own)
	if err == nil && len(sites) == 0 && !all {
		err = page.Refuse(http.StatusForbidden, "This needs the role owner on some site; an owner can give it to you.")
	}
	return sites, all, err
}

// concerns reports whether a person has a role on one of the sites.
func concerns(m people.Member, sites []store.Site) bool {
	return slices.ContainsFunc(sites, func(s store.Site) bool { return m.Roles[s.ID] != "" })
}

// member is a line of the list.
type member struct {
	people.Member
	Gives []string
}

type everybody struct {
	Members     []member
	Invitations []invited
	Sites       []store.Site
	All         bool
	Roles       []access.Role
	Next        string
	Link        string // of an invitation just made, shown this once
	For         string
	Fresh       bool
}

type invited struct {
	people.Invitation
	Gives []string
}

// some is how many people the list shows at once.
const some = 100

func (p *Room) list(r *page.Request) error { return p.render(r, "", "") }

func (p *Room) render(r *page.Request, link, forWhom string) error {
	ctx := r.Context()
	sites, all, err := owned(r)
	if err != nil {
		return err
	}
	e := everybody{Sites: sites, All: all, Roles: access.Roles, Link: link, For: forWhom}
	if e.Fresh, err = p.Door.Fresh(r); err != nil {
		return err
	}
	found, err := p.People.List(ctx, r.URL.Query().Get("after"), some)
	if err != nil {
		return err
	}
	if len(found) == some {
		e.Next = found[some-1].Email
	}
	for _, m := range found {
		if !all && !concerns(m, sites) {
			continue
		}
		gives, err := door.Roles(r, m.Roles)
		if err != nil {
			return err
		}
		e.Members = append(e.Members, member{m, gives})
	}
	open, err := p.People.Invitations(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		gives, err := door.Roles(r, i.Roles)
		if err != nil {
			return err
		}
		e.Invitations = append(e.Invitations, invited{i, gives})
	}
	return r.Render(http.StatusOK, pages, "people.html", "People", e)
}

func (p *Room) invite(r *page.Request) error {
	site := r.PostForm.Get("site")
	i, code, err := p.People.Invite(r.Context(), r.PostForm.Get("email"), map[string]access.Role{site: access.Role(r.PostForm.Get("role"))})
	if err != nil {
		return err
	}
	return p.render(r, p.Door.Address(r)+"/join/"+code, i.Email)
}

func (p *Room) withdraw(r *page.Request) error {
	if err := p.People.Withdraw(r.Context(), r.PostForm.Get("id")); err != nil {
		return err
	}
	return r.Done("/people", "The invitation is withdrawn: its link opens nothing more.")
}

type one struct {
	people.Member
	Gives   []string
	Sites   []store.Site
	All     bool
	Choices []access.Role
	Tries   []store.Signin
	Link    string
	Lasts   int64
	Fresh   bool
}

func (p *Room) show(r *page.Request) error { return p.person(r, "", 0) }

// tries is how many of the last tries to sign in the page shows.
const tries = 50

func (p *Room) person(r *page.Request, link string, until int64) error {
	sites, all, err := owned(r)
	if err != nil {
		return err
	}
	m, err := p.People.Find(r.Context(), r.PathValue("id"))
	if err == nil && !all && !concerns(m, sites) {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return page.Refuse(http.StatusNotFound, "There is no such person, or they have no role on a site of yours.")
	}
	if err != nil {
		return err
	}
	o := one{Member: m, Sites: sites, All: all, Choices: access.Roles, Link: link, Lasts: until}
	if o.Gives, err = door.Roles(r, m.Roles); err != nil {
		return err
	}
	if o.Fresh, err = p.Door.Fresh(r); err != nil {
		return err
	}
	if all { // where somebody signs in from is the installation's to know, not one site's
		if o.Tries, err = p.People.Signins(r.Context(), m.ID, "", tries); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, pages, "person.html", m.Name, o)
}

// back leads to the person's page.
func back(r *page.Request) string { return "/people/" + url.PathEscape(r.PathValue("id")) }

func (p *Room) grant(r *page.Request) error {
	if err := p.People.Grant(r.Context(), r.PathValue("id"), r.PostForm.Get("site"), access.Role(r.PostForm.Get("role"))); err != nil {
		return err
	}
	return r.Done(back(r), "The role is given. It holds at once.")
}

func (p *Room) revoke(r *page.Request) error {
	if err := p.People.Revoke(r.Context(), r.PathValue("id"), r.PostForm.Get("site")); err != nil {
		return err
	}
	return r.Done(back(r), "The role is taken. That holds at once, for tokens too.")
}

func (p *Room) recover(r *page.Request) error {
	m, err := p.People.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	code, until, err := p.People.RecoverLink(r.Context(), m.Email, r.PostForm.Get("all") == "yes")
	if err != nil {
		return err
	}
	return p.person(r, p.Door.Address(r)+"/join/"+code, until.UnixMilli())
}

func (p *Room) end(r *page.Request) error {
	if err := p.People.EndAll(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Done(back(r), "They are signed out everywhere.")
}

func (p *Room) disable(r *page.Request) error {
	if err := p.People.Disable(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Done(back(r), "They are kept out from now on, and signed out everywhere.")
}

func (p *Room) enable(r *page.Request) error {
	if err := p.People.Enable(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Done(back(r), "They may sign in again.")
}

func (p *Room) remove(r *page.Request) error {
	if err := p.People.Remove(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Done("/people", "They are removed. What they did stays in the audit log.")
}
