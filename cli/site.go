package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"palisade.dev/backend/api"
	"palisade.dev/backend/site"
	"palisade.dev/store"
)

type siteCmd struct {
	List   siteListCmd   `cmd:"" help:"All sites, their guards and bans." default:"1"`
	Show   siteShowCmd   `cmd:"" help:"One site: its guards and what each enforces."`
	Add    siteAddCmd    `cmd:"" help:"Make a site with the default rules, and a key for its guards."`
	Set    siteSetCmd    `cmd:"" help:"Change what is said of a site."`
	Forget siteForgetCmd `cmd:"" help:"Take a guard off the list that is no longer there."`
	Delete siteDeleteCmd `cmd:"" help:"Forget a site and all that belongs to it."`
	Key    siteKeyCmd    `cmd:"" help:"Keys that let guards in."`
	Tie    siteTieCmd    `cmd:"" help:"Tie an API key (read from standard input) to an account, whose quota it then shares."`
}

type siteListCmd struct{}

func (c *siteListCmd) Run(s *session) error {
	var sites []api.SiteState
	if err := s.call("GET", "/sites", nil, &sites); err != nil {
		return err
	}
	return s.show(sites, func(w io.Writer) {
		if len(sites) == 0 {
			fmt.Fprintln(w, "No sites yet. Make one with: palisade site add NAME")
			return
		}
		var rows [][]string
		for _, x := range sites {
			rows = append(rows, []string{x.Name, x.Environment, yes(x.WebFacing), yes(x.PersonalData), fmt.Sprint(len(x.Guards)), thousands(x.Bans), fmt.Sprint(x.Revision)})
		}
		table(w, []string{"SITE", "ENVIRONMENT", "WEB", "PERSONAL DATA", "GUARDS", "BANS", "REVISION"}, rows)
	})
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

type siteShowCmd struct {
	Name string `arg:"" optional:"" help:"Name of the site."`
}

func (c *siteShowCmd) Run(s *session) error {
	path, err := s.site(c.Name)
	if err != nil {
		return err
	}
	var x api.SiteState
	if err := s.call("GET", path, nil, &x); err != nil {
		return err
	}
	return s.show(x, func(w io.Writer) {
		fmt.Fprintf(w, "%s (%s), revision %d, %s standing bans\n", x.Name, x.Environment, x.Revision, thousands(x.Bans))
		if len(x.Guards) == 0 {
			fmt.Fprintf(w, "No guard has been seen. Make a key for one with: palisade site key add %s\n", x.Name)
			return
		}
		var rows [][]string
		for _, g := range x.Guards {
			state := "enforces " + fmt.Sprint(g.Revision)
			if g.Fault != "" {
				state += ", refused a newer one: " + g.Fault
			}
			rows = append(rows, []string{g.ID, g.Kind, g.Version, state, s.ago(g.LastSeen)})
		}
		table(w, []string{"GUARD", "KIND", "VERSION", "POLICY", "SEEN"}, rows)
	})
}

type siteAddCmd struct {
	Name         string `arg:"" help:"Name: a-z, 0-9 and -."`
	Environment  string `help:"prod, test, dev or a word of yours." default:"prod"`
	Zone         string `help:"Time zone of its reports." default:"UTC"`
	Internal     bool   `help:"Not reachable from the Internet."`
	PersonalData bool   `help:"Holds personal data."`
}

func (c *siteAddCmd) Run(s *session) error {
	var made store.Site
	facts := site.Facts{Name: c.Name, Environment: c.Environment, Zone: c.Zone, WebFacing: !c.Internal, PersonalData: c.PersonalData}
	if err := s.call("POST", "/sites", facts, &made); err != nil {
		return err
	}
	var key api.NewKey
	if err := s.call("POST", "/sites/"+url.PathEscape(c.Name)+"/keys", map[string]string{"label": "first"}, &key); err != nil {
		return err
	}
	return s.show(map[string]any{"site": made, "key": key}, func(w io.Writer) {
		fmt.Fprintf(w, "Site %s is made, with the default rules. Its key, shown this once:\n\n  %s\n\nGive it to the guard:\n  PALISADE_SITE_KEY=… palisade gateway --upstream http://127.0.0.1:4000\n", c.Name, key.Key)
	})
}

type siteDeleteCmd struct {
	Name string `arg:"" help:"Name of the site."`
	Yes  bool   `help:"Do it without asking."`
}

func (c *siteDeleteCmd) Run(s *session) error {
	if !c.Yes {
		return misuse{fmt.Errorf("this forgets the rules, bans and keys of %s; say --yes to do it", c.Name)}
	}
	return s.do("DELETE", "/sites/"+url.PathEscape(c.Name), nil)
}

// do calls what answers with one sentence.
func (s *session) do(method, path string, body any) error {
	var d struct {
		Done string `json:"done"`
	}
	if err := s.call(method, path, body, &d); err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) { fmt.Fprintln(w, strings.ToUpper(d.Done[:1])+clean(d.Done[1:])+".") })
}

