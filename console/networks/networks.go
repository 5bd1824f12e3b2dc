// Package networks holds the pages about who is behind an address: the network lists with what a site does with each, a look
// at one address, lists that people write; and the traps, which catch those that no list knows.
package networks

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"palisade.dev/backend/access"
	"palisade.dev/backend/network"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/rule"
	"palisade.dev/backend/trap"
	"palisade.dev/console/page"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

//go:embed *.html
var files embed.FS

var pages = page.Load(files)

// Networks shows and changes.
type Networks struct {
	Desk  *desk.Desk
	Traps *trap.Traps
	once  page.Once
}

// Routes are its pages. Lists that people write are the installation's: package desk asks for more than the site's
// permission.
func (n *Networks) Routes() []page.Route {
	return []page.Route{
		{Pattern: "GET /s/{site}/networks", Need: access.See, Handle: n.lists},
		{Pattern: "GET /s/{site}/networks/lookup", Need: access.See, Handle: n.lookup},
		{Pattern: "GET /s/{site}/networks/block", Need: access.Change, Handle: n.begin},
		{Pattern: "POST /s/{site}/networks/block", Need: access.Change, Handle: n.block},
		{Pattern: "POST /s/{site}/networks/unblock", Need: access.Change, Handle: n.unblock},
		{Pattern: "POST /s/{site}/networks/renew", Need: access.Change, Handle: n.renew},
		{Pattern: "GET /s/{site}/networks/own", Need: access.Change, Handle: n.own},
		{Pattern: "POST /s/{site}/networks/own", Need: access.Change, Handle: n.write},
		{Pattern: "POST /s/{site}/networks/own/delete", Need: access.Change, Handle: n.remove},
		{Pattern: "GET /s/{site}/traps", Need: access.See, Handle: n.traps},
		{Pattern: "GET /s/{site}/traps/new", Need: access.Change, Handle: n.invent},
		{Pattern: "POST /s/{site}/traps/new", Need: access.Change, Handle: n.lay},
		{Pattern: "GET /s/{site}/traps/{name}", Need: access.See, Handle: n.trap},
		{Pattern: "POST /s/{site}/traps/{name}/mode", Need: access.Change, Handle: n.mode},
		{Pattern: "POST /s/{site}/traps/{name}/delete", Need: access.Change, Handle: n.lift},
	}
}

// group is the lists of one kind.
type group struct {
	Kind, Title string
	Lists       []desk.State
	Prefixes    int
	Old         int
	Uses        []desk.Use // of any of them, each once
}

// kinds are what kinds of lists mean, to people.
var kinds = map[string]string{
	network.Own: "Your own", network.Crawler: "Crawlers", network.Monitor: "Monitors", network.Webhook: "Senders of webhooks",
	network.Relay: "Relays: people behind them", network.CDN: "Content networks", network.Tor: "Tor", network.VPN: "VPNs",
	network.Scanner: "Scanners of the internet", network.Cloud: "Clouds", network.Hosting: "Hosting",
}

type shown struct {
	Groups []group
	Blocks []desk.Block
	Bots   []desk.State
	Old    int
}

func (n *Networks) lists(r *page.Request) error {
	s, err := n.Desk.Show(r.Context(), r.Here)
	if err != nil {
		return err
	}
	v := shown{Blocks: s.Blocks}
	for _, l := range s.Lists {
		if len(v.Groups) == 0 || v.Groups[len(v.Groups)-1].Kind != l.Kind {
			v.Groups = append(v.Groups, group{Kind: l.Kind, Title: kinds[l.Kind]})
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Lists = append(g.Lists, l)
		g.Prefixes += l.Prefixes
		for _, u := range l.Uses {
			if !slices.ContainsFunc(g.Uses, func(x desk.Use) bool { return x.What == u.What && x.Name == u.Name }) {
				g.Uses = append(g.Uses, u)
			}
		}
		if l.Old() {
			v.Old++
			g.Old++
		}
		if l.Kind == network.Crawler || l.Kind == network.Monitor || l.Kind == network.Webhook {
			v.Bots = append(v.Bots, l)
		}
	}
	return r.Render(http.StatusOK, pages, "networks.html", "Networks", v)
}

type looked struct {
	Asked          bool
	Address, Route string
	Agent          string
	Fault          string
	desk.Answer
}

// lookup tells all that is known of an address. A route that cannot be read comes back with what was typed.
func (n *Networks) lookup(r *page.Request) error {
	v := looked{Address: strings.TrimSpace(r.FormValue("address")), Route: strings.TrimSpace(r.FormValue("route")), Agent: r.FormValue("agent")}
	if v.Address == "" {
		return r.Render(http.StatusOK, pages, "lookup.html", "Look up an address", v)
	}
	q := desk.Question{Address: v.Address, Agent: page.Cut(v.Agent, 512)}
	if method, target, ok := strings.Cut(v.Route, " "); ok {
		q.Method, q.Target = method, strings.TrimSpace(target)
	} else {
		q.Target = v.Route
	}
	var err error
	v.Answer, err = n.Desk.Look(r.Context(), r.Here, q)
	if errors.Is(err, desk.ErrInvalid) || errors.Is(err, rule.ErrInvalid) {
		v.Fault = said(err)
		return r.Render(http.StatusUnprocessableEntity, pages, "lookup.html", "Look up an address", v)
	}
	if err != nil {
		return err
	}
	v.Asked = true
	return r.Render(http.StatusOK, pages, "lookup.html", v.Subject, v)
}

// said is a fault as a page tells it: without the word that marks it as the person's own.
func said(err error) string {
	text := err.Error()
	for strings.HasPrefix(text, "invalid: ") {
		text = strings.TrimPrefix(text, "invalid: ")
	}
	return page.Sentence(text)
}

// blocking is a block as it is being typed.
type blocking struct {
	wire.Block
	Networks string
	Edit     bool // of one that is there
	Lists    []desk.State
	Kinds    []string
	Routes   []string
	Fault    string
}

func (n *Networks) begin(r *page.Request) error {
	b := blocking{Networks: r.FormValue("list")}
	b.Match, b.Then, b.Mode = r.FormValue("match"), "block", "rehearse"
	if name := r.FormValue("name"); name != "" {
		all, err := n.Desk.Blocks(r.Context(), r.Here)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(x desk.Block) bool { return x.Name == name })
		if i < 0 {
			return page.Refuse(http.StatusNotFound, "There is no block of this name.")
		}
		b.Block, b.Edit, b.Networks = all[i].Block, true, strings.Join(all[i].Networks, ", ")
	}
	return n.blockForm(r, http.StatusOK, b)
}

