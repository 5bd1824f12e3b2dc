package cli

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"palisade.dev/backend/rehearse"
	"palisade.dev/backend/rule"
	"palisade.dev/config"
	"palisade.dev/guard/wire"
)

type ruleCmd struct {
	List     ruleListCmd     `cmd:"" help:"Rules in the order in which they are looked at." default:"1"`
	Add      ruleAddCmd      `cmd:"" help:"Add a rule, or replace the one of its name."`
	Delete   ruleDeleteCmd   `cmd:"" help:"Take a rule away; a default of its name comes back."`
	Test     ruleTestCmd     `cmd:"" help:"What the rules do with a request, and after how many of it."`
	Rehearse ruleRehearseCmd `cmd:"" help:"Run a draft rule over stored traffic and say whom it would have hurt."`

	Show      ruleShowCmd      `cmd:"" help:"One rule in words and in YAML, as 'rule add -f -' reads it."`
	Mode      ruleModeCmd      `cmd:"" help:"Switch a rule on or off, or put it into rehearsal."`
	Move      ruleMoveCmd      `cmd:"" help:"Look at a rule earlier or later."`
	History   ruleHistoryCmd   `cmd:"" help:"Who changed a rule and how."`
	Undo      ruleUndoCmd      `cmd:"" help:"Make a rule what it was before a change."`
	Templates ruleTemplatesCmd `cmd:"" help:"Rules to begin with, and what they stop."`
}

type ruleListCmd struct{ onSite }

func (c *ruleListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var rules []rule.State
	if err := s.call("GET", path+"/rules", nil, &rules); err != nil {
		return err
	}
	return s.show(rules, func(w io.Writer) {
		var rows [][]string
		for _, r := range rules {
			mode := r.Mode
			if mode == "" {
				mode = "on"
			}
			count := r.Count
			if count == "" {
				count = "requests"
			}
			if r.Distinct != "" {
				count += " by distinct " + r.Distinct
			}
			by := strings.Join(r.By, "+")
			if by == "" {
				by = "address"
			}
			rows = append(rows, []string{r.Name, r.Match.Route, count, by, r.Limit, strings.Join(r.Then, ", "), mode, r.Source})
		}
		table(w, []string{"RULE", "ROUTE", "COUNTS", "BY", "LIMIT", "THEN", "MODE", "FROM"}, rows)
	})
}

// draft is a rule on the command line: in a file, or by flags.
type draft struct {
	Name     string   `arg:"" optional:"" help:"Name of the rule: a-z, 0-9, - and _."`
	File     string   `help:"Read the rule from a YAML file (- for standard input)." short:"f" placeholder:"FILE"`
	Match    string   `help:"Route, such as 'POST /login' or @login." placeholder:"ROUTE"`
	Count    string   `help:"What is counted: requests, login.failed, status.404, trap …" placeholder:"WHAT"`
	Distinct string   `help:"Count distinct subjects: login.account, path, address …" placeholder:"WHAT"`
	By       []string `help:"By what: address, account, api_key, network, site … or several." placeholder:"KEY"`
	Limit    string   `help:"Such as '5 per 1m'." placeholder:"RATE"`
	Then     []string `help:"throttle, block, challenge, delay, observe; 'ban 10m'; alert." placeholder:"ACTION"`
	Spare    string   `help:"shared-address or known-device." placeholder:"WHOM"`
	Mode     string   `help:"on, rehearse or off." placeholder:"MODE"`
}

func (d *draft) rule(s *session) (wire.Rule, error) {
	r := wire.Rule{
		Name: d.Name, Match: wire.Match{Route: d.Match}, Count: d.Count, Distinct: d.Distinct, By: d.By,
		Limit: d.Limit, Then: d.Then, Spare: d.Spare, Mode: d.Mode,
	}
	if d.File != "" {
		var text []byte
		var err error
		if d.File == "-" {
			text, err = io.ReadAll(io.LimitReader(s.In, 1<<20))
		} else {
			text, err = os.ReadFile(d.File)
		}
		if err != nil {
			return r, misuse{err}
		}
		if err := config.Decode(d.File, text, &r); err != nil {
			return r, err
		}
	}
	if r.Name == "" || r.Limit == "" {
		return r, misuse{fmt.Errorf("a rule needs a name and a limit, such as: palisade rule add my-rule --match 'POST /login' --limit '5 per 1m'")}
	}
	return r, nil
}

