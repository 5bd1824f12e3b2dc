package cli

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"palisade.dev/backend/api"
	"palisade.dev/backend/client"
	"palisade.dev/backend/network"
	"palisade.dev/backend/network/desk"
	"palisade.dev/guard/wire"
)

type networkCmd struct {
	List    networkListCmd    `cmd:"" help:"Lists with source, age and size." default:"1"`
	Lookup  networkLookupCmd  `cmd:"" help:"Who is behind an address, and what a request from it would get."`
	Refresh networkRefreshCmd `cmd:"" help:"Renew one list now."`
	Block   networkBlockCmd   `cmd:"" help:"Block, challenge or label the clients of some networks on a route."`
	Unblock networkUnblockCmd `cmd:"" help:"Take such a block away."`
	Blocks  networkBlocksCmd  `cmd:"" help:"What is blocked where."`
	Write   networkWriteCmd   `cmd:"" help:"Keep a list of your own."`
	Show    networkShowCmd    `cmd:"" help:"Print a list that somebody wrote, as it was typed."`
	Delete  networkDeleteCmd  `cmd:"" help:"Take away a list that somebody wrote."`
}

type networkListCmd struct{}

func (c *networkListCmd) Run(s *session) error {
	var lists []api.ListState
	if err := s.call("GET", "/networks", nil, &lists); err != nil {
		return err
	}
	return s.show(lists, func(w io.Writer) {
		var rows [][]string
		for _, l := range lists {
			age := "-"
			if l.Date > 0 {
				age = fmt.Sprintf("%dd", l.AgeHours/24)
			}
			rows = append(rows, []string{l.Name, l.Title, thousands(l.Prefixes), age, yes(l.Renewed), l.LastError})
		}
		table(w, []string{"LIST", "TITLE", "PREFIXES", "AGE", "RENEWED", "LAST ERROR"}, rows)
	})
}

type networkLookupCmd struct {
	Address string `arg:"" help:"Such as 203.0.113.7, or a prefix."`
	Request string `arg:"" optional:"" help:"What it asks for, such as 'POST /users/log_in': then the site's verdict is told, with bans and allowances."`
	Agent   string `help:"User agent of that request." default:""`
	onSite
}

func (c *networkLookupCmd) Run(s *session) error {
	if c.Request != "" || c.Site != "" || strings.Contains(c.Address, "/") {
		return c.onSiteToo(s)
	}
	var found []client.Found
	if err := s.call("GET", "/networks/lookup?address="+url.QueryEscape(c.Address), nil, &found); err != nil {
		return err
	}
	return s.show(found, func(w io.Writer) {
		if len(found) == 0 {
			fmt.Fprintf(w, "%s is on no list.\n", clean(c.Address))
		}
		for _, f := range found {
			fmt.Fprintf(w, "%s (%s)\n", f.Name, f.Title)
		}
	})
}

// onSiteToo asks one site, which knows more than the lists do.
func (c *networkLookupCmd) onSiteToo(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	q := url.Values{"address": {c.Address}}
	if method, target, ok := strings.Cut(c.Request, " "); ok {
		q.Set("method", method)
		q.Set("target", strings.TrimSpace(target))
	} else if c.Request != "" {
		q.Set("target", c.Request)
	}
	if c.Agent != "" {
		q.Set("agent", c.Agent)
	}
	var a desk.Answer
	if err := s.call("GET", path+"/lookup?"+q.Encode(), nil, &a); err != nil {
		return err
	}
	return s.show(a, func(w io.Writer) {
		if len(a.Lists) == 0 {
			fmt.Fprintf(w, "%s is on no list.\n", clean(a.Subject))
		}
		for _, l := range a.Lists {
			part := ""
			if !l.Whole {
				part = ", some of it"
			}
			fmt.Fprintf(w, "%s (%s%s)\n", l.Name, clean(l.Title), part)
			for _, u := range l.Uses {
				fmt.Fprintf(w, "  %s on %s, by %s %s\n", clean(u.Then), clean(u.Route), u.What, clean(u.Name))
			}
		}
		for _, x := range a.Allowances {
			fmt.Fprintf(w, "%s is on the allow list. %s\n", clean(x.Subject), clean(x.Note))
		}
		for _, b := range a.Bans {
			fmt.Fprintf(w, "%s is banned %s. %s\n", clean(b.Subject), s.until(b.Until), clean(strings.TrimSpace(b.Rule+" "+b.Note)))
		}
		if v := a.Verdict; v != nil {
			fmt.Fprintf(w, "It would get: %s %s %s\n", v.Action, clean(v.Reason), clean(v.Rule))
		}
	})
}

