package api

import (
	"context"
	"fmt"
	"net/netip"

	"palisade.dev/backend/access"
	"palisade.dev/backend/client"
	"palisade.dev/backend/network"
	"palisade.dev/backend/network/desk"
	"palisade.dev/backend/trap"
	"palisade.dev/guard/wire"
	"palisade.dev/store"
)

// ListState is one network list.
type ListState struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Title     string `json:"title"`
	Source    string `json:"source"`
	Official  string `json:"official,omitempty"`
	Licence   string `json:"licence,omitempty"`
	Date      int64  `json:"date" doc:"unix milliseconds of the copy"`
	AgeHours  int64  `json:"age_hours"`
	Prefixes  int    `json:"prefixes"`
	Addresses uint64 `json:"addresses" doc:"IPv4 addresses that it covers"`
	Networks6 uint64 `json:"networks6" doc:"IPv6 networks of /64 that it covers"`
	Old       bool   `json:"old,omitempty" doc:"it should have been renewed within a week and was not"`
	Renewed   bool   `json:"renewed"`
	LastError string `json:"last_error,omitempty"`
	NextTry   int64  `json:"next_try,omitempty"`
}

func listState(s network.Status) ListState {
	l := ListState{
		Name: s.Name, Kind: s.Kind, Title: s.Title, Source: s.Source, Official: s.Official, Licence: s.Licence,
		Date: s.Date.UnixMilli(), AgeHours: int64(s.Age.Hours()), Prefixes: s.Prefixes, Addresses: s.Covers.V4, Networks6: s.Covers.V6, Old: s.Old(), Renewed: s.Renewed, LastError: s.LastError,
	}
	if !s.NextTry.IsZero() {
		l.NextTry = s.NextTry.UnixMilli()
	}
	return l
}

func (a *api) networks() {
	op(a, anyone, "GET", "/networks", "list-networks", "Network lists with source, age and size", func(context.Context, *struct{}) ([]ListState, error) {
		states := []ListState{}
		for _, s := range a.Networks.Status() {
			states = append(states, listState(s))
		}
		return states, nil
	})
	op(a, anyone, "GET", "/networks/lookup", "lookup-network", "Which lists cover an address, what matters most first", func(_ context.Context, in *struct {
		Address string `query:"address" required:"true"`
	},
	) ([]client.Found, error) {
		address, err := netip.ParseAddr(in.Address)
		if err != nil {
			return nil, fmt.Errorf("%w: address %q: want one such as 203.0.113.7", errInvalid, in.Address)
		}
		return client.Lists(a.Networks.Lookup(address)), nil
	})
	op(a, everywhere(access.Change), "POST", "/networks/refresh", "refresh-network", "Renew one list now", func(ctx context.Context, in *struct {
		Body struct {
			Name    string `json:"name" minLength:"1"`
			AnySize bool   `json:"any_size,omitempty" doc:"believe the download however much smaller it is"`
		}
	},
	) (ListState, error) {
		err := a.Networks.Refresh(ctx, in.Body.Name, in.Body.AnySize)
		for _, s := range a.Networks.Status() {
			if s.Name == in.Body.Name {
				return listState(s), nil // what went wrong is in its state
			}
		}
		return ListState{}, err
	})
	op(a, on(access.See), "GET", "/sites/{site}/networks", "list-site-networks", "Network lists with what a site does with each", func(ctx context.Context, in *On) ([]ListUse, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		shown, err := a.Desk.Show(ctx, s)
		if err != nil {
			return nil, err
		}
		uses := []ListUse{}
		for _, l := range shown.Lists {
			uses = append(uses, ListUse{listState(l.Status), l.Uses, l.Day, l.Written})
		}
		return uses, nil
	})
	op(a, on(access.See), "GET", "/sites/{site}/lookup", "lookup-address", "Everything that is known of an address or a prefix on a site, and what a request from it would get now", func(ctx context.Context, in *struct {
		On
		Address string `query:"address" required:"true" doc:"or a prefix"`
		Method  string `query:"method" maxLength:"20"`
		Target  string `query:"target" maxLength:"2048" doc:"a path; without one there is no verdict"`
		Agent   string `query:"agent" maxLength:"512" doc:"User-Agent of that request"`
	},
	) (desk.Answer, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return desk.Answer{}, err
		}
		return a.Desk.Look(ctx, s, desk.Question{Address: in.Address, Method: in.Method, Target: in.Target, Agent: in.Agent})
	})
	op(a, everywhere(access.See), "GET", "/networks/own", "list-own-networks", "Network lists that people wrote, as they typed them", func(ctx context.Context, _ *struct{}) ([]OwnList, error) {
		all, err := a.Desk.Written(ctx)
		if err != nil {
			return nil, err
		}
		lists := []OwnList{}
		for _, l := range all {
			lists = append(lists, OwnList{l.Name, l.Title, l.Kind, l.Text, l.Author, l.Updated})
		}
		return lists, nil
	})
	op(a, everywhere(access.Change), "PUT", "/networks/own/{name}", "put-own-network", "Write a network list, or another text of it", func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"40" doc:"office becomes the list own/office"`
		Body struct {
			Title string `json:"title,omitempty"`
			Kind  string `json:"kind,omitempty" doc:"own unless given"`
			Text  string `json:"text" doc:"a prefix or address a line, comments after a #"`
			Was   int64  `json:"was,omitempty" doc:"when the list that this one is made from was changed; 0: a new one"`
		}
	},
	) (network.Covers, error) {
		return a.Desk.Write(ctx, desk.Draft{Name: in.Name, Title: in.Body.Title, Kind: in.Body.Kind, Text: in.Body.Text, Was: in.Body.Was})
	})
	op(a, everywhere(access.Change), "DELETE", "/networks/own/{name}", "delete-own-network", "Take away a list that somebody wrote and nothing uses", func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"40"`
	},
	) (done, error) {
		return done{"network list own/" + in.Name + " is deleted"}, a.Desk.Delete(ctx, in.Name)
	})
}