type ruleAddCmd struct {
	draft
	onSite
}

func (c *ruleAddCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	r, err := c.rule(s)
	if err != nil {
		return err
	}
	var kept rule.State
	if err := s.call("PUT", path+"/rules/"+url.PathEscape(r.Name), r, &kept); err != nil {
		return err
	}
	return s.show(kept, func(w io.Writer) { fmt.Fprintf(w, "%s\n", ruleSaid(r.Name, kept.Mode)) })
}

type ruleDeleteCmd struct {
	Name string `arg:"" help:"Name of the rule."`
	onSite
}

func (c *ruleDeleteCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("DELETE", path+"/rules/"+url.PathEscape(c.Name), nil)
}

type ruleTestCmd struct {
	Method  string            `arg:"" help:"Such as POST."`
	Target  string            `arg:"" help:"Path and query, such as /users/log_in."`
	Address string            `help:"The client's." default:"203.0.113.7"`
	Host    string            `help:"The host asked for."`
	Header  map[string]string `help:"Header fields, Name=value." short:"H"`
	Times   int               `help:"Try so many at once." default:"100"`
	onSite
}

func (c *ruleTestCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var t rule.Tested
	body := map[string]any{"method": c.Method, "target": c.Target, "address": c.Address, "host": c.Host, "header": c.Header, "times": c.Times}
	if err := s.call("POST", path+"/rules/test", body, &t); err != nil {
		return err
	}
	return s.show(t, func(w io.Writer) {
		fmt.Fprintf(w, "%s %s is route %s", c.Method, word(c.Target), word(t.Route))
		if len(t.Networks) > 0 {
			fmt.Fprintf(w, ", from %s", strings.Join(t.Networks, ", "))
		}
		switch {
		case t.After < 0:
			fmt.Fprintf(w, ".\nAll %d at once pass.\n", c.Times)
		case t.After == 0:
			fmt.Fprintf(w, ".\nThe first is refused: %s, status %d, because of %s %s.\n", t.Action, t.Status, t.Reason, t.Rule)
		default:
			fmt.Fprintf(w, ".\n%d at once pass; the next is refused: %s, status %d, by %s %s.\n", t.After, t.Action, t.Status, t.Reason, t.Rule)
		}
	})
}

type ruleRehearseCmd struct {
	draft
	Since string `help:"How far back." default:"24h" placeholder:"TIME"`
	onSite
}

func (c *ruleRehearseCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	r, err := c.rule(s)
	if err != nil {
		return err
	}
	var rep rehearse.Report
	if err := s.call("POST", path+"/rules/rehearse", map[string]any{"rule": r, "since": c.Since}, &rep); err != nil {
		return err
	}
	return s.show(rep, func(w io.Writer) {
		fmt.Fprintf(w, "Over %s requests of the last %s, %s would have refused %s of %s clients,\n%s of whom have people behind them: signed in within the hour, or known.\n",
			thousands(rep.Requests), c.Since, rep.Rule, thousands(rep.Refused), thousands(rep.Clients), thousands(rep.SignedIn))
		if rep.Bounded {
			fmt.Fprintln(w, "There were more clients than could be told apart; the counts of clients are too low.")
		}
		if rep.Stored > rep.Requests && (rep.Stopped || rep.Asked < rep.From) {
			fmt.Fprintf(w, "Only a part of the traffic was looked at: %s of %s requests.\n", thousands(rep.Requests), thousands(rep.Stored))
		}
		if len(rep.Hurt) > 0 {
			var rows [][]string
			for _, h := range rep.Hurt {
				shared := ""
				if h.Shared {
					shared = fmt.Sprintf("by %d", h.Accounts)
				}
				rows = append(rows, []string{h.Client, thousands(h.Refused), strings.Join(h.Signed, ", "), shared, strings.Join(h.Network, ", ")})
			}
			fmt.Fprintln(w)
			table(w, []string{"PEOPLE AT", "REFUSED", "ACCOUNTS", "SHARED", "NETWORKS"}, rows)
		}
	})
}
