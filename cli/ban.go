package cli

import (
	"fmt"
	"io"
	"net/url"

	"palisade.dev/store"
)

type banCmd struct {
	Add  banAddCmd  `cmd:"" help:"Ban an address, a prefix, an account or a key."`
	Lift banLiftCmd `cmd:"" help:"Lift a ban."`
	List banListCmd `cmd:"" help:"Standing bans, newest first." default:"1"`
}

type banAddCmd struct {
	Subject string `arg:"" help:"203.0.113.7, 203.0.113.0/24, account:alice, api_key:…, certificate:…, fingerprint:…"`
	For     string `help:"How long, such as 10m or 7d; until lifted unless given." placeholder:"TIME"`
	Note    string `help:"Why."`
	onSite
}

func (c *banAddCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var b store.Ban
	if err := s.call("POST", path+"/bans", map[string]string{"subject": c.Subject, "for": c.For, "note": c.Note}, &b); err != nil {
		return err
	}
	return s.show(b, func(w io.Writer) { fmt.Fprintf(w, "%s is banned %s.\n", clean(b.Subject), s.until(b.Until)) })
}

type banLiftCmd struct {
	Subject string `arg:"" help:"As it was banned."`
	onSite
}

func (c *banLiftCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/bans?subject="+url.QueryEscape(c.Subject), nil)
}

type banListCmd struct {
	Limit int `help:"So many." default:"50"`
	onSite
}

func (c *banListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var bans []store.Ban
	if err := s.call("GET", fmt.Sprintf("%s/bans?limit=%d", path, c.Limit), nil, &bans); err != nil {
		return err
	}
	return s.show(bans, func(w io.Writer) {
		if len(bans) == 0 {
			fmt.Fprintln(w, "Nobody is banned.")
			return
		}
		var rows [][]string
		for _, b := range bans {
			why := b.Rule
			if why == "" {
				why = b.Note
			}
			rows = append(rows, []string{b.Subject, b.Source, why, s.ago(b.Created), s.until(b.Until)})
		}
		table(w, []string{"SUBJECT", "BY", "WHY", "SINCE", "ENDS"}, rows)
	})
}

type allowCmd struct {
	Add    allowAddCmd    `cmd:"" help:"Put a client on the allow list."`
	Remove allowRemoveCmd `cmd:"" help:"Take a client off it."`
	List   allowListCmd   `cmd:"" help:"The allow list." default:"1"`
}

type allowAddCmd struct {
	Subject string `arg:"" help:"203.0.113.7, 203.0.113.0/24, account:alice, api_key:…"`
	For     string `help:"How long; until taken back unless given." placeholder:"TIME"`
	Note    string `help:"Why."`
	onSite
}

func (c *allowAddCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var a store.Allowance
	if err := s.call("POST", path+"/allowances", map[string]string{"subject": c.Subject, "for": c.For, "note": c.Note}, &a); err != nil {
		return err
	}
	return s.show(a, func(w io.Writer) { fmt.Fprintf(w, "%s is on the allow list %s.\n", clean(a.Subject), s.until(a.Until)) })
}

type allowRemoveCmd struct {
	Subject string `arg:"" help:"As it was allowed."`
	onSite
}

func (c *allowRemoveCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/allowances?subject="+url.QueryEscape(c.Subject), nil)
}

type allowListCmd struct{ onSite }

func (c *allowListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var list []store.Allowance
	if err := s.call("GET", path+"/allowances", nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "The allow list is empty.")
			return
		}
		var rows [][]string
		for _, a := range list {
			rows = append(rows, []string{a.Subject, a.Note, s.ago(a.Created), s.until(a.Until)})
		}
		table(w, []string{"SUBJECT", "NOTE", "SINCE", "ENDS"}, rows)
	})
}
