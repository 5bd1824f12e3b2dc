package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"palisade.dev/backend/api"
	"palisade.dev/store"
)

type appealCmd struct {
	List   appealListCmd   `cmd:"" help:"What refused people say." default:"1"`
	Link   appealLinkCmd   `cmd:"" help:"Make a link by which a banned client's person can say that it was a mistake, once."`
	Answer appealAnswerCmd `cmd:"" help:"Lift the ban, lift it and allow the client for 30 days, or decline."`
}

type appealListCmd struct {
	onSite
	Limit int `help:"How many." default:"20"`
}

func (c *appealListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var list []store.Appeal
	if err := s.call("GET", fmt.Sprintf("%s/appeals?limit=%d", path, c.Limit), nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nobody has appealed. Make a link for somebody with: palisade appeal link 203.0.113.7")
		}
		for _, a := range list {
			state := "waits"
			if a.Answered != 0 {
				state = a.Answer + " by " + clean(a.Answerer)
			}
			fmt.Fprintf(w, "%s  %s  %s  %s\n", a.ID, clean(a.Subject), s.ago(a.Sent), state)
			for l := range strings.Lines(a.Said) {
				fmt.Fprintf(w, "    %s\n", clean(strings.TrimRight(l, "\r\n")))
			}
			if a.Contact != "" {
				fmt.Fprintf(w, "    e-mail: %s\n", clean(a.Contact))
			}
		}
	})
}

type appealLinkCmd struct {
	Subject string `arg:"" help:"Of the ban: an address, a prefix, or account:NAME and the like."`
	onSite
}

func (c *appealLinkCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var made api.AppealLink
	if err := s.call("POST", path+"/appeals", map[string]string{"subject": c.Subject}, &made); err != nil {
		return err
	}
	base, _ := s.Env("PALISADE_URL")
	if base == "" {
		base = s.Server
	}
	return s.show(made, func(w io.Writer) {
		fmt.Fprintln(s.Err, "The link is shown this once; it works for seven days, and what is said by it comes to: palisade appeal list")
		fmt.Fprintln(w, strings.TrimSuffix(base, "/")+made.Path)
	})
}

type appealAnswerCmd struct {
	ID     string `arg:"" help:"Of the appeal, from: palisade appeal list."`
	Answer string `arg:"" enum:"lifted,allowed,declined" help:"lifted, allowed or declined."`
	Reason string `help:"A line that who appealed reads."`
	onSite
}

func (c *appealAnswerCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var a store.Appeal
	if err := s.call("POST", path+"/appeals/"+url.PathEscape(c.ID)+"/answer", map[string]string{"answer": c.Answer, "reason": c.Reason}, &a); err != nil {
		return err
	}
	said := map[string]string{"lifted": "is no longer banned", "allowed": "is no longer banned and stands on the allow list for 30 days", "declined": "stays banned"}
	return s.show(a, func(w io.Writer) { fmt.Fprintf(w, "%s %s.\n", clean(a.Subject), said[a.Answer]) })
}