type networkWriteCmd struct {
	Name  string `arg:"" help:"office becomes the list own/office."`
	File  string `arg:"" optional:"" help:"With a prefix or address a line; standard input unless given." default:"-"`
	Title string `help:"What people read." default:""`
	Kind  string `help:"own unless given; with another kind, rules about that kind mean this list too." default:""`
}

func (c *networkWriteCmd) Run(s *session) error {
	in := s.In
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, desk.MaxText+1))
	if err != nil {
		return fmt.Errorf("reading the list: %w", err)
	}
	name := strings.TrimPrefix(c.Name, "own/")
	old, err := c.before(s, name)
	if err != nil {
		return err
	}
	body := map[string]any{"text": string(text), "title": cmp.Or(c.Title, old.Title), "kind": cmp.Or(c.Kind, old.Kind), "was": old.Updated}
	var covers network.Covers
	if err := s.call("PUT", "/networks/own/"+url.PathEscape(name), body, &covers); err != nil {
		return err
	}
	return s.show(covers, func(w io.Writer) {
		fmt.Fprintf(w, "own/%s is kept: %s prefixes after joining.\n", clean(name), thousands(covers.Prefixes))
	})
}

// before finds the list that is written anew, if there is one.
func (c *networkWriteCmd) before(s *session, name string) (api.OwnList, error) {
	var all []api.OwnList
	if err := s.call("GET", "/networks/own", nil, &all); err != nil {
		return api.OwnList{}, err
	}
	for _, l := range all {
		if l.Name == "own/"+name {
			return l, nil
		}
	}
	return api.OwnList{}, nil
}

type networkShowCmd struct {
	Name string `arg:"" help:"Such as own/office."`
}

func (c *networkShowCmd) Run(s *session) error {
	name := strings.TrimPrefix(c.Name, "own/")
	l, err := (&networkWriteCmd{}).before(s, name)
	if err != nil {
		return err
	}
	if l.Name == "" {
		return fmt.Errorf("nobody wrote a list own/%s here; what there is: palisade network list", clean(name))
	}
	return s.show(l, func(w io.Writer) {
		for line := range strings.Lines(l.Text) {
			fmt.Fprintln(w, clean(strings.TrimRight(line, "\r\n")))
		}
	})
}

type networkDeleteCmd struct {
	Name string `arg:"" help:"Such as own/office."`
}

func (c *networkDeleteCmd) Run(s *session) error {
	return s.do("DELETE", "/networks/own/"+url.PathEscape(strings.TrimPrefix(c.Name, "own/")), nil)
}

type networkRefreshCmd struct {
	Name    string `arg:"" help:"Name of the list."`
	AnySize bool   `help:"Believe the download however much smaller it is than the list we have."`
}

func (c *networkRefreshCmd) Run(s *session) error {
	var l api.ListState
	if err := s.call("POST", "/networks/refresh", map[string]any{"name": c.Name, "any_size": c.AnySize}, &l); err != nil {
		return err
	}
	err := s.show(l, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s prefixes, %d days old.\n", l.Name, thousands(l.Prefixes), l.AgeHours/24)
	})
	if err == nil && l.LastError != "" {
		return fmt.Errorf("the list was not renewed: %s", clean(l.LastError))
	}
	return err
}

type networkBlockCmd struct {
	Networks string `arg:"" help:"Lists or kinds, parted by commas: cloud,tor,cloud/aws."`
	Match    string `arg:"" help:"A route, such as 'POST /users/register' or @signup."`
	Then     string `help:"block, challenge, throttle or label." default:"block"`
	Name     string `help:"Name of the block." default:""`
	onSite
}

func (c *networkBlockCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	if c.Name == "" {
		c.Name = strings.NewReplacer("/", "-", ",", "-", " ", "-", "*", "all", "@", "").Replace(c.Networks + "-on-" + c.Match)
	}
	b := wire.Block{Match: c.Match, Networks: strings.Split(c.Networks, ","), Then: c.Then}
	return s.do("PUT", path+"/blocks/"+url.PathEscape(c.Name), b)
}

type networkUnblockCmd struct {
	Name string `arg:"" help:"Name of the block, from: palisade network blocks."`
	onSite
}

func (c *networkUnblockCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/blocks/"+url.PathEscape(c.Name), nil)
}

type networkBlocksCmd struct{ onSite }

func (c *networkBlocksCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var blocks []wire.Block
	if err := s.call("GET", path+"/blocks", nil, &blocks); err != nil {
		return err
	}
	return s.show(blocks, func(w io.Writer) {
		var rows [][]string
		for _, b := range blocks {
			rows = append(rows, []string{b.Name, strings.Join(b.Networks, ", "), b.Match, b.Then, b.Mode})
		}
		table(w, []string{"BLOCK", "NETWORKS", "ROUTE", "THEN", "MODE"}, rows)
	})
}