// ListUse is a list with what a site does with it.
type ListUse struct {
	ListState
	Uses    []desk.Use `json:"uses"`
	Day     uint64     `json:"day" doc:"requests from it within 24 h, of the lists seen most"`
	Written bool       `json:"written,omitempty" doc:"by a person, here"`
}

// OwnList is a list that a person wrote.
type OwnList struct {
	Name    string `json:"name"`
	Title   string `json:"title,omitempty"`
	Kind    string `json:"kind"`
	Text    string `json:"text"`
	Author  string `json:"author"`
	Updated int64  `json:"updated" doc:"unix milliseconds"`
}

// Decoy is a trap that was laid, with what to put where.
type Decoy struct {
	Trap     wire.Trap      `json:"trap"`
	Kind     trap.Kind      `json:"kind"`
	Key      string         `json:"key,omitempty" doc:"the decoy key itself, when it is laid: it is kept as a hash and not shown again"`
	Snippets []trap.Snippet `json:"snippets"`
}

func (a *api) traps() {
	op(a, on(access.See), "GET", "/sites/{site}/traps", "list-traps", "The site's traps, with who touched each last", func(ctx context.Context, in *On) ([]trap.State, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return nil, err
		}
		return a.Traps.List(ctx, s)
	})
	op(a, on(access.Change), "POST", "/sites/{site}/traps", "lay-trap", "Lay a decoy that nobody can have guessed, and say what to put where", func(ctx context.Context, in *struct {
		On
		Body struct {
			Kind string `json:"kind" enum:"form,path,link,id,key,account"`
			What string `json:"what,omitempty" maxLength:"512" doc:"a key or an account that is nobody's, for traps of these kinds; made up unless given"`
			Mode string `json:"mode,omitempty" enum:"on,rehearse"`
		}
	},
	) (Decoy, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return Decoy{}, err
		}
		return a.lay(ctx, s, trap.Kind(in.Body.Kind), in.Body.What, in.Body.Mode)
	})
	op(a, on(access.See), "GET", "/sites/{site}/traps/{name}", "get-trap", "One trap, with what to put where", func(ctx context.Context, in *Named) (Decoy, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return Decoy{}, err
		}
		x, err := a.Traps.Get(ctx, s, in.Name)
		return Decoy{Trap: x.Trap, Kind: x.Kind, Snippets: append([]trap.Snippet{}, trap.Snippets(x.Trap, x.Kind)...)}, err
	})
	op(a, on(access.Change), "POST", "/sites/{site}/traps/{name}/mode", "set-trap-mode", "Switch a trap on, off, or to rehearse", func(ctx context.Context, in *struct {
		Named
		Body struct {
			Mode string `json:"mode" enum:"on,rehearse,off"`
		}
	},
	) (done, error) {
		s, err := a.site(ctx, in.Site)
		if err != nil {
			return done{}, err
		}
		return done{"trap " + in.Name + " is set to " + in.Body.Mode}, a.Traps.Mode(ctx, s, in.Name, in.Body.Mode)
	})
}

// lay makes a trap up, or of a word that is given, and keeps it.
func (a *api) lay(ctx context.Context, s store.Site, kind trap.Kind, word, mode string) (Decoy, error) {
	x, err := a.Traps.Invent(kind)
	if err != nil {
		return Decoy{}, err
	}
	if x.Mode = mode; mode == "on" {
		x.Mode = ""
	}
	d := Decoy{Kind: kind}
	switch {
	case kind == trap.Key || kind == trap.Account:
		if word == "" {
			if word, err = a.Traps.Word(s, kind); err != nil {
				return Decoy{}, err
			}
		}
		if err := a.Traps.Bear(ctx, s, &x, kind, word); err != nil {
			return Decoy{}, err
		}
	case word != "":
		return Decoy{}, fmt.Errorf("%w: what: only a key or an account is told; put a trap of paths with PUT", errInvalid)
	}
	if d.Trap, d.Snippets = x, trap.Snippets(x, kind); kind == trap.Key {
		d.Key = word
		if d.Snippets, err = trap.KeySnippets(s, word); err != nil {
			return Decoy{}, err
		}
	}
	return d, a.Traps.Set(ctx, s, x)
}
