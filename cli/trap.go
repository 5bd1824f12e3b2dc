package cli

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"palisade.dev/backend/api"
	"palisade.dev/backend/trap"
)

type trapCmd struct {
	List   trapListCmd   `cmd:"" help:"What is laid, and who touched it last." default:"1"`
	Lay    trapLayCmd    `cmd:"" aliases:"add" help:"Lay a decoy that nobody can have guessed, and print what to put where."`
	Show   trapShowCmd   `cmd:"" help:"Print what to put where for a trap."`
	Mode   trapModeCmd   `cmd:"" help:"Switch a trap on, off, or to rehearse."`
	Delete trapDeleteCmd `cmd:"" help:"Take a trap away; a default of its name comes back."`
}

type trapListCmd struct{ onSite }

func (c *trapListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var all []trap.State
	if err := s.call("GET", path+"/traps", nil, &all); err != nil {
		return err
	}
	return s.show(all, func(w io.Writer) {
		var rows [][]string
		for _, x := range all {
			touched, who := "-", ""
			if x.Touched != nil {
				touched, who = s.ago(time.UnixMicro(x.Touched.At).UnixMilli()), x.Touched.Address
			}
			all := append(append(strings.Fields(x.Form), x.Paths...), x.Accounts...)
			what := strings.Join(all[:min(1, len(all))], "")
			if len(all) > 1 {
				what += " …"
			}
			if len(x.Keys) > 0 {
				what = "api_key:" + x.Keys[0][:12]
			}
			rows = append(rows, []string{x.Name, string(x.Kind), what, strings.Join(x.Then, ", "), x.On(), touched, who})
		}
		table(w, []string{"TRAP", "KIND", "WHAT", "THEN", "MODE", "TOUCHED", "BY"}, rows)
	})
}

type trapLayCmd struct {
	Kind     string `arg:"" enum:"form,path,link,id,key,account" help:"form (nobody sees it), path (nothing links to it), link (nobody was given it), id, key or account (nobody's)."`
	Account  string `help:"A name or address of yours that nobody owns; made up unless given." placeholder:"WHO"`
	Rehearse bool   `help:"It refuses nobody and is told in events."`
	onSite
}

func (c *trapLayCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	mode := "on"
	if c.Rehearse {
		mode = "rehearse"
	}
	body := map[string]string{"kind": c.Kind, "mode": mode}
	if c.Account != "" {
		body["what"] = c.Account
	}
	var d api.Decoy
	if err := s.call("POST", path+"/traps", body, &d); err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) {
		fmt.Fprintf(w, "Trap %s is laid. Now put the bait where it will be found.\n", clean(d.Trap.Name))
		bait(w, d)
	})
}

func bait(w io.Writer, d api.Decoy) {
	if len(d.Snippets) == 0 {
		fmt.Fprintln(w, "There is nothing to put anywhere: it needs no bait, or is a key that was shown when it was laid.")
	}
	for _, x := range d.Snippets {
		fmt.Fprintf(w, "\n# %s: %s\n", x.Title, x.How)
		for line := range strings.Lines(x.Text) {
			fmt.Fprintln(w, clean(strings.TrimRight(line, "\n")))
		}
	}
}

type trapShowCmd struct {
	Name string `arg:"" help:"From: palisade trap list."`
	onSite
}

func (c *trapShowCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var d api.Decoy
	if err := s.call("GET", path+"/traps/"+url.PathEscape(c.Name), nil, &d); err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) { bait(w, d) })
}

type trapModeCmd struct {
	Name string `arg:"" help:"From: palisade trap list."`
	Mode string `arg:"" enum:"on,rehearse,off" help:"on, rehearse or off."`
	onSite
}

func (c *trapModeCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("POST", path+"/traps/"+url.PathEscape(c.Name)+"/mode", map[string]string{"mode": c.Mode})
}

type trapDeleteCmd struct {
	Name string `arg:"" help:"From: palisade trap list."`
	onSite
}

func (c *trapDeleteCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/traps/"+url.PathEscape(c.Name), nil)
}
