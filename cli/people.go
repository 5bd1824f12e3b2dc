package cli

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/access"
	"palisade.dev/backend/api"
	"palisade.dev/backend/people"
	"palisade.dev/store"
)

type peopleCmd struct {
	List    peopleListCmd    `cmd:"" help:"Who can sign in, and who they are where." default:"1"`
	Invite  peopleInviteCmd  `cmd:"" help:"Make a link by which somebody joins."`
	Role    peopleRoleCmd    `cmd:"" help:"Give somebody a role, or take it with none."`
	Recover peopleRecoverCmd `cmd:"" help:"Make a link by which somebody who is locked out sets a new password."`
	Disable peopleDisableCmd `cmd:"" help:"Keep somebody out, at once."`
	Enable  peopleEnableCmd  `cmd:"" help:"Let somebody who was disabled in again."`
	Remove  peopleRemoveCmd  `cmd:"" help:"Remove somebody; what they did stays in the audit log."`
	Signins peopleSigninsCmd `cmd:"" help:"Tries to sign in, newest first."`
	Self    peopleSelfCmd    `cmd:"" help:"Who you are and what you may, with the token in use."`
}

type peopleListCmd struct{}

func (peopleListCmd) Run(s *session) error {
	var list []people.Member
	if err := s.call("GET", "/people?limit=500", nil, &list); err != nil {
		return err
	}
	names, err := s.siteNames()
	if err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nobody has an account yet. Palisade prints a set-up link at each start; or: palisade people invite YOU@EXAMPLE.COM")
		}
		for _, m := range list {
			state := ""
			if m.Disabled != 0 {
				state = "  (disabled)"
			}
			fmt.Fprintf(w, "%s  %s  %s%s\n", clean(m.Email), clean(m.Name), roles(m.Roles, names), state)
		}
	})
}

// siteNames gives the sites' names by id.
func (s *session) siteNames() (map[string]string, error) {
	var sites []store.Site
	if err := s.call("GET", "/sites", nil, &sites); err != nil {
		return nil, err
	}
	names := map[string]string{access.Everywhere: "all sites"}
	for _, site := range sites {
		names[site.ID] = site.Name
	}
	return names, nil
}

func roles(of map[string]access.Role, names map[string]string) string {
	var all []string
	for site, role := range of {
		name := names[site]
		if name == "" {
			name = "a site that you do not see"
		}
		all = append(all, fmt.Sprintf("%s of %s", role, clean(name)))
	}
	slices.Sort(all)
	if len(all) == 0 {
		return "no role"
	}
	return strings.Join(all, ", ")
}

type peopleInviteCmd struct {
	Email string   `arg:"" help:"Whom."`
	As    string   `help:"owner, responder, viewer or auditor." enum:"owner,responder,viewer,auditor" default:"owner" placeholder:"ROLE"`
	On    []string `help:"Sites; all of them unless given." placeholder:"SITE"`
}

func (c *peopleInviteCmd) Run(s *session) error {
	var link api.OpenLink
	if err := s.call("POST", "/invitations", map[string]any{"email": c.Email, "role": c.As, "sites": c.On}, &link); err != nil {
		return err
	}
	return s.opening(link, "Send it to "+clean(link.Email)+".")
}

// opening shows a link that opens something once.
func (s *session) opening(link api.OpenLink, what string) error {
	base := s.public()
	if base == "" {
		base = strings.TrimSuffix(s.Server, "/")
	}
	link.Path = base + link.Path
	return s.show(map[string]any{"url": link.Path, "email": link.Email, "expires": link.Expires}, func(w io.Writer) {
		fmt.Fprintln(w, link.Path)
		fmt.Fprintf(s.Err, "%s It works once, until %s, and is shown this once.\n", what, time.UnixMilli(link.Expires).Format("2 Jan 2006, 15:04"))
	})
}

type peopleRoleCmd struct {
	Person string `arg:"" help:"E-mail address."`
	Role   string `arg:"" enum:"owner,responder,viewer,auditor,none" help:"owner, responder, viewer, auditor or none."`
	On     string `help:"The site; all of them unless given." placeholder:"SITE"`
}

func (c *peopleRoleCmd) Run(s *session) error {
	path := "/people/" + url.PathEscape(c.Person) + "/role"
	if c.On != "" {
		path = "/sites/" + url.PathEscape(c.On) + path
	}
	if c.Role == "none" {
		return s.do("DELETE", path, nil)
	}
	return s.do("PUT", path, map[string]string{"role": c.Role})
}

type peopleRecoverCmd struct {
	Person string `arg:"" help:"E-mail address."`
	All    bool   `help:"They lost the device too: one-time codes, passkeys, tied accounts and tokens go."`
}

func (c *peopleRecoverCmd) Run(s *session) error {
	var link api.OpenLink
	if err := s.call("POST", "/people/"+url.PathEscape(c.Person)+"/recover", map[string]bool{"all": c.All}, &link); err != nil {
		return err
	}
	return s.opening(link, "Whoever opens it sets the password of "+clean(link.Email)+".")
}

// somebody is who a command is about.
type somebody struct {
	Person string `arg:"" help:"E-mail address."`
}

func (p somebody) path() string { return "/people/" + url.PathEscape(p.Person) }

type (
	peopleDisableCmd struct{ somebody }
	peopleEnableCmd  struct{ somebody }
	peopleRemoveCmd  struct{ somebody }
)

func (c *peopleDisableCmd) Run(s *session) error { return s.do("POST", c.path()+"/disable", nil) }

func (c *peopleEnableCmd) Run(s *session) error { return s.do("POST", c.path()+"/enable", nil) }

func (c *peopleRemoveCmd) Run(s *session) error { return s.do("DELETE", c.path(), nil) }

type peopleSigninsCmd struct {
	Person string `arg:"" optional:"" help:"E-mail address; everybody without."`
	Limit  int    `help:"How many." default:"50"`
}

func (c *peopleSigninsCmd) Run(s *session) error {
	var list []store.Signin
	if err := s.call("GET", fmt.Sprintf("/sign-ins?limit=%d&person=%s", c.Limit, url.QueryEscape(c.Person)), nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nobody has tried to sign in.")
		}
		for _, t := range list {
			fmt.Fprintf(w, "%s  %s  %s  %s  %s\n", s.ago(t.At), t.Outcome, t.Method, clean(t.Address), clean(t.Agent))
		}
	})
}

type peopleSelfCmd struct{}

func (peopleSelfCmd) Run(s *session) error {
	var self api.Self
	if err := s.call("GET", "/self", nil, &self); err != nil {
		return err
	}
	names, err := s.siteNames()
	if err != nil {
		return err
	}
	return s.show(self, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s; the token may %s\n", clean(self.Name), roles(self.Roles, names), self.Scopes)
	})
}
