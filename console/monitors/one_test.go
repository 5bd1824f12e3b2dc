package monitors

import (
	"testing"
	"time"

	"palisade.dev/store"
)

func TestTrend(t *testing.T) {
	at := func(day int) int64 { return time.Date(2026, 11, day, 3, 0, 0, 0, time.UTC).UnixMilli() }
	got, graded := rows([]store.Scan{{Ended: at(3), Score: 81}, {Ended: at(2), Score: -1}, {Ended: at(1), Score: 64, High: 1}})
	if !graded || got[0].Was != -1 || got[1].Was != 64 || got[2].Was != -1 {
		t.Errorf("%+v", got)
	}
	c := trend(got, true, time.UTC)
	if len(c.Dots) != 2 || c.Dots[0].Value != 64 || c.Dots[1].Value != 81 || c.Most != 100 {
		t.Errorf("a scan without points is drawn, or the oldest is not first: %+v", c)
	}
	hosts, graded := rows([]store.Scan{{Ended: at(2), Score: -1, High: 3, Medium: 2, Low: 9}, {Ended: at(1), Score: -1}})
	if c := trend(hosts, graded, time.UTC); graded || c.Most != 6 || c.Dots[1].Value != 5 || c.Dots[0].Value != 0 {
		t.Errorf("%+v", c)
	}
}