func (n *Networks) blockForm(r *page.Request, status int, b blocking) error {
	s, err := n.Desk.Show(r.Context(), r.Here)
	if err != nil {
		return err
	}
	b.Lists, b.Routes, b.Kinds = s.Lists, s.Routes, network.Kinds()
	title := "Block a network"
	if b.Edit {
		title = "Block " + b.Name
	}
	return r.Render(status, pages, "block.html", title, b)
}

func (n *Networks) block(r *page.Request) error {
	f := r.PostForm
	b := blocking{Networks: f.Get("networks"), Edit: f.Get("edit") != ""}
	b.Name, b.Match, b.Then, b.Mode = strings.TrimSpace(f.Get("name")), strings.TrimSpace(f.Get("match")), f.Get("then"), f.Get("mode")
	b.Block.Networks = words(b.Networks)
	if b.Mode == "on" {
		b.Mode = ""
	}
	name, err := n.Desk.Block(r.Context(), r.Here, b.Block)
	if errors.Is(err, desk.ErrInvalid) || errors.Is(err, rule.ErrInvalid) || errors.Is(err, store.ErrConflict) {
		b.Fault = said(err)
		return n.blockForm(r, http.StatusUnprocessableEntity, b)
	}
	if err != nil {
		return err
	}
	if b.Mode == "rehearse" {
		return r.Done(r.Path("networks"), "Block %s is rehearsed: it refuses nobody, and events say whom it would have.", name)
	}
	return r.Done(r.Path("networks"), "Block %s is kept, and on its way to every guard.", name)
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(", ;\t\r\n", c) })
}

func (n *Networks) unblock(r *page.Request) error {
	name := r.PostForm.Get("name")
	if err := n.Desk.Unblock(r.Context(), r.Here, name); err != nil {
		return err
	}
	return r.Done(r.Path("networks"), "Block %s is gone.", name)
}

func (n *Networks) renew(r *page.Request) error {
	name := r.PostForm.Get("name")
	if err := n.Desk.Renew(r.Context(), name, r.PostForm.Get("any") != ""); errors.Is(err, access.ErrForbidden) {
		return err
	} else if err != nil {
		return r.Sorry(r.Path("networks"), "It was not renewed: %s", err)
	}
	return r.Done(r.Path("networks"), "%s is as its operator has it now.", name)
}

// writing is a list as it is being typed.
type writing struct {
	desk.Draft
	Kinds  []string
	Fault  string // about no field
	Faults map[string]string
	Max    int
}

func (n *Networks) own(r *page.Request) error {
	if err := access.Check(r.Context(), access.Everywhere, access.Change); err != nil {
		return err
	}
	w := writing{}
	if name := r.FormValue("name"); name != "" {
		var err error
		if w.Draft, err = n.Desk.Own(r.Context(), name); err != nil {
			return err
		}
	}
	return n.writeForm(r, http.StatusOK, w)
}

func (n *Networks) writeForm(r *page.Request, status int, w writing) error {
	w.Kinds, w.Max = network.Kinds(), desk.MaxText>>10
	title := "Write a network list"
	if w.Was != 0 {
		title = "own/" + w.Name
	}
	return r.Render(status, pages, "own.html", title, w)
}

func (n *Networks) write(r *page.Request) error {
	f := r.PostForm
	d := desk.Draft{Name: strings.TrimSpace(f.Get("name")), Title: strings.TrimSpace(f.Get("title")), Kind: f.Get("kind"), Text: f.Get("text"), Was: number(f.Get("was"))}
	covers, err := n.Desk.Write(r.Context(), d)
	if err == nil {
		return r.Done(r.Path("networks")+"?own=own/"+url.QueryEscape(d.Name)+"#own", "own/%s is kept, with %s entries after joining. Guards have it with their next policy.", d.Name, page.Count(covers.Prefixes))
	}
	w := writing{Draft: d, Faults: map[string]string{}}
	switch {
	case errors.Is(err, store.ErrConflict):
		w.Fault = page.Sentence(err.Error())
		return n.writeForm(r, http.StatusConflict, w)
	case !errors.Is(err, desk.ErrInvalid):
		return err
	}
	if faults := desk.Faults(err); len(faults) > 0 {
		for _, x := range faults {
			w.Faults[x.Field] = x.Err.Error()
		}
	} else {
		w.Fault = said(err)
	}
	return n.writeForm(r, http.StatusUnprocessableEntity, w)
}

func (n *Networks) remove(r *page.Request) error {
	name := r.PostForm.Get("name")
	if err := n.Desk.Delete(r.Context(), name); errors.Is(err, store.ErrConflict) {
		return r.Sorry(r.Path("networks"), "%s", page.Sentence(err.Error()))
	} else if err != nil {
		return err
	}
	return r.Done(r.Path("networks"), "own/%s is deleted.", strings.TrimPrefix(name, "own/"))
}