type siteKeyCmd struct {
	Add    siteKeyAddCmd    `cmd:"" help:"Make a key; two are valid at a time, so that one can take over from the other."`
	List   siteKeyListCmd   `cmd:"" help:"A site's keys."`
	Revoke siteKeyRevokeCmd `cmd:"" help:"End a key at once."`
}

type siteKeyAddCmd struct {
	Name  string `arg:"" optional:"" help:"Name of the site."`
	Label string `help:"What it is for."`
}

func (c *siteKeyAddCmd) Run(s *session) error {
	path, err := s.site(c.Name)
	if err != nil {
		return err
	}
	var key api.NewKey
	if err := s.call("POST", path+"/keys", map[string]string{"label": c.Label}, &key); err != nil {
		return err
	}
	return s.show(key, func(w io.Writer) {
		fmt.Fprintln(s.Err, "The key is shown this once. Give it to the guard as PALISADE_SITE_KEY.")
		fmt.Fprintln(w, key.Key)
	})
}

type siteKeyListCmd struct {
	Name string `arg:"" optional:"" help:"Name of the site."`
}

func (c *siteKeyListCmd) Run(s *session) error {
	path, err := s.site(c.Name)
	if err != nil {
		return err
	}
	var keys []store.SiteKey
	if err := s.call("GET", path+"/keys", nil, &keys); err != nil {
		return err
	}
	return s.show(keys, func(w io.Writer) {
		var rows [][]string
		for _, k := range keys {
			state := "valid"
			if k.Revoked != 0 {
				state = "revoked " + s.ago(k.Revoked)
			}
			rows = append(rows, []string{k.ID, k.Label, state, s.ago(k.Created), s.ago(k.LastUsed)})
		}
		table(w, []string{"ID", "LABEL", "STATE", "MADE", "USED"}, rows)
	})
}

type siteKeyRevokeCmd struct {
	ID string `arg:"" help:"Id of the key, from: palisade site key list."`
	onSite
}

func (c *siteKeyRevokeCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/keys/"+url.PathEscape(c.ID), nil)
}

type siteTieCmd struct {
	Account string `arg:"" help:"The account."`
	Label   string `help:"What the key is for."`
	onSite
}

func (c *siteTieCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(s.In, 1024))
	if err != nil {
		return err
	}
	key := strings.TrimSpace(string(b))
	if key == "" {
		return misuse{fmt.Errorf("no key came on standard input; pipe it in, so that it stays out of the shell's history")}
	}
	var p store.Principal
	if err := s.call("POST", path+"/principals", map[string]string{"api_key": key, "account": c.Account, "label": c.Label}, &p); err != nil {
		return err
	}
	return s.show(p, func(w io.Writer) { fmt.Fprintf(w, "Key %s… is tied to %s.\n", p.Key[:12], clean(p.Account)) })
}
