package cli

import (
	"fmt"
	"io"
	"time"

	"palisade.dev/backend/api"
	"palisade.dev/store"
)

type leverCmd struct {
	Close leverCloseCmd `cmd:"" help:"Close a route for everybody, for a time."`
	Set   leverSetCmd   `cmd:"" help:"Move a lever to a position between open and closed."`
	Open  leverOpenCmd  `cmd:"" help:"Open a route again."`
	List  leverListCmd  `cmd:"" help:"Levers that are not open." default:"1"`
}

type leverFor struct {
	Match string        `arg:"" help:"A route such as 'POST /users/register', or a named one such as @signup."`
	For   string        `help:"For how long; it opens again by itself." default:"15m" placeholder:"TIME"`
	Note  string        `help:"Why."`
	Wait  time.Duration `help:"How long to wait for the guards' receipts." default:"5s"`
	onSite
}

type leverCloseCmd struct{ leverFor }

func (c *leverCloseCmd) Run(s *session) error { return s.moveLever(c.leverFor, "closed") }

type leverSetCmd struct {
	Position string `arg:"" help:"open, newcomers, known, attested or closed." enum:"open,newcomers,known,attested,closed"`
	leverFor
}

func (c *leverSetCmd) Run(s *session) error { return s.moveLever(c.leverFor, c.Position) }

type leverOpenCmd struct {
	Match string        `arg:"" help:"As it was closed."`
	Wait  time.Duration `help:"How long to wait for the guards' receipts." default:"5s"`
	onSite
}

func (c *leverOpenCmd) Run(s *session) error {
	return s.moveLever(leverFor{Match: c.Match, For: "15m", Wait: c.Wait, onSite: c.onSite}, "open")
}

// moved is what --json tells.
type moved struct {
	Lever    api.LeverState `json:"lever"`
	Receipts api.Receipts   `json:"receipts"`
}

// moveLever moves it and waits for the guards' word.
func (s *session) moveLever(c leverFor, position string) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var m moved
	started := time.Now()
	body := map[string]string{"match": c.Match, "position": position, "for": c.For, "note": c.Note}
	if err := s.call("POST", path+"/levers", body, &m.Lever); err != nil {
		return err
	}
	for {
		if err := s.call("GET", fmt.Sprintf("%s/receipts?revision=%d", path, m.Lever.Revision), nil, &m.Receipts); err != nil {
			return err
		}
		if m.Receipts.All && len(m.Receipts.Guards) > 0 || time.Since(started) > c.Wait {
			break
		}
		select {
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	err = s.show(m, func(w io.Writer) {
		if position == "open" {
			fmt.Fprintf(w, "%s is open again (revision %d).\n", clean(m.Lever.Match), m.Lever.Revision)
		} else {
			fmt.Fprintf(w, "%s is %s %s, then opens by itself (revision %d).\n", clean(m.Lever.Match), positions[position], s.until(m.Lever.Until), m.Lever.Revision)
		}
		for _, g := range m.Receipts.Guards {
			if g.Enforces {
				fmt.Fprintf(w, "  %s enforces it (%d ms after it was set)\n", word(g.Guard), max(0, g.Since-m.Lever.Since))
			} else {
				fmt.Fprintf(w, "  %s has not confirmed; it enforces revision %d, seen %s\n", word(g.Guard), g.Revision, s.ago(g.LastSeen))
			}
		}
		if len(m.Receipts.Guards) == 0 {
			fmt.Fprintln(w, "  No guard of this site is connected.")
		}
	})
	if err == nil && !(m.Receipts.All && len(m.Receipts.Guards) > 0) {
		return fmt.Errorf("not every guard has confirmed within %s", c.Wait)
	}
	return err
}

var positions = map[string]string{
	"newcomers": "open to known visitors; newcomers are challenged", "known": "open to known users only",
	"attested": "open to attested clients only", "closed": "closed",
}

type leverListCmd struct{ onSite }

func (c *leverListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var list []store.Lever
	if err := s.call("GET", path+"/levers", nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "Every route is open.")
			return
		}
		var rows [][]string
		for _, l := range list {
			rows = append(rows, []string{l.Match, l.Position, s.ago(l.Since), s.until(l.Until), l.Note})
		}
		table(w, []string{"ROUTE", "POSITION", "SINCE", "RETURNS", "NOTE"}, rows)
	})
}
