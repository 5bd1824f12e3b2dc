package door

import (
	"errors"
	"net/http"

	"palisade.dev/backend/access"
	"palisade.dev/backend/people"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

// invitation is what the page of a link shows.
type invitation struct {
	people.Opened
	Code, Name string
	Typed      string   // the e-mail address that the first owner typed
	Gives      []string // the roles in words
	Mine       bool     // it is for who is signed in
	Providers  []people.Provider
	Passkeys   string // why there are none here
	Fault      string
}

func (d *Door) invited(r *page.Request) error { return d.showLink(r, http.StatusOK, "") }

func (d *Door) showLink(r *page.Request, status int, fault string) error {
	code := r.PathValue("code")
	o, err := d.People.Open(r.Context(), code, Visit(r.Request))
	if s, text, ok := Fault(r, err); ok {
		return page.Refuse(s, "%s", text)
	}
	if err != nil {
		return err
	}
	i := invitation{Opened: o, Code: code, Name: r.PostForm.Get("name"), Typed: r.PostForm.Get("email"), Providers: d.People.Providers(), Fault: fault}
	i.Mine = r.Signed && r.Person.Actor.ID != "" && r.Person.Actor.Name == o.Email
	if _, err := d.Party(r); err != nil {
		i.Passkeys = page.Sentence(err.Error())
	}
	if i.Gives, err = Roles(r, o.Roles); err != nil {
		return err
	}
	file, title := "join.html", "Welcome to Palisade"
	if o.Kind == store.LinkRecover {
		file, title = "recover.html", "A new password"
	}
	return r.Render(status, pages, file, title, i)
}

// Roles says in words who somebody is where.
func Roles(r *page.Request, roles map[string]access.Role) ([]string, error) {
	sites, err := r.Frame.Sites(r.Context())
	if err != nil {
		return nil, err
	}
	var all []string
	if role := roles[access.Everywhere]; role != "" {
		all = append(all, string(role)+" of all sites")
	}
	for _, s := range sites {
		if role := roles[s.ID]; role != "" {
			all = append(all, string(role)+" of "+s.Name)
		}
	}
	return all, nil
}

func joining(r *page.Request) people.Joining {
	return people.Joining{Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email"), Password: r.PostForm.Get("password"), Label: r.PostForm.Get("label")}
}

func (d *Door) beginJoining(r *page.Request) error {
	party, err := d.Party(r)
	if err != nil {
		return Script(r, people.Begun{}, err)
	}
	begun, err := d.People.BeginJoiningPasskey(r.Context(), r.PathValue("code"), joining(r), party, Visit(r.Request))
	return Script(r, begun, err)
}

// join takes who came by a link: to be a person here, or to set a new password.
func (d *Door) join(r *page.Request) error {
	code, visit := r.PathValue("code"), Visit(r.Request)
	o, err := d.People.Open(r.Context(), code, visit)
	if err == nil && o.Kind == store.LinkRecover {
		if err = d.People.Recover(r.Context(), code, r.PostForm.Get("password"), visit); err == nil {
			keep(r, session, "", 0)
			r.Person, r.Signed = page.Person{}, false // whoever was signed in here: what is said is for the next page of nobody
			return r.Done("/signin", "You have a new password. Every browser was signed out: sign in with it.")
		}
	}
	var e people.Entered
	if err == nil {
		j := joining(r)
		if a := Answered(r); len(a.JSON) > 0 {
			j.Passkey = &a
			j.Party, err = d.Party(r)
		}
		if err == nil {
			e, err = d.People.Join(r.Context(), code, j, visit)
		}
	}
	if errors.Is(err, people.ErrGone) {
		return page.Refuse(http.StatusGone, "%s", page.Sentence(err.Error()))
	}
	if status, text, ok := Fault(r, err); ok {
		return d.showLink(r, status, text)
	}
	if err != nil {
		return err
	}
	return d.enter(r, e, "/")
}

func (d *Door) accept(r *page.Request) error {
	s, err := d.Session(r)
	if err != nil {
		return err
	}
	err = d.People.Accept(r.Context(), s, r.PathValue("code"), Visit(r.Request))
	if status, text, ok := Fault(r, err); ok {
		return page.Refuse(status, "%s", text)
	}
	if err != nil {
		return err
	}
	return r.Done("/", "The invitation is accepted.")
}
