package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"palisade.dev/backend/alert"
	"palisade.dev/backend/alert/email"
	"palisade.dev/backend/api"
	"palisade.dev/store"
)

type alertCmd struct {
	List   alertListCmd   `cmd:"" help:"Where alerts go." default:"1"`
	Add    alertAddCmd    `cmd:"" help:"Send alerts to Slack, mail or a webhook."`
	Test   alertTestCmd   `cmd:"" help:"Send a test alert now and print what the other side said."`
	Edit   alertEditCmd   `cmd:"" help:"Change what a channel is called, where it leads or what it hears."`
	Mute   alertMuteCmd   `cmd:"" help:"Tell a channel nothing for a while."`
	Secret alertSecretCmd `cmd:"" help:"Give a webhook a new secret; the old one is valid too until --finish."`
	Delete alertDeleteCmd `cmd:"" help:"Send no more alerts there."`
	Log    alertLogCmd    `cmd:"" help:"What was sent where, and what came back."`
}

type alertListCmd struct{}

func (alertListCmd) Run(s *session) error {
	var list []alert.Channel
	if err := s.call("GET", "/alerts/channels", nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nobody is told of anything yet. Begin with: palisade alert add slack team --url https://hooks.slack.com/services/…")
		}
		for _, c := range list {
			fmt.Fprintf(w, "%s  %s  %s  %s\n", c.ID, c.Kind, clean(c.Name), clean(string(c.Settings)))
		}
	})
}

type alertAddCmd struct {
	Kind     string   `arg:"" enum:"slack,email,webhook" help:"slack, email or webhook."`
	Name     string   `arg:"" help:"What you call it."`
	URL      string   `help:"Of Slack's incoming webhook, or of your own receiver." placeholder:"URL"`
	To       []string `help:"Addresses, for email." placeholder:"ADDRESS"`
	Kinds    []string `help:"Only these, such as lever,guard-lost; all unless given." placeholder:"KIND"`
	Severity string   `help:"And above: info, low, medium, high or critical." enum:"info,low,medium,high,critical" default:"info"`
}

func (c *alertAddCmd) Run(s *session) error {
	settings := map[string]any{"url": c.URL}
	switch {
	case c.Kind == "email" && len(c.To) == 0:
		return misuse{errors.New("--to: which addresses?")}
	case c.Kind == "email":
		settings = map[string]any{"to": c.To}
	case c.URL == "":
		return misuse{errors.New("--url: where to?")}
	}
	var made api.NewChannel
	body := map[string]any{"kind": c.Kind, "name": c.Name, "settings": settings, "severity": c.Severity}
	if len(c.Kinds) > 0 {
		body["kinds"] = c.Kinds
	}
	if err := s.call("POST", "/alerts/channels", body, &made); err != nil {
		return err
	}
	return s.show(made, func(w io.Writer) {
		fmt.Fprintf(w, "%s hears alerts from now on. Try it with: palisade alert test %s\n", clean(made.Name), made.ID)
		if made.Secret != "" {
			fmt.Fprintf(w, "Verify what comes with this secret, which is not shown again: %s\n", made.Secret)
		}
	})
}

type alertEditCmd struct {
	ID       string   `arg:"" help:"Of the channel, from palisade alert list."`
	Name     string   `help:"What you call it." default:""`
	URL      string   `help:"Of Slack's incoming webhook, or of your own receiver; stays unless given." placeholder:"URL"`
	To       []string `help:"Addresses, for email; stay unless given." placeholder:"ADDRESS"`
	Kinds    []string `help:"Only these, such as lever,guard-lost; all: everything." placeholder:"KIND"`
	Severity string   `help:"And above: info, low, medium, high or critical." enum:",info,low,medium,high,critical" default:""`
}

func (c *alertEditCmd) Run(s *session) error {
	var all []alert.Channel
	if err := s.call("GET", "/alerts/channels", nil, &all); err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(x alert.Channel) bool { return x.ID == c.ID })
	if i < 0 {
		return fmt.Errorf("there is no channel %s; see: palisade alert list", clean(c.ID))
	}
	hears := all[i].Hears
	switch {
	case len(c.Kinds) == 1 && c.Kinds[0] == "all":
		hears.Kinds = nil
	case len(c.Kinds) > 0:
		hears.Kinds = nil
		for _, k := range c.Kinds {
			hears.Kinds = append(hears.Kinds, alert.Kind(k))
		}
	}
	settings := map[string]any{}
	if c.URL != "" {
		settings["url"] = c.URL
	}
	if len(c.To) > 0 {
		settings["to"] = c.To
	}
	body := map[string]any{"name": cmp.Or(c.Name, all[i].Name), "settings": settings, "kinds": hears.Kinds, "sites": hears.Sites, "severity": cmp.Or(c.Severity, hears.Severity.String())}
	var changed alert.Channel
	if err := s.call("PUT", "/alerts/channels/"+url.PathEscape(c.ID), body, &changed); err != nil {
		return err
	}
	return s.show(changed, func(w io.Writer) { fmt.Fprintf(w, "%s is changed.\n", clean(changed.Name)) })
}

