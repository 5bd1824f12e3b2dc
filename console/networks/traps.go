package networks

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/backend/rule"
	"palisade.dev/backend/trap"
	"palisade.dev/console/page"
	"palisade.dev/guard/engine"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // what is no number is nothing
	return n
}

// bait is a kind of trap as the page offers it.
type bait struct {
	Kind       trap.Kind
	Title, For string
	Label      string // of what the trap is of
	Help       string
}

var baits = []bait{
	{trap.Form, "A form nobody sees", "Catches programs that fill in every form: spam, sign-up floods.", "Where the form is sent to", "Just made up: your app must have nothing there."},
	{trap.Path, "A page nothing links to", "Catches who reads robots.txt or old sources to find what is hidden.", "The path", "Just made up: your app must have nothing there. /** is all below it."},
	{trap.Link, "A link nobody was given", "Tells that somebody read a wiki, a mailbox or a ticket that they should not.", "The path", "Just made up: nobody can have guessed it."},
	{trap.ID, "An id that is nobody's", "Catches who goes through other people's records by changing ids.", "The id", "Just made up, in the form of a UUID. Where your ids look otherwise, write one that looks like them and is nobody's."},
	{trap.Key, "A key that was never given out", "Tells that somebody read a repository, a script or a wiki, and tries what they found there.", "The key", "Just made up, in the form of your own keys where the settings tell it. It is kept as a hash only, as real keys are; guards find it in all the places where people try keys."},
	{trap.Account, "An account that nobody owns", "Tells that a list of accounts was bought or leaked, at the first sign-in with it.", "The name or e-mail address", "Just made up. Take an address whose domain is yours and to which no mail is sent, so that nobody can ever own it. Guards know a sign-in by the form fields that your settings name, or by what the app tells."},
	{trap.Signature, "Words and endings", "Catches scanners that try .env, wp-login or *.php.", "Words, endings and paths, one a line", ".env is any part of a path that begins so, *.php any path that ends so, /admin-old/** a page and all below it."},
}

func (k bait) is(kind trap.Kind) bool { return k.Kind == kind }

func titleOf(kind trap.Kind) bait {
	return baits[slices.IndexFunc(baits, func(b bait) bool { return b.is(kind) })]
}

type laid struct {
	Traps []trap.State
	Baits []bait
}

func (n *Networks) traps(r *page.Request) error {
	all, err := n.Traps.List(r.Context(), r.Here)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "traps.html", "Traps", laid{all, baits})
}

// laying is a trap as it is being typed.
type laying struct {
	bait
	Name   string
	What   string // path, link, id, form, key, account, or words
	Does   string // ban, refuse or watch
	Ban    string
	Tell   bool
	When   string
	Mode   string
	Faults map[string]string
}

func (n *Networks) invent(r *page.Request) error {
	kind := trap.Kind(r.FormValue("kind"))
	x, err := n.Traps.Invent(kind)
	if err != nil {
		return err
	}
	l := laying{bait: titleOf(kind), Name: x.Name, Does: "refuse", Ban: "1h", Mode: "on", What: strings.Join(append(x.Paths, x.Form), "\n")}
	if l.What = strings.TrimSpace(l.What); kind == trap.Key || kind == trap.Account {
		if l.What, err = n.Traps.Word(r.Here, kind); err != nil {
			return err
		}
	}
	for _, t := range x.Then {
		if for_, ok := strings.CutPrefix(t, "ban "); ok {
			l.Does, l.Ban = "ban", for_
		}
		l.Tell = l.Tell || t == "alert"
	}
	return r.Render(http.StatusOK, pages, "lay.html", l.Title, l)
}

