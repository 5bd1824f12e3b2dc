package cli

import (
	"errors"
	"fmt"
	"io"
	"net/url"

	"palisade.dev/store"
)

type monitorCmd struct {
	List   monitorListCmd   `cmd:"" help:"Scans that are run again and again." default:"1"`
	Add    monitorAddCmd    `cmd:"" help:"Scan an API or hosts again and again."`
	Run    monitorRunCmd    `cmd:"" help:"Run one now, paused or not."`
	Pause  monitorPauseCmd  `cmd:"" help:"Do not run one until it is run again."`
	Delete monitorDeleteCmd `cmd:"" help:"Forget one; what it found stays."`
	Proof  monitorProofCmd  `cmd:"" help:"What shows that a public target is the site's own."`
}

type monitorListCmd struct{ onSite }

func (c *monitorListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var list []store.Monitor
	if err := s.call("GET", path+"/monitors", nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nothing is watched. Begin with: palisade monitor add https://api.example.com --every 1d")
		}
		for _, m := range list {
			state := "next " + s.ago(m.Next)
			if m.Paused != 0 {
				state = "paused"
			}
			fmt.Fprintf(w, "%s  %s  %s  %s  %s", m.ID, clean(m.Kind), clean(m.Target), clean(m.Schedule), state)
			if m.Fault != "" {
				fmt.Fprintf(w, "  last run came to nothing: %s", clean(m.Fault))
			}
			fmt.Fprintln(w)
		}
	})
}

type monitorAddCmd struct {
	Target   []string `arg:"" help:"The API's address; or host names, with --exposure."`
	Every    string   `help:"6h, 1d; or five fields as cron has them, in the site's zone." default:"1d" placeholder:"WHEN"`
	Exposure bool     `help:"Look at open ports and services of hosts."`
	Spec     string   `help:"Address of the API's OpenAPI document." placeholder:"URL"`
	Mode     string   `help:"passive or active." enum:"passive,active" default:"passive"`
	Identity []string `help:"As whom: alice=bearer:env:PALISADE_SCAN_ALICE, of the back end's environment." placeholder:"WHO" sep:"none"`
	onSite
}

func (c *monitorAddCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	kind, settings := "exposure", map[string]any{"hosts": c.Target}
	if !c.Exposure {
		if len(c.Target) != 1 {
			return misuse{errors.New("one API at a time")}
		}
		kind, settings = "api", map[string]any{"url": c.Target[0], "mode": c.Mode}
		if c.Spec != "" {
			settings["spec"] = c.Spec
		}
		if len(c.Identity) > 0 {
			settings["identities"] = c.Identity
		}
	}
	var m store.Monitor
	if err := s.call("POST", path+"/monitors", map[string]any{"kind": kind, "schedule": c.Every, "settings": settings}, &m); err != nil {
		return err
	}
	return s.show(m, func(w io.Writer) {
		fmt.Fprintf(w, "%s is watched. The first scan begins within seconds; see: palisade monitor list\n", clean(m.Target))
	})
}

// aMonitor is what a command is about.
type aMonitor struct {
	ID string `arg:"" help:"From palisade monitor list."`
	onSite
}

func (c aMonitor) do(s *session, method, what string) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do(method, path+"/monitors/"+url.PathEscape(c.ID)+what, nil)
}

type (
	monitorRunCmd    struct{ aMonitor }
	monitorPauseCmd  struct{ aMonitor }
	monitorDeleteCmd struct{ aMonitor }
	monitorProofCmd  struct{ onSite }
)

func (c *monitorRunCmd) Run(s *session) error { return c.do(s, "POST", "/run") }

func (c *monitorPauseCmd) Run(s *session) error { return c.do(s, "POST", "/pause") }

func (c *monitorDeleteCmd) Run(s *session) error { return c.do(s, "DELETE", "") }

func (c *monitorProofCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var p struct{ Token, DNS, Value, File string }
	if err := s.call("GET", path+"/monitors/proof", nil, &p); err != nil {
		return err
	}
	return s.show(p, func(w io.Writer) {
		fmt.Fprintf(w, "TXT record %sHOST with: %s\nor the file %s with: %s\n", p.DNS, p.Value, p.File, p.Token)
	})
}
