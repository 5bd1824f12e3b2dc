package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"palisade.dev/backend/api"
	"palisade.dev/backend/client"
	"palisade.dev/guard/wire"
)

type networkCmd struct {
	List    networkListCmd    `cmd:"" help:"Lists with source, age and size." default:"1"`
	Lookup  networkLookupCmd  `cmd:"" help:"Which lists cover an address."`
	Refresh networkRefreshCmd `cmd:"" help:"Renew one list now."`
	Block   networkBlockCmd   `cmd:"" help:"Block, challenge or label the clients of some networks on a route."`
	Unblock networkUnblockCmd `cmd:"" help:"Take such a block away."`
	Blocks  networkBlocksCmd  `cmd:"" help:"What is blocked where."`
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
	Address string `arg:"" help:"Such as 203.0.113.7."`
}

func (c *networkLookupCmd) Run(s *session) error {
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
