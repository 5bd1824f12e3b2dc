package cli

import (
	"fmt"
	"io"
	"net/url"

	"palisade.dev/backend/rule"
	"palisade.dev/backend/template"
)

// ruleSaid tells what became of a rule.
func ruleSaid(name, mode string) string {
	switch mode {
	case "rehearse":
		return "Rule " + name + " is in rehearsal: it refuses nobody, and events say what it would have done."
	case "off":
		return "Rule " + name + " is switched off."
	}
	return "Rule " + name + " is in force at every guard."
}

// ofRule are the arguments of a command about one rule.
type ofRule struct {
	Name string `arg:"" help:"Name of the rule."`
	onSite
}

func (o *ofRule) path(s *session, rest string) (string, error) {
	path, err := s.site(o.Site)
	return path + "/rules/" + url.PathEscape(o.Name) + rest, err
}

type ruleShowCmd struct{ ofRule }

func (c *ruleShowCmd) Run(s *session) error {
	path, err := c.path(s, "")
	if err != nil {
		return err
	}
	var r rule.State
	if err := s.call("GET", path, nil, &r); err != nil {
		return err
	}
	return s.show(r, func(w io.Writer) { fmt.Fprintf(w, "# %s\n%s", word(r.Says), clean(rule.YAML(r.Rule))) })
}

type ruleModeCmd struct {
	Name string `arg:"" help:"Name of the rule."`
	Mode string `arg:"" help:"on, rehearse or off." enum:"on,rehearse,off"`
	onSite
}

func (c *ruleModeCmd) Run(s *session) error {
	path, err := (&ofRule{c.Name, c.onSite}).path(s, "/mode")
	if err != nil {
		return err
	}
	var r rule.State
	if err := s.call("POST", path, map[string]string{"mode": c.Mode}, &r); err != nil {
		return err
	}
	return s.show(r, func(w io.Writer) { fmt.Fprintf(w, "%s\n", ruleSaid(r.Name, r.Mode)) })
}

type ruleMoveCmd struct {
	Name string `arg:"" help:"Name of the rule."`
	To   string `arg:"" help:"up or down." enum:"up,down"`
	onSite
}

func (c *ruleMoveCmd) Run(s *session) error {
	path, err := (&ofRule{c.Name, c.onSite}).path(s, "/move")
	if err != nil {
		return err
	}
	return s.do("POST", path, map[string]string{"to": c.To})
}

type ruleHistoryCmd struct{ ofRule }

func (c *ruleHistoryCmd) Run(s *session) error {
	path, err := c.path(s, "/history")
	if err != nil {
		return err
	}
	var past []rule.Version
	if err := s.call("GET", path, nil, &past); err != nil {
		return err
	}
	return s.show(past, func(w io.Writer) {
		var rows [][]string
		for _, v := range past {
			became := "deleted"
			if v.Later != nil {
				became = rule.Sentence(*v.Later)
			}
			rows = append(rows, []string{fmt.Sprint(v.N), s.ago(v.At), v.Author, became})
		}
		table(w, []string{"CHANGE", "WHEN", "WHO", "BECAME"}, rows)
	})
}

type ruleUndoCmd struct {
	Name string `arg:"" help:"Name of the rule."`
	N    int64  `arg:"" help:"Number of the change, from: palisade rule history NAME" name:"change"`
	onSite
}

func (c *ruleUndoCmd) Run(s *session) error {
	path, err := (&ofRule{c.Name, c.onSite}).path(s, "/undo")
	if err != nil {
		return err
	}
	return s.do("POST", path, map[string]int64{"n": c.N})
}

type ruleTemplatesCmd struct{}

func (c *ruleTemplatesCmd) Run(s *session) error {
	var cards []template.Card
	if err := s.call("GET", "/rule-templates", nil, &cards); err != nil {
		return err
	}
	return s.show(cards, func(w io.Writer) {
		for i, c := range cards {
			if i > 0 {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s: %s\n", c.Title, c.Stops)
			for _, r := range c.Rules {
				fmt.Fprintf(w, "  %-18s %s\n", r.Name, rule.Sentence(r))
			}
		}
	})
}