type alertMuteCmd struct {
	ID  string `arg:"" help:"Of the channel."`
	For string `help:"How long, such as 2h; unless given it speaks again." default:"" placeholder:"TIME"`
}

func (c *alertMuteCmd) Run(s *session) error {
	var changed alert.Channel
	if err := s.call("POST", "/alerts/channels/"+url.PathEscape(c.ID)+"/mute", map[string]string{"for": c.For}, &changed); err != nil {
		return err
	}
	return s.show(changed, func(w io.Writer) {
		if changed.Muted == 0 {
			fmt.Fprintf(w, "%s speaks again.\n", clean(changed.Name))
			return
		}
		fmt.Fprintf(w, "%s is told nothing %s.\n", clean(changed.Name), s.until(changed.Muted))
	})
}

type alertSecretCmd struct {
	ID     string `arg:"" help:"Of the channel."`
	Finish bool   `help:"The receiver knows the new one: sign with it only."`
}

func (c *alertSecretCmd) Run(s *session) error {
	var made api.NewChannel
	if err := s.call("POST", "/alerts/channels/"+url.PathEscape(c.ID)+"/secret", map[string]bool{"finish": c.Finish}, &made); err != nil {
		return err
	}
	return s.show(made, func(w io.Writer) {
		if made.Secret == "" {
			fmt.Fprintf(w, "%s is signed with the new secret only.\n", clean(made.Name))
			return
		}
		fmt.Fprintf(w, "The new secret, which is not shown again: %s\nWhen the receiver knows it: palisade alert secret %s --finish\n", made.Secret, made.ID)
	})
}

type alertTestCmd struct {
	ID string `arg:"" help:"Of the channel, from palisade alert list."`
}

func (c *alertTestCmd) Run(s *session) error {
	var said api.Said
	if err := s.call("POST", "/alerts/channels/"+url.PathEscape(c.ID)+"/test", nil, &said); err != nil {
		return err
	}
	return s.show(said, func(w io.Writer) { fmt.Fprintf(w, "Delivered. The other side said: %s\n", clean(said.Said)) })
}

type alertDeleteCmd struct {
	ID string `arg:"" help:"Of the channel."`
}

func (c *alertDeleteCmd) Run(s *session) error {
	return s.do("DELETE", "/alerts/channels/"+url.PathEscape(c.ID), nil)
}

type alertLogCmd struct {
	Limit int `help:"How many." default:"50"`
}

func (c *alertLogCmd) Run(s *session) error {
	var list []store.AlertDelivery
	if err := s.call("GET", fmt.Sprintf("/alerts/deliveries?limit=%d", c.Limit), nil, &list); err != nil {
		return err
	}
	return s.show(list, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(s.Err, "Nothing was sent yet.")
		}
		for _, d := range list {
			fmt.Fprintf(w, "%s  %s  %s  %s\n", s.ago(d.At), d.Outcome, clean(d.Title), clean(d.Said))
		}
	})
}

// mailServer reads PALISADE_SMTP, which holds a password and so is no flag: smtp:// becomes TLS before anything is said,
// smtps:// is TLS from the first byte, smtp+none:// is for a server on this machine.
func (s *session) mailServer() (*email.Server, error) {
	text, _ := s.Env("PALISADE_SMTP")
	if text == "" {
		return nil, nil
	}
	modes := map[string]string{"smtp": email.StartTLS, "smtps": email.TLS, "smtp+none": email.None}
	u, err := url.Parse(text)
	if err != nil || modes[u.Scheme] == "" || u.Host == "" {
		return nil, misuse{errors.New("PALISADE_SMTP: want an address such as smtp://user:password@smtp.example.com:587 (smtps:// for TLS from the first byte)")}
	}
	m := &email.Server{Host: u.Hostname(), Username: u.User.Username(), TLS: modes[u.Scheme]}
	m.Password, _ = u.User.Password()
	if p := u.Port(); p != "" {
		if m.Port, err = strconv.Atoi(p); err != nil {
			return nil, misuse{fmt.Errorf("PALISADE_SMTP: port %q is no number", p)}
		}
	}
	if m.From, _ = s.Env("PALISADE_SMTP_FROM"); strings.TrimSpace(m.From) == "" {
		return nil, misuse{errors.New(`PALISADE_SMTP_FROM: whom do alerts come from? Want an address such as "Palisade <palisade@example.com>"`)}
	}
	return m, nil
}
