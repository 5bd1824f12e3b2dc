package cli

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"palisade.dev/backend/api"
	"palisade.dev/backend/site"
	"palisade.dev/backend/veil"
)

type siteSetCmd struct {
	Name         string    `arg:"" optional:"" help:"Name of the site."`
	Environment  *string   `help:"prod, test, dev or a word of yours."`
	Zone         *string   `help:"Time zone of its pages and mails."`
	WebFacing    *bool     `help:"Reachable from the Internet." negatable:""`
	PersonalData *bool     `help:"Holds personal data." negatable:""`
	Privacy      *string   `help:"How clients' addresses are kept in events from now on: clear, encrypted or hashed." enum:"clear,encrypted,hashed"`
	Proxies      *[]string `help:"Proxies that are believed: addresses, prefixes, loopback, private; \"\" is none." placeholder:"PREFIX"`
	Header       *string   `help:"The one header that they say the client's address in."`
}

func (c *siteSetCmd) Run(s *session) error {
	path, err := s.site(c.Name)
	if err != nil {
		return err
	}
	change := api.SiteChange{Environment: c.Environment, Zone: c.Zone, WebFacing: c.WebFacing, PersonalData: c.PersonalData, Privacy: (*veil.Mode)(c.Privacy)}
	if c.Proxies != nil || c.Header != nil {
		var have site.Document
		if err := s.call("GET", path+"/settings", nil, &have); err != nil {
			return err
		}
		change.Identity = &have.Identity
		if c.Proxies != nil {
			change.Identity.Proxies = nil
			for _, p := range *c.Proxies {
				if p != "" {
					change.Identity.Proxies = append(change.Identity.Proxies, p)
				}
			}
		}
		if c.Header != nil {
			change.Identity.Header = *c.Header
		}
	}
	if change == (api.SiteChange{}) {
		return misuse{errors.New("nothing to set: say at least one of --environment, --zone, --web-facing, --personal-data, --privacy, --proxies and --header")}
	}
	var d site.Document
	if err := s.call("PATCH", path+"/settings", change, &d); err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s, zone %s, web-facing %s, personal data %s\n", d.Name, clean(d.Environment), d.Zone, yes(d.WebFacing), yes(d.PersonalData))
		fmt.Fprintf(w, "Addresses in events are kept %s", d.Privacy.Name())
		if d.Privacy.Since != 0 {
			fmt.Fprintf(w, " since %s; what was stored before stays as it was", time.UnixMilli(d.Privacy.Since).Format("2 Jan 2006, 15:04"))
		}
		fmt.Fprintln(w)
		if d.Identity.Header != "" {
			fmt.Fprintf(w, "Clients' addresses are read from %s of %v\n", clean(d.Identity.Header), d.Identity.Proxies)
		}
	})
}

type siteForgetCmd struct {
	Guard string `arg:"" help:"Name of the guard, from: palisade site show."`
	onSite
}

func (c *siteForgetCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/guards/"+url.PathEscape(c.Guard), nil)
}