func (n *Networks) lay(r *page.Request) error {
	f := r.PostForm
	kind := trap.Kind(f.Get("kind"))
	if !slices.Contains(trap.Kinds, kind) {
		return page.Refuse(http.StatusUnprocessableEntity, "There is no such kind of trap. Nothing was changed.")
	}
	l := laying{
		bait: titleOf(kind), Name: strings.TrimSpace(f.Get("name")), What: f.Get("what"), Does: f.Get("does"), Ban: strings.TrimSpace(f.Get("ban")),
		Tell: f.Get("tell") != "", When: f.Get("when"), Mode: f.Get("mode"), Faults: map[string]string{},
	}
	x := wire.Trap{Name: l.Name, When: l.When, Mode: l.Mode, Then: []string{"block"}}
	if x.Mode == "on" {
		x.Mode = ""
	}
	switch l.Does {
	case "watch":
		x.Then = []string{"observe"}
	case "ban":
		if d, err := engine.ParseDuration(l.Ban); err != nil || d <= 0 {
			l.Faults["ban"] = "Want a length such as 10m, 1h or 7d."
		}
		x.Then = append(x.Then, "ban "+l.Ban)
	}
	if l.Tell {
		x.Then = append(x.Then, "alert")
	}
	if err := n.of(r, &l, &x); err != nil {
		return err
	}
	if len(l.Faults) == 0 {
		if _, err := n.Traps.Get(r.Context(), r.Here, l.Name); err == nil {
			l.Faults["name"] = "There is a trap of this name already. Delete that one first, or choose another name."
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if len(l.Faults) == 0 {
		err := n.Traps.Set(r.Context(), r.Here, x)
		switch {
		case err == nil:
			if kind == trap.Key {
				n.once.Keep(r, r.Here.ID+" "+x.Name, x.Name, l.What)
			}
			return r.Done(r.Path("traps", x.Name), "The trap is laid, and on its way to every guard. Now put the bait where it will be found.")
		case errors.Is(err, trap.ErrInvalid):
			l.Faults["name"] = said(err)
		case errors.Is(err, rule.ErrInvalid):
			l.Faults["what"] = said(err)
		default:
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, pages, "lay.html", l.Title, l)
}

// of says what a trap is of, by what was typed; what is wrong with that becomes a fault of the form.
func (n *Networks) of(r *page.Request, l *laying, x *wire.Trap) error {
	switch typed := words(l.What); {
	case l.Kind == trap.Key || l.Kind == trap.Account:
		err := n.Traps.Bear(r.Context(), r.Here, x, l.Kind, l.What)
		if errors.Is(err, trap.ErrInvalid) {
			l.Faults["what"] = said(err)
			return nil
		}
		return err
	case l.Kind == trap.Form && len(typed) != 1:
		l.Faults["what"] = "Want one path, such as /contact-form."
	case l.Kind == trap.Form:
		x.Form = typed[0]
	case len(typed) == 0:
		l.Faults["what"] = "Want at least one."
	default:
		x.Paths = typed
	}
	return nil
}

type one struct {
	trap.State
	Bait     bait
	Snippets []trap.Snippet
	Hidden   bool // a key, which is no longer shown
}

func (n *Networks) trap(r *page.Request) error {
	x, err := n.Traps.Get(r.Context(), r.Here, r.PathValue("name"))
	if err != nil {
		return err
	}
	o := one{State: x, Bait: titleOf(x.Kind), Snippets: trap.Snippets(x.Trap, x.Kind)}
	if x.Kind == trap.Key {
		key := n.once.Show(r, r.Here.ID+" "+x.Name, x.Name)
		if o.Hidden = key == ""; !o.Hidden {
			if o.Snippets, err = trap.KeySnippets(r.Here, key); err != nil {
				return err
			}
		}
	}
	return r.Render(http.StatusOK, pages, "trap.html", "Trap "+x.Name, o)
}

func (n *Networks) mode(r *page.Request) error {
	name, mode := r.PathValue("name"), r.PostForm.Get("mode")
	if err := n.Traps.Mode(r.Context(), r.Here, name, mode); err != nil {
		return err
	}
	return r.Done(r.Path("traps", name), "Trap %s: %s.", name, map[string]string{"on": "on", "off": "off", "rehearse": "rehearsed; it refuses nobody"}[mode])
}

func (n *Networks) lift(r *page.Request) error {
	name := r.PathValue("name")
	if err := n.Traps.Delete(r.Context(), r.Here, name); err != nil {
		return err
	}
	return r.Done(r.Path("traps"), "Trap %s is gone. Take its bait away too.", name)
}
