package monitors

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"palisade.dev/backend/finding"
	"palisade.dev/backend/watch"
	"palisade.dev/console/chart"
	"palisade.dev/console/page"
	"palisade.dev/scan"
	"palisade.dev/store"
)

// one is a monitor with what came of it over time.
type one struct {
	store.Monitor
	Graded bool // its scans give points
	Chart  chart.Line
	Rows   []run // newest first
	Drift  []drift
}

// run is a scan of the monitor's target, with its points against those of the scan before.
type run struct {
	store.Scan
	Was  int // points before, -1 where there are none
	Open int // findings of medium or more
}

// drift is what was not as it had been at the scan before.
type drift struct {
	At   int64
	Scan string
	watch.Change
}

// Bounds: how far back scans are looked through, how many are drawn, and how many reports are unpacked for what changed.
const (
	lookedThrough = 400
	drawn         = 90
	unpacked      = 8
	mostDrift     = 20
)

func (x *Room) one(r *page.Request) error {
	m, err := x.DB.Monitor(r.Context(), r.Here.ID, r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := x.DB.Scans(r.Context(), r.Here.ID, "", lookedThrough)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s store.Scan) bool {
		return s.Author != watch.Author(m.ID) && (s.Kind != m.Kind || s.Target != m.Target) // of the same target by hand, too
	})
	all = all[:min(len(all), drawn)]
	o := one{Monitor: m}
	o.Rows, o.Graded = rows(all)
	o.Chart = trend(o.Rows, o.Graded, r.Zone)
	if o.Drift, err = x.drift(r, all); err != nil {
		return err
	}
	return r.Render(http.StatusOK, pages, "one.html", "Monitor of "+page.Cut(m.Target, 80), o)
}

// rows are scans, newest first, each with the one before it.
func rows(all []store.Scan) (out []run, graded bool) {
	for i, s := range all {
		row := run{Scan: s, Was: -1, Open: s.Critical + s.High + s.Medium}
		if i+1 < len(all) {
			row.Was = all[i+1].Score
		}
		graded = graded || s.Score >= 0
		out = append(out, row)
	}
	return out, graded
}

// trend draws points of an API, or how many findings hosts have, from the oldest on.
func trend(rows []run, graded bool, zone *time.Location) chart.Line {
	c := chart.Line{Title: "Points of 100 over time. The table below has the figures.", Most: 100, Zone: zone}
	if !graded {
		c.Title, c.Most = "Findings of medium or more over time. The table below has the figures.", 2
	}
	for _, row := range slices.Backward(rows) {
		value := row.Score
		if !graded {
			value = row.Open
			c.Most = max(c.Most, (value+1)/2*2)
		}
		if value >= 0 {
			c.Dots = append(c.Dots, chart.Dot{At: time.UnixMilli(row.Ended), Value: value})
		}
	}
	return c
}

// drift reads the newest reports for what changed from one to the next beside findings.
func (x *Room) drift(r *page.Request, all []store.Scan) ([]drift, error) {
	var out []drift
	var later *scan.Run
	if x.Findings == nil {
		return nil, nil
	}
	for i, s := range all[:min(len(all), unpacked)] {
		_, report, err := x.Findings.Report(r.Context(), r.Here, s.ID)
		if err != nil {
			return nil, err
		}
		is, err := finding.Read(report)
		if err != nil {
			return nil, fmt.Errorf("the report of scan %s: %w", s.ID, err)
		}
		if later != nil {
			for _, c := range watch.Steady(watch.Drift(is, later)) {
				if len(out) < mostDrift {
					out = append(out, drift{all[i-1].Ended, all[i-1].ID, c})
				}
			}
		}
		later = is
	}
	return out, nil
}
