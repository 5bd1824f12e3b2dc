package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"palisade.dev/backend/api"
	"palisade.dev/backend/client"
	"palisade.dev/backend/event"
)

type eventCmd struct {
	Tail   eventTailCmd   `cmd:"" help:"Events as they happen." default:"1"`
	Find   eventFindCmd   `cmd:"" help:"Stored events, newest first."`
	Counts eventCountsCmd `cmd:"" help:"What happened in a time: counts and top lists."`
}

type eventTailCmd struct {
	Refused bool `help:"Only those that were refused."`
	onSite
}

func (c *eventTailCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	req, err := s.request("GET", path+"/tail", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return unreachable{fmt.Errorf("the back end at %s does not answer: %w", s.Server, plain(err))}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return refused(res)
	}
	if !s.JSON {
		fmt.Fprintln(s.Err, "Tailing events; stop with Ctrl-C.")
	}
	sc := bufio.NewScanner(res.Body)
	sc.Buffer(make([]byte, 0, 64<<10), 1<<20)
	kind := ""
	for sc.Scan() {
		line := sc.Text()
		if k, ok := strings.CutPrefix(line, "event: "); ok {
			kind = k
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		if kind == "lost" {
			fmt.Fprintf(s.Err, "%s events were not shown: they came faster than they could be printed\n", data)
			continue
		}
		var e event.Shown
		if err := json.Unmarshal([]byte(data), &e); err != nil {
			return fmt.Errorf("the back end's answer: %w", err)
		}
		if c.Refused && e.Action == "allow" {
			continue
		}
		if s.JSON {
			fmt.Fprintln(s.Out, data)
		} else {
			fmt.Fprintln(s.Out, s.line(&e))
		}
	}
	if s.ctx.Err() != nil {
		return nil
	}
	return errors.Join(sc.Err(), errors.New("the back end ended the stream"))
}

// line is one event for people.
func (s *session) line(e *event.Shown) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-15s %s %s %d", time.UnixMicro(e.At).Format("15:04:05.000"), word(e.Address), word(e.Method), word(e.Path), e.Status)
	if e.Action != "allow" || e.Reason != "" {
		verdict := e.Action
		if e.Reason != "" && e.Reason != e.Action {
			verdict += " " + e.Reason
		}
		if e.Rule != "" {
			verdict += " " + e.Rule
		}
		if s.Terminal && e.Action != "allow" {
			verdict = "\x1b[31m" + word(verdict) + "\x1b[0m"
		}
		b.WriteString("  " + verdict)
	}
	for _, o := range e.Outcomes {
		fmt.Fprintf(&b, "  %s %s", word(o.Name()), word(o.Subject))
	}
	if len(e.Networks) > 0 {
		fmt.Fprintf(&b, "  [%s]", word(strings.Join(e.Networks, " ")))
	}
	if len(e.Marks) > 0 {
		fmt.Fprintf(&b, "  (would: %s)", word(strings.Join(e.Marks, " ")))
	}
	return b.String()
}

type eventFindCmd struct {
	Address string `help:"Of the client." placeholder:"ADDRESS"`
	Network string `help:"A network list, or a prefix." placeholder:"NAME"`
	Account string `help:"Signed in, or named in an outcome." placeholder:"NAME"`
	Route   string `help:"Route template." placeholder:"ROUTE"`
	Status  string `help:"404, or 4xx." placeholder:"STATUS"`
	Action  string `help:"allow, throttle, block, ban, lever …" placeholder:"ACTION"`
	Rule    string `help:"Rule that acted, or would have." placeholder:"NAME"`
	Outcome string `help:"Such as login.failed." placeholder:"NAME"`
	Text    string `help:"Within path, user agent, account, host or address." placeholder:"TEXT"`
	Since   string `help:"How far back." placeholder:"TIME"`
	Limit   int    `help:"So many." default:"50"`
	onSite
}

func (c *eventFindCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	q := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	for name, v := range map[string]string{
		"address": c.Address, "network": c.Network, "account": c.Account, "route": c.Route, "status": c.Status, "action": c.Action,
		"rule": c.Rule, "outcome": c.Outcome, "text": c.Text, "since": c.Since,
	} {
		if v != "" {
			q.Set(name, v)
		}
	}
	var p api.EventPage
	if err := s.call("GET", path+"/events?"+q.Encode(), nil, &p); err != nil {
		return err
	}
	return s.show(p, func(w io.Writer) {
		if len(p.Events) == 0 {
			fmt.Fprintln(w, "No such events are stored.")
		}
		for i := range p.Events {
			fmt.Fprintln(w, s.line(&p.Events[i]))
		}
		if p.Next != "" {
			fmt.Fprintln(s.Err, "There may be more; say --limit or --since.")
		}
	})
}

type eventCountsCmd struct {
	Since string `help:"How far back." default:"24h"`
	onSite
}

