package cli

import (
	"fmt"
	"io"
	"net/url"

	"palisade.dev/backend/api"
	"palisade.dev/scan"
)

type findingCmd struct {
	List   findingListCmd   `cmd:"" help:"What scans found, the worst first." default:"1"`
	Show   findingShowCmd   `cmd:"" help:"One of them, with its flow and how to mend it."`
	Accept findingAcceptCmd `cmd:"" help:"Live with one, for a reason and until a time."`
	Reopen findingReopenCmd `cmd:"" help:"Take an acceptance back."`
}

type findingListCmd struct {
	State    string `help:"open, accepted, resolved or all." enum:"open,accepted,resolved,all" default:"open"`
	Severity string `help:"And above." enum:"info,low,medium,high,critical" default:"info"`
	Check    string `help:"Only of this check." placeholder:"CHECK"`
	Limit    int    `help:"How many." default:"50"`
	onSite
}

func (c *findingListCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var list []api.Found
	q := url.Values{"state": {c.State}, "severity": {c.Severity}, "check": {c.Check}, "limit": {fmt.Sprint(c.Limit)}}
	if err := s.call("GET", path+"/findings?"+q.Encode(), nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintf(s.Err, "Nothing %s. Was it scanned? palisade scan code . --upload\n", c.State)
		}
		for _, f := range list {
			fmt.Fprintf(w, "%s  %-8s  %s  %s  %s\n", f.ID, scan.Severity(f.Severity), clean(f.Check), clean(f.Place), clean(f.Title))
		}
	})
}

type findingShowCmd struct {
	ID string `arg:"" help:"From palisade finding list."`
	onSite
}

func (c *findingShowCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	var d struct {
		api.Found
		Said scan.Finding `json:"said"`
	}
	if err := s.call("GET", path+"/findings/"+url.PathEscape(c.ID), nil, &d); err != nil {
		return err
	}
	return s.show(d, func(w io.Writer) {
		fmt.Fprintf(w, "%s (%s, %s, %s)\n%s\n%s\n", clean(d.Title), scan.Severity(d.Severity), clean(d.Check), d.State, clean(d.Place), clean(d.Said.Message))
		if d.Reason != "" {
			fmt.Fprintf(w, "Accepted by %s: %s\n", clean(d.Accepter), clean(d.Reason))
		}
		for _, step := range d.Said.Flow {
			fmt.Fprintf(w, "  %s  %s\n", clean(step.Place.Where()), clean(step.Note))
		}
		if d.Said.Fix != nil {
			fmt.Fprintf(w, "To mend it: %s\n", clean(d.Said.Fix.Text))
		}
	})
}

type findingAcceptCmd struct {
	ID     string `arg:"" help:"From palisade finding list."`
	Reason string `required:"" help:"Why: the audit log keeps it."`
	For    string `help:"For how long, such as 90d; for good unless given." placeholder:"TIME"`
	onSite
}

func (c *findingAcceptCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("POST", path+"/findings/"+url.PathEscape(c.ID)+"/accept", map[string]string{"reason": c.Reason, "for": c.For})
}

type findingReopenCmd struct {
	ID string `arg:"" help:"From palisade finding list."`
	onSite
}

func (c *findingReopenCmd) Run(s *session) error {
	path, err := s.site(c.Site)
	if err != nil {
		return err
	}
	return s.do("POST", path+"/findings/"+url.PathEscape(c.ID)+"/reopen", nil)
}
