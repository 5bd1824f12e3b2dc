package detect

import (
	"context"
	"slices"
	"time"
)

// A site's usual is read from the hours that it has counted anyway: of the seven days before, this hour of the day and its
// neighbours, 21 values. Today does not count, so that an attack that goes on does not become usual.
const (
	usualDays  = 7
	neighbours = 1
)

// levels gives what is usual on a site now, by outcome.
func (d *Detections) levels(ctx context.Context, site string, now time.Time) (map[string]Level, error) {
	hour := now.UTC().Truncate(time.Hour)
	from := hour.AddDate(0, 0, -usualDays).Add(-neighbours * time.Hour)
	sum, err := d.Search.Summary(ctx, site, from, hour, time.Hour)
	if err != nil {
		return nil, err
	}
	values := map[string][]float64{}
	days, known := 0, 0
	for day := 1; day <= usualDays; day++ {
		at := hour.AddDate(0, 0, -day)
		there := false
		for _, p := range sum.Points {
			if off := p.Start.Sub(at); off < -neighbours*time.Hour || off > neighbours*time.Hour || p.Requests == 0 {
				continue
			}
			there = true
			known++
			for outcome, n := range p.Outcomes {
				values[outcome] = append(values[outcome], float64(n))
			}
		}
		if there {
			days++
		}
	}
	levels := map[string]Level{}
	for outcome, list := range values {
		for len(list) < known { // hours with traffic in which it did not happen
			list = append(list, 0)
		}
		m := median(list)
		for i := range list {
			list[i] = max(list[i]-m, m-list[i])
		}
		levels[outcome] = Level{Median: m, Spread: median(list), Days: days}
	}
	// An outcome that never happened is known to be rare only if the site is known.
	for _, r := range d.Recipes {
		for _, result := range []string{"ok", "failed", "declined"} {
			if name := r.Of + "." + result; r.Of != Request && levels[name].Days == 0 {
				levels[name] = Level{Days: days}
			}
		}
	}
	return levels, nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return list[n/2]
	}
	return (list[n/2-1] + list[n/2]) / 2
}
