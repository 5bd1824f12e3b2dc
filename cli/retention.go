package cli

import (
	"fmt"
	"io"
	"strconv"

	"palisade.dev/backend/api"
	"palisade.dev/backend/retention"
)

type retentionCmd struct {
	Show    retentionShowCmd    `cmd:"" help:"For how long, and who said so." default:"1"`
	Set     retentionSetCmd     `cmd:"" help:"Keep events for so many days, on all sites."`
	Default retentionDefaultCmd `cmd:"" help:"Keep them for as long as the configuration file says."`
}

type retentionShowCmd struct{}

func (c *retentionShowCmd) Run(s *session) error {
	var r api.Retention
	if err := s.call("GET", "/retention", nil, &r); err != nil {
		return err
	}
	return s.show(r, func(w io.Writer) { keeps(w, s, r.Kept) })
}

func keeps(w io.Writer, s *session, k retention.Kept) {
	who := "as the configuration file says, or its default"
	if k.Own {
		who = fmt.Sprintf("%s said so %s; the configuration file says %s", clean(k.Author), s.ago(k.Updated), k.Default())
	}
	fmt.Fprintf(w, "Events are kept for %s: %s.\n", k, who)
}

type retentionSetCmd struct {
	Days int  `arg:"" help:"From 1 to 3650."`
	Yes  bool `help:"Forget what is older without asking."`
}

func (c *retentionSetCmd) Run(s *session) error {
	return s.keepFor("PUT", map[string]int{"days": c.Days}, c.Days, c.Yes)
}

type retentionDefaultCmd struct {
	Yes bool `help:"Forget what is older without asking."`
}

func (c *retentionDefaultCmd) Run(s *session) error {
	var now api.Retention
	if err := s.call("GET", "/retention", nil, &now); err != nil {
		return err
	}
	return s.keepFor("DELETE", nil, now.File, c.Yes)
}

// keepFor counts what a change forgets, and asks for the word before it does that.
func (s *session) keepFor(method string, body any, days int, sure bool) error {
	var would api.Retention
	if err := s.call("GET", "/retention?days="+strconv.Itoa(days), nil, &would); err != nil {
		return err
	}
	forget := 0
	if would.Forgets != nil {
		forget = would.Forgets.Days
	}
	if forget > 0 && !sure {
		return misuse{fmt.Errorf("this forgets %s, on all sites; say --yes to do it", would.Forgets)}
	}
	var kept retention.Kept
	if err := s.call(method, "/retention?forget="+strconv.Itoa(forget), body, &kept); err != nil {
		return err
	}
	return s.show(kept, func(w io.Writer) {
		keeps(w, s, kept)
		if forget > 0 {
			fmt.Fprintf(w, "%s are being forgotten.\n", would.Forgets)
		}
	})
}
