package traffic

import (
	"fmt"
	"net/http"
	"time"

	"palisade.dev/backend/client"
	"palisade.dev/backend/event"
	"palisade.dev/console/chart"
	"palisade.dev/console/page"
	"palisade.dev/store"
)

type list struct {
	Title, Kind string
	Entries     []client.Counted
}

type overview struct {
	line
	now
	Tops   []list
	Newest []store.Ban
	Levers []store.Lever
}

// now is the part of the overview that changes by itself.
type now struct {
	Span       string
	Minute     [3]uint64 // of this minute and the one before: allowed, challenged or slowed, refused
	Totals     [3]uint64 // of the span
	All        uint64
	People     uint64
	Chart      chart.Bars
	Detections []store.Detection // that go on, the worst first
	More       int               // that go on and are not among them

	total *event.Rollup
}

// named is how many detections the overview names.
const named = 6

func (t *Traffic) now(r *page.Request) (n now, err error) {
	n.Span = "24h"
	back, step := 24*time.Hour, time.Hour
	switch r.FormValue("span") {
	case "1h":
		n.Span, back, step = "1h", time.Hour, 2*time.Minute
	case "7d":
		n.Span, back, step = "7d", 7*24*time.Hour, 6*time.Hour
	}
	sum, err := t.Search.Summary(r.Context(), r.Here.ID, r.Now.Add(-back), r.Now, step)
	if err != nil {
		return n, err
	}
	n.total, n.All, n.People = sum.Total, sum.Total.Requests, sum.Total.Clients()
	n.Totals[0], n.Totals[1], n.Totals[2] = split(sum.Total.Actions)
	n.Chart = chart.Bars{
		Series: verdicts, Step: sum.Step, Zone: r.Zone,
		Title: fmt.Sprintf("Requests of the last %s: %d allowed, %d challenged or slowed, %d refused. The table below has the figures.", n.Span, n.Totals[0], n.Totals[1], n.Totals[2]),
	}
	for _, p := range sum.Points {
		a, c, x := split(p.Actions)
		n.Chart.Bars = append(n.Chart.Bars, chart.Bar{Start: p.Start, Values: []uint64{a, c, x}})
	}
	if sum, err = t.Search.Summary(r.Context(), r.Here.ID, r.Now.Truncate(time.Minute).Add(-time.Minute), r.Now.Add(time.Microsecond), time.Minute); err != nil {
		return n, err
	}
	n.Minute[0], n.Minute[1], n.Minute[2] = split(sum.Total.Actions)
	if n.Detections, err = t.DB.OpenDetections(r.Context(), r.Here.ID, named); err != nil {
		return n, err
	}
	all, err := t.DB.CountDetections(r.Context(), r.Here.ID)
	n.More = all - len(n.Detections)
	return n, err
}

// ticking keeps that part true while somebody looks at it.
func (t *Traffic) ticking(r *page.Request) error {
	return r.Keep("now", 2*time.Second, t.Now, func() (string, error) {
		n, err := t.now(r)
		if err != nil {
			return "", err
		}
		return r.Part(pages, "overview.html", "now", n)
	})
}

// verdicts are what requests are drawn by.
var verdicts = []chart.Series{{Name: "Allowed", Class: "allow"}, {Name: "Challenged or slowed", Class: "challenge"}, {Name: "Refused", Class: "refuse"}}

func (t *Traffic) overview(r *page.Request) error {
	ctx := r.Context()
	l, err := t.line(r, r.Here)
	if err != nil {
		return err
	}
	o := overview{line: l}
	if o.now, err = t.now(r); err != nil {
		return err
	}
	for _, d := range []struct {
		title, kind string
		of          event.Dimension
	}{
		{"Routes", "route", event.Routes},
		{"Clients", "address", event.Addresses},
		{"Rules that acted", "rule", event.Rules},
		{"Networks", "network", event.Networks},
	} {
		o.Tops = append(o.Tops, list{d.title, d.kind, client.Count(o.total.Top(d.of, 8))})
	}
	if o.Newest, err = t.DB.StandingBans(ctx, r.Here.ID, r.Now.UnixMilli(), "", 8); err != nil {
		return err
	}
	if o.Levers, err = t.DB.Levers(ctx, r.Here.ID, r.Now.UnixMilli()); err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "overview.html", r.Here.Name, o)
}
