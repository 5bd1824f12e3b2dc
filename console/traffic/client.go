package traffic

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"palisade.dev/backend/client"
	"palisade.dev/backend/network/desk"
	"palisade.dev/console/chart"
	"palisade.dev/console/page"
	"palisade.dev/guard/engine"
	"palisade.dev/store"
)

type known struct {
	client.State
	Standing *store.Ban
	Reason   string // typed, and not enough
	Fault    string

	Chart chart.Bars // of the last seven days, where there was anything

	Address    bool // it is one, or a prefix, and can be challenged
	Challenged bool
}

func (t *Traffic) client(r *page.Request) error {
	subject := strings.TrimSpace(r.FormValue("subject"))
	if subject == "" {
		return r.Render(http.StatusOK, pages, "client.html", "Look up a client", known{})
	}
	return t.show(r, subject, http.StatusOK, known{})
}

func (t *Traffic) show(r *page.Request, subject string, status int, k known) error {
	var err error
	if k.State, err = t.Clients.Show(r.Context(), r.Here, subject); err != nil {
		return err
	}
	for i, b := range k.Bans {
		if b.Lifted == 0 && (b.Until == 0 || b.Until > r.Now.UnixMilli()) {
			k.Standing = &k.Bans[i]
		}
	}
	if s, err := engine.ParseSubject(subject); err == nil && s.Prefix.IsValid() {
		k.Address = true
		challenged, err := t.Desk.Challenged(r.Context(), r.Here)
		if err != nil {
			return err
		}
		k.Challenged = slices.Contains(challenged, s.Prefix)
	}
	k.Chart = timeline(r, k.Timeline)
	return r.Render(status, pages, "client.html", k.Subject, k)
}

// timeline draws what a client asked for in the last seven days: by the hour if all of it was within a day, else by six.
func timeline(r *page.Request, hours []client.Hour) chart.Bars {
	c := chart.Bars{Series: verdicts, Step: time.Hour, Zone: r.Zone, Title: "Requests of this client over time. The table below has the figures."}
	if len(hours) == 0 {
		return c
	}
	end := r.Now.Truncate(time.Hour).Add(time.Hour)
	start := end.Add(-24 * time.Hour)
	if first := time.UnixMilli(hours[0].At); first.Before(start) {
		c.Step = 6 * time.Hour
		start = end.Add(-7 * 24 * time.Hour)
	}
	for at := start; at.Before(end); at = at.Add(c.Step) {
		bar := chart.Bar{Start: at, Values: make([]uint64, len(verdicts))}
		for len(hours) > 0 && time.UnixMilli(hours[0].At).Before(at.Add(c.Step)) {
			allowed, challenged, refused := split(hours[0].Actions)
			bar.Values[0], bar.Values[1], bar.Values[2] = bar.Values[0]+allowed, bar.Values[1]+challenged, bar.Values[2]+refused
			hours = hours[1:]
		}
		c.Bars = append(c.Bars, bar)
	}
	return c
}

// challenge asks a client to prove itself on every route, or no longer.
func (t *Traffic) challenge(r *page.Request) error {
	subject, off := strings.TrimSpace(r.PostForm.Get("subject")), r.PostForm.Get("off") != ""
	err := t.Desk.Challenge(r.Context(), r.Here, subject, off)
	back := r.Path("client") + "?subject=" + url.QueryEscape(subject)
	if errors.Is(err, desk.ErrInvalid) {
		return r.Sorry(back, "%s", page.Sentence(err.Error()))
	}
	if err != nil {
		return err
	}
	if off {
		return r.Done(back, "%s is challenged no longer.", subject)
	}
	return r.Done(back, "%s is challenged on every route from now on. Until guards can challenge, they tell it to slow down (429).", subject)
}

// reveal leads from a pseudonym to the page of the address behind it, where it can be banned.
func (t *Traffic) reveal(r *page.Request) error {
	subject, reason := strings.TrimSpace(r.PostForm.Get("subject")), r.PostForm.Get("reason")
	found, err := t.Clients.Reveal(r.Context(), r.Here, subject, reason)
	if text, ok := strings.CutPrefix(fmt.Sprint(err), client.ErrInvalid.Error()+": reason: "); ok {
		return t.show(r, subject, http.StatusUnprocessableEntity, known{Reason: page.Cut(reason, 1000), Fault: page.Sentence(text)})
	}
	if err != nil {
		return err
	}
	to := r.Path("client") + "?subject=" + url.QueryEscape(found.Address)
	if found.Doubt != "" {
		return r.Sorry(to, "%s may be %s, but %s.", found.Pseudonym, found.Address, found.Doubt)
	}
	return r.Done(to, "%s is %s. The audit log says that you asked, and why.", found.Pseudonym, found.Address)
}
