package cli

import (
	"fmt"
	"io"
	"net/url"
	"time"

	"palisade.dev/backend/api"
	"palisade.dev/scan"
	"palisade.dev/store"
)

type detectionCmd struct {
	List    detectionListCmd    `cmd:"" help:"Attacks that go on, the worst first." default:"1"`
	Show    detectionShowCmd    `cmd:"" help:"One of them: the numbers, who and what asks, what to do."`
	Answer  detectionAnswerCmd  `cmd:"" help:"Say what it was, which ends it."`
	Recipes detectionRecipesCmd `cmd:"" help:"What is looked for."`
}

type detectionListCmd struct {
	All   bool `help:"Those that are over, too, newest first."`
	Limit int  `help:"How many." default:"50"`
	onSite
}

func (c *detectionListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	q := url.Values{"state": {"open"}, "limit": {fmt.Sprint(c.Limit)}}
	if c.All {
		q.Set("state", "all")
	}
	var list []store.Detection
	if err := s.call("GET", path+"/detections?"+q.Encode(), nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nothing goes on. What is looked for: palisade detection recipes")
		}
		for _, d := range list {
			state := "goes on"
			if d.Ended != 0 {
				state = "over"
			}
			fmt.Fprintf(w, "%s  %-8s  %-7s  %s  %s\n", d.ID, scan.Severity(d.Severity), state, time.UnixMilli(d.Began).Format(time.DateTime), clean(d.Title))
		}
	})
}

type detectionShowCmd struct {
	ID string `arg:"" help:"From palisade detection list."`
	onSite
}

func (c *detectionShowCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var d api.Detected
	if err := s.call("GET", path+"/detections/"+url.PathEscape(c.ID), nil, &d); err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) {
		fmt.Fprintf(w, "%s (%s, recipe %s)\n", clean(d.Title), scan.Severity(d.Severity), clean(d.Recipe))
		for _, m := range d.Evidence.Measures {
			fmt.Fprintf(w, "  %-32s %10.4g", m.Name, m.Value)
			if m.Limit != 0 {
				fmt.Fprintf(w, "  limit %.4g", m.Limit)
			}
			fmt.Fprintln(w)
		}
		for _, list := range []struct {
			name string
			of   []string
		}{{"entered", d.Evidence.Entered}, {"what to do", d.Evidence.Advice}} {
			for _, v := range list.of {
				fmt.Fprintf(w, "  %s: %s\n", list.name, clean(v))
			}
		}
		if d.Answer != "" {
			fmt.Fprintf(w, "%s called it %s. %s\n", clean(d.Answerer), d.Answer, clean(d.Reason))
		}
	})
}

type detectionAnswerCmd struct {
	ID     string `arg:"" help:"From palisade detection list."`
	Answer string `arg:"" enum:"handled,harmless" help:"handled: an attack, silent for an hour. harmless: none, silent for 30 days about the same."`
	Reason string `help:"In a few words; the audit log keeps it."`
	onSite
}

func (c *detectionAnswerCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("POST", path+"/detections/"+url.PathEscape(c.ID)+"/answer", map[string]string{"answer": c.Answer, "reason": c.Reason})
}

type detectionRecipesCmd struct{}

func (c *detectionRecipesCmd) Run(s *session) error {
	var list []api.Recipe
	if err := s.call("GET", "/recipes", nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		for _, r := range list {
			fmt.Fprintf(w, "%-14s  %-8s  %-6s  %s\n", r.ID, r.Of, r.Window, r.Title)
		}
	})
}
