package cli

import (
	"fmt"
	"net"
	"path/filepath"

	"palisade.dev/backend"
	"palisade.dev/config"
)

// welcome says what stands where, and what to do next.
func (s *session) welcome(c *config.Config, addr net.Addr, demo string, way wayIn) {
	front := "http://" + addr.String()
	if l := c.Gateway.Listen; len(l) > 0 && (l[0].Certificates != nil || l[0].ACME != nil) {
		front = "https://" + addr.String()
	}
	w := s.Err
	fmt.Fprintln(w)
	if demo != "" {
		fmt.Fprintf(w, "  The demo shop stands behind Palisade:   %s\n", front)
	}
	for _, site := range c.Sites {
		switch {
		case demo != "":
		case len(site.Upstreams) == 0:
			fmt.Fprintf(w, "  %s: a proxy may ask at %s/auth\n", site.Name, front)
		default:
			fmt.Fprintf(w, "  %s stands behind Palisade:   %s  →  %s\n", site.Name, front, site.Upstreams[0])
		}
	}
	if way.setup != "" {
		fmt.Fprintf(w, "  Make your account (works once):         %s\n", way.setup)
	} else {
		fmt.Fprintf(w, "  Console:                                %s\n", way.console)
	}
	fmt.Fprintf(w, "  Operator's token:                        %s\n\n", filepath.Join(c.Data, backend.TokenFile))
	flags := ""
	if c.Data != config.DefaultData {
		flags += " --data " + c.Data
	}
	if c.Console != config.DefaultConsole {
		flags += " --server http://" + c.Console
	}
	fmt.Fprintln(w, "  In another terminal:")
	if demo != "" {
		target := ""
		if front != "http://"+config.DefaultListen {
			target = " --target " + front
		}
		fmt.Fprintf(w, "    %s demo attack%s%s\n", s.Program, flags, target)
	}
	if way.setup != "" {
		fmt.Fprintf(w, "    %s console%s            # a look round without an account\n", s.Program, flags)
	}
	fmt.Fprintf(w, "    %s event tail%s\n", s.Program, flags)
	fmt.Fprintf(w, "    %s lever close '@signup' --for 15m%s\n", s.Program, flags)
	fmt.Fprintf(w, "    %s ban list%s\n\n", s.Program, flags)
}