func (c *eventCountsCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var sum api.SummaryState
	if err := s.call("GET", path+"/summary?since="+url.QueryEscape(c.Since)+"&step=1h", nil, &sum); err != nil {
		return err
	}
	return s.show(sum, func(w io.Writer) {
		fmt.Fprintf(w, "%s requests of about %s clients in %s.\n", thousands(sum.Requests), thousands(sum.Clients), c.Since)
		for _, a := range []string{"allow", "observe", "delay", "challenge", "throttle", "block", "ban", "lever"} {
			if n := sum.Actions[a]; n > 0 {
				fmt.Fprintf(w, "  %-10s %s\n", a, thousands(n))
			}
		}
		for _, top := range []string{"routes", "addresses", "networks", "rules", "accounts"} {
			if len(sum.Top[top]) == 0 {
				continue
			}
			fmt.Fprintf(w, "\nTop %s\n", top)
			for _, e := range sum.Top[top] {
				fmt.Fprintf(w, "  %10s  %s\n", thousands(e.Count), word(e.Value))
			}
		}
	})
}

type clientCmd struct {
	Show      clientShowCmd      `cmd:"" help:"Requests, verdicts, sign-ins by account, bans." default:"withargs"`
	Challenge clientChallengeCmd `cmd:"" help:"Challenge an address or prefix on every route, or with --off no longer."`
	Reveal    clientRevealCmd    `cmd:"" help:"The address behind an encrypted pseudonym; the audit log keeps who asked and why."`
}

type clientChallengeCmd struct {
	Subject string `arg:"" help:"An address or prefix."`
	Off     bool   `help:"No longer."`
	onSite
}

func (c *clientChallengeCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("POST", path+"/challenges", map[string]any{"subject": c.Subject, "off": c.Off})
}

type clientRevealCmd struct {
	Pseudonym string `arg:"" help:"Such as ~203.0.113.9."`
	Reason    string `help:"Why the address is needed." required:""`
	onSite
}

func (c *clientRevealCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var found client.Revealed
	if err := s.call("POST", path+"/reveal", map[string]string{"pseudonym": c.Pseudonym, "reason": c.Reason}, &found); err != nil {
		return err
	}
	return s.show(found, func(w io.Writer) {
		fmt.Fprintln(w, word(found.Address))
		if found.Doubt != "" {
			fmt.Fprintf(s.Err, "In doubt: %s.\n", clean(found.Doubt))
		}
	})
}

type clientShowCmd struct {
	Subject string `arg:"" help:"An address, a prefix, a pseudonym (~203.0.113.9), account:alice, api_key:…, certificate:… or fingerprint:…"`
	onSite
}

func (c *clientShowCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var x client.State
	if err := s.call("GET", path+"/clients/"+url.PathEscape(c.Subject), nil, &x); err != nil {
		return err
	}
	return s.show(x, func(w io.Writer) { s.client(w, &x) })
}

func (s *session) client(w io.Writer, x *client.State) {
	fmt.Fprint(w, word(x.Subject))
	for _, n := range x.Networks {
		fmt.Fprintf(w, "  [%s: %s]", n.Name, n.Title)
	}
	fmt.Fprintln(w)
	if x.Requests == 0 {
		fmt.Fprintln(w, "No request of it is stored.")
	} else {
		bound := ""
		if x.Bounded {
			bound = " or more"
		}
		fmt.Fprintf(w, "%s%s requests, the first %s, the last %s\n", thousands(x.Requests), bound, s.ago(x.First), s.ago(x.Last))
		for _, a := range []string{"allow", "observe", "delay", "challenge", "throttle", "block", "ban", "lever"} {
			if n := x.Actions[a]; n > 0 {
				fmt.Fprintf(w, "  %-10s %s\n", a, thousands(n))
			}
		}
		for rule, n := range x.Rules {
			fmt.Fprintf(w, "  by %s: %s\n", word(rule), thousands(n))
		}
	}
	if x.Shared {
		fmt.Fprintf(w, "Several people sign in from here: looks like an office or a shared network.\n")
	}
	if len(x.SignIns) > 0 {
		var rows [][]string
		for _, i := range x.SignIns {
			rows = append(rows, []string{i.Account, thousands(i.OK), thousands(i.Failed), s.ago(i.Last)})
		}
		fmt.Fprintln(w)
		table(w, []string{"ACCOUNT", "SIGNED IN", "FAILED", "LAST"}, rows)
	}
	if len(x.Bans) > 0 {
		var rows [][]string
		for _, b := range x.Bans {
			state := s.until(b.Until)
			if b.Lifted != 0 {
				state = "lifted"
			}
			rows = append(rows, []string{b.Source, b.Rule, b.Note, s.ago(b.Created), state})
		}
		fmt.Fprintln(w)
		table(w, []string{"BANNED BY", "RULE", "NOTE", "SINCE", "ENDS"}, rows)
	}
	if len(x.Events) > 0 {
		fmt.Fprintln(w)
		for i := range x.Events[:min(len(x.Events), 10)] {
			fmt.Fprintln(w, s.line(&x.Events[i]))
		}
	}
}
